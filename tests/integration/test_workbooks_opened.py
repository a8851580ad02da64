"""Every workbook, opened by LibreOffice and printed: it opens, all of it is there, nothing is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.registers.model.periods import DaySpan
from services.registers.model.scheme import values_of
from services.registers.reports.basis import ReportBasis
from services.registers.reports.catalogue import REPORTS, make_report
from services.registers.sheets.form import FormReader
from services.registers.sheets.forms import FORMS
from services.registers.sheets.register_book import write_register
from services.registers.sheets.report_book import ReportEdition, write_report
from shared.ids import OfficeId
from shared.rules.schemes.loading import load_scheme
from tests.support.journal import day, local
from tests.support.office_month import office_month
from tests.support.spreadsheets import PrintedPages, joined, print_all
from tests.support.workbooks import ReadSheet, read_workbook

ENGLISH = frozenset({"R2", "R9"})
LONG = "客户反复比较周边三个楼盘，对面积、朝向、学区、物业费逐一询问，" * 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of every report and of every form, with a long text among them."""
    place = tmp_path_factory.mktemp("workbooks")
    journal = office_month()
    journal.visit("03-30 16:00", "z", notes=LONG, purpose="复访")
    known = journal.posted().known(local("04-02 12:00"))
    scheme = values_of(load_scheme("habc"))
    basis = ReportBasis(known, scheme, OfficeId("east"), DaySpan(day("03-01"), day("03-31")), "base 1")
    for name, report in REPORTS.items():
        with (place / f"{report.code}.xlsx").open("wb") as file:
            edition = ReportEdition(report.code, english=report.code in ENGLISH)
            write_report(make_report(name, basis), file, edition)
    for name, form in FORMS.items():
        with (place / f"{name}.xlsx").open("wb") as file:
            write_register(form, FormReader(basis), file)
    return place


@pytest.fixture(scope="module")
def printed(folder: Path) -> dict[str, PrintedPages]:
    """What LibreOffice printed of each, in one run."""
    return print_all(sorted(folder.glob("*.xlsx")), folder)


WORKBOOKS = [*(report.code for report in REPORTS.values()), *FORMS]


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_opens_and_all_of_it_is_printed(
    folder: Path, printed: dict[str, PrintedPages], name: str
) -> None:
    """Every text of every cell is on paper, in a Chinese font, within the page; no number is too wide for its cell."""
    sheets = read_workbook((folder / f"{name}.xlsx").read_bytes())
    paper = printed[name]
    assert len(paper.pages) >= len(sheets)
    assert [text for sheet in sheets for text in lost(sheet, paper.text)] == []
    assert "###" not in paper.text
    assert paper.outside == []
    assert paper.fonts and not any("DejaVu" in one or "Liberation" in one for one in paper.fonts)


def lost(sheet: ReadSheet, text: str) -> list[str]:
    """The texts of a sheet that are not on paper; lines of a cell stand below each other there."""
    wanted = [joined(cell) for cell in sheet.texts()]
    return [one for one in wanted if one not in text]


def test_pages_are_numbered_and_repeat_the_headings(printed: dict[str, PrintedPages]) -> None:
    """Whoever finds one page knows which of how many it is, and what its columns are."""
    pages = printed["profiles"].pages
    assert all(f"第{number}页共{len(pages)}页" in page for number, page in enumerate(pages, 1))
    assert all("客户名称" in page for page in pages[:2])


def test_forms_that_people_print_daily_fit_on_a_page(printed: dict[str, PrintedPages]) -> None:
    """The register of the desk, the daily report and the board are a page for each of their sheets."""
    assert [len(printed[name].pages) for name in ("desk", "R2", "R7")] == [2, 5, 3]
