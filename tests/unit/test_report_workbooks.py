"""Reports as workbooks: the office's form, figures that are numbers, texts that stay texts, notes on the last sheet."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from services.registers.cli import report_command
from services.registers.reports.catalogue import REPORTS
from services.registers.reports.report import OfficeReport
from services.registers.sheets.charts import CHARTS
from services.registers.sheets.limits import LONGEST_NAME, LONGEST_TEXT, cut, sheet_name, units
from services.registers.sheets.report_book import ReportEdition, ReportIssue, ReportStage, write_report
from tests.support.journal import WrittenJournal, local, report_of
from tests.support.office_month import office_month
from tests.support.workbooks import ReadSheet, read_workbook

Make = Callable[..., OfficeReport]


@pytest.fixture(scope="module")
def make() -> Make:
    """Reports on the month of an office."""
    registers = office_month().posted()

    def made(name: str, grain: str | None = None) -> OfficeReport:
        known = local("03-31 23:59")
        return report_of(registers, name, "03-01", "03-31", known, scheme="habc", grain=grain)

    return made


def written(report: OfficeReport, edition: ReportEdition | None = None, **more: int) -> list[ReadSheet]:
    file = io.BytesIO()
    write_report(report, file, edition, **more)
    return read_workbook(file.getvalue())


@pytest.fixture(scope="module")
def sheets_of(make: Make) -> Callable[[str], list[ReadSheet]]:
    """The sheets of a report, written once."""
    return cache(lambda name: written(make(name)))


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_a_sheet_for_each_table_and_one_that_explains(
    make: Make, sheets_of: Callable[[str], list[ReadSheet]], name: str
) -> None:
    """Title, office, period and every heading stand on it; the last sheet says what it was made from."""
    report = make(name)
    *sheets, notes = [one for one in sheets_of(name) if not one.name.endswith("图")]
    assert [one.name for one in sheets] == [table.title.zh for table in report.tables]
    for sheet, table in zip(sheets, report.tables, strict=True):
        assert sheet.rows[0][0] == report.title.zh
        assert "案场：east" in str(sheet.rows[1][0]) and "2026-03-31" in str(sheet.rows[1][0])
        assert {column.heading.zh for column in table.columns} <= set(sheet.texts())
        assert ("合计" in sheet.texts()) == (table.total is not None and bool(table.lines))
    said = notes.texts()
    assert notes.name == "说明"
    assert {report.head.rulebook, report.head.scheme, "2026-03-31 23:59:00", "未签发", "east"} <= set(said)
    assert {column.definition.zh for table in report.tables for column in table.columns} <= set(said)


@pytest.mark.parametrize("name", REPORTS)
def test_a_printed_page_repeats_the_headings_and_fits_the_width(
    sheets_of: Callable[[str], list[ReadSheet]], name: str
) -> None:
    """A4, as wide as the page, headings in sight when one scrolls and on every page."""
    for sheet in sheets_of(name):
        assert '<pageSetup paperSize="9"' in sheet.xml and 'fitToHeight="0"' in sheet.xml
        assert "第 &amp;P 页" in sheet.xml
        plain = sheet.name == "说明" or sheet.name.endswith("图")
        assert ('state="frozen"' in sheet.xml and "$1:$" in sheet.repeated) or plain


def test_wide_forms_are_printed_across_and_narrow_ones_upright(make: Make) -> None:
    """The daily report has twenty columns, the month beside it four."""
    consultants, month, *_ = written(make("daily"))
    assert 'orientation="landscape"' in consultants.xml
    assert 'orientation="portrait"' in month.xml


def test_figures_are_numbers_as_they_are_printed(make: Make) -> None:
    """Whoever adds up a column gets what the report says; where nothing is divided, a dash stands."""
    report = make("consultants")
    (sheet, *_) = written(report)
    table = report.tables[0]
    assert table.total is not None
    amounts = sheet.below("大定金额")
    assert amounts[len(table.lines)] == 2984568.39
    assert sum(one for one in amounts[: len(table.lines)] if isinstance(one, float)) == pytest.approx(
        2984568.39
    )
    rates = written(make("traffic"))[0].below("留资料比例")
    assert rates[0] == 1.0 and rates[1] == "—" and rates[31] == 0.909


def test_what_is_no_figure_is_text(make: Make) -> None:
    """The number of a customer and the number of a card keep their digits, and nobody sums them."""
    board = written(make("levels"))[0]
    assert all(isinstance(one, str) for one in board.below("客户编号")[:3])
    assert written(make("reservations"))[0].below("卡号")[0] == "A001"


def test_targets_are_numbers_though_money_and_counts_share_a_column(make: Make) -> None:
    """They are compared in a chart, each of its kind."""
    period = written(make("targets"))[0]
    assert period.below("目标")[:4] == [20.0, 5.0, 4.0, 5_000_000.0]
    assert period.below("完成率")[0] == 0.55
    assert period.charts == 2


@pytest.mark.parametrize(
    "text", ["=1+1", "+86 139", "-2", "@SUM(A1)", "\t=1", "\r=1", "＝1", '=HYPERLINK("x")']
)
def test_a_text_that_looks_like_a_formula_stays_a_text(make: Make, text: str) -> None:
    """What a visitor is called is never computed, also when the cell is edited."""
    report = make("activity")
    table = report.tables[0]
    line = replace(table.lines[0], texts={**table.lines[0].texts, "purpose": text})
    sheet = written(replace(report, tables=(replace(table, lines=(line,)),)))[0]
    assert sheet.formulas == 0
    assert sheet.below("目的")[0] == text
    quoted = [style for style in sheet.styles(text) if "quotePrefix" in style]
    assert quoted


def test_a_table_that_is_too_long_goes_on_on_another_sheet(make: Make) -> None:
    """The sum stands below the last line, once; nothing is left out."""
    report = make("activity")
    sheets = [one for one in written(report, most_rows=20) if one.name.startswith("访问经过")]
    assert [one.name for one in sheets] == ["访问经过", "访问经过 2", "访问经过 3"]
    assert ["合计" in one.texts() for one in sheets] == [False, False, True]
    lines = sum(len([cell for cell in one.below("时间") if cell is not None]) for one in sheets)
    assert lines == len(report.tables[0].lines)


def test_a_text_that_is_too_long_is_cut_and_said_to_be(make: Make) -> None:
    """A cell holds 32,767 units; the last sheet says that one was cut."""
    report = make("activity")
    table = report.tables[0]
    line = replace(table.lines[0], texts={**table.lines[0].texts, "notes": "长" * 40_000})
    sheets = written(replace(report, tables=(replace(table, lines=(line,)),)))
    cell = max(sheets[0].texts(), key=len)
    assert len(cell) == LONGEST_TEXT and cell.endswith("…[…]")
    assert any("已截断" in one for one in sheets[-1].texts())
    assert not any("至少有一格" in one for one in written(report)[-1].texts())


def test_a_long_text_is_cut_between_characters_and_counted_as_programs_do() -> None:
    """An emoji counts twice, and is never cut in two."""
    shown = cut("😀" * 20_000)
    assert units(shown) <= LONGEST_TEXT
    assert shown.encode("utf-8")
    assert cut("短") == "短"


def test_names_of_sheets_are_such_as_programs_take() -> None:
    """31 characters, none that is forbidden, no two alike, also in other capitals."""
    taken: list[str] = []
    for wanted in ("A/B:C*[D]?", "a b c  d", "长" * 40, "长" * 41, "", "History", "'x'"):
        taken.append(sheet_name(wanted, taken))
    assert all(0 < units(one) <= LONGEST_NAME and not set("[]:*?/\\") & set(one) for one in taken)
    assert len({one.casefold() for one in taken}) == len(taken)


def test_numbers_with_more_digits_than_a_cell_keeps_are_text(make: Make) -> None:
    """Not a cent is lost of an amount with seventeen digits."""
    journal = WrittenJournal()
    journal.visit("03-01 10:00", "a")
    journal.deal("03-02 10:00", "a", "d", "1234567890123.45")
    journal.visit("03-01 10:00", "b")
    journal.deal("03-02 10:00", "b", "e", "8765432109876.54")
    (sheet, *_) = written(journal.report("consultants", "03-01", "03-31"))
    assert sheet.below("大定金额")[0] == 9999999999999.99
    journal.deal("03-03 10:00", "b", "f", "999999999999999.99")
    (sheet, *_) = written(journal.report("consultants", "03-01", "03-31"))
    assert sheet.below("大定金额")[0] == "1009999999999999.98"


def test_the_same_report_gives_the_same_bytes(make: Make) -> None:
    """An issued report that is written again is the same file."""
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        write_report(make("traffic"), file)
    assert files[0].getvalue() == files[1].getvalue()
    with zipfile.ZipFile(files[0]) as packed:
        assert b"2000-01-01" in packed.read("docProps/core.xml")


def test_who_issued_a_report_and_when_stands_on_it(make: Make) -> None:
    """In the local time of the office."""
    issue = ReportIssue("高经理", datetime(2026, 3, 31, 10, 0, tzinfo=UTC))
    sheets = written(make("daily"), ReportEdition("R2", issue))
    assert "签发人：高经理" in str(sheets[0].rows[1][0])
    assert "高经理  2026-03-31 18:00:00" in sheets[-1].texts()
    assert "R2 销售日报表 Daily report" in sheets[-1].texts()


def test_headings_are_in_english_too_where_that_is_asked_for(make: Make) -> None:
    """Below the Chinese, in the same cell; without being asked for they are in Chinese alone."""
    assert "批次\nvisits" in written(make("traffic"), ReportEdition(english=True))[0].texts()
    assert "批次" in written(make("traffic"))[0].texts()


@pytest.mark.parametrize("name", [*CHARTS, "targets"])
def test_a_chart_stands_where_people_would_rather_look(
    sheets_of: Callable[[str], list[ReadSheet]], name: str
) -> None:
    """By day and channel, by level, by cause, against targets."""
    assert sum(sheet.charts for sheet in sheets_of(name)) >= 1


@pytest.mark.parametrize("grain", REPORTS["traffic"].grains)
def test_traffic_has_a_chart_by_whatever_it_is_counted(make: Make, grain: str) -> None:
    """By each of its grains."""
    assert sum(sheet.charts for sheet in written(make("traffic", grain))) == 1


def test_an_empty_table_says_so() -> None:
    """No total and no chart of nothing."""
    sheet = written(WrittenJournal().report("losses", "03-01", "03-02"))[0]
    assert "无记录" in sheet.texts() and "合计" not in sheet.texts() and sheet.charts == 0


def test_a_common_heading_stands_over_what_belongs_together(make: Make) -> None:
    """Units and amount of subscriptions are under one heading, as the forms have it."""
    sheet = written(make("consultants"))[0]
    above, below = sheet.row_of("大定"), sheet.row_of("大定套数")
    assert below == above + 1
    place = sheet.rows[above].index("大定")
    assert sheet.rows[below][place : place + 2] == ["大定套数", "大定金额"]


def asked(tmp_path: Path, *more: str) -> tuple[int, str]:
    journal = tmp_path / "north.ndjson"
    journal.write_bytes(b"\n".join(office_month().lines()))
    days = ("--from", "2026-03-01", "--to", "2026-03-31", "--office", "east", "--journal", str(journal))
    result = CliRunner().invoke(report_command, ["R2", *days, *more])
    return result.exit_code, result.output


def test_the_command_writes_the_workbook_besides_what_it_prints(tmp_path: Path) -> None:
    """A file that is there is replaced when the new one is whole, as other commands do it."""
    out = tmp_path / "日报.xlsx"
    out.write_bytes(b"before")
    code, printed = asked(tmp_path, "--xlsx", str(out), "--english")
    assert code == 0 and "销售日报表" in printed
    sheets = read_workbook(out.read_bytes())
    assert "批次\nvisits" in sheets[0].texts()
    assert [one.name for one in tmp_path.iterdir() if "partial" in one.name] == []


def test_a_workbook_that_cannot_be_written_ends_with_two_and_says_why(tmp_path: Path) -> None:
    """What stood there stays; nothing is printed as if all were well."""
    code, printed = asked(tmp_path, "--xlsx", str(tmp_path / "none" / "x.xlsx"))
    assert code == 2 and "panke report" in printed
    code, printed = asked(tmp_path, "--xlsx", "/dev/null")
    assert code == 2 and "no plain file" in printed


def test_nothing_below_the_title_is_broken_over_two_lines(make: Make) -> None:
    """A line ends between two things that are said; who signed, and each language, on lines of their own."""
    at = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)
    edition = ReportEdition(
        "R3", ReportIssue("高经理", at), stages=(ReportStage("reviewed", "行政经理魏", at),), english=True
    )
    for report in ("overdue", "traffic"):
        lines = str(written(make(report), edition)[0].rows[1][0]).split("\n")
        said = [one for line in lines for one in line.split("　　")]
        assert said == [
            "案场：east", "期间：2026-03-01 至 2026-03-31", "数据截至：2026-03-31 23:59:00",
            "签发人：高经理", "审核：行政经理魏",
            "office: east", "period: 2026-03-01 to 2026-03-31", "known at: 2026-03-31 23:59:00",
            "issued by: 高经理", "reviewed by: 行政经理魏",
        ]  # fmt: skip
        assert "签发人：高经理　　审核：行政经理魏" in lines
        assert "issued by: 高经理　　reviewed by: 行政经理魏" in lines
