"""Items that several records name, in the order in which each is named first: the contacts and names of a customer."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import Generic, TypeAlias, TypeVar

from shared.rules.domain.long_list import Items, Splice, listed, spliced

T = TypeVar("T")
Place: TypeAlias = tuple[int, int]
"""Where something was named: the place of the record, and which of its items it was."""


class Firsts(Generic[T]):
    """Items that are named in several places, in the order in which each is named first."""

    def __init__(self) -> None:
        self.items: Items[T] = ()
        self._places: dict[T, list[Place]] = {}

    def gather(self, named: Iterable[tuple[Place, T]]) -> None:
        """Begin with all that is named, in the order of the places."""
        for place, item in named:
            self._places.setdefault(item, []).append(place)
        self.items = listed(tuple(self._places))

    def count(self, item: T) -> int:
        """How often this is named."""
        return len(self._places.get(item, ()))

    def add(self, place: Place, item: T) -> None:
        places = self._places.setdefault(item, [])
        if places and place < places[0]:
            self._take_out(places[0])
        insort(places, place)
        if places[0] == place:
            self._put_in(place, item)

    def remove(self, place: Place, item: T) -> None:
        places = self._places[item]
        at = bisect_left(places, place)
        del places[at]
        if at == 0:
            self._take_out(place, item)
            if places:
                self._put_in(places[0], item)
        if not places:
            del self._places[item]

    def _take_out(self, place: Place, item: T | None = None) -> None:
        self.items = spliced(self.items, (Splice(self._at(place, item), 1),))

    def _put_in(self, place: Place, item: T) -> None:
        self.items = spliced(self.items, (Splice(self._at(place, item), 0, (item,)),))

    def _at(self, place: Place, item: T | None) -> int:
        """Where what is named first at this place stands, or comes; `item` may be on its way."""
        return bisect_left(
            self.items, place, key=lambda each: place if each == item else self._places[each][0]
        )
