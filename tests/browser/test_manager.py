"""What a manager does in a browser: rule with a split, approve a correction, hand a leaver's customers over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.support.console import ConsoleUnderTest, Visitors
from tests.support.patience import BROWSER_PATIENCE


class FloorOfTest:
    """The invented office as a test adds to it, by the time of its pages."""

    def __init__(self, console: ConsoleUnderTest, page: Page) -> None:
        self.console = console
        self.page = page
        page.goto("/places")
        told = page.get_attribute("body", "data-now")
        assert told is not None
        self.now = datetime.fromisoformat(told)

    @property
    def room(self) -> str:
        return f"/at/{self.console.scope}/{self.console.office}"

    def record(self, kind: str, data: Mapping[str, Any], *, actor: str, before: int = 0) -> str:
        """Have something recorded that happened so many minutes before."""
        event = {
            "id": str(uuid4()), "type": kind, "scope": self.console.scope, "office": self.console.office,
            "actor": actor, "occurred_at": self.at(before), "data": dict(data),
        }  # fmt: skip
        self.console.record(event)
        return str(event["id"])

    def at(self, before: int) -> str:
        return (self.now - timedelta(minutes=before)).isoformat()

    def visit(self, receiver: str, party: Mapping[str, Any], before: int, **more: Any) -> str:
        data = {
            "visit": str(uuid4()),
            "customer": party,
            "received_by": receiver,
            "capacity": "on_turn",
            **more,
        }
        data["asked"] = {"visited_before": "no"}
        return self.record("visit.registered", data, actor=receiver, before=before)


@pytest.fixture
def floor(console: ConsoleUnderTest, visitors: Visitors) -> FloorOfTest:
    return FloorOfTest(console, visitors.visit("manager"))


def phone() -> str:
    """A number that nobody else has."""
    return f"139{uuid4().int % 10**8:08}"


def test_a_dispute_is_ruled_on_with_a_split(floor: FloorOfTest) -> None:
    """Both sides with their minutes, what it would come to, the ruling; a reload on the way loses nothing."""
    page, number = floor.page, phone()
    party = {"name": "孟争", "phones": [number]}
    times = {"started_at": floor.at(40), "ended_at": floor.at(18)}
    floor.visit("li", party, 40, **times)
    floor.visit("wang", party, 10, capacity="assist", on_behalf_of="li")
    deal, dispute = f"d-{number}", f"q-{number}"
    sold = {
        "deal": deal,
        "customer": {"phones": [number]},
        "closed_by": "wang",
        "project": "花园",
        "unit": "9-9",
    }
    floor.record("deal.subscribed", sold, actor="wang", before=5)
    opened = {"dispute": dispute, "customer": {"phones": [number]}, "opened_by": "wang", "reason": "由我谈成"}
    floor.record("dispute.opened", {**opened, "deal": deal}, actor="wang", before=2)

    page.goto(f"/in/{floor.console.scope}/disputes")
    page.locator(f"a[href$='/{dispute}']", has_text="孟争").click()
    expect(page.locator("main")).to_contain_text("历时22分钟")
    expect(page.locator("#outcomes")).to_contain_text("各一半")
    page.locator("#outcomes tr", has_text="各一半").get_by_role("button").click()
    assert [page.input_value(f"#share_{row}_percent") for row in range(2)] == ["50", "50"]
    expect(page.locator("#reason")).to_be_focused()
    page.fill("#share_0_percent", "60")
    page.fill("#reason", "登记在先，协助有据")
    page.reload()
    assert page.input_value("#reason") == "登记在先，协助有据"
    page.fill("#share_1_percent", "30")
    page.click("button[value=record]")
    expect(page.locator(".wrong")).to_have_text("分成合计须为100%，现为90%")
    assert page.input_value("#reason") == "登记在先，协助有据"
    page.fill("#share_1_percent", "40")
    page.click("button[value=preview]")
    expect(page.locator("#outcomes tr.fresh")).to_contain_text("40%")
    page.click("button[value=record]")
    expect(page.locator(".notice.good")).to_have_text("裁定已登记。")
    shares = floor.console.ask(f"/v1/scopes/{floor.console.scope}/deals/{deal}")["shares"]
    assert shares == {"li": 6000, "wang": 4000}


def test_a_correction_is_asked_for_previewed_and_approved(floor: FloorOfTest, visitors: Visitors) -> None:
    """A consultant asks for it from the record; the manager sees what it changes, and approves it."""
    wrong, right = phone(), phone()
    record = floor.visit("li", {"name": "邱错号", "phones": [wrong]}, 5)
    consultant = visitors.visit("supervisor")
    consultant.goto(f"{floor.room}/corrections/{record}")
    consultant.fill("#phones", right)
    consultant.fill("#reason", f"录错一位 {right}")
    consultant.click("button[value=ask]")
    expect(consultant.locator(".notice.good")).to_contain_text("更正申请已提交")

    page = floor.page
    page.goto(f"{floor.room}/approvals")
    request = page.locator("#requests a", has_text=right)
    expect(request).to_contain_text("邱错号")
    request.click()
    assert page.input_value("#phones") == right
    page.click("button[value=preview]")
    expect(page.locator("#changes")).to_contain_text(right)
    page.click("button[value=correct]")
    expect(page.locator(".notice.good")).to_have_text("更正已登记。")
    expect(page.locator("#requests a", has_text=right)).to_have_count(0)
    listed = floor.console.ask(f"/v1/scopes/{floor.console.scope}/customers", owner="li", limit=500)
    contacts = {one for customer in listed["customers"] for one in customer["contacts"]}
    assert len([one for one in contacts if one.endswith(right[-4:])]) >= 1


def test_all_records_of_a_kind_are_chosen_with_the_keyboard_and_their_number_is_said(
    floor: FloorOfTest,
) -> None:
    """A choice made by hand stays beside it, and the page that needs no script chooses the same."""
    page = floor.page
    for _ in range(2):
        floor.visit("li", {"name": "查全选", "phones": [phone()]}, 5)
    page.goto(f"{floor.room}/approvals")
    visits = page.locator("input[data-kind='visits.reviewed']")
    others = page.locator("input[name=record]:not([data-kind='visits.reviewed'])")
    status, count, by_hand = page.locator("#records [role=status]"), visits.count(), min(others.count(), 1)
    assert count >= 2
    expect(status).to_have_text("已选0条")
    for one in others.all()[:by_hand]:
        one.check()
    page.locator("[data-choose='visits.reviewed']").focus()
    page.keyboard.press("Enter")
    expect(status).to_have_text(f"已选{count + by_hand}条")
    visits.first.uncheck()
    expect(status).to_have_text(f"已选{count + by_hand - 1}条")
    page.locator("[data-choose='']").click()
    expect(page.locator("input[name=record]:checked")).to_have_count(0)
    page.goto(f"{floor.room}/approvals?choose=visits.reviewed")
    expect(page.locator("input[name=record]:checked")).to_have_count(count)


def test_no_word_breaks_within_a_cell_and_the_menu_stands_in_one_line(
    visitors: Visitors, console: ConsoleUnderTest
) -> None:
    """In English, on a small desktop, for somebody with nine rooms."""
    page = visitors.visit("manager", language="en")
    page.goto(f"/at/{console.scope}/{console.office}/approvals")
    lines = "all => [...new Set(all.map(one => one.getClientRects().length))]"
    assert page.locator("td a:not(:has(code))").evaluate_all(lines) == [1]
    assert page.locator("td .whole").evaluate_all(lines) == [1]
    assert page.locator(".rooms a").count() == 9
    assert page.locator(".top").evaluate("top => top.getBoundingClientRect().height") < 2 * 44


def test_fields_beside_each_other_stand_in_one_line(visitors: Visitors, console: ConsoleUnderTest) -> None:
    """Where one of their labels takes several lines."""
    page = visitors.visit("manager", language="en")
    page.goto(f"/at/{console.scope}/{console.office}/people")
    longer = "label => { label.textContent = `${label.textContent} `.repeat(9); }"
    page.locator("#enrol fieldset label").first.evaluate(longer)
    labels = page.locator("#enrol fieldset label").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert max(labels) > min(labels), "a label of two lines beside those of one"
    tops = page.locator("#enrol fieldset input").evaluate_all(
        "all => all.map(one => one.getBoundingClientRect().top)"
    )
    assert len(tops) == 5 and len(set(tops)) == 1


def test_a_leaver_s_customers_are_handed_over(floor: FloorOfTest) -> None:
    """One to everybody, one to somebody else, one stays; then the departure leaves that one without an owner."""
    page, staff = floor.page, f"leaver-{uuid4().hex[:8]}"
    floor.record(
        "staff.enrolled", {"staff": staff, "name": "房离", "role": "consultant"}, actor="gao", before=30
    )
    names = [f"移交{one}" for one in "甲乙丙"]
    for name in names:
        floor.visit(staff, {"name": name, "phones": [phone()]}, 20)
    page.goto(f"{floor.room}/people/{staff}")
    expect(page.locator("#customers tbody tr")).to_have_count(3)
    page.select_option("#to_all", "li")
    page.get_by_label("移交乙的接收人").select_option("wang")
    page.get_by_label("移交丙的接收人").select_option("-")
    page.fill("#reason", "离职移交")
    page.click("button[value=preview]")
    expect(page.locator("#came [role=status]")).to_have_text("可移交 2 / 2")
    page.click("button[value=transfer]")
    expect(page.locator("#came [role=status]")).to_have_text("已移交 2 / 2")
    expect(page.locator("#customers tbody tr")).to_have_count(1)
    page.check("input[name=sure]")
    page.click("button[value=depart]")
    expect(page.locator("#customers")).to_contain_text("移交丙")
    expect(page.locator("#customers h2")).to_contain_text("离职后无主的客户")


def test_the_floor_moves_by_itself(floor: FloorOfTest) -> None:
    """A visit that somebody records stands on the open page without a reload."""
    page, name = floor.page, f"走进{uuid4().int % 10**4:04}"
    page.goto(f"{floor.room}/floor")
    page.evaluate("document.body.dataset.kept = 'yes'")
    floor.now = floor.console.now()  # the last ones alone stand on the page, and others come in meanwhile
    floor.visit("li", {"name": name, "phones": [phone()]}, 0)
    expect(page.locator("#visits")).to_contain_text(name, timeout=BROWSER_PATIENCE)
    assert page.get_attribute("body", "data-kept") == "yes"
