"""What a form keeps of what was typed, and what it forgets once it was sent."""

from __future__ import annotations

import uuid

from playwright.sync_api import Page

from shared.contract import format_instant
from tests.support.console import ConsoleUnderTest, Visitors


def somebody(console: ConsoleUnderTest) -> str:
    """The number of a customer whom nobody else of these tests has."""
    number = f"139{uuid.uuid4().int % 10**8:08d}"
    party = {"name": "周小满", "phones": [number]}
    console.record({
        "id": str(uuid.uuid4()), "type": "visit.registered", "scope": console.scope, "office": console.office,
        "actor": "desk", "occurred_at": format_instant(console.now()),
        "data": {"visit": str(uuid.uuid4()), "customer": party, "received_by": "li", "capacity": "on_turn"},
    })  # fmt: skip
    return number


def _opened(page: Page, console: ConsoleUnderTest, reason: str) -> None:
    page.goto(f"/in/{console.scope}/open-dispute")
    assert page.input_value("[name=reason]") == ""
    page.fill("[name=contact]", somebody(console))
    page.fill("[name=reason]", reason)
    page.click("main form button.main")
    page.wait_for_url(lambda url: "/open-dispute" not in url)


def test_a_form_that_was_sent_comes_back_empty(visitors: Visitors, console: ConsoleUnderTest) -> None:
    """The second of two disputes has an id and words of its own."""
    with visitors.context("manager") as context:
        page = context.new_page()
        _opened(page, console, "第一次")
        _opened(page, console, "第二次")


def test_what_was_typed_is_there_after_a_reload_and_hidden_fields_are_the_page_s(
    visitors: Visitors, console: ConsoleUnderTest
) -> None:
    """A report is issued for the days that are shown, whatever was typed before for others."""
    at = f"/at/{console.scope}/{console.office}/reports/daily"
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(f"{at}?from=2026-03-03&to=2026-03-03")
        page.fill("#remark", "给总部")
        page.goto(f"{at}?from=2026-03-04&to=2026-03-04")
        assert page.input_value("#remark") == "给总部"
        assert page.locator("form[data-keep] input[name=from]").input_value() == "2026-03-04"


def test_enter_checks_an_entry_however_the_form_came_there(
    visitors: Visitors, console: ConsoleUnderTest
) -> None:
    """The second entry in a row is checked as the first was; a look-up by a button is for pages without scripts."""
    with visitors.context("reception") as context:
        page = context.new_page()
        page.goto(f"/at/{console.scope}/{console.office}/desk")
        for turn in (1, 2):
            page.fill("#contact", f"139{uuid.uuid4().int % 10**8:08d}")
            page.fill("#name", f"来客{turn}")
            page.press("#name", "Enter")
            page.wait_for_selector("#decided .big")
            assert page.input_value("#name") == f"来客{turn}"
            page.press("#name", "Enter")
            page.wait_for_selector("#outcome")
