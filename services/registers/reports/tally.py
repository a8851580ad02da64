"""Counts rows into the lines of a table and into its total at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from services.registers.reports.report import Parts, ReportColumn, ReportLine, ReportTable, Words
from shared.i18n import Text

ONE = Decimal(1)
_ZERO = Decimal(0)
LineKey = tuple[str, ...]


class Tally:
    """The figures of a table while rows are counted into it."""

    def __init__(self, lines: Iterable[LineKey] = ()) -> None:
        self._lines: dict[LineKey, dict[str, Parts]] = {key: {} for key in lines}
        self._texts: dict[LineKey, dict[str, Words]] = {}
        self._total: dict[str, Parts] = {}
        self._total_texts: dict[str, Words] = {}

    def add(self, key: LineKey, column: str, row: str, amount: Decimal = ONE) -> None:
        """Add what a row gives to a figure of a line."""
        for figures in (self._lines.setdefault(key, {}), self._total):
            parts = figures.setdefault(column, {})
            parts[row] = parts.get(row, _ZERO) + amount

    def words(self, key: LineKey, **texts: Words) -> None:
        """Words of a line, by column; the line is there from then on."""
        self._lines.setdefault(key, {})
        self._texts.setdefault(key, {}).update(texts)

    def total_words(self, **texts: Words) -> None:
        """Words of the total, by column."""
        self._total_texts.update(texts)

    def so_far(self) -> list[LineKey]:
        """The lines so far."""
        return list(self._lines)

    def lines(self, order: Callable[[LineKey], Any] | None = None) -> tuple[ReportLine, ...]:
        """The lines as they came, or in an order."""
        keys = list(self._lines) if order is None else sorted(self._lines, key=order)
        return tuple(ReportLine(key, self._texts.get(key, {}), self._lines[key]) for key in keys)

    def total(self) -> ReportLine:
        """All that was counted."""
        return ReportLine((), self._total_texts, self._total)

    def table(
        self,
        name: str,
        title: Text,
        columns: Iterable[ReportColumn],
        order: Callable[[LineKey], Any] | None = None,
        *,
        total: bool = True,
    ) -> ReportTable:
        """The table of what was counted."""
        return ReportTable(name, title, tuple(columns), self.lines(order), self.total() if total else None)
