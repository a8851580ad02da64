"""Which records one fact asks for, told from what is at hand; asked again until it wants nothing new.

A rule looks at nothing else, so a scope need never be loaded whole. Most facts want two rounds (contacts, then
their customers); a correction reaches furthest, since a customer is formed anew from all records, but no further
than what these name: whoever is met there is not formed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from shared.ids import EventId
from shared.rules.domain import facts as f
from shared.rules.domain.differences import differences
from shared.rules.domain.state import SCOPE, Customer, CustomerRef, Dispute, Key, Record, Slice, taken_key

HELD = "held"
"""The kind of key that stands for every customer whom one consultant has a claim on."""


_LEADS_ON = frozenset({"contact", "visit", "deal", "joined", "customer", "dispute"})
"""The kinds under which stands a record that leads to others; most keys of a fact are of other kinds."""

_DISPUTED = (f.Subscription, f.Recognition, f.HouseholdLink, f.Concealment)
"""What can have opened a dispute of the system, which may have gone with another customer since."""


def needs(fact: f.Fact, slice_: Slice) -> set[Key]:
    """Every key that this fact needs, as far as the slice already tells."""
    leading = named(fact.matter)
    more = _MORE.get(type(fact.matter))
    if more is not None:
        leading += more(slice_, fact.matter)
    wanted = {SCOPE, Key("board", fact.office), Key("record", fact.id), *leading}
    _close(slice_, wanted, leading)
    return wanted


def _left(slice_: Slice, departure: f.Departure) -> Iterator[Key]:
    """Whatever the staff of a scope may have; without its header nothing is known of it."""
    if SCOPE in slice_:
        yield Key(HELD, departure.staff)
        yield from (Key("board", office) for office in slice_.scope.offices)
        yield from (Key("customer", customer.id) for customer in slice_.owned_by(departure.staff))


def _registered(slice_: Slice, recognition: f.Recognition) -> Iterable[Key]:
    """What the registration names that somebody recognised."""
    record = recognition.registration
    filed = slice_.filed(record) if record is not None else None
    return named(filed.fact.matter) if filed is not None else ()


def _formed_anew(slice_: Slice, correction: f.Correction) -> Iterator[Key]:
    """The records of the customers whom a corrected record names so far, and what these name."""
    record = correction.record
    filed = slice_.filed(record)
    if filed is None:
        return
    yield Key("record", record)
    yield from named(filed.fact.matter)
    party = getattr(filed.fact.matter, "customer", None)
    for contact in party.contacts if isinstance(party, f.Party) else ():
        pointed = slice_.pointed("contact", contact)
        customer = slice_.get(Key("customer", pointed)) if pointed is not None else None
        for each in _not_at_hand(slice_, customer) if isinstance(customer, Customer) else ():
            yield Key("record", each)
            known = slice_.filed(each)
            yield from named(known.fact.matter) if known is not None else ()
            if known is not None and isinstance(known.fact.matter, _DISPUTED):
                yield Key("dispute", f"system:{each}")


_MORE: dict[type, Callable[[Slice, Any], Iterable[Key]]] = {
    f.Departure: _left,
    f.Recognition: _registered,
    f.Correction: _formed_anew,
}
"""What facts of one type want besides what they name, by what is at hand."""


def _not_at_hand(slice_: Slice, customer: Customer) -> Iterable[EventId]:
    """The customer's records; of one that has an index only those that came since, for the others were asked for."""
    index = slice_.indexes.get(customer.id)
    if index is None:
        return customer.records
    return chain.from_iterable(each.put for each in differences(index.records, customer.records))


def named(matter: f.Matter) -> list[Key]:
    """What a fact names by itself: contacts, visits, deals, disputes, records."""
    party = getattr(matter, "customer", None)
    found = [Key("contact", contact) for contact in party.contacts] if isinstance(party, f.Party) else []
    others = _OTHERS.get(type(matter))
    if others is not None:
        found += others(matter)
    return found


def _visit(visit: f.Visit) -> list[Key]:
    referrers = [Key("contact", r.contact) for r in visit.referred_by if r.contact is not None]
    return [Key("visit", visit.visit), taken_key("visit", visit.visit), *referrers]


def _members(link: f.HouseholdLink) -> list[Key]:
    return [Key("contact", contact) for member in link.members for contact in member.contacts]


def _recognised(recognition: f.Recognition) -> list[Key]:
    registration = recognition.registration
    return [
        Key("visit", recognition.visit),
        *([Key("record", registration)] if registration is not None else ()),
    ]


def _deal(matter: f.Subscription | f.Signing | f.Cancellation) -> list[Key]:
    return [Key("deal", matter.deal), taken_key("deal", matter.deal)]


def _disputed(opening: f.DisputeOpening) -> list[Key]:
    return [
        Key("dispute", opening.dispute),
        taken_key("dispute", opening.dispute),
        *([Key("deal", opening.deal)] if opening.deal is not None else ()),
    ]


def _dispute(matter: f.EvidenceAdding | f.Ruling) -> list[Key]:
    return [Key("dispute", matter.dispute)]


def _entry(entry: f.UnreadEntry) -> list[Key]:
    contacts = entry.party.contacts if entry.party is not None else ()
    own = () if entry.own is None else (taken_key(*entry.own),)
    return [*(Key("contact", contact) for contact in contacts), *own]


def _record(matter: f.Correction | f.Approval | f.Amendment) -> list[Key]:
    return [Key("record", matter.record)]


_OTHERS: dict[type, Callable[[Any], list[Key]]] = {
    f.Visit: _visit,
    f.HouseholdLink: _members,
    f.Recognition: _recognised,
    f.Concealment: lambda concealment: [Key("visit", concealment.visit)],
    f.Subscription: _deal,
    f.Signing: _deal,
    f.Cancellation: _deal,
    f.DisputeOpening: _disputed,
    f.EvidenceAdding: _dispute,
    f.Ruling: _dispute,
    f.Correction: _record,
    f.Approval: _record,
    f.Amendment: _record,
    f.UnreadEntry: _entry,
}
"""What facts of one type name besides a customer."""


def _close(slice_: Slice, wanted: set[Key], leading: Iterable[Key]) -> None:
    """Add what the records under these keys lead to, and what those lead to, as far as they are at hand."""
    waiting = [key for key in leading if key.kind in _LEADS_ON]
    while waiting:
        key = waiting.pop()
        for led in _leads(key, slice_.get(key)):
            if led not in wanted:
                wanted.add(led)
                if led.kind in _LEADS_ON:
                    waiting.append(led)


def leads_on(slice_: Slice, changed: Iterable[Key], asked: set[Key]) -> bool:
    """Whether a fact that asked for all these keys wants more, now that some of their records have changed.

    Not of one who leaves, nor of a correction: these want more by other ways than what leads to what.
    """
    for key in changed:
        if key.kind == "record":  # of a recognition: what the record names
            return True
        if key.kind in _LEADS_ON and any(led not in asked for led in _leads(key, slice_.get(key))):
            return True
    return False


def _leads(key: Key, record: Record | None) -> Sequence[Key]:
    if record is None:  # a customer may have been joined to another, and still be pointed to
        return (Key("joined", key.id),) if key.kind == "customer" else ()
    if isinstance(record, CustomerRef):
        return (Key("customer", record.customer),)
    if isinstance(record, Customer):
        disputes = [Key("dispute", dispute) for dispute in record.disputes]
        return [*disputes, Key("joined", record.root)] if record.root else disputes
    return _of_dispute(record) if isinstance(record, Dispute) else ()


def _of_dispute(dispute: Dispute) -> list[Key]:
    customers = dispute.customers if dispute.other is None else (*dispute.customers, dispute.other)
    return [
        Key("record", dispute.event),
        *(Key("customer", customer) for customer in customers),
        *(Key("deal", deal) for deal in dispute.deals),
    ]
