"""A report as a value: its columns with their definitions, its lines, its totals, and the rows behind every figure.

A figure that is counted or summed holds what each row adds to it, so that it can be opened to its rows, and so that the
difference to another run can be told row by row. A ratio is made of two such figures of its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import Struct, field

from services.registers.model.periods import DaySpan
from services.registers.reports import numbers
from shared.i18n import Text
from shared.ids import OfficeId, ScopeId

FigureKind: TypeAlias = Literal["text", "count", "money", "percent", "mean"]
Parts: TypeAlias = dict[str, Decimal]
"""What each row adds to a figure, by the id of the row."""
Words: TypeAlias = str | Text
"""What stands in a line as it was recorded, or as both languages say it."""
_ZERO = Decimal(0)


class ReportColumn(Struct, frozen=True):
    """One heading of a report and what stands below it; `of` are the two figures of a ratio."""

    key: str
    heading: Text
    definition: Text
    kind: FigureKind = "count"
    of: tuple[str, str] | None = None


class ReportLine(Struct, frozen=True):
    """One line: its words by column, and its figures as what each row adds."""

    key: tuple[str, ...]
    texts: Mapping[str, Words] = field(default_factory=dict)
    figures: Mapping[str, Parts] = field(default_factory=dict)

    def amount(self, column: str) -> Decimal:
        """A figure that is counted or summed."""
        return sum(self.figures.get(column, {}).values(), _ZERO)

    def ids(self, column: ReportColumn) -> tuple[str, ...]:
        """The rows behind a figure; of a ratio, those of both parts."""
        if column.of is None:
            return tuple(self.figures.get(column.key, ()))
        return tuple(dict.fromkeys(id_ for key in column.of for id_ in self.figures.get(key, ())))

    def shown(self, column: ReportColumn) -> str:
        """What stands in the line below a heading."""
        if column.kind == "text":
            said = self.texts.get(column.key, numbers.NONE)
            return said.beside if isinstance(said, Text) else said
        if column.of is not None:
            part, whole = (self.amount(key) for key in column.of)
            return numbers.percent(part, whole) if column.kind == "percent" else numbers.mean(part, whole)
        amount = self.amount(column.key)
        return numbers.money(amount) if column.kind == "money" else numbers.count(amount)


class ReportTable(Struct, frozen=True):
    """Lines below common headings; `total` is counted over all rows, not summed from the lines."""

    name: str
    title: Text
    columns: tuple[ReportColumn, ...]
    lines: tuple[ReportLine, ...]
    total: ReportLine | None = None

    def column(self, key: str) -> ReportColumn:
        """The column of that key."""
        return next(one for one in self.columns if one.key == key)

    def line(self, *key: str) -> ReportLine:
        """The line of that key."""
        return next(one for one in self.lines if one.key == key)


class ReportHead(Struct, frozen=True):
    """What a report was asked and made from: it says the same whenever it is made of this again."""

    scope: ScopeId
    office: OfficeId | None
    period: DaySpan
    as_of: datetime
    known_at: datetime
    zone: str
    rulebook: str
    scheme: str


class OfficeReport(Struct, frozen=True):
    """A report whole; `remarks` are printed with it."""

    name: str
    title: Text
    head: ReportHead
    tables: tuple[ReportTable, ...]
    remarks: tuple[Text, ...] = ()

    def table(self, name: str) -> ReportTable:
        """The table of that name."""
        return next(one for one in self.tables if one.name == name)
