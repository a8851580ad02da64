"""One's own customers and one customer in a browser: two taps, two clocks, the link of an alert, the evidence pack."""

from __future__ import annotations

import re
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.console import ConsoleUnderTest, Visitors
from tests.support.panke import COMMAND


def mine(page: Page, console: ConsoleUnderTest) -> None:
    page.goto(f"/at/{console.scope}/{console.office}/mine")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_follow_up_is_two_taps(visitors: Visitors, console: ConsoleUnderTest, size: str) -> None:
    """The line's button, then what came of it; whether it counts stands there before and after."""
    with visitors.context("consultant", size=size) as context:
        page = context.new_page()
        mine(page, console)
        page.locator(".lines a.main").first.click()
        expect(page.locator("#counting .notice")).to_contain_text(re.compile("计为有效|不计为有效"))
        page.get_by_role("button", name="已联系：仍有意向").click()
        expect(page.locator("h1")).to_have_text("回访已登记")
        expect(page.locator("[role=status] .notice")).to_contain_text("计为有效")
        page.get_by_role("link", name="返回列表").click()
        expect(page).to_have_url(re.compile(r"/mine$"))


def test_enter_in_a_field_records_nothing_and_loses_nothing(
    visitors: Visitors, console: ConsoleUnderTest
) -> None:
    with visitors.context("consultant") as context:
        page = context.new_page()
        mine(page, console)
        page.locator(".lines a.main").first.click()
        page.fill("#content", "约周末看房")
        page.fill("#level", "B")
        page.press("#level", "Enter")
        expect(page.locator(".outcomes .wrong")).to_have_text("请选择联系结果")
        assert (page.input_value("#content"), page.input_value("#level")) == ("约周末看房", "B")
        # Left without sending, what was typed stands there again.
        page.fill("#content", "改约下周")
        begun = page.url
        page.reload()
        mine(page, console)
        page.goto(begun)
        assert page.input_value("#content") == "改约下周"


def test_the_list_moves_when_something_is_recorded(visitors: Visitors, console: ConsoleUnderTest) -> None:
    """A follow-up in one window moves the time left in another, without a reload."""
    with visitors.context("consultant") as context:
        watching, page = context.new_page(), context.new_page()
        mine(watching, console)
        name = watching.locator(".lines .name").first.inner_text()
        before = watching.locator(".lines li").filter(has_text=name).first.inner_text()
        mine(page, console)
        page.locator(".lines li").filter(has_text=name).first.locator("a.main").click()
        page.get_by_role("button", name="已联系：约好到访").click()
        expect(page.locator("h1")).to_have_text("回访已登记")
        line = watching.locator(".lines li").filter(has_text=name).first
        expect(line).not_to_have_text(before)


def test_the_slider_goes_back_in_time_by_keyboard(visitors: Visitors, console: ConsoleUnderTest) -> None:
    with visitors.context("auditor") as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/customers/{_customer(console)}")
        now = page.locator(".timeline > li").count()
        page.focus("#step")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url(re.compile(r"step=\d+"))
        expect(page.get_by_role("status").first).to_contain_text("这是较早的时间，不是现在")
        assert page.locator(".timeline > li").count() < now
        page.get_by_role("link", name="回到现在").first.click()
        assert page.locator(".timeline > li").count() == now


def test_without_scripts_the_steps_are_links(visitors: Visitors, console: ConsoleUnderTest) -> None:
    with visitors.context("auditor") as signed_in:
        state = signed_in.storage_state()
        browser = signed_in.browser
        assert browser is not None
        with browser.new_context(
            base_url=console.address, storage_state=state, java_script_enabled=False
        ) as context:
            page = context.new_page()
            page.goto(f"/in/{console.scope}/customers/{_customer(console)}")
            page.click("a[rel=prev]")
            expect(page.get_by_role("status").first).to_contain_text("这是较早的时间")
            page.click("a[rel=next]")
            expect(page.locator("a[rel=next]")).to_have_count(0)


def test_an_alerts_link_opens_its_customer_after_the_sign_in(
    visitors: Visitors, console: ConsoleUnderTest
) -> None:
    customer = _customer(console)
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/customers/{customer}")
        case = page.locator("h1 span").inner_text()
    with visitors.context(None) as context:
        page = context.new_page()
        page.goto(f"/c/{console.scope}/{case}")
        page.fill("#login", console.login("manager"))
        page.fill("#password", console.password)
        page.click("main button.main")
        expect(page).to_have_url(re.compile(f"/in/{console.scope}/customers/{customer}$"))


def test_an_auditor_downloads_the_evidence_pack_and_the_command_beside_it_verifies_it(
    visitors: Visitors, console: ConsoleUnderTest, tmp_path: Path
) -> None:
    """In a folder in which nothing else lies, as whoever gets it has it."""
    with visitors.context("auditor") as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/customers/{_customer(console)}")
        with page.expect_download() as download:
            page.click("a[download]")
        pack = tmp_path / download.value.suggested_filename
        download.value.save_as(pack)
        program, *said = page.locator("code", has_text="panke verify").inner_text().split()
    names = zipfile.ZipFile(BytesIO(pack.read_bytes())).namelist()
    assert any(name.endswith("manifest.json") for name in names)
    assert program == "panke"
    verified = subprocess.run(
        [*COMMAND, *said], cwd=tmp_path, capture_output=True, check=False, timeout=300, env={"PATH": "/bin"}
    )
    assert verified.returncode == 0, verified.stdout.decode() + verified.stderr.decode()


def _customer(console: ConsoleUnderTest) -> str:
    """A customer with several records."""
    told = console.ask(f"/v1/scopes/{console.scope}/customers", status="owned", limit=100)
    return str(max(told["customers"], key=lambda one: len(one["decisions"]))["customer"])
