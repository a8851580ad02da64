"""What judging the records of a large customer again came to, step by step, remembered for the next correction.

As with the index this is a matter of time alone: it can be forgotten at any time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from shared.ids import EventId
from shared.rules.domain.case import Case
from shared.rules.domain.differences import differences
from shared.rules.domain.firsts import Firsts
from shared.rules.domain.long_list import Items, Splice, key_of, listed, place_of, spliced
from shared.rules.domain.record_index import ASKING, RecordIndex
from shared.rules.domain.state import (
    Customer,
    FiledRecord,
    Grant,
    RosterEntry,
)

MANY = 32
"""Of more steps that changed, and an eighth of all, lists are put together anew."""

Source: TypeAlias = FiledRecord | RosterEntry
"""What is judged: a record, or that a consultant left."""
_OWN: Final = {"records": "", "receptions": "event", "assists": "event"}
"""The lists to which each record adds what is its own, and by what it is found there."""


class StepAgain(Struct, frozen=True, gc=False):
    """One record judged again on the customer `before` it, and the customer `after` it."""

    before: Customer | None
    after: Customer
    visit: str | None = None

    @property
    def granted(self) -> tuple[Grant, ...]:
        """What this step granted."""
        carried = 0 if self.before is None else len(self.before.grants[-1:])
        return self.after.grants[carried:]


class Changed(NamedTuple):
    """A step that is another one now, or is gone, or is new."""

    place: int
    was: StepAgain | None
    now: StepAgain | None


class Trail:
    """What judging a customer's records again came to: all of them name `hub`, and so one customer."""

    def __init__(self, case: Case, hub: str) -> None:
        self.hub = hub
        self.horizon, self.books = case.horizon, case.books
        self.places: list[int] = []
        self.sources: list[Source] = []
        self.steps: list[StepAgain | None] = []
        self.placed: dict[EventId, int] = {}
        self.departures: set[int] = set()
        self.asking: set[int] = set()
        self.visits: Counter[str] = Counter()
        self.doubled: set[str] = set()
        self.grants = Firsts[Grant]()
        self.lists: dict[str, Items[Any]] = dict.fromkeys(_OWN, ())
        self.receptions: Items[Any] = ()

    def holds(self, case: Case, known: Customer, index: RecordIndex) -> bool:
        """Whether its records were judged as they would be now, and none of their visits is another's since."""
        if self.horizon != case.horizon or self.books != case.books:
            return False
        changes = differences(self.receptions, known.receptions)
        left = {r.event for each in changes for r in self.receptions[each.at : each.at + each.gone]}
        return not any(record in index.filed for record in left)

    def take_out(self, place: int) -> StepAgain | None:
        """Forget a source; answers what it had come to."""
        at = bisect_left(self.places, place)
        was = self.steps.pop(at)
        del self.placed[_event_of(self.sources[at])], self.places[at], self.sources[at]
        self._count(place, was, -1)
        return was

    def put_in(self, place: int, source: Source) -> None:
        """A source that is yet to be judged."""
        at = bisect_left(self.places, place)
        self.places.insert(at, place)
        self.sources.insert(at, source)
        self.steps.insert(at, None)
        self.placed[_event_of(source)] = place

    def put_step(self, at: int, step: StepAgain) -> StepAgain | None:
        """What the source came to; answers what it had come to before."""
        place, was = self.places[at], self.steps[at]
        self._count(place, was, -1)
        self.steps[at] = step
        self._count(place, step, 1)
        unreceived = step.visit is not None and not step.after.receptions
        if unreceived or asks(self.sources[at]):  # whose visit or deal it is stands elsewhere
            self.asking.add(place)
        return was

    def _count(self, place: int, step: StepAgain | None, count: int) -> None:
        self.asking.discard(place)
        if step is not None and step.visit is not None:
            self.visits[step.visit] += count
            (self.doubled.add if self.visits[step.visit] > 1 else self.doubled.discard)(step.visit)

    def follow(self, told: Customer, now: Customer) -> None:
        """What is known of the lists is known of them as they stand now."""
        self.receptions = now.receptions
        self.lists |= {name: getattr(now, name) for name in _OWN if getattr(told, name) is self.lists[name]}
        if told.grants is self.grants.items:
            self.grants.items = now.grants

    def formed(self, changed: Sequence[Changed], index: RecordIndex) -> Customer:
        """The customer after the last step, with the lists of all steps, of which some changed since."""
        many = len(changed) > MANY + len(self.steps) // 8
        self.lists = {name: self._gathered(name) if many else self._edited(name, changed) for name in _OWN}
        if many:
            self._gather_grants()
        else:
            self._edit_grants(changed)
        last = self.steps[-1]
        assert last is not None
        lists = {"contacts": index.contacts.items, "names": index.names.items, "grants": self.grants.items}
        return replace(last.after, first=index.naming[0], nth=0, **lists, **self.lists)

    def _gathered(self, name: str) -> Items[Any]:
        steps = filter(None, self.steps)
        return listed(tuple(chain.from_iterable([_own(step, name) for step in steps])))

    def _edited(self, name: str, changed: Sequence[Changed]) -> Items[Any]:
        """A list with what other steps made of it."""
        items, by = self.lists[name], _OWN[name]
        changes = [each for each in changed if _own(each.was, name) != _own(each.now, name)]
        for each in changes:
            for item in _own(each.was, name):
                at = place_of(items, by, key_of(by)(item))
                assert at is not None
                items = spliced(items, (Splice(at, 1),))
        placed, key = self.placed, key_of(by)
        for each in changes:
            if own := _own(each.now, name):
                at = bisect_left(items, each.place, key=lambda item: placed[key(item)])
                items = spliced(items, (Splice(at, 0, own),))
        return items

    def _gather_grants(self) -> None:
        self.grants = Firsts()
        steps = zip(self.places, self.steps, strict=True)
        self.grants.gather(pair for place, step in steps for pair in _granted(place, step))

    def _edit_grants(self, changed: Sequence[Changed]) -> None:
        for each in changed:
            for place, grant in _granted(each.place, each.was):
                self.grants.remove(place, grant)
        for each in changed:
            for place, grant in _granted(each.place, each.now):
                self.grants.add(place, grant)


def _event_of(source: Source) -> EventId:
    return source.fact.id if isinstance(source, FiledRecord) else source.event


def asks(source: Source) -> bool:
    return isinstance(source, FiledRecord) and isinstance(source.fact.matter, ASKING)


def _own(step: StepAgain | None, name: str) -> Items[Any]:
    """What a step added to a list."""
    items: Items[Any] = () if step is None else getattr(step.after, name)
    return tuple(item for item in items if item)


def _granted(place: int, step: StepAgain | None) -> list[tuple[tuple[int, int], Grant]]:
    return [] if step is None else [((place, number), grant) for number, grant in enumerate(step.granted)]
