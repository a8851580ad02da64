"""From the events of one fact to rows and messages: what lists, timers and other services see of it.

contract.md#result and contract.md#topics: the decisions are a view of the domain's events. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from operator import attrgetter
from typing import Any, Final, cast, get_args

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from services.attribution.fold.concerned import concerned
from services.attribution.fold.intake_record import JournalFact
from services.attribution.store.batch import BatchRows
from services.attribution.store.claim_state import ClaimRow, claim_row
from services.attribution.store.mapper import Cited, EventRow, stored, stream_id
from services.attribution.store.store import ScopeState
from services.attribution.store.table_rows import (
    AboutRecordWritten,
    AboutWritten,
    BearingWritten,
    ConcernWritten,
    DealDecisionWritten,
    DealWritten,
    DecisionWritten,
    FlagWritten,
    MessageWritten,
    OfFact,
    OfficeWritten,
    PenaltyWritten,
    PresenceWritten,
    StaffWritten,
    TextWritten,
)
from services.attribution.store.whom import consultant_in
from shared.contract import StaffContacts
from shared.contract.events import Role
from shared.contract.topics import (
    ClaimMessage,
    DecisionMessage,
    OwnershipMessage,
    StaffMessage,
    encode_message,
)
from shared.contract.warnings import Warned
from shared.ids import CustomerId, EventId, OfficeId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.state import BookId, Customer, Deal, Dispute, Key
from shared.rules.judge.result import deal_decision, flag_result, penalty_result, stored_decision

INSTANT: Final = timedelta(microseconds=1)

_encode = msgspec.json.Encoder().encode
_place = attrgetter("place")


class Cause(Struct, frozen=True, gc=False):
    """What made the events: the fact (or the last one before a sweep), the engine, the rulebook's text.

    A sweep has no record.
    """

    seq: int
    at: datetime
    engine: str
    rulebook: str
    record: JournalFact | None
    office: OfficeId | None = None


class FactChanges:
    """What one fact adds to the batch; nothing of it counts until `commit`, so that a failure leaves no trace.

    `records` are those of the scope as they are after the fact. `known_at` is the last time up to which everything else
    was known: just before the fact; what a sweep decides was known when it lapsed.
    """

    __slots__ = (
        "_sent", "bearings", "begun", "books", "cause", "claims", "deals", "joined", "known_at",
        "messages", "parted", "records", "rows", "stored", "texts", "traceparent", "version", "warned", "work",
    )  # fmt: skip

    def __init__(self, work: ScopeState, cause: Cause, records: SliceDraft) -> None:
        self.work = work
        self.cause = cause
        self.records = records
        record = cause.record
        self.traceparent = None if record is None else record.traceparent
        self.known_at = None if record is None else record.recorded_at - INSTANT
        self.version = work.version
        """That of the event that is being projected."""
        self._sent = work.sent
        self.stored: list[EventRow] = []
        self.rows: list[OfFact] = []
        self.bearings: list[BearingWritten] = []
        self.messages: list[MessageWritten] = []
        self.joined: list[tuple[str, str]] = []
        self.parted: list[str] = []
        self.deals: dict[tuple[str, str], DealWritten] = {}
        self.claims: dict[str, ClaimRow | None] = {}
        self.warned: Sequence[Warned] = ()
        self.begun: list[CustomerId] = []
        """The customers who were not there before."""
        self.books: list[BookId] = []
        """The rulebooks by which the scope is judged from here on."""
        self.texts: dict[str, TextWritten] = {}

    def project(self, events: Sequence[e.DomainEvent]) -> None:
        """Every row and message of the events, and of the claims that they changed."""
        work, cause = self.work, self.cause
        head = Cited(cause.seq, cause.engine, cause.rulebook).head()
        self.stored = stored(head, stream_id(work.scope), work.version + 1, events)
        for version, event in enumerate(events, work.version + 1):
            view = _VIEWS.get(type(event))
            if view is not None:
                self.version = version
                view(self, event)
        self.version = work.version + len(events)
        customers, disputes = self._sorted()
        self._changed_claims(customers, disputes)
        for concern in concerned(work.slice, self.records, customers, disputes):
            self.rows.append(ConcernWritten(work.scope, *concern))

    def send(
        self, make: Callable[..., OwnershipMessage], lapsed_at: datetime | None = None, **content: Any
    ) -> None:
        """One more message; it is the next of its scope."""
        work, known_at = self.work, self.known_at
        if known_at is None and lapsed_at is not None:
            known_at = lapsed_at - INSTANT
        self._sent += 1
        body = encode_message(make(scope=work.scope, seq=self._sent, **content))
        message = MessageWritten(work.partition, work.scope, self._sent, body, self.traceparent, known_at)
        self.messages.append(message)

    def commit(self, batch: BatchRows) -> None:
        """Hand everything to the batch, take over the records and move the scope's counters."""
        work, seq = self.work, self.cause.seq
        work.slice.take_over(self.records.changes, seq)
        batch.events += self.stored
        batch.bearings += self.bearings
        batch.outbox += self.messages
        for gone, into in self.joined:  # before the rows: those of this fact went along already
            batch.join(work.scope, gone, into)
        batch.add(self.rows)
        for customer in self.parted:
            batch.joined[work.scope, customer] = None
        for warned in self.warned:
            batch.warn(work.scope, warned, seq)
        batch.deals.update(self.deals)
        batch.rulebooks.update(self.texts)
        for customer, row in self.claims.items():
            batch.claims[work.scope, customer] = row
            if row is None:
                work.claims.pop(customer, None)
            else:
                work.claims[customer] = row
        work.version, work.sent = self.version, self._sent

    def _sorted(
        self,
    ) -> tuple[dict[CustomerId, Customer | None], list[tuple[Dispute | None, Dispute | None]]]:
        """The customers that changed, as they are now; and the disputes, as they were and are."""
        before, customers, disputes = self.work.slice, {}, []
        for key, record in self.records.changes.items():
            if key.kind == "customer":
                customers[CustomerId(key.id)] = cast("Customer | None", record)
            elif key.kind == "dispute":
                disputes.append(cast("tuple[Dispute | None, Dispute | None]", (before.get(key), record)))
        self.begun = [id_ for id_, now in customers.items() if now and Key("customer", id_) not in before]
        return customers, disputes

    def _changed_claims(
        self,
        changed: Mapping[CustomerId, Customer | None],
        disputes: Iterable[tuple[Dispute | None, Dispute | None]],
    ) -> None:
        """A claim message for each customer whose owner, status or expiry is another one now.

        It may be another one where the customer changed, or a dispute of theirs.
        """
        taken: dict[str, list[str]] = {}
        for gone, into in self.joined:
            taken.setdefault(into, []).append(gone)
            self.claims[gone] = None
        affected = dict(changed)
        for dispute in filter(None, chain.from_iterable(disputes)):
            for name in dispute.customers:
                affected[name] = self.records.find_customer(name)
        self.claims.update((name, None) for name, customer in affected.items() if customer is None)
        customers = [customer for customer in affected.values() if customer is not None]
        if len(customers) > 1:
            customers.sort(key=_place)
        for customer in customers:
            self._claim_of(customer, tuple(taken.get(customer.id, ())))

    def _claim_of(self, customer: Customer, replaces: tuple[str, ...]) -> None:
        records, known = self.records, self.work.claims.get(customer.id)
        row = claim_row(records, customer, known)
        generation = known.generation if known else 0
        if replaces and row.generation == generation:
            row = replace(row, generation=generation + 1)
        if row != known:
            self.claims[customer.id] = row
        if row.generation > generation:
            self.send(
                ClaimMessage,
                known.due_at if known else None,
                customer=customer.id,
                generation=row.generation,
                replaces=replaces,
                owner=row.standing.owner,
                status=row.standing.status,
                expires_at=row.standing.expires_at,
                timezone=records.scope.timezone,
            )


def _decided(rows: FactChanges, event: e.Decided) -> None:
    body = _encode(stored_decision(event))
    rows.rows.append(
        DecisionWritten(rows.work.scope, rows.version, event.customer, rows.cause.seq, event.at, body)
    )
    rows.send(
        DecisionMessage,
        event.at,
        customer=event.customer,
        at=event.at,
        clause=event.clause,
        because=event.because,
        decision=event.decision,
        owner=event.owner,
        previous=event.previous,
    )


def _deal_decided(rows: FactChanges, event: e.DealDecided) -> None:
    deal = event.deal
    scope = rows.work.scope
    rows.deals[scope, deal.deal] = DealWritten(scope, deal.deal, event.customer, deal.seq)
    body = _encode(deal_decision(event))
    rows.rows.append(DealDecisionWritten(scope, rows.version, deal.deal, body))
    rows.send(
        DecisionMessage,
        customer=event.customer,
        at=event.at,
        clause=deal.clause,
        because=deal.because,
        deal=deal.deal,
        status=event.status,
        shares=deal.shares,
    )


def _joined(rows: FactChanges, event: e.CustomersJoined) -> None:
    """What was decided of the customers that are gone is this one's history now."""
    rows.joined.extend((gone, event.customer) for gone in event.gone)
    rows.rows = [
        row._replace(customer=event.customer)
        if isinstance(row, DecisionWritten) and row.customer in event.gone
        else row
        for row in rows.rows
    ]
    customer = rows.records.find_customer(event.customer)
    if customer is not None:
        _own_deals(rows, customer, customer.deals)


def _reformed(rows: FactChanges, event: e.CustomerReformed) -> None:
    rows.parted.append(event.now.id)
    _own_deals(rows, event.now, chain.from_iterable(each.put for each in event.changes.deals))


def _own_deals(rows: FactChanges, customer: Customer, deals: Iterable[Deal]) -> None:
    """The deals went over to this customer."""
    scope = rows.work.scope
    for deal in deals:
        rows.deals[scope, deal.deal] = DealWritten(scope, deal.deal, customer.id, deal.seq)


def _flagged(rows: FactChanges, event: e.Flagged) -> None:
    body = _encode(flag_result(event))
    rows.rows.append(FlagWritten(rows.work.scope, rows.version, event.event, body))
    _about(rows, "flags", event.event)


def _penalised(rows: FactChanges, event: e.Penalised) -> None:
    body = _encode(penalty_result(event))
    rows.rows.append(PenaltyWritten(rows.work.scope, rows.version, event.event, body))
    rows.rows.append(AboutWritten(rows.work.scope, "penalties", "staff", event.staff, rows.version))
    _about(rows, "penalties", event.event)


def _about(rows: FactChanges, list_: str, event: EventId) -> None:
    """Whom and which office a flag or a penalty concerns: of the fact at hand that is known, of an earlier one the
    server looks for its record, which takes ten times as long."""
    scope, record = rows.work.scope, rows.cause.record
    if record is None or record.event is None or record.event.id != event:
        rows.rows.append(AboutRecordWritten(scope, list_, rows.version, event))
        return
    rows.rows.append(AboutWritten(scope, list_, "office", record.event.office, rows.version))
    consultant = consultant_in(record.body)
    if consultant is not None:
        rows.rows.append(AboutWritten(scope, list_, "staff", consultant, rows.version))


def _office(rows: FactChanges, event: e.OfficeFound) -> None:
    rows.rows.append(OfficeWritten(event.office, rows.work.scope, rows.cause.seq))
    rows.books.append(rows.work.book)


def _adopted(rows: FactChanges, event: e.RulebookAdopted) -> None:
    rows.books.append(event.adopted.book)


def _enrolled(rows: FactChanges, event: e.StaffEnrolled) -> None:
    entry = event.entry
    person = entry.staff, event.name, entry.role, _encode(event.contacts), rows.cause.office
    rows.rows.append(StaffWritten(rows.work.scope, *person))
    rows.work.names[entry.staff] = event.name
    rows.work.contacts[entry.staff] = event.contacts
    if entry.role is not None and entry.role in get_args(Role):
        project_staff(rows, entry.staff, entry.role)


def _departed(rows: FactChanges, event: e.StaffDeparted) -> None:
    """Who was never enrolled has no role, and nothing was ever planned for them."""
    staff = event.entry.staff
    rows.rows.append(PresenceWritten(rows.work.scope, staff, None, None))
    member = rows.records.scope.staff.get(staff)
    if member is not None and member.role in get_args(Role):
        rows.work.contacts.pop(staff, None)
        project_staff(rows, staff, member.role, departed=True)


def project_staff(
    rows: FactChanges, staff: StaffId, role: str, *, departed: bool = False, away: bool | None = None
) -> None:
    contacts = rows.work.contacts.get(staff)
    rows.send(
        StaffMessage,
        staff=staff,
        name=rows.work.names.get(staff, staff),
        role=role,
        contacts=msgspec.convert(contacts, StaffContacts) if contacts else None,
        departed=departed,
        office=rows.cause.office,
        away=away,
        timezone=rows.records.scope.timezone,
    )


_VIEWS: dict[type[Any], Callable[[FactChanges, Any], None]] = {
    e.Decided: _decided,
    e.DealDecided: _deal_decided,
    e.CustomersJoined: _joined,
    e.CustomerReformed: _reformed,
    e.Flagged: _flagged,
    e.Penalised: _penalised,
    e.OfficeFound: _office,
    e.RulebookAdopted: _adopted,
    e.StaffEnrolled: _enrolled,
    e.StaffDeparted: _departed,
}
