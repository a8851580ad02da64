"""Records of a large customer are judged again from where a correction changed them until nothing differs any more.

Typed for everybody, one number makes one customer of thousands of records, who leave it one by one. What judging
them again came to is remembered step by step; the next correction begins at the record that it changes, and ends where
the customer stands as before, since all later records decide the same then. This is a matter of time alone: whatever
is remembered can be forgotten, and what it does not hold for is left to `judge_again`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import fields, replace

from shared.ids import CustomerId, EventId
from shared.rules.domain.case import Books, Case, lapse
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.facts import Call, DisputeOpening, FollowUp, Outreach, Subscription, Survey, Visit
from shared.rules.domain.rejudgement import Rejudging, judge_again, records_of
from shared.rules.domain.state import (
    SCOPE,
    Customer,
    CustomerRef,
    Dispute,
    FiledRecord,
    Former,
    Key,
    RosterEntry,
    Slice,
)
from shared.rules.domain.visits import is_first

LARGE = 64
"""From so many records on it is worth while to remember what judging them again came to."""
FEW_TRAILS = 4
"""Of so many customers of a scope it is remembered, those that were corrected last."""
_SOMETHING: Final = ("",)
"""Stands for the records so far, of which a rule asks only whether there are any."""

Source: TypeAlias = FiledRecord | RosterEntry
"""What is judged: a record, or that a consultant left."""
_PLAIN = (Visit, Call, Outreach, FollowUp, Survey)
"""What concerns one customer and looks at nothing but the claim: no deal, dispute, joining or bar."""
_ASKING = (Subscription, DisputeOpening)
"""What looks at how a deal or a dispute stands now, and so is judged at each correction."""
_LISTS = ("contacts", "names", "records", "receptions", "assists", "grants", "former")
"""What only grows with plain records, and decides nothing of later ones; but for former claims, which are looked at."""
_STANDING = attrgetter(*(field.name for field in fields(Customer) if field.name not in _LISTS))
"""All else of a customer."""


class StepAgain(Struct, frozen=True, gc=False):
    """One record judged again: the customer `after` it, whose lists hold what this step added alone."""

    after: Customer
    received: tuple[str, EventId] | None
    former: tuple[Former, ...]


class Trail(Struct, frozen=True):
    """What judging a customer's records again came to: all of them name `hub`, and so one customer."""

    hub: str
    sources: list[Source]
    steps: list[StepAgain]
    horizon: datetime | None
    books: Books
    receptions: tuple[Any, ...]
    records: frozenset[EventId]


def judge_changed(case: Case, known: Customer, changed: FiledRecord) -> Case | None:
    """What `judge_again` answers, where records are plain and one contact holds them together; else None.

    Of events there are only those of a part that `changed` makes by itself, which others must be told.
    """
    if len(known.records) < LARGE or not _is_plain(changed):
        return None
    filed = records_of(case, known)
    trail = _valid(case, known)
    hub = _hub(filed, changed) if trail is None else trail.hub
    if hub is None:
        return None
    apart = [] if hub in _contacts(changed) else [changed]
    rest = [each for each in filed if each is not changed] if apart else filed
    if not rest or not _holds_apart(rest, apart):
        return None
    sources = _with_departures(case, rest)
    run = _Run(case, known, hub, sources, trail)
    steps = run.steps()
    if steps is None:
        return None
    trail = Trail(hub, sources, steps, case.horizon, case.books, (), frozenset())
    told = _formed_customers(case, known, trail, apart)
    if told is not None:
        told.slice.put({**run.disputes})
    return told


def _valid(case: Case, known: Customer) -> Trail | None:
    """What is remembered of this customer, if it was judged as it would be now."""
    trail = case.slice.trails.get(known.id)
    if trail is None or trail.horizon != case.horizon or trail.books != case.books:
        return None
    if known.receptions is not trail.receptions:
        received = set(map(attrgetter("visit", "event"), known.receptions))
        gone = {step.received for step in trail.steps} - received - {None}
        changed = {s.fact.id for s in trail.sources if isinstance(s, FiledRecord)} - set(known.records)
        if any(pair is not None and pair[1] not in changed for pair in gone):
            return None
    return trail


def _contacts(filed: FiledRecord) -> tuple[str, ...]:
    found: tuple[str, ...] = filed.fact.matter.customer.contacts  # type: ignore[union-attr]
    return found


def _is_plain(filed: FiledRecord) -> bool:
    """Whether the record can concern one customer alone, and look up no referrer."""
    matter = filed.fact.matter
    if isinstance(matter, Visit):
        return all(each.consultant is not None or each.contact is None for each in matter.referred_by)
    return isinstance(matter, _PLAIN)


def _is_alone(filed: FiledRecord) -> bool:
    """Whether the record concerns no customer but the one whom it names."""
    return _is_plain(filed) or isinstance(filed.fact.matter, _ASKING)


def _hub(filed: Sequence[FiledRecord], changed: FiledRecord) -> str | None:
    """A contact of all records but the corrected one, if all concern one customer alone."""
    rest = [each for each in filed if each is not changed]
    if not rest or not all(map(_is_alone, rest)):
        return None
    named = [_contacts(each) for each in rest]
    return next((c for c in named[0] if all(c in contacts for contacts in named)), None)


def _holds_apart(rest: Sequence[FiledRecord], apart: Sequence[FiledRecord]) -> bool:
    """Whether the corrected record, where it names another customer, has nothing in common with the rest."""
    if not apart:
        return True
    (changed,) = apart
    alone = frozenset(_contacts(changed))
    customers = (getattr(each.fact.matter, "customer", None) for each in rest)
    return all(party is not None and alone.isdisjoint(party.contacts) for party in customers)


def _with_departures(case: Case, records: Sequence[FiledRecord]) -> list[Source]:
    """The records, and between them who left, in the order in which they were judged."""
    begun = records[0].judged
    left = [entry for entry in case.scope.roster if entry.role is None and entry.seq > begun]
    if not left:
        return list(records)
    found: list[Source] = [*records, *left]
    return sorted(found, key=lambda each: each.judged if isinstance(each, FiledRecord) else each.seq)


class _Run:
    """Judges again what is not remembered of these sources."""

    def __init__(
        self, case: Case, known: Customer, hub: str, sources: list[Source], trail: Trail | None
    ) -> None:
        self._case, self._known, self._hub = case, known, hub
        self._sources = sources
        self._then = [] if trail is None else trail.steps
        before = [] if trail is None else trail.sources
        self._begin = _alike(before, sources)
        self._end = len(sources) - _alike(before[self._begin :][::-1], sources[self._begin :][::-1])
        self._asking = [at for at, each in enumerate(sources) if _asks(each)]
        self._rejudging = Rejudging(case, known)
        self._former_then: tuple[int, tuple[Former, ...]] = 0, ()
        self.disputes: dict[Key, Dispute] = {}

    def steps(self) -> list[StepAgain] | None:
        """One for each source; None where one concerns others too."""
        steps: list[StepAgain] = []
        former: tuple[Former, ...] = ()
        while len(steps) < len(self._sources):
            found = self._remembered(steps, former)
            if not found:
                step = self._step(self._sources[len(steps)], steps[-1].after if steps else None, former)
                if step is None:
                    return None
                found = [step]
                self._case.step()
            steps += found
            former += tuple(chain.from_iterable(step.former for step in found))
        return steps

    def _remembered(self, steps: list[StepAgain], former: tuple[Former, ...]) -> list[StepAgain]:
        """The next steps that are as they were when the same sources were judged on the same customer."""
        at = len(steps)
        if self._begin <= at < self._end:
            return []
        here = at if at < self._begin else at - len(self._sources) + len(self._then)
        end = self._begin if at < self._begin else len(self._sources)
        next_asking = bisect_left(self._asking, at)
        if next_asking < len(self._asking):
            end = min(end, self._asking[next_asking])
        if end == at or not self._converged(steps, former, here):
            return []
        return self._then[here : here + end - at]

    def _converged(self, steps: list[StepAgain], former: tuple[Former, ...], here: int) -> bool:
        """Whether the customer stands after these steps as it did before the step that was `here`."""
        if not steps or not here:
            return not steps and not here
        old, new = self._then[here - 1].after, steps[-1].after
        if old is not new and (_STANDING(old) != _STANDING(new) or old.grants[-1:] != new.grants[-1:]):
            return False
        at, before = self._former_then
        before += tuple(chain.from_iterable(step.former for step in self._then[at:here]))
        self._former_then = here, before
        return before == former  # at which a late registration looks

    def _step(self, source: Source, before: Customer | None, former: tuple[Former, ...]) -> StepAgain | None:
        """Judge one on what stands before it; of lists only what is asked for is there."""
        scratch = self._scratch(before, former)
        received = None
        if isinstance(source, FiledRecord):
            matter = source.fact.matter
            if not _is_alone(source) or self._hub not in _contacts(source):
                return None
            if isinstance(matter, Visit):
                received = matter.visit, source.fact.id
                if not is_first(self._rejudging.outside, matter, source.fact.id):
                    return None
            self._rejudging.again(scratch, source)
        else:
            self._rejudging.release(scratch, source)
        found = scratch.changed_customers()
        if len(found) != 1:
            return None
        for key, each in scratch.changes.items():
            if isinstance(each, Dispute):  # over this one alone
                self.disputes[key] = replace(each, customers=(self._known.id,))
        added = _added(found[0].former, former)
        return StepAgain(replace(found[0], id=self._known.id, former=()), received, added)

    def _scratch(self, before: Customer | None, former: tuple[Former, ...]) -> SliceDraft:
        scratch = SliceDraft(Slice({SCOPE: self._case.scope}))
        if before is None:
            return scratch
        lists: dict[str, tuple[Any, ...]] = dict.fromkeys(_LISTS, ())
        lists |= {"records": _SOMETHING, "grants": before.grants[-1:], "former": former}
        here = CustomerRef(before.id)
        scratch.put({Key("customer", before.id): replace(before, **lists), Key("contact", self._hub): here})
        if before.deals or self.disputes:
            scratch.put({**self.disputes})
            scratch.put({Key("deal", deal.deal): here for deal in before.deals})
        return scratch


def _asks(source: Source) -> bool:
    return isinstance(source, FiledRecord) and isinstance(source.fact.matter, _ASKING)


def _added(now: tuple[Former, ...], before: tuple[Former, ...]) -> tuple[Former, ...]:
    """What was put behind the former claims."""
    count = len(now) - len(before)
    return now[-count:] if count else ()


def _alike(before: Sequence[Source], now: Sequence[Source]) -> int:
    """How many sources are the same from the beginning on."""
    pairs = enumerate(zip(before, now, strict=False))
    return next((at for at, (a, b) in pairs if a is not b), min(len(before), len(now)))


def _formed_customers(case: Case, known: Customer, trail: Trail, apart: Sequence[FiledRecord]) -> Case | None:
    """The customers that there are now, and what must be told of the one that is new; remembers the steps."""
    steps = trail.steps
    visits = [step.received[0] for step in steps if step.received is not None]
    if len(set(visits)) != len(visits):
        return None
    formed = _formed(steps)
    told = judge_again(case, known, apart) if apart else None
    others = told.slice.changed_customers() if told is not None else []
    if any(other.place < formed.place for other in others):
        return None
    _remember(case, known.id, trail, formed)
    draft = SliceDraft(
        Slice({SCOPE: case.scope}), {Key("customer", each.id): each for each in (formed, *others)}
    )
    final = Case(draft, case.fact, case.books, case.horizon, case.judge)
    lapse(final, formed.id, case.limit)
    final.events = told.events if told is not None else []
    return final


def _remember(case: Case, customer: CustomerId, trail: Trail, formed: Customer) -> None:
    """Keep the steps for the next correction."""
    trails = case.slice.trails
    trails.pop(customer, None)
    while len(trails) >= FEW_TRAILS:
        trails.pop(next(iter(trails)))
    records = frozenset(formed.records)
    trails[customer] = replace(trail, receptions=formed.receptions, records=records)


def _formed(steps: Sequence[StepAgain]) -> Customer:
    """The customer after the last step, with the lists of all."""
    every = [step.after for step in steps]
    once: dict[str, tuple[Any, ...]] = {}
    for name in ("contacts", "names", "records", "grants"):
        items = list(chain.from_iterable(map(attrgetter(name), every)))
        once[name] = tuple(dict.fromkeys(dict(zip(map(id, items), items, strict=True)).values()))
    once["records"] = tuple(record for record in once["records"] if record)
    for name in ("receptions", "assists"):
        once[name] = tuple(chain.from_iterable(map(attrgetter(name), every)))
    former = tuple(chain.from_iterable(step.former for step in steps))
    return replace(every[-1], former=former, **once)
