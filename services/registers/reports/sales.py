"""Subscribed, signed and cancelled deals: each counted in the period in which it was so (大定, 签约, 退定)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from services.registers.model.deals import DealRow
from services.registers.reports.basis import ReportBasis
from services.registers.reports.report import ReportColumn
from services.registers.reports.tally import LineKey, Tally
from shared.i18n import translated
from shared.ids import StaffId

KeyOf = Callable[[DealRow, StaffId, datetime], LineKey]
"""The line of a consultant's part of what happened to a deal at a time."""


def sales_columns() -> tuple[ReportColumn, ...]:
    """The columns that `count_sales` fills."""
    return (
        ReportColumn(
            "subscribed",
            translated("units subscribed"),
            translated("deals subscribed in the period, whatever became of them, by shares"),
        ),
        ReportColumn(
            "subscribed_amount",
            translated("amount subscribed"),
            translated("their amounts as last agreed, by shares to 0.01"),
            "money",
        ),
        ReportColumn(
            "subscribed_late",
            translated("among these entered late"),
            translated("of the deals subscribed in the period, those entered after their day"),
        ),
        ReportColumn("signed", translated("units signed"), translated("deals signed in the period")),
        ReportColumn("signed_amount", translated("amount signed"), translated("their amounts"), "money"),
        ReportColumn(
            "cancelled",
            translated("units cancelled"),
            translated("deals cancelled in the period, whenever they were subscribed"),
        ),
        ReportColumn(
            "cancelled_amount", translated("amount cancelled"), translated("their amounts"), "money"
        ),
        ReportColumn("net", translated("net units"), translated("units subscribed less units cancelled")),
        ReportColumn(
            "net_amount",
            translated("net amount"),
            translated("amount subscribed less amount cancelled"),
            "money",
        ),
        ReportColumn(
            "cancelled_later",
            translated("cancelled since"),
            translated("of the deals subscribed in the period, those cancelled after it"),
        ),
        ReportColumn(
            "pending",
            translated("awaiting a ruling"),
            translated("of the deals subscribed in the period, those whose shares wait for a ruling"),
        ),
    )


def count_sales(tally: Tally, basis: ReportBasis, key: KeyOf) -> None:
    """Count every deal of the period into the lines of those who have a share in it."""
    until = basis.known.as_of
    for deal in basis.deals_moved():
        add = _Adding(tally, basis, deal, key)
        if basis.within(deal.subscribed_at):
            add.deal(("subscribed", "net"), deal.event, deal.subscribed_at)
            if deal.cancelled(until) and not basis.within(deal.cancelled_at):
                add.deal(("cancelled_later",), deal.event, deal.subscribed_at)
            if deal.late:
                add.deal(("subscribed_late",), deal.event, deal.subscribed_at)
            if deal.pending:
                add.deal(("pending",), deal.event, deal.subscribed_at)
        if deal.signed_at is not None and deal.signed(until) and basis.within(deal.signed_at):
            add.deal(("signed",), str(deal.signed_by), deal.signed_at)
        if deal.cancelled_at is not None and deal.cancelled(until) and basis.within(deal.cancelled_at):
            add.deal(("cancelled",), str(deal.cancelled_by), deal.cancelled_at)
            add.deal(("net",), str(deal.cancelled_by), deal.cancelled_at, Decimal(-1))


_WITH_AMOUNT = frozenset({"subscribed", "signed", "cancelled", "net"})


@dataclass
class _Adding:
    """Adds what happened to a deal to the lines of its consultants."""

    tally: Tally
    basis: ReportBasis
    of: DealRow
    key: KeyOf

    def deal(self, figures: tuple[str, ...], row: str, at: datetime, sign: Decimal = Decimal(1)) -> None:
        sets, amounts = self.basis.sets(self.of), self.basis.amounts(self.of)
        for figure in figures:
            for staff, part in sets.items():
                self.tally.add(self.key(self.of, staff, at), figure, row, sign * part)
            if figure in _WITH_AMOUNT:
                for staff, amount in amounts.items():
                    self.tally.add(self.key(self.of, staff, at), f"{figure}_amount", row, sign * amount)
