"""The records of one customer are judged again, in a slice of their own (procedure.md#corrections).

Nothing of it is so until a correction tells it again. What a record is bound by of its first judging, and which of
its events are taken over, stands in `case_again`; the rules that go by it in `rules_again`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain

from msgspec.structs import replace

from shared.ids import OfficeId
from shared.rules.domain import events as e
from shared.rules.domain.case import Case, lapse
from shared.rules.domain.case_again import CaseAgain, Earlier
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.effective_time import time_event
from shared.rules.domain.facts import Departure, Fact, HouseholdLink, Party
from shared.rules.domain.identity import identify
from shared.rules.domain.record_index import JOINING, index_of, party_named, records_of
from shared.rules.domain.rules_again import judge_by_precedent
from shared.rules.domain.staff import release
from shared.rules.domain.state import (
    SCOPE,
    Customer,
    FiledRecord,
    Key,
    Outside,
    RosterEntry,
    Scope,
    Slice,
    Staff,
)


def judge_again(case: Case, known: Customer, records: Sequence[FiledRecord] | None = None) -> Case:
    """Judge all records of a customer again, or these of them, in a slice of their own."""
    rejudging = Rejudging(case, known)
    scratch = SliceDraft(Slice({SCOPE: case.scope}))
    if records is None:
        records = records_of(case.slice, known)
    scratch.put({Key("record", filed.fact.id): filed for filed in records})
    told: list[e.DomainEvent] = []
    departures = [entry for entry in case.scope.roster if entry.role is None]
    for filed in records:
        while departures and departures[0].seq < filed.judged:
            told += rejudging.release(scratch, departures.pop(0)).events
        told += rejudging.again(scratch, filed).events
        case.step()
    for entry in departures:
        told += rejudging.release(scratch, entry).events
    final = Case(scratch, case.fact, case.books, case.horizon, case.judge)
    for record in scratch.changed_customers():
        lapse(final, record.id, case.limit)
    final.events = told + final.events
    return final


def identified(case: Case, known: Customer) -> Customer | None:
    """The one customer whom the records name by their contacts alone, with contacts, names and place; else None.

    Judging the records names the same customers in the same order, and could only make fewer of several: so where
    contacts alone make one, judging makes this one. What joins customers otherwise, and so in another order, is
    left to `judge_again`.
    """
    index = index_of(case.slice, known)
    if index is not None and index.joining:
        return None
    if index is not None and index.hub() is not None:
        return index.customer(known.id)
    records = records_of(case.slice, known)
    if any(isinstance(each.fact.matter, JOINING) for each in records):
        return None
    named = [each for each in records if party_named(each) is not None]
    held = _held_together(known, named)
    if held is not None:
        return held
    scratch, earlier = SliceDraft(Slice({SCOPE: case.scope})), Earlier(case.id, known, Outside(case.slice))
    for each in named:
        identify(_case_again(case, scratch, each.fact, earlier), each.fact.matter.customer)  # type: ignore[union-attr]
        case.step()
    formed = scratch.changed_customers()
    return formed[0] if len(formed) == 1 else None


def _held_together(known: Customer, named: Sequence[FiledRecord]) -> Customer | None:
    """The same where one contact stands in every record, as when one number was typed for everybody."""
    parties: list[Party] = [each.fact.matter.customer for each in named]  # type: ignore[union-attr]
    contacts = [party.contacts for party in parties]
    if not any(all(hub in each for each in contacts) for hub in (contacts[0] if contacts else ())):
        return None
    names = dict.fromkeys(party.name for party in parties if party.name)
    first = min(each.fact.seq for each in named)
    return Customer(known.id, first, tuple(dict.fromkeys(chain.from_iterable(contacts))), tuple(names))


class Rejudging:
    """What all records of a customer are judged again by: the scope as it was, and what it knows."""

    def __init__(self, case: Case, known: Customer) -> None:
        self._case = case
        self._known = known
        self._past = Past(case.scope)
        self.outside = Outside(case.slice)
        self._earlier = Earlier(case.id, known, self.outside)

    def again(self, scratch: SliceDraft, filed: FiledRecord) -> Case:
        """Judge a record again."""
        scratch.put({SCOPE: self._past.at(filed.judged)})
        return _again(self._case, scratch, filed, self._known, self._earlier)

    def release(self, scratch: SliceDraft, entry: RosterEntry) -> Case:
        """Let somebody leave again."""
        return _release_again(self._case, scratch, entry, self._past)


def _case_again(case: Case, scratch: SliceDraft, fact: Fact, earlier: Earlier) -> CaseAgain:
    """The judging of a fact that was judged before, for this correction."""
    return CaseAgain(scratch, fact, case.books, case.horizon, case.judge, earlier)


def _again(case: Case, scratch: SliceDraft, filed: FiledRecord, known: Customer, earlier: Earlier) -> Case:
    fact = _within(filed.fact, known)
    again = _case_again(case, scratch, fact, earlier)
    again.flags = time_event(again)
    if filed.trigger != fact.id:
        again.id = filed.trigger
        again.effective = again.clock = filed.effective
    if filed.inert:
        identify(again, fact.matter.customer)  # type: ignore[union-attr]
    else:
        judge_by_precedent(again)
    return again


def flags_of(case: Case, fact: Fact) -> list[str]:
    """The flags that a record got for its time when it was made."""
    return time_event(Case(case.slice, fact, case.books, case.horizon, case.judge))


def _within(fact: Fact, known: Customer) -> Fact:
    """A household record as far as it names this customer."""
    matter = fact.matter
    if not isinstance(matter, HouseholdLink):
        return fact
    members = tuple(
        m if any(contact in known.contacts for contact in m.contacts) else Party(None, ())
        for m in matter.members
    )
    return replace(fact, matter=replace(matter, members=members))


def _release_again(case: Case, scratch: SliceDraft, entry: RosterEntry, past: Past) -> Case:
    scratch.put({SCOPE: past.at(entry.seq)})
    matter = Departure(entry.staff)
    fact = Fact(entry.event, entry.seq, case.scope.name, OfficeId(""), entry.at, entry.at, None, matter)
    again = Case(scratch, fact, case.books, case.horizon, case.judge)
    for customer in scratch.owned_by(entry.staff):
        release(again, customer.id)
    return again


class Past:
    """The header of a scope as it was at each place of the order, made once between two changes of it."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        changes = [entry.seq for entry in scope.roster] + [adopted.seq for adopted in scope.adoptions]
        self._changes = sorted(changes)
        self._made: dict[int, Scope] = {}

    def at(self, seq: int) -> Scope:
        """The header as it was before the fact at this place was judged."""
        changes = bisect_left(self._changes, seq)
        found = self._made.get(changes)
        if found is None:
            found = self._made[changes] = scope_at(self._scope, seq)
        return found


def scope_at(scope: Scope, seq: int) -> Scope:
    """The header as it was before the fact at this place was judged."""
    staff: dict[str, Staff] = {}
    for entry in (entry for entry in scope.roster if entry.seq < seq):
        if entry.role is not None:
            staff[entry.staff] = Staff(entry.role)
        elif entry.staff in staff:
            staff[entry.staff] = replace(staff[entry.staff], departed=True)
        else:
            staff[entry.staff] = Staff("", departed=True)
    adoptions = tuple(adopted for adopted in scope.adoptions if adopted.seq < seq)
    roster = tuple(entry for entry in scope.roster if entry.seq < seq)
    return replace(scope, staff=staff, roster=roster, adoptions=adoptions)
