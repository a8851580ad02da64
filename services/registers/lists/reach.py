"""Which rows lie within a caller's reach: those of an office, or one's own (access.md#reach).

A row is somebody's own where it names them as who did it, and where they own, or last owned, its customer. A report
is counted over everything and then left with the figures of the rows within reach, so that who has come for the first
time is told by all records and not by one's own alone.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, Final

from msgspec.structs import replace

from services.registers.model.deals import DealRow
from services.registers.model.registers import AnyRecord, KnownRegisters
from services.registers.reports.report import OfficeReport, ReportLine, ReportTable
from shared.access.extent import ScopeExtent
from shared.ids import CustomerId, DealId, EventId, StaffId

_DOERS: Final = (
    "received_by", "answered_by", "by", "closed_by", "consultant", "opened_by", "requested_by", "staff",
)  # fmt: skip


def doers_of(entry: AnyRecord) -> frozenset[str]:
    """Whom a record names as who did it, and who entered it."""
    named = {getattr(entry.data, field, None) for field in _DOERS}
    return frozenset(str(one) for one in named if one is not None) | {entry.actor}


class RowReach:
    """What of the registers, as known at a time, a caller reaches."""

    def __init__(self, known: KnownRegisters, extent: ScopeExtent, at: datetime) -> None:
        self._known, self.extent, self._at = known, extent, at
        self._owners: dict[CustomerId, frozenset[str]] = {}

    def customer(self, customer: CustomerId) -> bool:
        """Whether a customer is within reach: by who owns them or did last, and by the office."""
        if self.extent.whole:
            return True
        return self.extent.reaches(self._known.office_of(customer, self._at), self.owners(customer))

    def entry(self, entry: AnyRecord) -> bool:
        """Whether a record is within reach."""
        if self.extent.whole:
            return True
        return self.extent.reaches(
            entry.office, doers_of(entry) | self._owners_of(entry) | self._shared(entry)
        )

    def deal(self, deal: DealRow) -> bool:
        """Whether a deal is within reach: whoever has a share in it, closed it or owns the customer."""
        if self.extent.whole:
            return True
        return self.extent.reaches(deal.office, self._deal_people(deal))

    def row(self, row: str) -> bool:
        """Whether the row behind a figure is within reach: a record, part of one, a customer, or a time of one."""
        if self.extent.whole:
            return True
        entry = self._known.entries.get(EventId(row.partition("#")[0]))
        if entry is not None:
            return self.entry(entry)
        customer = CustomerId(row.partition(":")[0])
        return customer in self._known.customers and self.customer(customer)

    def owners(self, customer: CustomerId) -> frozenset[str]:
        """Who owns a customer, else who did last."""
        if customer not in self._owners:
            owner = self._known.owner_at(customer, self._at)
            made = [one.owner for one in self._known.decisions.get(customer, ()) if one.owner is not None]
            last = owner or (made[-1] if made else None)
            self._owners[customer] = frozenset({last} if last is not None else ())
        return self._owners[customer]

    def owned_by(self, customer: CustomerId | None, staff: tuple[str, ...]) -> bool:
        """Whether one of these owns a customer, or did last."""
        return customer is not None and not self.owners(customer).isdisjoint(staff)

    def _owners_of(self, entry: AnyRecord) -> frozenset[str]:
        return self.owners(entry.customer) if entry.customer is not None else frozenset()

    def _shared(self, entry: AnyRecord) -> frozenset[str]:
        deal = self._deals.get(getattr(entry.data, "deal", None) or DealId(""))
        return self._deal_people(deal) if deal is not None else frozenset()

    def _deal_people(self, deal: DealRow) -> frozenset[str]:
        return frozenset({*deal.shares, deal.closed_by}) | self.owners(deal.customer)

    @cached_property
    def _deals(self) -> dict[DealId, DealRow]:
        return {one.deal: one for one in self._known.deals}


def narrowed(report: OfficeReport, reach: RowReach) -> OfficeReport:
    """A report with the figures of the rows within reach alone; lines that had others only are not there."""
    if reach.extent.whole or report.head.office in reach.extent.offices:
        return report
    return replace(report, tables=tuple(_table(one, reach) for one in report.tables))


def _table(table: ReportTable, reach: RowReach) -> ReportTable:
    lines = [(line, _line(line, reach)) for line in table.lines]
    kept = tuple(now for line, now in lines if _counted(now) or not _counted(line))
    total = _line(table.total, reach) if table.total is not None else None
    return replace(table, lines=kept, total=total)


def _line(line: ReportLine, reach: RowReach) -> ReportLine:
    figures = {
        column: {row: amount for row, amount in parts.items() if reach.row(row)}
        for column, parts in line.figures.items()
    }
    return replace(line, figures=figures)


def _counted(line: ReportLine) -> bool:
    return any(parts for parts in line.figures.values())


def staff_of(data: Any) -> StaffId | None:
    """Whose a row is: who received, answered, did, closed or was surveyed."""
    for field in ("received_by", "answered_by", "consultant", "by", "closed_by", "staff", "against"):
        staff = getattr(data, field, None)
        if staff is not None:
            return StaffId(staff)
    return None
