"""Headings that the forms print under a common one (来访, 大定 套数/金额, 级别)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from services.registers.reports.report import ReportColumn, ReportTable
from services.registers.sheets.book import Look
from services.registers.sheets.frame import SheetColumn
from shared.i18n import Text, translated

_VISITS: Final = frozenset({"visits", "new", "returning", "no_contact", "contact", "contact_rate", "late"})
_WIDE: Final = frozenset({"daily", "consultants", "traffic"})
"""Reports whose lines have visits, deals and money side by side."""


def grouped(report: str, table: ReportTable) -> list[SheetColumn]:
    """The columns of a table; one that would stand under a common heading alone stands by itself."""
    of = [_group(report, table, column) for column in table.columns]
    looks: dict[str, Look] = {"text": "text", "money": "money", "percent": "percent", "mean": "money"}
    return [
        SheetColumn(column.heading, looks.get(column.kind, "count"), of[at] if of.count(of[at]) > 1 else None)
        for at, column in enumerate(table.columns)
    ]


def _group(report: str, table: ReportTable, column: ReportColumn) -> Text | None:
    if column.key.startswith("level_"):
        at_the_end = table.name == "movements"
        return translated("level at the end") if at_the_end else translated("level")
    return next((title() for keys, title in _GROUPS if column.key in keys), None) if report in _WIDE else None


_GROUPS: Final[tuple[tuple[frozenset[str], Callable[[], Text]], ...]] = (
    (_VISITS, lambda: translated("visits of customers")),
    (frozenset({"subscribed", "subscribed_amount", "subscribed_late"}), lambda: translated("subscribed")),
    (frozenset({"signed", "signed_amount"}), lambda: translated("signed")),
    (frozenset({"cancelled", "cancelled_amount"}), lambda: translated("cancellations")),
    (frozenset({"net", "net_amount"}), lambda: translated("net of cancellations")),
)
