"""The rows of a register as known at a time: records as amended, deals as they went on, customers as they stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from services.registers.lists.kinds import RegisterKind
from services.registers.lists.reach import staff_of
from services.registers.model.deals import DealRow
from services.registers.model.records import PostedRecord
from services.registers.model.registers import AnyRecord
from services.registers.reports.basis import ReportBasis
from services.registers.reports.due import due_contact
from services.registers.reports.kept import is_carried_out
from services.registers.reports.reservations import state_of
from shared.contract import (
    Data,
    FeedbackAnswered,
    FeedbackReceived,
    PlanMade,
    ReservationMade,
    format_instant,
)
from shared.ids import Contact, CustomerId, DealId, OfficeId, StaffId

Values = dict[str, Any]


class ListRow(Struct, frozen=True):
    """A row of a register; `values` are what stands below its headings, `entry` the record that it is made of."""

    id: str
    at: datetime
    recorded_at: datetime | None
    office: OfficeId | None
    customer: CustomerId | None
    name: str | None
    contacts: tuple[Contact, ...]
    staff: StaffId | None
    values: Values
    entry: AnyRecord | None = None
    deal: DealRow | None = None
    stage: str | None = None


class RegisterRows:
    """Makes the rows of registers from what was known."""

    def __init__(self, basis: ReportBasis) -> None:
        self.basis = basis

    def of(
        self, kind: RegisterKind, first: date | None = None, last: date | None = None, *, whole: bool = True
    ) -> Iterator[ListRow]:
        """Every row of a register in the office; records of these days alone, where days are named.

        Rows that are not `whole` are without the values of records and customers, which cost more than all else.
        """
        if kind.data is not None:
            for entry in self._records(kind.data, first, last):
                if kind.holds(entry.data):
                    yield self.record(entry, kind) if whole else self._row(entry, {})
        elif kind.action == "register.deals":
            yield from (self.deal(one) for one in self.basis.deals())
        else:
            customers = self.basis.customers(self.basis.until)
            yield from (self.customer(one, whole=whole) for one in customers)

    def _records(self, data: type[Data], first: date | None, last: date | None) -> list[PostedRecord[Data]]:
        known, time, office = self.basis.known, self.basis.time, self.basis.office
        if first is None and last is None:
            return known.of(data, office)
        return known.between(
            data,
            time.begin_of(first) if first is not None else None,
            time.end_of(last) if last is not None else None,
            office,
        )

    def record(self, entry: AnyRecord, kind: RegisterKind | None) -> ListRow:
        """The row of a record; without a register, with all that it says."""
        said = spoken(entry) | self._besides(entry)
        return self._row(entry, said if kind is None else {field: said.get(field) for field in kind.fields})

    def _row(self, entry: AnyRecord, values: Values) -> ListRow:
        return ListRow(
            entry.id, entry.occurred_at, entry.recorded_at, entry.office, entry.customer, entry.name,
            entry.contacts, staff_of(entry.data), values, entry, stage=self.basis.known.stage_of(entry.id),
        )  # fmt: skip

    def _besides(self, entry: AnyRecord) -> Values:
        """What other records say of this one."""
        data = entry.data
        if isinstance(data, PlanMade):
            return {"done": is_carried_out(self.basis, entry)}
        if isinstance(data, ReservationMade):
            return {"state": state_of(self.basis, data.reservation)}
        if isinstance(data, FeedbackReceived):
            answer = self._answers.get(data.feedback)
            if answer is None:
                return {"state": "open"}
            said = answer.data
            return {"state": said.outcome, "answered_by": said.by, "action": said.action}
        return {}

    @cached_property
    def _answers(self) -> dict[str, PostedRecord[FeedbackAnswered]]:
        return {one.data.feedback: one for one in self.basis.known.of(FeedbackAnswered)}

    def again(self, row: ListRow, kind: RegisterKind) -> ListRow:
        """A row that was made of the same registers, as these have it: whole, and with the words that are opened."""
        if row.deal is not None:
            return self.deal(self._deals[row.deal.deal])
        if row.entry is not None:
            return self.record(self.basis.known.entries[row.entry.id], kind)
        return self.customer(row.customer) if row.customer is not None else row

    @cached_property
    def _deals(self) -> dict[DealId, DealRow]:
        return {one.deal: one for one in self.basis.known.deals}

    def deal(self, deal: DealRow) -> ListRow:
        """The row of a deal."""
        known, until = self.basis.known, self.basis.until
        entry = known.entries.get(deal.event)
        customer = known.customers.get(deal.customer)
        return ListRow(
            deal.event, deal.subscribed_at, entry.recorded_at if entry is not None else None, deal.office,
            deal.customer, deal.name, customer.contacts if customer is not None else (), deal.closed_by,
            self._deal_values(deal, until), entry, deal, known.stage_of(deal.event),
        )  # fmt: skip

    def _deal_values(self, deal: DealRow, until: datetime) -> Values:
        state = "cancelled" if deal.cancelled(until) else "signed" if deal.signed(until) else "subscribed"
        terms = {name: deal.terms.get(name) for name in ("area", "unit_kind", "payment")}
        return {
            "deal": deal.deal, "project": deal.project, "unit": deal.unit, "state": state,
            "amount": str(deal.amount) if deal.amount is not None else None, **terms,
            "sign_by": _day(deal.due_on("signed", until)), "signed_at": _instant(deal.signed_at),
            "cancelled_at": _instant(deal.cancelled_at), "reason": deal.reason,
            "shares": {str(staff): points for staff, points in deal.shares.items()}, "pending": deal.pending,
            "reservation": deal.reservation,
        }  # fmt: skip

    def customer(self, customer: CustomerId, *, whole: bool = True) -> ListRow:
        """The row of a customer."""
        known, at = self.basis.known, self.basis.until
        one, records = known.customers[customer], known.by_customer.get(customer, [])
        begun = records[0] if records else None
        return ListRow(
            customer, begun.occurred_at if begun is not None else at,
            begun.recorded_at if begun is not None else None, known.office_of(customer, at), customer, one.name,
            one.contacts, known.owner_at(customer, at), self.standing(customer) if whole else {},
        )  # fmt: skip

    def standing(self, customer: CustomerId) -> Values:
        """How a customer stands: whose, at which level, when to be contacted."""
        basis, at = self.basis, self.basis.until
        owner = basis.known.owner_at(customer, at)
        codes = [code for code, _ in basis.levels_of(customer, at)]
        records = basis.known.by_customer.get(customer, [])
        status = self._status(customer, owner)
        contact = due_contact(basis, customer, owner, at) if owner is not None else None
        due = contact if status == "tracked" else None
        return {
            "owner": owner, "status": status, "level": codes[-1] if codes else None,
            "level_before": next((code for code in reversed(codes) if code != codes[-1]), None),
            "category": basis.category_at(customer, at), "channel": basis.channel_of(customer) or None,
            "first_on": _day(basis.time.day(records[0].occurred_at)) if records else None,
            "last_on": _day(contact.last) if contact is not None else None,
            "due_on": _day(due.due) if due is not None else None,
            "overdue": due.overdue(basis.day) if due is not None else None,
        }  # fmt: skip

    def _status(self, customer: CustomerId, owner: StaffId | None) -> str:
        at = self.basis.until
        if self.basis.known.standing_deals(customer, at):
            return "won"
        if self.basis.lost(customer, at) is not None:
            return "lost"
        return "tracked" if owner is not None else "unowned"


def spoken(entry: AnyRecord) -> Values:
    """What a record says, as it stands in events, without whom it names as its customer."""
    said: Values = msgspec.json.decode(msgspec.json.encode(entry.data))
    said.pop("customer", None)
    return said


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _instant(at: datetime | None) -> str | None:
    return format_instant(at) if at is not None else None
