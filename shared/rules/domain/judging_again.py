"""Records of a large customer are judged again from where a correction changed them until nothing differs any more.

The next correction begins at the record that it changes, and ends where the customer stands as before, since all later
records decide the same then. What this does not hold for is left to `judge_again`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import fields, replace

from shared.rules.domain.case import Case, lapse
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.facts import Concealment, Recognition, Visit
from shared.rules.domain.long_list import Items
from shared.rules.domain.record_index import RecordIndex, index_of, is_plain, party_named, referrers
from shared.rules.domain.rejudgement import Rejudging, judge_again
from shared.rules.domain.state import (
    SCOPE,
    Customer,
    CustomerRef,
    Dispute,
    FiledRecord,
    Key,
    Slice,
)
from shared.rules.domain.trail import Changed, Source, StepAgain, Trail
from shared.rules.domain.visits import is_first

_SOMETHING: Final = ("",)
"""Stands for the records so far, of which a rule asks only whether there are any."""
_ADDED: Final = ("contacts", "names", "records", "receptions", "assists")
"""Of what a step has, what only this step added."""
_ASIDE: Final = (*_ADDED, "grants", "former", "first", "nth", "id")
_STANDING = attrgetter(*(field.name for field in fields(Customer) if field.name not in _ASIDE))
"""All else of a customer, by which later records are decided, as they are by the last grant and the former claims."""


def judge_changed(case: Case, known: Customer, changed: FiledRecord) -> Case | None:
    """What `judge_again` answers, where each record concerns this customer alone and one contact holds them together.

    Else None. Of events there are only those of a part that `changed` makes by itself, which others must be told.
    """
    index = index_of(case.slice, known)
    if index is None or not is_plain(changed) or index.others - {changed.fact.id}:
        return None
    hub = index.hub(changed)
    if hub is None or _is_looked_at(index, changed) or _refers_within(index, changed):
        return None
    party, known_already = party_named(changed), changed.fact.id in index.filed
    apart = [] if party is not None and hub in party.contacts else [changed]
    rest, naming = len(index.filed) - known_already, len(index.naming) - (known_already and party is not None)
    if rest != naming + len(index.by_name):
        return None  # one of them names nobody
    if apart and party is not None and any(index.contacts.count(c) > known_already for c in party.contacts):
        return None  # it has something in common with the rest
    for each in apart:
        index.let_go(each.fact.id)
    told = _judged(case, known, index, hub, apart)
    if told is None:
        index.trail = None
        index.go_on(case.slice, known)
    return told


def _refers_within(index: RecordIndex, changed: FiledRecord) -> bool:
    """Whether somebody who sent a customer is one of those who are judged again."""
    party = party_named(changed)
    own = () if party is None else party.contacts
    asked = {contact for each in index.referred.values() for contact in each} | {*referrers(changed)}
    return any(contact in own or index.contacts.count(contact) for contact in asked)


def _is_looked_at(index: RecordIndex, changed: FiledRecord) -> bool:
    """Whether a record is about this very one, and so goes where it goes."""
    record, visit = changed.fact.id, getattr(changed.fact.matter, "visit", None)
    matters = [index.filed[each].fact.matter for each in index.by_name]
    return any(
        matter.visit == visit or getattr(matter, "registration", None) == record
        for matter in matters
        if isinstance(matter, Recognition | Concealment)
    )


def _judged(
    case: Case, known: Customer, index: RecordIndex, hub: str, apart: Sequence[FiledRecord]
) -> Case | None:
    trail, index.trail = index.trail, None
    if trail is None or trail.hub != hub or not trail.holds(case, known, index):
        trail, index.touched = Trail(case, hub), dict.fromkeys(index.filed)
    trail.receptions = known.receptions
    run = _Run(case, known, index, trail)
    if not index.filed or not run.judge():
        return None
    formed = trail.formed(run.changed, index)
    told = judge_again(case, known, apart) if apart else None
    others = told.slice.changed_customers() if told is not None else []
    if any(other.place < formed.place for other in others):
        return None
    index.trail = trail
    draft = SliceDraft(
        Slice({SCOPE: case.scope}), {Key("customer", each.id): each for each in (formed, *others)}
    )
    final = Case(draft, case.fact, case.books, case.horizon, case.judge)
    lapse(final, formed.id, case.limit)
    final.events = told.events if told is not None else []
    draft.put({**run.disputes})
    return final


class _Run:
    """Judges again what is not remembered."""

    def __init__(self, case: Case, known: Customer, index: RecordIndex, trail: Trail) -> None:
        self._case, self._known, self._index, self._trail = case, known, index, trail
        self._rejudging = Rejudging(case, known)
        self.changed: list[Changed] = []
        self.disputes: dict[Key, Dispute] = {}

    def judge(self) -> bool:
        """Judge what changed, and what follows as long as it differs; False where something concerns others too."""
        trail = self._trail
        waiting = [*self._moved(), *trail.asking]
        heapify(waiting)
        judged = -1
        while waiting:
            at = bisect_left(trail.places, heappop(waiting))
            if at == len(trail.places) or (place := trail.places[at]) == judged:
                continue
            step, before = trail.steps[at], self._before(at)
            if step is not None and place not in trail.asking and _is_alike(step.before, before):
                continue
            judged, step = place, self._step(place, trail.sources[at], before)
            if step is None:
                return False
            self.changed.append(Changed(place, trail.put_step(at, step), step))
            self._case.step()
            if at + 1 < len(trail.places):
                heappush(waiting, trail.places[at + 1])
        return not trail.doubled

    def _before(self, at: int) -> Customer | None:
        step = self._trail.steps[at - 1] if at else None
        return None if step is None else step.after

    def _moved(self) -> list[int]:
        """Bring the sources up to date; answers the places to look at."""
        index, trail, places = self._index, self._trail, list[int]()
        touched, index.touched = index.touched, {}
        for record, was in touched.items():
            now = index.filed.get(record)
            if was is not now and was is not None:
                places.append(self._take_out(was.judged))
            if was is not now and now is not None:
                trail.put_in(now.judged, now)
                places.append(now.judged)
        begun = index.order[0][0] if index.order else 0
        left = {e.seq: e for e in self._case.scope.roster if e.role is None and e.seq > begun}
        places += [self._take_out(seq) for seq in trail.departures - left.keys()]
        for seq in left.keys() - trail.departures:
            trail.put_in(seq, left[seq])
            places.append(seq)
        trail.departures = set(left)
        return places

    def _take_out(self, place: int) -> int:
        """Answers the place behind, where it is seen whether anything differs."""
        self.changed.append(Changed(place, self._trail.take_out(place), None))
        return place + 1

    def _step(self, place: int, source: Source, before: Customer | None) -> StepAgain | None:
        """Judge one on what stands before it; of lists only what is asked for is there."""
        scratch, visit = self._scratch(place, source, before), None
        if isinstance(source, FiledRecord):
            matter = source.fact.matter
            if isinstance(matter, Visit):
                visit = matter.visit
                if not is_first(self._rejudging.outside, matter, source.fact.id):
                    return None
            self._rejudging.again(scratch, source)
        else:
            self._rejudging.release(scratch, source)
        found = scratch.changed_customers()
        if len(found) != 1:
            return None
        disputes = {key: each for key, each in scratch.changes.items() if isinstance(each, Dispute)}
        disputing = any(each is not self.disputes.get(key) for key, each in disputes.items())
        for key, each in disputes.items():  # over this one alone
            self.disputes[key] = replace(each, customers=(self._known.id,))
        after = replace(found[0], id=self._known.id)
        return StepAgain(
            before, after if visit is not None else replace(after, receptions=()), visit, disputing
        )

    def _scratch(self, place: int, source: Source, before: Customer | None) -> SliceDraft:
        scratch = SliceDraft(Slice({SCOPE: self._case.scope}))
        if before is None:
            return scratch
        lists: dict[str, Items[Any]] = dict.fromkeys(_ADDED, ())
        lists |= {"records": _SOMETHING, "grants": before.grants[-1:]}
        here = CustomerRef(before.id)
        matter = source.fact.matter if isinstance(source, FiledRecord) else None
        if isinstance(matter, Recognition | Concealment):
            lists["receptions"] = self._trail.received(matter.visit, place)
            if lists["receptions"]:
                scratch.put({Key("visit", matter.visit): here})
        if isinstance(matter, Recognition) and matter.registration in self._index.filed:
            named = self._index.filed[matter.registration]
            scratch.put({Key("record", matter.registration): named})
        scratch.put(
            {Key("customer", before.id): replace(before, **lists), Key("contact", self._trail.hub): here}
        )
        if before.deals or self.disputes:
            scratch.put({**self.disputes})
            scratch.put({Key("deal", deal.deal): here for deal in before.deals})
        return scratch


def _is_alike(old: Customer | None, new: Customer | None) -> bool:
    """Whether what follows is decided the same after either."""
    if old is new:
        return True
    if old is None or new is None or _STANDING(old) != _STANDING(new) or old.grants[-1:] != new.grants[-1:]:
        return False
    return old.former == new.former  # at which a late registration looks
