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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workbook of every report and of every form, with a long text among them."""
    journal = office_month()
    journal.visit("03-30 16:00", "z", notes=LONG, purpose="复访")
    known = journal.posted().known(local("04-02 12:00"))
    scheme = values_of(load_scheme("habc"))
    basis = ReportBasis(known, scheme, OfficeId("east"), DaySpan(day("03-01"), day("03-31")), "base 1")
    for name, report in REPORTS.items():
        with (tmp_path / f"{report.code}.xlsx").open("wb") as file:
            edition = ReportEdition(report.code, english=report.code in ENGLISH)
            write_report(make_report(name, basis), file, edition)
    for name, form in FORMS.items():
        with (tmp_path / f"{name}.xlsx").open("wb") as file:
            write_register(form, FormReader(basis), file)
    return tmp_path


@pytest.mark.timeout(1200)
def test_every_workbook_opens_and_all_of_it_is_printed(folder: Path) -> None:
    """LibreOffice opens each, in one run; every text of every cell is on paper, in a Chinese font, within the page; no
    number is too wide for its cell, pages are numbered and repeat their headings."""
    printed = print_all(sorted(folder.glob("*.xlsx")), folder)
    found = {name: faults(folder / f"{name}.xlsx", printed[name]) for name in WORKBOOKS}
    assert {name: told for name, told in found.items() if told} == {}
    pages_are_numbered_and_repeat_the_headings(printed["profiles"].pages)
    assert [len(printed[name].pages) for name in ("desk", "R2", "R7")] == [2, 5, 3], "a page for each sheet"


WORKBOOKS = [*(report.code for report in REPORTS.values()), *FORMS]


def faults(file: Path, paper: PrintedPages) -> list[str]:
    """What is wrong with a workbook as it was printed."""
    sheets = read_workbook(file.read_bytes())
    told = [f"not on paper: {text}" for sheet in sheets for text in lost(sheet, paper.text)]
    told += [f"beyond the edge: {text}" for text in paper.outside]
    told += [f"in {font}" for font in paper.fonts if "DejaVu" in font or "Liberation" in font]
    told += ["fewer pages than sheets"] if len(paper.pages) < len(sheets) else []
    told += ["no Chinese"] if not paper.fonts else []
    return told + (["a number is too wide for its cell"] if "###" in paper.text else [])


def lost(sheet: ReadSheet, text: str) -> list[str]:
    """The texts of a sheet that are not on paper; lines of a cell stand below each other there."""
    wanted = [joined(cell) for cell in sheet.texts()]
    return [one for one in wanted if one not in text]


def pages_are_numbered_and_repeat_the_headings(pages: list[str]) -> None:
    """Whoever finds one page knows which of how many it is, and what its columns are."""
    assert all(f"第{number}页共{len(pages)}页" in page for number, page in enumerate(pages, 1))
    assert all("客户名称" in page for page in pages[:2])
