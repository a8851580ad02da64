"""Posts the facts of one scope to its registers.

Every fact is judged as the live fold and `panke judge` judge it (`shared.rules`); which customer a record is of, who
owns whom and what a deal's shares are is read off the records and events that come of it, and never found anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from services.registers.model.customers import DecisionRow, StaffEntry
from services.registers.model.deals import DealRow
from services.registers.model.records import LATE, PostedRecord
from services.registers.model.registers import AnyRecord, Registers
from services.registers.model.versions import RowCause
from services.registers.posting.amendments import Amendments
from services.registers.posting.claim_ends import ClaimEnds
from services.registers.posting.customers import PostedCustomers
from services.registers.posting.deals import deal_cause, deal_row, subscribed, with_records
from services.registers.posting.placed import PlacedRows
from shared.contract import DealProgressed, DealTermsSet, Event, RecordAmended, StaffDeparted, StaffEnrolled
from shared.ids import CustomerId, DealId, EventId, ScopeId
from shared.rules.domain import events as e
from shared.rules.domain import facts as f
from shared.rules.domain.case import Books
from shared.rules.domain.decide import Outcome, decide, new_scope, sweep
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.translate import StoredContacts, to_fact

REFORMED = (e.CustomersJoined, e.CustomerReformed, e.CustomersReformed)
"""After these a record may be of another customer than before."""


class Posting:
    """The registers of one scope while its facts are posted, in recorded order."""

    def __init__(self, scope: ScopeId, book: Rulebook, books: Books) -> None:
        self.registers = Registers(scope, book.timezone.key)
        self._books = books
        self._slice = new_scope(scope, (book.name, book.version), book.timezone.key)
        self._customers = PostedCustomers(self.registers, self._slice)
        self._entries, self._deals = PlacedRows[EventId](), PlacedRows[DealId]()
        self._decisions = PlacedRows[int]()
        self._amendments = Amendments()
        self._claims = ClaimEnds()
        self._of_deals: dict[DealId, list[EventId]] = defaultdict(list)
        self._fact: f.Fact | None = None
        self.seq = 0
        self._decided = 0

    def post(self, event: Event, stored: StoredContacts | None = None, seq: int | None = None) -> None:
        """Judge one fact, and post what came of it; `stored` is what its phones were read as when it was recorded.

        Its place in the order of the scope is the next one unless said. What is raised before `seq` says so has posted
        nothing of it.
        """
        fact = to_fact(event, self.seq + 1 if seq is None else seq, stored)
        outcome = decide(self._slice, fact, self._books)
        self.seq, self._fact = fact.seq, fact
        self._slice.put(outcome.changes)
        self._claims.note(outcome.changes)
        latest = max(fact.occurred_at, fact.recorded_at)
        known = self.registers.latest
        self.registers.latest = latest if known is None else max(known, latest)
        self.registers.settle(self.registers.latest)
        self._customers.post(outcome.changes, fact)
        self._post_entry(event, fact, outcome.events)
        self._post_corrected(fact, outcome.events)
        self._post_events(event, fact, outcome.events)
        self._post_reformed(fact, outcome)
        self._post_staff(event)
        self._post_amended(event, fact)
        self._post_deal_record(event, fact)

    def finish(self, until: datetime) -> Registers:
        """The registers, with every claim lapsed that ends by then."""
        self.lapse(until)
        return self.registers

    def lapse(self, until: datetime) -> bool:
        """Let every claim lapse that ends by then, and say whether any did; what is posted later was recorded later."""
        due = [one for one in self._claims.due(until) if self._slice.find_customer(one) is not None]
        if not due or self._fact is None:
            return False
        swept = sweep(self._slice, self._fact, self._books, due, until)
        self._slice.put(swept.changes)
        for made in swept.events:
            if isinstance(made, e.Decided):
                self._post_decision(made, self._fact)
        return bool(swept.events)

    def _post_entry(self, event: Event, fact: f.Fact, made: Iterable[e.DomainEvent]) -> None:
        flags = tuple(one.flag for one in made if isinstance(one, e.Flagged) and one.event == fact.id)
        party = None if isinstance(fact.matter, f.Correction) else _party_of(fact.matter)
        entry: AnyRecord = PostedRecord(
            event.id,
            fact.seq,
            event.office,
            event.actor,
            event.occurred_at,
            fact.recorded_at,
            event.data,
            self._customers.of(party.contacts) if party is not None else None,
            party.name if party is not None else None,
            party.contacts if party is not None else (),
            flags,
            event.carried is not None and "unapproved" not in flags,
        )
        self._put(entry, fact, _cause_of(entry))

    def _put(self, entry: AnyRecord, fact: f.Fact, cause: RowCause) -> None:
        before = self.registers.entries.now(entry.id)
        self.registers.entries.put(entry.id, entry, fact.recorded_at, cause, fact.id)
        self._entries.move(entry.id, before.customer if before is not None else None, entry.customer)

    def _post_corrected(self, fact: f.Fact, made: Iterable[e.DomainEvent]) -> None:
        """A record that was given another party is of whoever that names."""
        for one in made:
            if isinstance(one, e.RecordFiled) and one.filed.fact.id != fact.id:
                entry = self.registers.entries.now(one.filed.fact.id)
                party = _party_of(one.filed.fact.matter)
                if entry is not None and party is not None:
                    customer = self._customers.of(party.contacts)
                    now = replace(entry, customer=customer, name=party.name, contacts=party.contacts)
                    self._put(now, fact, "corrected")

    def _post_reformed(self, fact: f.Fact, outcome: Outcome) -> None:
        """Where customers were joined or split, each of their records and deals is of whom its contacts name now."""
        if not any(isinstance(one, REFORMED) for one in outcome.events):
            return
        touched = [CustomerId(key.id) for key in outcome.changes if key.kind == "customer"]
        for id_ in self._entries.of(touched):
            entry = self.registers.entries.now(id_)
            if entry is not None:
                customer = self._customers.of(entry.contacts)
                if customer != entry.customer:
                    self._put(replace(entry, customer=customer), fact, self._moved(entry.customer))
        for deal in self._deals.of(touched):
            row, home = self.registers.deals.now(deal), self._slice.pointed("deal", deal)
            if row is not None and home is not None and home != row.customer:
                self._put_deal(replace(row, customer=home), fact, self._moved(row.customer))

    def _post_amended(self, event: Event, fact: f.Fact) -> None:
        """A record says what it was amended to; one that was withdrawn is in no register from then on."""
        made = self.registers.entries.now(fact.id)
        if not isinstance(event.data, RecordAmended) or made is None or made.flags:
            return
        record = self._amendments.add(fact.id, event.data)
        versions = self.registers.entries.versions.get(record)
        if not versions:
            return
        data = self._amendments.amended(record, versions[0].row.data)
        if data is None:
            self.registers.entries.close(record, fact.recorded_at, "withdrawn", fact.id)
        else:
            self._put(replace(versions[-1].row, data=data), fact, "amended")
        self._rebuild_deal(getattr(versions[0].row.data, "deal", None), fact, "amended")

    def _post_deal_record(self, event: Event, fact: f.Fact) -> None:
        """The terms of a deal, or a step that was done or held up."""
        data = event.data
        if isinstance(data, DealTermsSet | DealProgressed):
            self._of_deals[data.deal].append(event.id)
            self._rebuild_deal(data.deal, fact, "terms" if isinstance(data, DealTermsSet) else "progressed")

    def _rebuild_deal(self, deal: DealId | None, fact: f.Fact, cause: RowCause) -> None:
        row = self.registers.deals.now(deal) if deal is not None else None
        if row is None or deal is None:
            return
        said = [self.registers.entries.now(id_) for id_ in (row.event, *self._of_deals[deal])]
        self._put_deal(with_records(row, [one for one in said if one is not None]), fact, cause)

    def _put_deal(self, row: DealRow, fact: f.Fact, cause: RowCause) -> None:
        before = self.registers.deals.now(row.deal)
        self.registers.deals.put(row.deal, row, fact.recorded_at, cause, fact.id)
        self._deals.move(row.deal, before.customer if before is not None else None, row.customer)

    def _moved(self, before: CustomerId | None) -> RowCause:
        gone = before is None or self._slice.find_customer(before) is None
        return "joined" if gone else "split"

    def _post_staff(self, event: Event) -> None:
        data, staff = event.data, self.registers.staff
        assert event.recorded_at is not None, "an event of the journal has its recorded_at"
        if isinstance(data, StaffEnrolled):
            row = StaffEntry(
                data.staff,
                data.name,
                data.role,
                data.number,
                data.title,
                data.team,
            )
            staff.put(data.staff, row, event.recorded_at, "entered", event.id)
        elif isinstance(data, StaffDeparted):
            known = staff.now(data.staff)
            if known is not None:
                staff.put(data.staff, replace(known, departed=True), event.recorded_at, "closed", event.id)

    def _post_events(self, event: Event, fact: f.Fact, made: Iterable[e.DomainEvent]) -> None:
        for one in made:
            if isinstance(one, e.Decided):
                self._post_decision(one, fact)
            elif isinstance(one, e.CustomersJoined):
                self._post_joined(one, fact)
            elif isinstance(one, e.DealDecided | e.DealChanged):
                before = self.registers.deals.now(one.deal.deal)
                cause = deal_cause(one, before, fact)
                row = before or subscribed(one, self.registers.entries.now(one.deal.event))
                self._put_deal(deal_row(row, one, event, fact), fact, cause)

    def _post_joined(self, joined: e.CustomersJoined, fact: f.Fact) -> None:
        """What was decided of a customer stands with the one that it was joined to."""
        for number in self._decisions.of(joined.gone):
            row = self.registers.decisions.now(number)
            if row is not None:
                now = replace(row, customer=joined.customer)
                self.registers.decisions.put(number, now, fact.recorded_at, "joined", fact.id)
                self._decisions.move(number, row.customer, joined.customer)

    def _post_decision(self, made: e.Decided, fact: f.Fact) -> None:
        """A lapse is known when it happens; whatever else is decided, by the fact that brought it about."""
        self._decided += 1
        row = DecisionRow(
            self._decided,
            made.customer,
            made.at,
            made.decision,
            made.owner,
            made.previous,
            made.clause,
            made.because,
        )
        lapsed = made.decision == "lapsed"
        since = made.at if lapsed else fact.recorded_at
        self.registers.settle(max(made.at, since))
        by: EventId | None = None if lapsed else fact.id
        self.registers.decisions.put(self._decided, row, since, "decided", by)
        self._decisions.move(self._decided, None, made.customer)


def _party_of(matter: f.Matter) -> f.Party | None:
    """Whom a record names, whether it names them anew or is only looked up."""
    party = matter.party if isinstance(matter, f.UnreadEntry) else getattr(matter, "customer", None)
    return party if isinstance(party, f.Party) else None


def _cause_of(entry: AnyRecord) -> RowCause:
    if entry.carried:
        return "carried"
    return "late" if not LATE.isdisjoint(entry.flags) else "entered"
