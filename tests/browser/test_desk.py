"""The desk in a browser: by keyboard alone, without a connection, twice, with scripts off, and live."""

from __future__ import annotations

import random
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from shared.contract import format_instant, parse_instant
from tests.support.console import PATIENCE, SIZES, ConsoleUnderTest, Visitors, sign_in
from tests.support.patience import BROWSER_PATIENCE

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WAITS = BROWSER_PATIENCE
KEPT = """() => JSON.parse(localStorage.getItem(
  Object.keys(localStorage).find(one => one.startsWith("panke/desk/"))
))"""
expect.set_options(timeout=WAITS)


@pytest.fixture
def contact() -> str:
    """A number that nobody has yet."""
    return f"137{random.randrange(10**8):08d}"


@pytest.fixture
def desk(console: ConsoleUnderTest, visitors: Visitors) -> Iterator[Page]:
    """The page of the desk, as its receptionist has it open; what a worker keeps of it has tests of its own."""
    with visitors.context("reception", worker=False) as context:
        page = context.new_page()
        page.set_default_timeout(WAITS)
        page.goto(address(console))
        yield page


def address(console: ConsoleUnderTest) -> str:
    return f"/at/{console.scope}/{console.office}/desk"


def customer(console: ConsoleUnderTest, contact: str) -> Any:
    """The customer who has this contact, once there is one."""
    cursor = None
    while True:
        query = {"cursor": cursor} if cursor else {}
        page = console.ask(f"/v1/scopes/{console.scope}/customers", limit=500, **query)
        for one in page["customers"]:
            if f"+86{contact}" in one["contacts"]:
                return one
        cursor = page["cursor"]
        if cursor is None:
            return None


def recorded_once(console: ConsoleUnderTest, contact: str) -> None:
    """One record of whoever has this contact, once it is folded."""
    deadline = time.monotonic() + PATIENCE
    while not (found := records(console, contact)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert len(found) == 1


def records(console: ConsoleUnderTest, contact: str) -> list[Any]:
    """What is recorded of whoever has this contact."""
    found = customer(console, contact)
    if found is None:
        return []
    told = console.ask(f"/v1/scopes/{console.scope}/customers/{found['customer']}/history")
    return list(told["events"])


def entered(console: ConsoleUnderTest, kind: str, data: dict[str, Any]) -> None:
    """Recorded by somebody else, beside the page."""
    console.record({
        "id": str(uuid.uuid4()), "type": kind, "scope": console.scope, "office": console.office, "actor": "desk",
        "occurred_at": format_instant(console.now()), "data": data,
    })  # fmt: skip


def visit(contact: str, owner: str) -> dict[str, Any]:
    party = {"name": "周小满", "phones": [contact]}
    return {"visit": str(uuid.uuid4()), "customer": party, "received_by": owner, "capacity": "on_turn"}


def readable(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    assert [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def typed(page: Page, contact: str, name: str = "周小满") -> None:
    """The number, looked up, and the name; without a mouse."""
    page.locator("#contact").focus()
    page.keyboard.type(contact)
    expect(page.locator("#found .found")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type(name)


def recorded(page: Page) -> None:
    """Enter checks, Enter records."""
    page.keyboard.press("Enter")
    expect(page.locator("#decided button[value=record]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#outcome")).to_be_visible()


def test_a_walk_in_is_registered_by_keyboard_alone(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    """Number, name, Enter, Enter; then whose the customer is and why, and the next entry has the focus."""
    expect(desk.locator("#contact")).to_be_focused()
    on_turn = desk.locator("#boards .next span").first.inner_text()
    typed(desk, contact)
    expect(desk.locator("#found")).to_contain_text("新客户")
    recorded(desk)
    expect(desk.locator("#outcome")).to_contain_text(f"客户归{on_turn}")
    expect(desk.locator("#outcome")).to_contain_text("依据")
    expect(desk.locator("#contact")).to_be_focused()
    assert desk.input_value("#contact") == ""
    (event,) = records(console, contact)
    assert event["data"]["customer"]["name"] == "周小满"
    readable(desk)


def test_what_the_customer_answers_is_chosen_by_keyboard(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    """Whom the customer wishes to see receives at once, and owns."""
    typed(desk, contact)
    others = desk.locator("#receiver option:not([data-away]):not(:checked):not([value=''])")
    wished = str(others.first.get_attribute("value"))
    desk.locator("#designated").select_option(wished)
    assert desk.input_value("#receiver") == wished
    desk.locator("#name").focus()
    recorded(desk)
    assert customer(console, contact)["owner"] == wished


def test_a_returning_customer_whose_owner_is_away_stays_the_owner_s(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    """Whoever is on turn receives for the owner, and is told to."""
    entered(console, "visit.registered", visit(contact, "li"))
    entered(console, "staff.away", {"staff": "li", "reason": "business"})
    try:
        desk.reload()
        expect(desk.locator("#boards .gone")).to_contain_text("因公")
        typed(desk, contact)
        expect(desk.locator("#found")).to_contain_text("不在场")
        assert desk.input_value("#on_behalf_of") == "li"
        assert desk.is_checked("[name=capacity][value=assist]")
        readable(desk)
        recorded(desk)
        expect(desk.locator("#outcome .big")).to_contain_text("小李")
        expect(desk.locator("#outcome")).to_contain_text("代小李")
        assert customer(console, contact)["owner"] == "li"
    finally:
        entered(console, "staff.back", {"staff": "li"})


def test_a_call_is_registered(console: ConsoleUnderTest, desk: Page, contact: str) -> None:
    """By whoever is next at the telephone."""
    desk.goto(f"{address(console)}?kind=call")
    typed(desk, contact)
    recorded(desk)
    (event,) = records(console, contact)
    assert event["type"] == "call.registered"


def test_what_proves_to_be_a_call_is_not_typed_twice(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    """And is not left behind as a visit."""
    typed(desk, contact)
    desk.locator("#named_consultant").select_option("li")
    desk.locator(".kinds a[data-kind=call]").click()
    expect(desk.locator("#contact")).to_have_value(contact)
    expect(desk.locator("#named_consultant")).to_have_value("li")
    desk.locator("#name").focus()
    recorded(desk)
    (event,) = records(console, contact)
    assert (event["type"], event["data"]["asked"]["named_consultant"]) == ("call.registered", "li")
    desk.locator(".kinds a[data-kind=visit]").click()
    expect(desk.locator(".kinds a[data-kind=visit]")).to_have_attribute("aria-current", "page")
    assert desk.input_value("#contact") == ""


def test_a_number_is_looked_up_as_it_is_typed(desk: Page) -> None:
    """Not before it is whole; and it stands in no address."""
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    desk.locator("#contact").press_sequentially("13800", delay=60)
    desk.locator("#contact").press_sequentially("000001", delay=60)
    expect(desk.locator("#found .found.known")).to_be_visible()
    assert len([one for one in asked if one.endswith("/lookup")]) <= 5
    assert all("13800" not in one for one in asked)
    expect(desk.locator("#said")).to_contain_text("138****0001")


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(desk: Page, contact: str) -> None:
    typed(desk, contact)
    desk.locator("#more summary").click()
    desk.locator("#phone_2").fill("88")
    desk.locator("#notes").fill("周末再来")
    desk.locator("#name").press("Enter")
    expect(desk.locator("#phone_2-wrong")).to_be_visible()
    expect(desk.locator("#phone_2")).to_be_focused()
    assert desk.input_value("#notes") == "周末再来"
    assert desk.input_value("#contact") == contact
    readable(desk)


def test_a_refresh_loses_nothing_and_keeps_the_id(desk: Page, contact: str) -> None:
    """Nor the answers to what was asked, whose fields stand there only after a look-up."""
    typed(desk, contact)
    desk.locator("#designated").select_option("li")
    event = desk.input_value("#entry-form [name=event]")
    desk.reload()
    expect(desk.locator("#designated")).to_have_value("li")
    assert desk.input_value("#contact") == contact
    assert desk.input_value("#name") == "周小满"
    assert desk.input_value("#entry-form [name=event]") == event


def test_without_a_connection_an_entry_waits_and_is_sent_as_of_when_it_happened(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    """Two of them, in their order; none is lost by a reload before they are sent."""
    other = f"136{contact[3:]}"
    desk.context.set_offline(True)
    for number, name in ((contact, "周小满"), (other, "郑大雪")):
        desk.locator("#contact").fill(number)
        desk.locator("#name").fill(name)
        desk.locator("#name").press("Enter")
        expect(desk.locator("#decided button")).to_be_focused()
        desk.keyboard.press("Enter")
        expect(desk.locator("#waiting-list")).to_contain_text(name)
    expect(desk.locator("#away")).to_be_visible()
    readable(desk)
    assert records(console, contact) == []
    kept = desk.evaluate(KEPT)
    desk.context.set_offline(False)
    expect(desk.locator("#waiting")).to_be_hidden()
    (first,), (second,) = records(console, contact), records(console, other)
    assert first["seq"] < second["seq"]
    assert [first["id"], second["id"]] == [one["id"] for one in kept]
    happened = [parse_instant(one["occurred_at"]) for one in (first, second)]
    assert happened == [parse_instant(one["at"]) for one in kept]


def test_an_entry_that_waited_and_is_refused_is_kept_to_be_mended(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    desk.context.set_offline(True)
    desk.locator("#contact").fill(contact[:-1])
    desk.locator("#name").fill("周小满")
    desk.locator("#name").press("Enter")
    desk.keyboard.press("Enter")
    expect(desk.locator("#waiting-list li")).to_have_count(1)
    desk.context.set_offline(False)
    expect(desk.locator("#waiting-list .wrong")).to_contain_text("11 位")
    desk.reload()
    expect(desk.locator("#waiting-list .wrong")).to_contain_text("11 位")
    desk.locator("[data-act=mend]").click()
    expect(desk.locator("#contact")).to_have_value(contact[:-1])
    assert desk.input_value("#name") == "周小满"
    desk.locator("#contact").fill(contact)
    expect(desk.locator("#found .found")).to_be_visible()
    desk.locator("#name").focus()
    recorded(desk)
    recorded_once(console, contact)
    expect(desk.locator("#waiting")).to_be_hidden()


def test_an_answer_that_was_lost_is_sent_again_and_recorded_once(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    """The connection broke after it was recorded, and the browser does not know: the entry is the one that was sent.

    It moved the board on; whoever is next since then has nothing to do with it.
    """
    losing: list[str] = []

    def lose(route: Route) -> None:
        if not losing:
            route.continue_()
            return
        route.fetch()
        route.abort()

    desk.route(re.compile("/desk/entries$"), lose)
    on_turn = desk.locator("#boards .next span").first.inner_text()
    typed(desk, contact)
    desk.keyboard.press("Enter")
    expect(desk.locator("#decided button[value=record]")).to_be_focused()
    losing.append("the answer")
    desk.keyboard.press("Enter")
    expect(desk.locator("#decided button[value=keep]")).to_be_focused()
    losing.clear()
    recorded_once(console, contact)
    expect(desk.locator("#boards .next span").first).not_to_have_text(on_turn)
    desk.locator("#decided button[value=keep]").click()
    expect(desk.locator("#waiting")).to_be_hidden()
    recorded_once(console, contact)


def test_a_session_that_ended_is_told_and_nothing_typed_is_lost(
    console: ConsoleUnderTest, desk: Page, contact: str
) -> None:
    """After signing in again the form is as it was, and is recorded under its id."""
    typed(desk, contact)
    kept = desk.context.cookies()
    desk.context.clear_cookies()
    desk.keyboard.press("Enter")
    expect(desk.locator("#again")).to_be_visible()
    desk.locator("#again a").click()
    sign_in(desk, console.login("reception"), console.password, desk.url)
    expect(desk.locator("#contact")).to_have_value(contact)
    expect(desk.locator("#name")).to_have_value("周小满")
    desk.locator("#name").focus()
    recorded(desk)
    recorded_once(console, contact)
    assert kept != desk.context.cookies()


def test_a_board_moves_when_another_browser_records(
    console: ConsoleUnderTest, visitors: Visitors, desk: Page, contact: str
) -> None:
    """And whoever was proposed since they were next no longer is."""
    with visitors.context("manager") as context:
        watching = context.new_page()
        watching.goto(address(console))
        before = watching.locator("#boards .next span").first.inner_text()
        assert before in watching.locator("#receiver option:checked").inner_text()
        typed(desk, contact)
        recorded(desk)
        expect(watching.locator("#boards .next span").first).not_to_have_text(before, timeout=WAITS)
        now = watching.locator("#boards").get_attribute("data-next-visit")
        expect(watching.locator("#receiver")).to_have_value(str(now))


def test_a_shift_is_opened_and_somebody_goes_and_comes_back(console: ConsoleUnderTest, desk: Page) -> None:
    desk.goto(f"/at/{console.scope}/{console.office}/shift")
    order = desk.locator(".places input")
    first = order.nth(1).get_attribute("name")
    for number in range(order.count()):
        order.nth(number).fill("")
    order.nth(1).fill("1")
    order.nth(0).fill("2")
    readable(desk)
    order.nth(0).press("Enter")
    desk.wait_for_url(lambda url: url.endswith("/desk"))
    assert first is not None
    staff = first.removeprefix("place-")
    expect(desk.locator("#boards")).to_have_attribute("data-next-visit", staff)
    expect(desk.locator("main > .notice.warn")).to_have_count(0)
    desk.locator("#leave summary").click()
    desk.locator("#staff").select_option(staff)
    desk.locator("#leave button").click()
    expect(desk.locator("#boards .gone")).to_be_visible()
    expect(desk.locator("#boards")).not_to_have_attribute("data-next-visit", staff)
    desk.locator(f"#back-{staff}").click()
    expect(desk.locator("#boards .gone")).to_have_count(0)


@pytest.mark.parametrize("size", SIZES)
def test_the_desk_works_with_scripts_off(
    console: ConsoleUnderTest, browser: Browser, contact: str, size: str
) -> None:
    """Looked up by a button, checked, recorded; sent once more by a reload and recorded once."""
    with browser.new_context(
        base_url=console.address, viewport=SIZES[size], locale="zh-CN", java_script_enabled=False
    ) as context:
        page = context.new_page()
        page.set_default_timeout(WAITS)
        sign_in(page, console.login("reception"), console.password)
        page.goto(address(console))
        page.fill("#contact", contact)
        page.click("noscript button")
        expect(page.locator("#found .found")).to_be_visible()
        page.fill("#name", "周小满")
        page.click("#decided button[value=check]")
        page.click("#decided button[value=record]")
        expect(page.locator("#outcome")).to_be_visible()
        assert page.input_value("#contact") == ""
        page.reload()
        expect(page.locator("#outcome")).to_be_visible()
    recorded_once(console, contact)


def test_a_consultant_registers_their_own(
    console: ConsoleUnderTest, visitors: Visitors, contact: str
) -> None:
    """On a telephone; nobody else is offered as receiving."""
    with visitors.context("consultant", size="phone") as context:
        page = context.new_page()
        page.set_default_timeout(WAITS)
        page.goto(address(console))
        assert page.locator("#receiver option:not([value=''])").count() == 1
        typed(page, contact)
        readable(page)
        recorded(page)
        readable(page)
    assert customer(console, contact)["owner"] == console.login("consultant")


def test_signing_out_asks_first_while_something_waits(desk: Page, contact: str) -> None:
    """Signing out clears the browser."""
    desk.context.set_offline(True)
    desk.locator("#contact").fill(contact)
    desk.locator("#name").press("Enter")
    desk.keyboard.press("Enter")
    expect(desk.locator("#waiting-list li")).to_have_count(1)
    asked: list[str] = []

    def stay(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    desk.on("dialog", stay)
    desk.locator("form[action='/sign-out'] button").click()
    expect(desk.locator("#waiting-list li")).to_have_count(1)
    assert len(asked) == 1
    assert desk.url.endswith("/desk")
    desk.context.set_offline(False)
    expect(desk.locator("#waiting")).to_be_hidden()
