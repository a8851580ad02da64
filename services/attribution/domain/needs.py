"""Which records one fact asks for, told from what is at hand; asked again until it wants nothing new.

A rule looks at nothing else, so a scope need never be loaded whole. Most facts want two rounds (contacts, then
their customers); a correction reaches furthest, since a customer is formed anew from all records, but no further
than what these name: whoever is met there is not formed anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.attribution.domain import facts as f
from services.attribution.domain.state import SCOPE, Customer, Dispute, Key, Pointer, Slice, taken_key

HELD = "held"
"""The kind of key that stands for every customer whom one consultant has a claim on."""


_DISPUTED = (f.Subscription, f.Recognition, f.HouseholdLink, f.Concealment)
"""What can have opened a dispute of the system, which may have gone with another customer since."""


def needs(fact: f.Fact, slice_: Slice) -> frozenset[Key]:
    """Every key that this fact needs, as far as the slice already tells."""
    wanted: set[Key] = {SCOPE, Key("board", fact.office), Key("record", fact.id)}
    wanted.update(_named(fact.matter))
    match fact.matter:
        case f.Departure(staff=staff) if SCOPE in slice_:
            wanted.add(Key(HELD, staff))
            wanted.update(Key("board", office) for office in slice_.scope.offices)
            wanted.update(Key("customer", customer.id) for customer in slice_.owned_by(staff))
        case f.Recognition(registration=str(record)):
            filed = slice_.filed(record)
            wanted.update(_named(filed.fact.matter) if filed is not None else ())
        case f.Correction(record=str(record)):
            wanted.update(_formed_anew(slice_, record))
    wanted.update(_closure(slice_, wanted))
    return frozenset(wanted)


def _formed_anew(slice_: Slice, record: str) -> Iterator[Key]:
    """The records of the customers whom a corrected record names so far, and what these name."""
    filed = slice_.filed(record)
    if filed is None:
        return
    yield from _named(filed.fact.matter)
    party = getattr(filed.fact.matter, "customer", None)
    for contact in party.contacts if isinstance(party, f.Party) else ():
        pointed = slice_.pointed("contact", contact)
        customer = slice_.get(Key("customer", pointed)) if pointed is not None else None
        for each in customer.records if isinstance(customer, Customer) else ():
            yield Key("record", each)
            known = slice_.filed(each)
            yield from _named(known.fact.matter) if known is not None else ()
            if known is not None and isinstance(known.fact.matter, _DISPUTED):
                yield Key("dispute", f"system:{each}")


def _named(matter: f.Matter) -> Iterator[Key]:
    """What a fact names by itself: contacts, visits, deals, disputes, records."""
    party = getattr(matter, "customer", None)
    if isinstance(party, f.Party):
        yield from _contacts(party)
    match matter:
        case f.Visit():
            yield Key("visit", matter.visit)
            yield taken_key("visit", matter.visit)
            yield from _referrers(matter)
        case f.HouseholdLink():
            for member in matter.members:
                yield from _contacts(member)
        case f.Recognition():
            yield Key("visit", matter.visit)
            if matter.registration is not None:
                yield Key("record", matter.registration)
        case f.Concealment():
            yield Key("visit", matter.visit)
        case f.Subscription() | f.Signing() | f.Cancellation():
            yield Key("deal", matter.deal)
            yield taken_key("deal", matter.deal)
        case f.DisputeOpening():
            yield Key("dispute", matter.dispute)
            yield taken_key("dispute", matter.dispute)
            if matter.deal is not None:
                yield Key("deal", matter.deal)
        case f.EvidenceAdding() | f.Ruling():
            yield Key("dispute", matter.dispute)
        case f.Correction() | f.Approval():
            yield Key("record", matter.record)


def _contacts(party: f.Party) -> Iterator[Key]:
    return (Key("contact", contact) for contact in party.contacts)


def _referrers(visit: f.Visit) -> Iterator[Key]:
    return (Key("contact", r.contact) for r in visit.referred_by if r.contact is not None)


def _closure(slice_: Slice, keys: Iterable[Key]) -> set[Key]:
    """What the records under these keys lead to, and what those lead to, as far as they are at hand."""
    found: set[Key] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        for led in _leads(slice_, key):
            if led not in found:
                found.add(led)
                waiting.append(led)
    return found


def _leads(slice_: Slice, key: Key) -> Iterator[Key]:
    match slice_.get(key):
        case Pointer(customer=customer):
            yield Key("customer", customer)
        case None if key.kind == "customer":
            yield Key("joined", key.id)  # it may have been joined to another, and still be pointed to
        case Customer() as customer:
            yield from (Key("dispute", dispute) for dispute in customer.disputes)
            if customer.root:
                yield Key("joined", customer.root)
        case Dispute() as dispute:
            yield from (Key("customer", customer) for customer in dispute.customers)
            yield Key("record", dispute.event)
            yield from (Key("deal", deal) for deal in dispute.deals)
            if dispute.other is not None:
                yield Key("customer", dispute.other)
