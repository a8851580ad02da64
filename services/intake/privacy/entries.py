"""Entries of the registers of a customer: those that name it, and those that go with it (privacy.md#copy).

An answer names the complaint that it answers, progress the deal, a paper the record. Each stands under a person of its
own, so whoever is erased takes it along by what it points at, and not by a contact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.intake.privacy.holdings import Holdings
from services.intake.privacy.people import KeptFact, PeopleOfScope

Json = dict[str, Any]

CHECK: Final = "check.recorded"
POINTS: Final[dict[str, tuple[str, ...]]] = {
    "feedback.received": ("visit",),
    "feedback.answered": ("feedback",),
    "reservation.closed": ("reservation",),
    "deal.terms_set": ("deal", "request"),
    "deal.progressed": ("deal",),
    "request.submitted": ("deal", "record"),
    "record.amended": ("record", "request"),
    "document.attached": ("deal", "record"),
}
"""By which of its fields an entry that names no customer leads to one."""
NAMES: Final = ("profile.recorded", "plan.made", "opportunity.lost", "reservation.made")
"""Entries that name their customer alone; some of the others may do so too."""
TYPES: Final = (*POINTS, *NAMES, CHECK)
_OWN: Final = ("visit", "feedback", "reservation", "request", "plan", "check")
"""Ids that an entry has for itself, by which others point at it."""


class _Glance(Struct):
    id: str
    type: str
    data: Json


class LinkedEntries(Struct, frozen=True):
    """What goes with a customer, whole; and checks of several customers, of which some items are of this one."""

    whole: tuple[KeptFact, ...] = ()
    checks: tuple[KeptFact, ...] = ()

    @property
    def all(self) -> list[KeptFact]:
        """Both, in the order of the journal."""
        return sorted((*self.whole, *self.checks), key=lambda one: one.seq)


_glance: Final = msgspec.json.Decoder(_Glance).decode


def linked_entries(people: PeopleOfScope, holdings: Holdings) -> LinkedEntries:
    """The entries that name a customer, or lead to it by its records, its deals, or one another."""
    records = people.facts(holdings.records)
    known = {fact.seq for fact in records}
    ids = {*own_ids(people, holdings), *(deal.deal for deal in holdings.deals)}
    ids |= {one for fact in records for one in _own_ids(_glance(fact.body))}
    whole: dict[int, KeptFact] = {}
    checks: dict[int, KeptFact] = {}
    asked: set[str] = set()
    while new := ids - asked:
        asked |= new
        for fact in people.entries_that_point(new, TYPES):
            said = _glance(fact.body)
            if fact.seq in known or fact.seq in whole:
                continue
            if said.type == CHECK and any(True for _ in _places(said.data, ids)):
                checks[fact.seq] = fact
            elif ids & (_named_by(said.data["customer"]) if "customer" in said.data else _pointed_at(said)):
                whole[fact.seq] = fact
                ids |= {said.id, *_own_ids(said)}
    return LinkedEntries(tuple(whole.values()), tuple(checks.values()))


def own_ids(people: PeopleOfScope, holdings: Holdings) -> set[str]:
    """What an item of a check names a customer by: its contacts, as they are kept, and its records."""
    contacts = holdings.customer.contacts
    return {*holdings.records, *contacts, *people.of_contacts(contacts).values()}


def items_of(fact: KeptFact, ids: Collection[str]) -> list[int] | None:
    """The places of the items of a check that name a customer by one of these; None of every other entry."""
    said = _glance(fact.body)
    return list(_places(said.data, ids)) if said.type == CHECK else None


def _places(data: Json, ids: Collection[str]) -> Iterator[int]:
    for place, one in enumerate(data.get("items", ())):
        if {one.get("record"), *_named_by(one.get("customer", {}))} & set(ids):
            yield place


def _named_by(party: Json) -> set[str]:
    """By which contacts a party is named, as they are kept."""
    return {*party.get("phones", ()), party.get("wechat", "")}


def _own_ids(said: _Glance) -> Iterable[str]:
    return [
        str(said.data[name]) for name in _OWN if name in said.data and name not in POINTS.get(said.type, ())
    ]


def _pointed_at(said: _Glance) -> set[str]:
    return {str(said.data[name]) for name in POINTS.get(said.type, ()) if name in said.data}
