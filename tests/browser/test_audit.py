"""Reports, audit and rulebook in a browser: this month's report and its rows, on paper, a replay, a draft."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.console import ConsoleUnderTest, Visitors
from tests.support.patience import BROWSER_PATIENCE

PAGE = 100
"""Milliseconds: a replay waits for its turn on a busy machine."""


def reports(console: ConsoleUnderTest) -> str:
    return f"/at/{console.scope}/{console.office}/reports"


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_a_figure_of_this_months_report_opens_its_rows(console: ConsoleUnderTest, visitors: Visitors) -> None:
    """As many rows as the total says, each of them leading to a customer."""
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(reports(console))
        page.get_by_role("link", name="客流量统计表 R1").click()
        assert page.get_by_label("本月").is_checked()
        total = page.locator("#table-day ~ .scroll tfoot td.number a").first
        count = number(total.inner_text())
        total.click()
        page.wait_for_url("**/rows?**")
        assert page.locator("tbody tr").count() == min(count, PAGE)
        assert f"共 {count} 条" in page.inner_text("main")
        customer = page.locator("tbody a").first
        assert re.match(f"/in/{console.scope}/customers/", str(customer.get_attribute("href")))


def test_another_period_is_one_press(console: ConsoleUnderTest, visitors: Visitors) -> None:
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(f"{reports(console)}/traffic")
        page.get_by_text("今日", exact=True).click()
        page.wait_for_url("**period=today**")
        assert page.input_value("#from") == page.input_value("#to")


LETTERS = """chart => {
  const size = one => parseFloat(getComputedStyle(one).fontSize);
  return {chart: size(chart.querySelector("text")), table: size(document.querySelector(".figures td"))};
}"""
"""How tall letters are, in a chart as it is drawn and in the table beside it."""


def test_a_report_prints_its_figures_and_no_fields(console: ConsoleUnderTest, visitors: Visitors) -> None:
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(f"{reports(console)}/traffic")
        expect(page.get_by_role("button", name="打印")).to_be_visible()
        page.emulate_media(media="print")
        for unseen in ("form.periods", "header.top", "[data-print]", "section.no-print", ".definitions"):
            expect(page.locator(unseen).first).to_be_hidden()
        expect(page.locator("#table-day ~ .scroll tfoot")).to_be_visible()
        expect(page.locator("svg.chart").first).to_be_visible()
        letters = page.locator("svg.chart").first.evaluate(LETTERS)
        assert 8 <= letters["chart"] <= letters["table"] + 1, letters
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


def test_a_chart_says_its_numbers_and_the_workbook_is_handed_out(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    """Each mark of the picture has the number of a cell of the table."""
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(f"{reports(console)}/consultants")
        titles = [one.text_content() or "" for one in page.locator("svg.chart .bar title").all()]
        cells = page.locator("#table-consultants ~ .scroll tbody td").all_inner_texts()
        assert titles
        assert {title.rpartition("：")[2] for title in titles} <= {cell.strip() for cell in cells}
        with page.expect_download() as handed_out:
            page.get_by_role("link", name="下载表格").click()
        assert handed_out.value.suggested_filename.endswith(".xlsx")


def test_a_report_goes_from_issue_to_approval_by_another(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    """Whoever issued it is told who approves it, and is not offered to."""
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(f"{reports(console)}/consultants")
        page.get_by_label("备注").fill("月中")
        page.get_by_role("button", name="出具").click()
        page.wait_for_url("**/issued-reports/**")
        address = page.url
        page.get_by_role("button", name="审核").click()
        expect(page.get_by_role("status").first).to_contain_text("已审核")
        expect(page.get_by_role("button", name="审批通过")).to_have_count(0)
        expect(page.get_by_text("须由其他人审批")).to_contain_text("总监")
    with visitors.context("director") as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_role("button", name="审批通过").click()
        expect(page.get_by_role("status").first).to_contain_text("已审批")
        expect(page.get_by_role("heading", name="出具之后的变化")).to_be_visible()


def test_a_register_is_searched_and_a_wrong_day_is_told_beside_its_field(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    with visitors.context("manager") as context:
        page = context.new_page()
        address = f"/at/{console.scope}/{console.office}/registers/visits"
        page.goto(address)
        case = page.locator("tbody td:nth-child(2) a .soft").first.inner_text()
        page.get_by_label("搜索").fill(case)
        page.get_by_role("button", name="查看").click()
        expect(page.get_by_label("搜索")).to_have_value(case)
        assert page.url.endswith(address)
        names = page.locator("tbody td:nth-child(2)").all_inner_texts()
        assert names
        assert all(case in one for one in names)
        page.locator("#from").evaluate("field => { field.type = 'text'; field.value = '2026-02-30'; }")
        page.get_by_role("button", name="查看").click()
        expect(page.locator("#from-wrong")).to_be_visible()


def found_customer(page: Page, console: ConsoleUnderTest, words: str) -> None:
    page.goto(f"/in/{console.scope}/audit")
    page.get_by_label("客户或登记").fill(words)
    page.get_by_label("情况截至").fill("2026-03-03T12:00")
    page.get_by_role("button", name="查找").click()


def test_an_auditor_finds_a_customer_as_of_a_time(console: ConsoleUnderTest, visitors: Visitors) -> None:
    with visitors.context("auditor") as context:
        page = context.new_page()
        found_customer(page, console, "13800000001")
        link = page.locator(".found a").first
        assert "as_of=2026-03-03T04%3A00%3A00Z" in str(link.get_attribute("href"))
        assert "13800000001" not in page.url
        link.click()
        assert "/customers/" in page.url


def test_the_log_is_held_against_its_keys(console: ConsoleUnderTest, visitors: Visitors) -> None:
    with visitors.context("auditor") as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/audit")
        expect(page.get_by_text("签名有效")).to_be_visible()
        page.get_by_text("检查点、密钥，以及外部人员如何验证").click()
        expect(page.get_by_text("panke verify").first).to_be_visible()


def test_a_replay_under_another_rulebook_tells_who_would_gain(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    """It shows how far it is by itself, and then the difference."""
    with visitors.context("auditor") as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/audit/replays")
        page.get_by_label("按哪本规则书").select_option("getian@1")
        page.get_by_role("button", name="重放", exact=True).click()
        page.wait_for_url(re.compile("/audit/replays/[0-9a-f-]{36}$"))
        expect(page.get_by_role("heading", name="谁得谁失")).to_be_visible(timeout=BROWSER_PATIENCE)
        expect(page.locator(".figures-of")).to_contain_text("归属人改变的客户")
        folded = page.locator("details.line").first
        folded.locator("summary").click()
        expect(folded.get_by_text("重放判定")).to_be_visible()
        page.get_by_role("button", name="删除").click()
        expect(page.get_by_role("status").first).to_contain_text("已取消或删除")


def test_what_is_wrong_with_a_replay_is_told_and_what_was_typed_stays(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    with visitors.context("auditor") as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/audit/replays")
        page.get_by_label("去掉这些登记").fill("no-id")
        page.get_by_role("button", name="重放", exact=True).click()
        expect(page.locator("#drop-wrong")).to_contain_text("no-id")
        assert page.get_by_label("去掉这些登记").input_value() == "no-id"


def test_a_draft_is_tried_once_its_mistake_is_mended(console: ConsoleUnderTest, visitors: Visitors) -> None:
    """The mistake is told by its line and key; the text stays."""
    with visitors.context("auditor") as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/rulebook/trial?from=getian@1")
        draft = page.get_by_label("草案")
        text = draft.input_value()
        draft.fill(text + "\nno_such_key: 1\n")
        page.get_by_role("button", name="试用").click()
        line = len(text.splitlines()) + 2
        expect(page.get_by_role("alert")).to_contain_text(f"第 {line} 行第 1 列，no_such_key")
        assert "no_such_key: 1" in draft.input_value()
        draft.fill(text)
        page.get_by_role("button", name="试用").click()
        page.wait_for_url(re.compile("/audit/replays/[0-9a-f-]{36}$"))
        expect(page.get_by_role("heading", name="谁得谁失")).to_be_visible(timeout=BROWSER_PATIENCE)


@pytest.mark.parametrize("role", ["consultant", "reception", "auditor"])
def test_everybody_reads_the_rulebook_in_force(
    console: ConsoleUnderTest, visitors: Visitors, role: str
) -> None:
    with visitors.context(role) as context:
        page = context.new_page()
        page.goto(f"/in/{console.scope}/rulebook")
        assert page.locator("article.clause").count() > 5
        expect(page.get_by_role("link", name="用以往的登记试用草案")).to_have_count(int(role == "auditor"))
