"""The records of one customer are judged again, in a slice of their own (procedure.md#corrections).

Nothing of it is so until a correction tells it again: flags, penalties, turns and shares stay as they were first
judged, and a dispute stands again where one had been opened, for the rulings on it to count as they did.
"""

from __future__ import annotations

from services.attribution.domain import events as e
from services.attribution.domain.case import Case, lapse
from services.attribution.domain.facts import Departure, Fact, HouseholdLink, Party
from services.attribution.domain.identity import identify
from services.attribution.domain.record import replace
from services.attribution.domain.staffing import release
from services.attribution.domain.state import (
    SCOPE,
    Customer,
    Filed,
    Key,
    Noted,
    RosterEntry,
    Scope,
    Slice,
    Staff,
)
from services.attribution.domain.timing import time_event


def judge_again(case: Case, known: Customer) -> Case:
    """Judge all records of a customer again, in a slice of their own."""
    scope = case.scope
    scratch = Slice()
    records = [filed for record in known.records if (filed := case.slice.filed(record)) is not None]
    for filed in records:
        scratch[Key("record", filed.fact.id)] = filed
    noted = {r.event: r.referrals for r in known.receptions if r.referrals is not None}
    told: list[e.DomainEvent] = []
    departures = [entry for entry in scope.roster if entry.role is None]
    for filed in sorted(records, key=lambda filed: filed.judged):
        while departures and departures[0].seq < filed.judged:
            told += _release_again(case, scratch, departures.pop(0), scope).events
        scratch[SCOPE] = scope_at(scope, filed.judged)
        told += _again(case, scratch, filed, known, noted).events
    for entry in departures:
        told += _release_again(case, scratch, entry, scope).events
    final = Case(scratch, case.fact, case.books, case.horizon, case.judge)
    for record in [r for r in scratch.values() if isinstance(r, Customer)]:
        lapse(final, record.id, case.limit)
    final.events = told + final.events
    return final


def _again(case: Case, scratch: Slice, filed: Filed, known: Customer, noted: Noted) -> Case:
    fact = _within(filed.fact, known)
    again = Case(scratch, fact, case.books, case.horizon, case.judge)
    again.replaying, again.outside, again.anew = True, case.slice, case.id
    again.kept = {deal.deal: deal for deal in known.deals}
    again.formed = known.id
    again.noted = noted
    again.flags = time_event(again)
    if filed.trigger != fact.id:
        again.id = filed.trigger
        again.effective = again.clock = filed.effective
        again.carried = False
    if filed.inert:
        identify(again, fact.matter.customer)  # type: ignore[union-attr]
    else:
        case.judge(again)
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


def _release_again(case: Case, scratch: Slice, entry: RosterEntry, scope: Scope) -> Case:
    scratch[SCOPE] = scope_at(scope, entry.seq)
    matter = Departure(entry.staff)
    fact = Fact(entry.event, entry.seq, scope.name, "", entry.at, entry.at, None, matter)
    again = Case(scratch, fact, case.books, case.horizon, case.judge)
    for customer in scratch.owned_by(entry.staff):
        release(again, customer.id)
    return again


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
