"""`docs/registers.md` and the reports say the same."""

from __future__ import annotations

import re

import pytest

from services.registers.reports.catalogue import REPORTS
from services.registers.reports.report import OfficeReport
from services.registers.sheets.forms import FORMS
from shared.contract.events import DATA_TYPES
from shared.contract.profile import PROFILE_KEYS
from tests.support.registers_page import PAGE, empty_reports, page

EMPTY = {name: report for name, _, report in empty_reports()}


def test_the_page_lists_every_report_with_its_columns() -> None:
    """What the page says of reports is what the code says; `python -m tests.support.registers_page` writes it."""
    assert PAGE.read_text() == page()


@pytest.mark.parametrize("name", EMPTY)
def test_every_column_has_a_heading_and_a_definition_in_both_languages(name: str) -> None:
    """No figure stands without the words that say what it counts."""
    report: OfficeReport = EMPTY[name]
    for table in report.tables:
        keys = [column.key for column in table.columns]
        assert len(set(keys)) == len(keys)
        for column in table.columns:
            assert all((column.heading.zh, column.heading.en, column.definition.zh, column.definition.en))
            assert column.of is None or set(column.of) <= set(keys)


def test_a_report_is_found_by_its_name_and_by_its_code() -> None:
    """No two reports share a code."""
    codes = [report.code for report in REPORTS.values()]
    assert len(set(codes)) == len(codes)


HEADINGS = re.compile(r"^\| ([A-T][^|]*) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
PLACE = re.compile(r"`([^`]+)`")
LETTERS = set("ABCDEFGHIJKLMNOPQRST")


def headings() -> list[tuple[str, str, str]]:
    """The rows of the table of headings."""
    return HEADINGS.findall(PAGE.read_text().partition("## Headings of the forms")[2])


def leads_somewhere(place: str) -> bool:
    """Whether there is such a column, field or key."""
    if place.startswith("R"):
        code, _, column = place.partition(" ")
        name, report = next((name, EMPTY[name]) for name, known in REPORTS.items() if known.code == code)
        keys = {one.key for table in report.tables for one in table.columns}
        return column in keys or column in REPORTS[name].grains
    if place.startswith("form "):
        return place.split(" ")[1] in FORMS
    kind, _, field = place.partition(": ")
    return field in PROFILE_KEYS if kind == "profile" else field in DATA_TYPES[kind].__struct_fields__


@pytest.mark.parametrize("row", headings(), ids=lambda row: f"{row[0]} {row[1]}")
def test_a_heading_of_a_form_is_found_or_said_why_not(row: tuple[str, str, str]) -> None:
    """Each row names columns, fields or keys that are there, or why what the form asks is not held."""
    places = PLACE.findall(row[2])
    assert places or row[2].startswith("— ")
    assert [place for place in places if not leads_somewhere(place)] == []


def test_every_document_has_its_headings_in_the_table() -> None:
    """No document of the sources is left out."""
    assert {letter for row in headings() for letter in row[0].split()[0] if letter in LETTERS} == LETTERS
