"""The figures of a report that a message has room for: its totals, each once, in both languages, and no name."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Struct, field

from shared.contract.answers.values import BothLanguages

MOST: Final = 12
"""Figures of a message; what is more is read in the report."""


class SentFigure(Struct, frozen=True):
    """A heading and what stands below it."""

    zh: str
    en: str
    value: str


class ReportTotals(Struct, frozen=True):
    """What a message says of a report; `whole` is false where records of the period may have been missing."""

    zh: str
    en: str
    figures: tuple[SentFigure, ...]
    whole: bool


class _AnsweredHeading(Struct, frozen=True):
    column: str
    heading: BothLanguages
    kind: str


class _AnsweredValue(Struct, frozen=True):
    value: str


class _AnsweredTotal(Struct, frozen=True):
    figures: dict[str, _AnsweredValue]


class _TotalledTable(Struct, frozen=True):
    columns: list[_AnsweredHeading]
    lines: list[_AnsweredTotal] = field(default_factory=list)
    total: _AnsweredTotal | None = None


class _AnsweredReport(Struct, frozen=True):
    title: BothLanguages
    tables: list[_TotalledTable]


def report_totals(document: bytes, *, whole: bool) -> ReportTotals:
    """What is said of a report. Raises `msgspec.MsgspecError` where that is none."""
    read = msgspec.json.decode(document, type=_AnsweredReport)
    found: dict[str, SentFigure] = {}
    for table in read.tables:
        for column in table.columns if table.total is not None else ():
            figure = table.total.figures.get(column.column) if table.total is not None else None
            if figure is not None and column.kind != "text":
                said = SentFigure(column.heading.zh, column.heading.en, figure.value)
                found.setdefault(column.heading.en, said)
    return ReportTotals(read.title.zh, read.title.en, tuple(found.values())[:MOST], whole)
