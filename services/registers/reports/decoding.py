"""A report read back from the document that was kept of it: its figures as they were printed, without the rows behind.

What one version of the program has issued, a later one may count otherwise; what was issued stays what it said.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from services.registers.model.periods import DaySpan
from services.registers.reports import numbers
from services.registers.reports.report import (
    OfficeReport,
    Parts,
    ReportColumn,
    ReportHead,
    ReportLine,
    ReportTable,
)
from shared.contract.times import parse_instant
from shared.i18n import Text

PRINTED: Final = "printed"
"""In the place of the rows of a figure."""


def report_in(document: Mapping[str, Any]) -> OfficeReport:
    """The report that a document is of."""
    head = ReportHead(
        scope=document["scope"],
        office=document["office"],
        period=DaySpan(date.fromisoformat(document["from"]), date.fromisoformat(document["to"])),
        as_of=parse_instant(document["as_of"]),
        known_at=parse_instant(document["known_at"]),
        zone=document["zone"],
        rulebook=document["rulebook"],
        scheme=document["scheme"],
    )
    tables = tuple(_table(one) for one in document["tables"])
    remarks = tuple(map(_words, document["remarks"]))
    return OfficeReport(document["report"], _words(document["title"]), head, tables, remarks)


def _table(said: Mapping[str, Any]) -> ReportTable:
    columns = tuple(
        ReportColumn(one["column"], _words(one["heading"]), _words(one["definition"]), one["kind"])
        for one in said["columns"]
    )
    total = _line(said["total"], columns) if said["total"] is not None else None
    lines = tuple(_line(one, columns) for one in said["lines"])
    return ReportTable(said["table"], _words(said["title"]), columns, lines, total)


def _line(said: Mapping[str, Any], columns: tuple[ReportColumn, ...]) -> ReportLine:
    values = {one.key: said["figures"][one.key]["value"] for one in columns if one.key in said["figures"]}
    texts = {one.key: values[one.key] for one in columns if one.kind == "text" and one.key in values}
    figures = {
        one.key: _figure(values[one.key])
        for one in columns
        if one.kind != "text" and values.get(one.key, numbers.NONE) != numbers.NONE
    }
    return ReportLine(tuple(said["line"]), texts, figures)


def _figure(value: str) -> Parts:
    number = Decimal(value.rstrip("%").replace(",", ""))
    return {PRINTED: number / 100 if value.endswith("%") else number}


def _words(said: Mapping[str, str]) -> Text:
    return Text(said["zh"], said["en"])
