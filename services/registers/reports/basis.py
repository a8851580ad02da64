"""What every report is made from, and the questions that more than one of them asks.

Registers as known at a time, the scheme of the office, the period: a report is a function of these and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, TypeVar

from msgspec import Struct

from services.registers.model.deals import DealRow
from services.registers.model.periods import DaySpan, LocalTime
from services.registers.model.records import PostedRecord
from services.registers.model.registers import AnyRecord, KnownRegisters, T
from services.registers.model.scheme import OfficeScheme
from services.registers.reports.report import ReportHead
from shared.contract import CallRegistered, FollowUpRecorded, ProfileRecorded, VisitRegistered
from shared.ids import CustomerId, OfficeId, StaffId
from shared.rules.judge.amounts import WHOLE, by_shares, cents_of

V = TypeVar("V")

NOBODY = StaffId("")
_ENDS_LOSS = frozenset({"visit.registered", "call.registered", "reservation.made", "deal.subscribed"})
_STILL_A_CONTACT = frozenset({"late_entry", "out_of_turn", "unapproved"})
"""What may be said of a visit or a call that was a contact all the same."""
_POINTS, _CENTS = Decimal(WHOLE), Decimal(100)


class OfCustomer(Struct, Generic[V], frozen=True):
    """What was found of a customer, with what they are listed by."""

    customer: CustomerId
    number: int
    office: OfficeId | None
    value: V


@dataclass
class ReportBasis:
    """One question to the registers; `office` None is the whole scope."""

    known: KnownRegisters
    scheme: OfficeScheme
    office: OfficeId | None
    period: DaySpan
    rulebook: str
    _customers: dict[datetime, list[CustomerId]] = field(default_factory=dict, repr=False)

    @cached_property
    def time(self) -> LocalTime:
        """The local time of the office."""
        return LocalTime(self.known.registers.zone)

    @cached_property
    def day(self) -> date:
        """The day at which what stands is asked: the last of the period, or the last that has come."""
        return min(self.period.last, self.time.day(self.known.as_of))

    @cached_property
    def until(self) -> datetime:
        """The last instant of that day, or the last that has come."""
        return min(self.time.end_of(self.day), self.known.as_of)

    def over(self, period: DaySpan) -> ReportBasis:
        """The same question for another period."""
        return replace_period(self, period)

    def head(self) -> ReportHead:
        """What stands above the report."""
        known, scheme = self.known, self.scheme
        return ReportHead(
            known.registers.scope,
            self.office,
            self.period,
            known.as_of,
            known.known_at,
            known.registers.zone,
            self.rulebook,
            f"{scheme.name} {scheme.version}",
        )

    def within(self, at: datetime | None) -> bool:
        """Whether something happened in the period."""
        return at is not None and self.time.day(at) in self.period

    def entries(self, data: type[T], *, carried: bool = False) -> list[PostedRecord[T]]:
        """The records of one type in the office and the period; carried ones are in no traffic."""
        first, last = self.time.begin_of(self.period.first), self.time.end_of(self.period.last)
        found = self.known.between(data, first, last, self.office)
        return [one for one in found if carried or not one.carried]

    def is_first_visit(self, visit: AnyRecord) -> bool:
        """Whether it is the first of its customer (`new_in`), by when it happened, carried ones among them."""
        if visit.customer is None:
            return False
        within = visit.office if self.scheme.new_in == "office" else None
        records = self.known.by_customer.get(visit.customer, ())
        visits = (one for one in records if isinstance(one.data, VisitRegistered))
        return next((one.id for one in visits if within in (None, one.office)), None) == visit.id

    def first_call(self, customer: CustomerId) -> PostedRecord[CallRegistered] | None:
        """The first call of a customer."""
        records = self.known.by_customer.get(customer, ())
        return next((one for one in records if isinstance(one.data, CallRegistered)), None)

    def after_call(self, visit: AnyRecord) -> bool:
        """Whether the customer had called before this visit."""
        call = self.first_call(visit.customer) if visit.customer is not None else None
        return call is not None and call.place < visit.place

    def channel(self, entry: AnyRecord) -> str:
        """By which channel somebody came: as the record says, else as the customer's first; empty where none does."""
        said = getattr(entry.data, "channel", None) or self.channel_of(entry.customer)
        return self.scheme.channel(said) if said else ""

    def channel_of(self, customer: CustomerId | None) -> str:
        """The channel by which a customer came first; empty where no record says so."""
        records = self.known.by_customer.get(customer, ()) if customer is not None else ()
        said = next((said for one in records if (said := getattr(one.data, "channel", None))), "")
        return self.scheme.channel(said) if said else ""

    def level_at(self, customer: CustomerId, at: datetime) -> tuple[str | None, AnyRecord | None]:
        """The last level that was recorded of a customer by a time, and the record that says it."""
        codes = list(self.levels_of(customer, at))
        return codes[-1] if codes else (None, None)

    def category_at(self, customer: CustomerId, at: datetime) -> str | None:
        """The last category that was recorded of a customer by a time."""
        said = [
            category
            for one in self.known.by_customer.get(customer, ())
            if one.occurred_at <= at and (category := getattr(one.data, "category", None))
        ]
        return said[-1] if said else None

    def levels_of(self, customer: CustomerId, at: datetime) -> Iterable[tuple[str, AnyRecord]]:
        """Every level that was recorded of a customer by a time."""
        for entry in self.known.by_customer.get(customer, ()):
            if entry.occurred_at <= at:
                said = level_said(entry.data)
                if said:
                    yield said, entry

    def profile(self, customer: CustomerId, key: str, at: datetime) -> str | None:
        """What is said under a key of a customer's profile by a time; None of what is not, or was cleared."""
        said: str | None = None
        for record in self.known.by_customer.get(customer, ()):
            data = record.data
            if isinstance(data, ProfileRecorded) and record.occurred_at <= at:
                value = getattr(data.set, key, None) if data.set is not None else None
                if value is not None:
                    said = str(value)
                elif key in data.cleared or key in data.none:
                    said = None
        return said

    def customers(self, at: datetime) -> list[CustomerId]:
        """The customers of the office, by number."""
        if at not in self._customers:
            self._customers[at] = self.known.customers_of(self.office, at)
        return self._customers[at]

    def of_each(
        self,
        kind: str,
        at: datetime,
        work: Callable[[CustomerId, datetime], V | None],
        *,
        lasts: bool = False,
    ) -> list[OfCustomer[V]]:
        """What `work` finds of each customer of the office at a time, by number; None is nothing.

        As everything stands it is kept under `kind`, and asked again of whom something was put since: of a time at
        which more has happened, and, where what is found `lasts` until something is put, of any later time.
        """
        settled, scheme, known = self.known.registers.settled, self.scheme, self.known
        later = settled is not None and at >= settled
        key = (kind, scheme.name, scheme.version, self.rulebook, None if later else at)
        kept = known.kept(key) if lasts or not later else None
        if kept is None:
            listed = (self._found(one, at, work) for one in self.customers(at))
            return [one for one in listed if one is not None]
        then = settled if later and settled is not None else at
        found = kept.brought_up(known.customers, lambda one: self._found(one, then, work))
        here = (one for one in found.values() if self.office in (None, one.office))
        return sorted(here, key=lambda one: one.number)

    def _found(
        self, customer: CustomerId, at: datetime, work: Callable[[CustomerId, datetime], V | None]
    ) -> OfCustomer[V] | None:
        known = self.known.customers.get(customer)
        value = work(customer, at) if known is not None else None
        if known is None or value is None:
            return None
        return OfCustomer(customer, known.number, self.known.office_of(customer, at), value)

    def staff_words(self, staff: str) -> str:
        """How a member of staff is called in a line."""
        return self.known.staff_name(StaffId(staff) if staff else None)

    def deals(self) -> list[DealRow]:
        """The deals of the office."""
        return self.known.deals_at(self.office)

    def deals_moved(self) -> list[DealRow]:
        """The deals of the office that were subscribed, signed or cancelled in the period; costs what they are."""
        first, last = self.time.begin_of(self.period.first), self.time.end_of(self.period.last)
        return self.known.deals_moved(first, last, self.office)

    def sold_at(self, deal: DealRow) -> datetime | None:
        """When a deal counts as sold (`sold_by`)."""
        return deal.subscribed_at if self.scheme.sold_by == "subscribed" else deal.signed_at

    def sold(self) -> list[DealRow]:
        """The deals that were sold in the period, whatever became of them."""
        return [one for one in self.deals_moved() if self.within(self.sold_at(one))]

    def sets(self, deal: DealRow) -> dict[StaffId, Decimal]:
        """Which part of a deal is whose."""
        return {staff: points / _POINTS for staff, points in self._shares(deal).items()}

    def amounts(self, deal: DealRow) -> dict[StaffId, Decimal]:
        """Which part of a deal's amount is whose; nothing where no amount is stated."""
        if deal.amount is None:
            return {}
        cents = by_shares(cents_of(deal.amount), self._shares(deal))
        return {staff: part / _CENTS for staff, part in cents.items()}

    def _shares(self, deal: DealRow) -> dict[StaffId, int]:
        if self.scheme.credit == "closer":
            return {deal.closed_by: WHOLE}
        return deal.shares or {NOBODY: WHOLE}

    def lost(self, customer: CustomerId, at: datetime) -> AnyRecord | None:
        """The loss of a customer that stands: none that a later visit, call, reservation or deal ended."""
        found: AnyRecord | None = None
        for entry in self.known.by_customer.get(customer, ()):
            if entry.occurred_at <= at and entry.data.TYPE in _ENDS_LOSS:
                found = None
            elif entry.occurred_at <= at and entry.data.TYPE == "opportunity.lost":
                found = entry
        return found

    def counts(self, entry: AnyRecord) -> bool:
        """Whether a visit, call or follow-up is a contact that counts (procedure.md#follow-up-counts)."""
        data: Any = entry.data
        if isinstance(data, FollowUpRecorded):
            return not entry.flags and (data.reached or not self.scheme.reached_only)
        return isinstance(data, VisitRegistered | CallRegistered) and _STILL_A_CONTACT.issuperset(entry.flags)

    def contact_day(self, entry: AnyRecord) -> date:
        """The day of a contact; a carried one begins a clean clock when it is carried over."""
        return self.time.day(entry.recorded_at if entry.carried else entry.occurred_at)


def replace_period(basis: ReportBasis, period: DaySpan) -> ReportBasis:
    """A basis for another period, of the same registers."""
    return ReportBasis(basis.known, basis.scheme, basis.office, period, basis.rulebook)


def who(data: Any) -> StaffId | None:
    """Whose a visit, a call or a follow-up is: who received, answered or did it."""
    for name in ("received_by", "answered_by", "by"):
        staff = getattr(data, name, None)
        if staff is not None:
            return StaffId(staff)
    return None


def level_said(data: Any) -> str | None:
    """The level that a record says: its own, or that of a profile."""
    said = getattr(data, "level", None)
    if said is None:
        said = getattr(getattr(data, "set", None), "level", None)
    return said or None
