"""What the records of a large customer name, kept from one correction to the next, so that none is looked through.

Typed for everybody, one number makes one customer of thousands of records, which are corrected one by one. An index is
a matter of time alone: it can be forgotten at any time, and is made of the records again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import repeat
from operator import attrgetter
from typing import TYPE_CHECKING

from shared.ids import Contact, CustomerId, EventId
from shared.rules.domain.differences import differences
from shared.rules.domain.facts import (
    Call,
    Cancellation,
    Complaint,
    Concealment,
    Correction,
    DisputeOpening,
    EvidenceAdding,
    FollowUp,
    HouseholdLink,
    Outreach,
    Party,
    Recognition,
    Ruling,
    Signing,
    Subscription,
    Survey,
    Transfer,
    Visit,
)
from shared.rules.domain.firsts import Firsts, Place
from shared.rules.domain.long_list import Splice, place_of, spliced
from shared.rules.domain.state import Customer, FiledRecord, Records

if TYPE_CHECKING:
    from shared.rules.domain.trail import Trail

LARGE = 64
"""From so many records on a customer has an index."""
MANY = 32
"""Where more records came or went, and a quarter of all, the index is made anew."""
FEW_INDEXES = 4
"""Of so many customers of a scope, those that were corrected last."""
JOINING = (HouseholdLink, Recognition, Ruling)
"""What can make one customer of several without a contact of both."""
_PLAIN = (Visit, Call, Outreach, FollowUp, Survey, Transfer, Complaint)
"""What concerns one customer and looks at nothing but how it stands: no deal, dispute or joining."""
BY_NAME = (Signing, Cancellation, EvidenceAdding, Ruling, Concealment, Recognition)
"""What names a deal, a dispute or a visit, and nobody by a contact."""
ASKING = (Subscription, DisputeOpening, *BY_NAME)
"""What looks at how a deal, a dispute or a visit stands now, and so is judged at each correction."""
_ALONE = (*_PLAIN, *ASKING)


def is_plain(filed: FiledRecord) -> bool:
    """Whether the record can concern one customer alone; `referrers` are looked up besides."""
    return isinstance(filed.fact.matter, _PLAIN)


def is_alone(filed: FiledRecord) -> bool:
    """Whether the record concerns no customer but the one whom it names."""
    return isinstance(filed.fact.matter, _ALONE)


def referrers(filed: FiledRecord) -> tuple[Contact, ...]:
    """The contacts by which a visit names who sent the customer: whose they are is looked up."""
    referred_by = filed.fact.matter.referred_by if isinstance(filed.fact.matter, Visit) else ()
    return tuple(r.contact for r in referred_by if r.consultant is None and r.contact is not None)


def party_named(filed: FiledRecord) -> Party | None:
    """The party by whose contacts the record names a customer; None where it names none."""
    party = getattr(filed.fact.matter, "customer", None)
    named = isinstance(party, Party) and bool(party.contacts)
    return party if named and not isinstance(filed.fact.matter, Correction) else None


def records_of(records: Records, known: Customer) -> list[FiledRecord]:
    """The records of a customer in the order in which they were judged."""
    found = map(records.get, zip(repeat("record"), known.records))  # type: ignore[arg-type]
    filed = [each for each in found if isinstance(each, FiledRecord)]
    return sorted(filed, key=attrgetter("judged"))


class RecordIndex:
    """The records of one customer: in the order in which they were judged, and what they name."""

    def __init__(self, records: Records, known: Customer) -> None:
        filed = records_of(records, known)
        self.records = known.records
        self.filed = {each.fact.id: each for each in filed}
        self.order = [(each.judged, each.fact.id) for each in filed]
        self.contacts, self.names = Firsts[Contact](), Firsts[str]()
        self.contacts.gather(pair for each in filed for pair in _contacts_of(each))
        self.names.gather(pair for each in filed for pair in _names_of(each))
        self.naming = sorted(each.fact.seq for each in filed if party_named(each) is not None)
        self.joining = {each.fact.id for each in filed if isinstance(each.fact.matter, JOINING)}
        self.by_name = {each.fact.id for each in filed if isinstance(each.fact.matter, BY_NAME)}
        self.referred = {each.fact.id: named for each in filed if (named := referrers(each))}
        self.others = {each.fact.id for each in filed if not is_alone(each)}
        self.touched: dict[EventId, FiledRecord | None] = {}
        self.trail: Trail | None = None
        self._supposed: dict[EventId, FiledRecord] = {}
        self._is_wrong = False

    def suppose(self, filed: FiledRecord) -> None:
        """The record is corrected so, if what the fact changes is taken over."""
        self._supposed[filed.fact.id] = filed

    def _is_true(self, records: Records) -> bool:
        """Whether what was supposed became so."""
        supposed, self._supposed = self._supposed, {}
        became = all(records.filed(record) is filed for record, filed in supposed.items())
        return became and not self._is_wrong

    def go_on(self, records: Records, known: Customer) -> bool:
        """Know of the records that came and went since, if they are few."""
        changes = differences(self.records, known.records)
        if not self._is_true(records):
            return False
        if sum(each.gone + len(each.put) for each in changes) > MANY + len(known.records) // 4:
            return False
        for each in changes:
            for record in self.records[each.at : each.at + each.gone]:
                self.drop(record)
        for each in changes:
            for filed in filter(None, map(records.filed, each.put)):
                self.add(filed)
        self.records = known.records
        return True

    def correct(self, was: FiledRecord, now: FiledRecord) -> None:
        """The record is another one now, if it is the customer's."""
        record = now.fact.id
        self._is_wrong |= self._supposed.pop(record, was) is not was
        if record in self.filed:
            self.drop(record)
            self.add(now)

    def let_go(self, record: EventId) -> None:
        """The record is about to leave; should it stay, it is found again."""
        at = place_of(self.records, "", record)
        if at is not None:
            self.records = spliced(self.records, (Splice(at, 1),))
        self.drop(record)

    def drop(self, record: EventId) -> None:
        """The record is the customer's no more."""
        filed = self.filed.pop(record, None)
        if filed is None:
            return
        self.touched.setdefault(record, filed)
        del self.order[bisect_left(self.order, (filed.judged, record))]
        for place, contact in _contacts_of(filed):
            self.contacts.remove(place, contact)
        for place, name in _names_of(filed):
            self.names.remove(place, name)
        if party_named(filed) is not None:
            del self.naming[bisect_left(self.naming, filed.fact.seq)]
        self.joining.discard(record)
        self.by_name.discard(record)
        self.referred.pop(record, None)
        self.others.discard(record)

    def add(self, filed: FiledRecord) -> None:
        """The record is the customer's from now on."""
        record = filed.fact.id
        self.filed[record] = filed
        self.touched.setdefault(record, None)
        insort(self.order, (filed.judged, record))
        for place, contact in _contacts_of(filed):
            self.contacts.add(place, contact)
        for place, name in _names_of(filed):
            self.names.add(place, name)
        if party_named(filed) is not None:
            insort(self.naming, filed.fact.seq)
        if isinstance(filed.fact.matter, JOINING):
            self.joining.add(record)
        if isinstance(filed.fact.matter, BY_NAME):
            self.by_name.add(record)
        if named := referrers(filed):
            self.referred[record] = named
        if not is_alone(filed):
            self.others.add(record)

    def hub(self, without: FiledRecord | None = None) -> Contact | None:
        """A contact that every record names which names a customer, but for one that is left out."""
        left_out = without if without is not None and self.filed.get(without.fact.id) is without else None
        aside = () if left_out is None else tuple(contact for _, contact in _contacts_of(left_out))
        count = len(self.naming) - (1 if aside else 0)
        parties = (
            party_named(self.filed[record]) for _, record in self.order if self.filed[record] is not left_out
        )
        first = next(filter(None, parties), None)
        contacts = () if first is None else first.contacts
        return next(
            (each for each in contacts if self.contacts.count(each) - aside.count(each) == count), None
        )

    def customer(self, id_: CustomerId) -> Customer:
        """Whom the records name, where a contact of all makes them one."""
        return Customer(id_, self.naming[0], self.contacts.items, self.names.items)

    def follow(self, told: Customer, now: Customer) -> None:
        """What was told of the customer is what stands now: the same leaves are known of both."""
        for firsts, name in ((self.contacts, "contacts"), (self.names, "names")):
            if firsts.items is getattr(told, name):
                firsts.items = getattr(now, name)
        if self.trail is not None:
            self.trail.follow(told, now)


def index_of(records: Records, known: Customer) -> RecordIndex | None:
    """The index of a large customer, as the records are now; a small one has none."""
    indexes = records.indexes
    index = indexes.pop(known.id, None)
    if len(known.records) < LARGE:
        return None
    if index is None or not index.go_on(records, known):
        index = RecordIndex(records, known)
    while len(indexes) >= FEW_INDEXES:
        indexes.pop(next(iter(indexes)))
    indexes[known.id] = index
    return index


def _contacts_of(filed: FiledRecord) -> list[tuple[Place, Contact]]:
    party = party_named(filed)
    contacts = () if party is None else party.contacts
    return [((filed.judged, number), contact) for number, contact in enumerate(contacts)]


def _names_of(filed: FiledRecord) -> list[tuple[Place, str]]:
    party = party_named(filed)
    return [] if party is None or not party.name else [((filed.judged, 0), party.name)]
