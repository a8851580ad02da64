"""What judging the records of a large customer again came to, step by step, remembered for the next correction.

As with the index this is a matter of time alone: it can be forgotten at any time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from shared.ids import VisitId
from shared.rules.domain.case import Case
from shared.rules.domain.differences import differences
from shared.rules.domain.firsts import Firsts
from shared.rules.domain.long_list import Items, Splice, listed, spliced
from shared.rules.domain.record_index import ASKING, RecordIndex, referrers
from shared.rules.domain.state import (
    Customer,
    FiledRecord,
    Grant,
    Reception,
    RosterEntry,
)

MANY = 32
"""Of more steps that changed, and an eighth of all, lists are put together anew."""

Source: TypeAlias = FiledRecord | RosterEntry
"""What is judged: a record, or that a consultant left."""
_OWN: Final = ("records", "receptions", "assists")
"""The lists to which each record adds what is its own."""


class StepAgain(Struct, frozen=True, gc=False):
    """One record judged again on the customer `before` it, and the customer `after` it.

    `disputing` tells that it changed a dispute.
    """

    before: Customer | None
    after: Customer
    visit: VisitId | None = None
    disputing: bool = False

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


class OwnItems:
    """A list to which each step adds items of its own, which stand by the place of that step."""

    def __init__(self) -> None:
        self.items: Items[Any] = ()
        self._places: list[int] = []

    def gather(self, owned: Iterable[tuple[int, Items[Any]]]) -> None:
        """Begin with what each step owns, in the order of the places."""
        found = list(owned)
        self.items = listed(tuple(chain.from_iterable([items for _, items in found])))
        self._places = list(chain.from_iterable([repeat(place, len(items)) for place, items in found]))

    def exchange(self, place: int, was: Items[Any], now: Items[Any]) -> None:
        """The step at this place owns other items now."""
        at = bisect_left(self._places, place)
        self._places[at : at + len(was)] = [place] * len(now)
        self.items = spliced(self.items, (Splice(at, len(was), now),))


class Trail:
    """What judging a customer's records again came to: all of them name `hub`, and so one customer."""

    def __init__(self, case: Case, hub: str) -> None:
        self.hub = hub
        self.horizon, self.books = case.horizon, case.books
        self.places: list[int] = []
        self.sources: list[Source] = []
        self.steps: list[StepAgain | None] = []
        self.departures: set[int] = set()
        self.asking: set[int] = set()
        self.visits: dict[VisitId, list[int]] = {}
        self.doubled: set[VisitId] = set()
        self.grants = Firsts[Grant]()
        self.lists = {name: OwnItems() for name in _OWN}
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
        del self.places[at], self.sources[at]
        self._count(place, was, -1)
        return was

    def put_in(self, place: int, source: Source) -> None:
        """A source that is yet to be judged."""
        at = bisect_left(self.places, place)
        self.places.insert(at, place)
        self.sources.insert(at, source)
        self.steps.insert(at, None)

    def put_step(self, at: int, step: StepAgain) -> StepAgain | None:
        """What the source came to; answers what it had come to before."""
        place, was = self.places[at], self.steps[at]
        self._count(place, was, -1)
        self.steps[at] = step
        self._count(place, step, 1)
        unreceived = step.visit is not None and not step.after.receptions
        if unreceived or step.disputing or asks(self.sources[at]):  # what it looks at stands elsewhere
            self.asking.add(place)
        return was

    def received(self, visit: VisitId, before: int) -> Items[Reception]:
        """The reception at a visit that one step before this place came to, if it did."""
        for place in self.visits.get(visit, ()):
            step = self.steps[bisect_left(self.places, place)]
            if place < before and step is not None:
                return step.after.receptions
        return ()

    def _count(self, place: int, step: StepAgain | None, count: int) -> None:
        self.asking.discard(place)
        if step is None or step.visit is None:
            return
        places = self.visits.setdefault(step.visit, [])
        if count > 0:
            places.append(place)
        else:
            places.remove(place)
        (self.doubled.add if len(places) > 1 else self.doubled.discard)(step.visit)
        if not places:
            del self.visits[step.visit]

    def follow(self, told: Customer, now: Customer) -> None:
        """What is known of the lists is known of them as they stand now."""
        self.receptions = now.receptions
        for name, own in self.lists.items():
            if getattr(told, name) is own.items:
                own.items = getattr(now, name)
        if told.grants is self.grants.items:
            self.grants.items = now.grants

    def formed(self, changed: Sequence[Changed], index: RecordIndex) -> Customer:
        """The customer after the last step, with the lists of all steps, of which some changed since."""
        many = len(changed) > MANY + len(self.steps) // 8
        if many:
            self._gather()
        else:
            self._edit(changed)
        last = self.steps[-1]
        assert last is not None
        items = {name: own.items for name, own in self.lists.items()}
        lists = {"contacts": index.contacts.items, "names": index.names.items, "grants": self.grants.items}
        return replace(last.after, first=index.naming[0], nth=0, **lists, **items)

    def _gather(self) -> None:
        steps = list(zip(self.places, self.steps, strict=True))
        for name, own in self.lists.items():
            own.gather([(place, _own(step, name)) for place, step in steps])
        self.grants = Firsts()
        self.grants.gather(pair for place, step in steps for pair in _granted(place, step))

    def _edit(self, changed: Sequence[Changed]) -> None:
        for name, own in self.lists.items():
            for each in changed:
                was, now = _own(each.was, name), _own(each.now, name)
                if was != now:
                    own.exchange(each.place, was, now)
        for each in changed:
            for place, grant in _granted(each.place, each.was):
                self.grants.remove(place, grant)
        for each in changed:
            for place, grant in _granted(each.place, each.now):
                self.grants.add(place, grant)


def asks(source: Source) -> bool:
    """Whether it looks at what stands elsewhere."""
    return isinstance(source, FiledRecord) and (
        isinstance(source.fact.matter, ASKING) or bool(referrers(source))
    )


def _own(step: StepAgain | None, name: str) -> Items[Any]:
    """What a step added to a list."""
    items: Items[Any] = () if step is None else getattr(step.after, name)
    return tuple(item for item in items if item)


def _granted(place: int, step: StepAgain | None) -> list[tuple[tuple[int, int], Grant]]:
    return [] if step is None else [((place, number), grant) for number, grant in enumerate(step.granted)]
