"""Every heading of the source documents stands on a workbook, or in `docs/registers.md` with where it is or why not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.registers.sheets.forms import FORMS
from services.registers.sheets.groups import grouped
from tests.unit.test_registers_page import EMPTY, headings

ROOT = Path(__file__).parents[2]
LISTED: list[dict[str, Any]] = msgspec.yaml.decode((ROOT / "docs" / "headings.yaml").read_bytes())
SOURCES = (ROOT / "docs" / "rules" / "sources.md").read_text()


def words(text: str) -> set[str]:
    """What a heading says, whole and in its parts."""
    return {text, *re.split("[、，]", text)}


def on_reports() -> set[str]:
    """Whatever stands above columns of reports, their common headings and the titles of their tables."""
    found: set[str] = set()
    for report in EMPTY.values():
        for table in report.tables:
            heads = grouped(report.name, table)
            found |= words(table.title.zh) | {re.sub("（.*", "", table.title.zh)}
            found |= {part for one in heads for part in words(one.heading.zh)}
            found |= {one.group.zh for one in heads if one.group is not None}
    return found


def on_forms(letter: str) -> set[str]:
    """Whatever stands above columns of the forms of a document."""
    forms = [one for one in FORMS.values() if letter in one.documents.split()]
    return {part for form in forms for one in form.columns for part in words(one.heading.zh)}


def in_the_table(letter: str) -> set[str]:
    """What the table of the page says of a document."""
    rows = [(form.split()[0].split("、"), said) for form, said, _ in headings()]
    return {part for letters, said in rows if letter in letters for part in words(said)}


REPORTED = on_reports()


@pytest.mark.parametrize("form", LISTED, ids=lambda one: f"{one['cite'].upper()} {one['form']}")
def test_each_heading_of_a_form_is_found_or_named_with_the_reason_why_not(form: dict[str, Any]) -> None:
    """On a workbook of that document, in a report, or in the table of the page."""
    letter = form["cite"].upper()
    found = REPORTED | on_forms(letter) | in_the_table(letter)
    assert [one for one in form["headings"] if one not in found] == []


def test_every_document_is_listed_and_cited() -> None:
    """A to T, each of them described among the sources."""
    letters = {one["cite"].upper() for one in LISTED}
    assert letters == set("ABCDEFGHIJKLMNOPQRST")
    assert all(f'<a id="{one["cite"]}"></a>' in SOURCES for one in LISTED)
    assert all(set(form.documents.split()) <= letters for form in FORMS.values())


def test_what_the_table_names_of_workbooks_is_there() -> None:
    """`form cards 正反面` is a column of that workbook."""
    named = [one for _, _, where in headings() for one in re.findall("`form ([^`]+)`", where)]
    assert named
    for one in named:
        name, heading = one.split(" ", 1)
        assert heading in {column.heading.zh for column in FORMS[name].columns}
