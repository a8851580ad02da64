"""The page of the desk opened without a connection: kept for one account, without a customer, and gone with it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.support.console import ConsoleUnderTest, Visitors, sign_in
from tests.support.parts import eventually
from tests.support.patience import BROWSER_PATIENCE

WAITS = BROWSER_PATIENCE
QUEUED = """() => JSON.parse(localStorage.getItem(
  Object.keys(localStorage).find(one => one.startsWith("panke/desk/")) || "") || "[]")"""
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) {
      const answer = await (await caches.open(name)).match(request);
      found.push([name, new URL(request.url).pathname, await answer.text()]);
    }
  return found;
}"""
expect.set_options(timeout=WAITS)


def address(console: ConsoleUnderTest) -> str:
    return f"/at/{console.scope}/{console.office}/desk"


@pytest.fixture
def desk(console: ConsoleUnderTest, visitors: Visitors) -> Iterator[Page]:
    """A desk whose page is kept. Its session is its own: it is signed out."""
    with visitors.context(None) as context:
        page = context.new_page()
        page.set_default_timeout(WAITS)
        sign_in(page, console.login("reception"), console.password)
        page.goto(address(console))
        until_kept(page)
        yield page


def until_kept(page: Page) -> None:
    """The page and what it is shown with."""
    eventually(lambda: len(page.evaluate(KEPT)) > 5, "the desk is kept")


def until_nothing_is_kept(page: Page) -> None:
    eventually(lambda: page.evaluate("async () => (await caches.keys()).length === 0"), "nothing is kept")


def paths(page: Page) -> list[Any]:
    return [path for _, path, _ in page.evaluate(KEPT)]


def test_the_desk_opens_without_a_connection_and_entries_wait(console: ConsoleUnderTest, desk: Page) -> None:
    """Twice, so that no entry takes the place of another; all are sent when the connection is back."""
    desk.context.set_offline(True)
    times = []
    for name in ("周小满", "郑大雪"):
        desk.reload()
        expect(desk.locator("#kept")).to_be_visible()
        times.append(desk.get_attribute("body", "data-now"))
        desk.locator("#contact").fill(f"135{random.randrange(10**8):08d}")
        desk.locator("#name").fill(name)
        desk.locator("#name").press("Enter")
        expect(desk.locator("#decided button")).to_be_focused()
        desk.keyboard.press("Enter")
        expect(desk.locator("#waiting-list")).to_contain_text(name)
    waiting = desk.evaluate(QUEUED)
    assert len({one["id"] for one in waiting}) == 2
    assert times[0] < times[1], "the time of the office goes on"  # type: ignore[operator]
    desk.context.set_offline(False)
    expect(desk.locator("#waiting")).to_be_hidden()


def test_what_is_kept_names_no_customer(console: ConsoleUnderTest, desk: Page) -> None:
    """A page on which somebody was looked up, or that says what was recorded, is not kept."""
    contact, name = f"134{random.randrange(10**8):08d}", "慕容白露"
    desk.locator("#contact").fill(contact)
    desk.locator("#name").fill(name)
    desk.reload()
    expect(desk.locator("#name")).to_have_value(name)
    held = desk.evaluate(KEPT)
    assert {path for _, path, _ in held if not path.startswith("/assets/")} == {address(console)}
    assert all(one.endswith(f"#{console.login('reception')}") for one, _, _ in held)
    assert not any(word in text for _, _, text in held for word in (contact, name))


def test_nothing_is_kept_for_whoever_comes_next(console: ConsoleUnderTest, desk: Page) -> None:
    """Signing out clears it, and another account finds its own or nothing."""
    desk.click("form[action='/sign-out'] button")
    desk.wait_for_url("**/sign-in")
    until_nothing_is_kept(desk)
    desk.context.set_offline(True)
    with pytest.raises(Error):
        desk.goto(address(console))
    desk.context.set_offline(False)
    sign_in(desk, console.login("manager"), console.password)
    desk.goto(address(console))
    until_kept(desk)
    assert {one.rpartition("#")[2] for one, _, _ in desk.evaluate(KEPT)} == {console.login("manager")}


def test_an_ended_session_takes_the_page_with_it(console: ConsoleUnderTest, desk: Page) -> None:
    desk.context.clear_cookies()
    desk.goto(address(console))
    assert "/sign-in" in desk.url
    until_nothing_is_kept(desk)


def test_a_desk_that_does_not_come_whole_at_once_is_kept_all_the_same(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    """It is opened in the morning and left open, and the console may be late then."""
    refused: list[str] = []

    def late(route: Route) -> None:
        if route.request.service_worker is None or refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            route.fulfill(status=503, body="late")

    with visitors.context(None) as context:
        page = context.new_page()
        page.set_default_timeout(WAITS)
        context.route(f"**{address(console)}", late)
        sign_in(page, console.login("reception"), console.password)
        assert page.url.endswith(address(console)), (
            "it is what the desk begins with, and is not asked for again"
        )
        until_kept(page)
    assert len(refused) == 1


def test_assets_of_an_earlier_version_are_thrown_away(console: ConsoleUnderTest, desk: Page) -> None:
    old = "/assets/0123456789abcdef/desk.js"
    put = """async (old) => {
      const cache = await caches.open((await caches.keys())[0]);
      await cache.put(old, new Response("old"));
      return Boolean(await cache.match(old));
    }"""
    # Asked in one go: the page may be kept once more right after, which is what throws it away.
    assert desk.evaluate(put, old)
    desk.reload()
    eventually(lambda: old not in paths(desk), "the earlier one is gone")
