"""Why a later run of a report differs from one that was issued: figure by figure, row by row (补录, 更正, 合并, 退定).

A figure is what each of its rows adds to it. So the difference between two runs is what each row adds now less what
it added then, and what came to be known of the row in between is why: issued and explained differences sum to the
later run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, TypeAlias, cast

from msgspec import Struct

from services.registers.model.registers import Registers
from services.registers.model.versions import RowCause, RowChange, VersionedTable
from services.registers.reports.report import OfficeReport, ReportColumn, ReportTable
from shared.i18n import Text, translated
from shared.ids import CustomerId, EventId

Reason: TypeAlias = RowCause | Literal["time"]
"""What came to be known, or that time went on."""
_ZERO = Decimal(0)


class ExplainedRow(Struct, frozen=True):
    """What one row adds to a difference, and why: `facts` are what was recorded since."""

    row: str
    amount: Decimal
    reasons: tuple[Reason, ...]
    facts: tuple[EventId, ...]


class ExplainedFigure(Struct, frozen=True):
    """A figure that differs, with the rows that make the difference."""

    table: str
    line: tuple[str, ...]
    column: str
    issued: Decimal
    later: Decimal
    rows: tuple[ExplainedRow, ...]


def explain(registers: Registers, issued: OfficeReport, later: OfficeReport) -> tuple[ExplainedFigure, ...]:
    """Every counted or summed figure that differs between two runs of one report, with what explains it.

    Ratios differ by the figures that they are made of.
    """
    between = _Between(registers, issued.head.known_at, later.head.known_at)
    tables = {table.name: table for table in issued.tables}
    return tuple(
        figure
        for now in later.tables
        if now.name in tables
        for figure in _figures(tables[now.name], now, between)
    )


def _figures(before: ReportTable, now: ReportTable, between: _Between) -> Iterator[ExplainedFigure]:
    were = {line.key: line.figures for line in before.lines}
    are = {line.key: line.figures for line in now.lines}
    totals = before.total, now.total
    if totals[0] is not None and totals[1] is not None:
        were[TOTAL], are[TOTAL] = totals[0].figures, totals[1].figures
    for key in dict.fromkeys((*were, *are)):
        for column in _counted(now.columns):
            old, new = (side.get(key, {}).get(column.key, {}) for side in (were, are))
            rows = tuple(between.rows(old, new))
            if rows:
                issued, later = (sum(parts.values(), _ZERO) for parts in (old, new))
                yield ExplainedFigure(now.name, key, column.key, issued, later, rows)


TOTAL = ("*",)
"""The key of the total among the lines."""


def _counted(columns: tuple[ReportColumn, ...]) -> Iterator[ReportColumn]:
    return (column for column in columns if column.kind in ("count", "money"))


@dataclass
class _Between:
    """What came to be known between two times."""

    registers: Registers
    since: datetime
    until: datetime

    def rows(self, old: dict[str, Decimal], new: dict[str, Decimal]) -> Iterator[ExplainedRow]:
        for row in dict.fromkeys((*old, *new)):
            amount = new.get(row, _ZERO) - old.get(row, _ZERO)
            if amount:
                changes = self._changes(row) or self._around(row)
                reasons = dict.fromkeys(change.cause for change in changes)
                facts = dict.fromkeys(change.by for change in changes if change.by is not None)
                yield ExplainedRow(row, amount, tuple(reasons) or ("time",), tuple(facts))

    def _of(self, table: VersionedTable[Any, Any], key: Any) -> list[RowChange]:
        return table.changes(key, self.since, self.until)

    def _changes(self, row: str) -> list[RowChange]:
        """What came to be known of the row itself: a record, the deal that it is of, or a customer."""
        registers = self.registers
        found = self._of(registers.entries, row)
        versions = registers.entries.versions.get(cast(EventId, row))
        deal = getattr(versions[-1].row.data, "deal", None) if versions else None
        if deal is not None:
            found = found + self._of(registers.deals, deal)
        return found + self._of(registers.customers, row) + self._of(registers.ownership, row)

    def _around(self, row: str) -> list[RowChange]:
        """What came to be known of the other records of its customers, which can make another row of it."""
        versions = self.registers.entries.versions.get(cast(EventId, row), [])
        customers = {version.row.customer for version in versions} - {None} or {CustomerId(row)}
        return [change for customer in customers for change in self._of_customers.get(customer, ())]

    @cached_property
    def _of_customers(self) -> dict[CustomerId | None, list[RowChange]]:
        """What came to be known of the records that are, or were, of each customer."""
        found: dict[CustomerId | None, list[RowChange]] = defaultdict(list)
        for key, held in self.registers.entries.versions.items():
            changes = self._of(self.registers.entries, key)
            for customer in {version.row.customer for version in held} if changes else ():
                found[customer] += changes
        return found


def reason_in_words(reason: Reason) -> Text:
    """What is said of a reason."""
    return {
        "entered": translated("entered since"),
        "late": translated("entered late"),
        "carried": translated("carried over"),
        "corrected": translated("corrected"),
        "joined": translated("customers joined"),
        "split": translated("customers split"),
        "amended": translated("amended"),
        "withdrawn": translated("withdrawn"),
        "decided": translated("decided anew"),
        "signed": translated("deal signed"),
        "cancelled": translated("deal cancelled"),
        "terms": translated("terms changed"),
        "progressed": translated("deal went on"),
        "closed": translated("closed"),
        "time": translated("time went on"),
    }[reason]
