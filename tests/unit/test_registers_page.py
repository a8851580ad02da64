"""`docs/registers.md` and the reports say the same."""

from __future__ import annotations

import pytest

from services.registers.reports.catalogue import REPORTS
from services.registers.reports.report import OfficeReport
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
