"""R8, who is due and who is overdue (应访与逾期): the next contact of each owned customer, by the earliest rule."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec import Struct

from services.registers.model.customers import OwnershipRow
from services.registers.model.registers import AnyRecord
from services.registers.reports import columns, numbers
from services.registers.reports.basis import ReportBasis, who
from services.registers.reports.kept import intervals_table, plans_table
from services.registers.reports.report import OfficeReport, ReportColumn
from services.registers.reports.tally import LineKey, Tally
from shared.i18n import translated
from shared.ids import CustomerId, EventId, StaffId

_INSTANT = timedelta(microseconds=1)


class DueContact(Struct, frozen=True):
    """When a customer is to be contacted next, and by which of the three reasons the earliest."""

    customer: CustomerId
    owner: StaffId
    level: str | None
    last: date | None
    due: date | None
    by_level: date | None
    by_claim: date | None
    by_plan: date | None
    rows: tuple[EventId, ...]

    def overdue(self, day: date) -> int:
        """Days since it was due; 0 where it is not overdue."""
        return max((day - self.due).days, 0) if self.due is not None else 0


def due_contacts(basis: ReportBasis, at: datetime) -> Iterator[DueContact]:
    """Every customer of the office that somebody owns, without a standing deal and not lost, by number."""
    found = basis.of_each("due", at, lambda customer, then: _open_contact(basis, customer, then), lasts=True)
    for one in found:
        ends = basis.known.ends_at(one.customer)
        if ends is None or at < ends:
            yield one.value


def _open_contact(basis: ReportBasis, customer: CustomerId, at: datetime) -> DueContact | None:
    owner = basis.known.owner_at(customer, at)
    if owner is None or basis.known.standing_deals(customer, at) or basis.lost(customer, at):
        return None
    return due_contact(basis, customer, owner, at)


def due_contact(basis: ReportBasis, customer: CustomerId, owner: StaffId, at: datetime) -> DueContact:
    """When this customer is due: after the level's days, before the claim ends, on the day that was agreed."""
    entries = [one for one in basis.known.conversations(customer) if one.occurred_at <= at]
    contacts = [one for one in entries if basis.counts(one) and who(one.data) == owner]
    level, said_by = basis.level_at(customer, at)
    claim = basis.known.claim_at(customer, at)
    last = max(contacts, key=lambda one: (basis.contact_day(one), one.place), default=None)
    start = basis.contact_day(last) if last is not None else _since(basis, claim)
    every = basis.scheme.every(level, basis.category_at(customer, at))
    by_level = start + timedelta(days=every) if start is not None and every is not None else None
    ends = claim.expires_at if claim is not None else None
    by_claim = basis.time.day(ends - _INSTANT) if ends is not None else None
    agreed = _agreed(entries, start)
    by_plan = agreed.data.next_on if agreed is not None else None
    days = [day for day in (by_level, by_claim, by_plan) if day is not None]
    rows = {one.id: None for one in (last, said_by, agreed) if one is not None}
    due = min(days, default=None)
    return DueContact(customer, owner, level, start, due, by_level, by_claim, by_plan, tuple(rows))


def _since(basis: ReportBasis, claim: OwnershipRow | None) -> date | None:
    return basis.time.day(claim.since) if claim is not None else None


def _agreed(entries: list[AnyRecord], start: date | None) -> AnyRecord | None:
    """The record with the last day that was agreed on, if that is not before the last contact."""
    named = [one for one in entries if one.data.next_on is not None]
    if not named or (start is not None and named[-1].data.next_on < start):
        return None
    return named[-1]


def due(basis: ReportBasis) -> OfficeReport:
    """Who is due at the last day of the period, the longest overdue first."""
    tally = Tally()
    days: dict[LineKey, tuple[int, date, int]] = {}
    for one in due_contacts(basis, basis.until):
        customer = basis.known.customers[one.customer]
        late = one.overdue(basis.day)
        key: LineKey = (one.customer,)
        days[key] = (-late, one.due or date.max, customer.number)
        tally.words(
            key,
            number=str(customer.number),
            customer=basis.known.name_of(one.customer),
            consultant=basis.known.staff_name(one.owner),
            level=one.level or numbers.NONE,
            last=_day(one.last),
            due=_day(one.due),
            by_level=_day(one.by_level),
            by_claim=_day(one.by_claim),
            by_plan=_day(one.by_plan),
            days=str(late) if late else "",
        )
        tally.add(key, "owned", one.customer)
        if late:
            tally.add(key, "overdue", one.customer)
    lines = tally.table("due", translated("Due and overdue"), _columns(), lambda key: days[key])
    return OfficeReport(
        "due",
        translated("Due and overdue"),
        basis.head(),
        (lines, intervals_table(basis), plans_table(basis)),
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else numbers.NONE


def _columns() -> tuple[ReportColumn, ...]:
    return (
        columns.number(),
        columns.customer(),
        columns.consultant(),
        columns.words("level", translated("level"), translated("the last that was recorded")),
        columns.words(
            "last", translated("last contact"), translated("the day of the owner's last contact that counts")
        ),
        columns.words("due", translated("due on"), translated("the earliest of the next three")),
        columns.words(
            "by_level", translated("due by level"), translated("last contact and the days of the level")
        ),
        columns.words(
            "by_claim", translated("claim ends"), translated("the last day on which the claim holds")
        ),
        columns.words(
            "by_plan",
            translated("agreed"),
            translated("the next day that was recorded, from the last contact on"),
        ),
        columns.days_overdue(),
        ReportColumn(
            "owned", translated("to be contacted"), translated("customers without a standing deal, not lost")
        ),
        ReportColumn("overdue", translated("overdue"), translated("of these, those due before the day")),
    )
