"""A tuple in leaves, for the long lists of a customer: a change makes the leaf anew that it falls into.

Typed for everybody, one number makes one customer of thousands of records. A list that were copied at each change, or
looked through, would have each of their visits cost what all of them did. The leaves that a change leaves alone are
the same objects before and after, by which whoever stores a list knows what is to be written.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import accumulate, chain
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar, cast, overload

from msgspec import Struct

T = TypeVar("T")
Items: TypeAlias = tuple[T, ...]

SHORT = 32
"""Up to so many items a list is a plain tuple, which nearly all are."""
LEAF = 64
"""Items of a leaf at most."""


class Splice(Struct, Generic[T], frozen=True, gc=False, omit_defaults=True):
    """From the place `at` on so many items are `gone`, and these are `put` there."""

    at: int
    gone: int = 0
    put: tuple[T, ...] = ()


Splices: TypeAlias = Sequence[Splice[T]]
"""Changes of one list in the order of their places, all of which are those before the first of them."""


@cache
def key_of(by: str) -> Callable[[Any], Any]:
    """What items are looked up by: an attribute, or with "" what they are."""
    return attrgetter(by) if by else lambda item: item


class Leaf(Generic[T]):
    """Some items, and where among them each stands, which is put down when somebody looks one up."""

    __slots__ = ("_places", "_spans", "items")

    def __init__(self, items: tuple[T, ...]) -> None:
        self.items = items
        self._places: dict[str, dict[Any, int]] = {}
        self._spans: dict[str, tuple[Any, Any] | None] = {}

    def places(self, by: str) -> dict[Any, int]:
        """Where the first item of each key stands."""
        found = self._places.get(by)
        if found is None:
            key, found = key_of(by), {}
            for place, item in enumerate(self.items):
                found.setdefault(key(item), place)
            self._places[by] = found
        return found

    def span(self, by: str) -> tuple[Any, Any] | None:
        """The first and the last key, if the items stand in their order."""
        if by not in self._spans:
            keys = list(map(key_of(by), self.items))
            self._spans[by] = (keys[0], keys[-1]) if sorted(keys) == keys else None
        return self._spans[by]

    def extended(self, more: tuple[T, ...]) -> Leaf[T]:
        """With more behind it; what was put down goes over, since the shorter one is hardly asked again."""
        longer = Leaf((*self.items, *more))
        longer._places, self._places = self._places, {}
        for by, places in longer._places.items():
            key = key_of(by)
            for place, item in enumerate(more, len(self.items)):
                places.setdefault(key(item), place)
        return longer

    def exchanged(self, place: int, item: T) -> Leaf[T]:
        """With another item in this place; what was put down goes over where the key is the same."""
        made = Leaf((*self.items[:place], item, *self.items[place + 1 :]))
        places, self._places, old = self._places, {}, self.items[place]
        made._places = {by: each for by, each in places.items() if key_of(by)(old) == key_of(by)(item)}
        return made


class LongList(Sequence[T]):
    """Reads, compares and hashes like the tuple of its items.

    `_seen` has all items, and those of the lists that it was made of or that were made of it, once somebody asks:
    mostly an item is looked for that was never there.
    """

    __slots__ = ("_ends", "_length", "_seen", "leaves")

    def __init__(self, leaves: tuple[Leaf[T], ...], length: int, ends: Sequence[int] = ()) -> None:
        self.leaves = leaves
        self._length = length
        self._ends = ends
        self._seen: set[T] | None = None

    def grown(self, more: Items[T], put: Iterable[T]) -> Items[T]:
        """Another list that was made of this one by what was put there, with what is known of both."""
        if self._seen is not None and isinstance(more, LongList):
            self._seen.update(put)
            more._seen = self._seen
        return more

    @property
    def ends(self) -> Sequence[int]:
        """How many items there are up to the end of each leaf."""
        if not self._ends:
            self._ends = list(accumulate([len(leaf.items) for leaf in self.leaves]))
        return self._ends

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return chain.from_iterable([leaf.items for leaf in self.leaves])

    def __contains__(self, item: object) -> bool:
        if self._seen is None:
            self._seen = set(self)
        return item in self._seen and place_of(self, "", item) is not None

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...
    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        if index == -1:
            return self.leaves[-1].items[-1]
        if isinstance(index, slice):
            return self._between(*index.indices(self._length))
        place = range(self._length)[index]
        leaf = bisect_right(self.ends, place)
        return self.leaves[leaf].items[place - self.ends[leaf]]

    def _between(self, start: int, stop: int, step: int) -> tuple[T, ...]:
        if step != 1 or start >= stop:
            return tuple(self)[start:stop:step]
        first, last = bisect_right(self.ends, start), bisect_left(self.ends, stop)
        begin = self.ends[first] - len(self.leaves[first].items)
        items = chain.from_iterable([leaf.items for leaf in self.leaves[first : last + 1]])
        return tuple(items)[start - begin : stop - begin]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, LongList) and len(self) == len(other):
            pairs = list(zip(self.leaves, other.leaves, strict=False))
            if all(a is b or len(a.items) == len(b.items) for a, b in pairs):
                return all(a is b or a.items == b.items for a, b in pairs)
        return isinstance(other, tuple | LongList) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))


def listed(items: Sequence[T]) -> Items[T]:
    """The items as they are kept: in leaves where there are many."""
    if len(items) > SHORT and not isinstance(items, LongList):
        return _whole(_cut(tuple(items)), len(items))
    return cast("Items[T]", items) if isinstance(items, tuple | LongList) else tuple(items)


def in_leaves(leaves: Sequence[tuple[T, ...]]) -> Items[T]:
    """The items of these leaves, cut as they are."""
    return _long(tuple(map(Leaf, leaves)), sum(map(len, leaves)))


def leaves_of(items: Items[T]) -> tuple[Leaf[T], ...]:
    """The leaves of a long list; a short one has none."""
    return items.leaves if isinstance(items, LongList) else ()


def place_of(items: Sequence[T], by: str, value: object) -> int | None:
    """Where the first item of this key stands, if there is one."""
    if not isinstance(items, LongList):
        key = key_of(by)
        return next((place for place, item in enumerate(items) if key(item) == value), None)
    for number, leaf in enumerate(items.leaves):
        place = leaf.places(by).get(value)
        if place is not None:
            return place + items.ends[number] - len(leaf.items)
    return None


def matching(items: Sequence[T], by: str, value: object) -> list[T]:
    """All items of this key in their order."""
    key, found = key_of(by), list[T]()
    for leaf in items.leaves if isinstance(items, LongList) else (None,):
        if leaf is None:
            found = [item for item in items if key(item) == value]
        elif (place := leaf.places(by).get(value)) is not None:
            found += [item for item in leaf.items[place:] if key(item) == value]
    return found


def spliced(items: Items[T], splices: Splices[T]) -> Items[T]:
    """The items after these changes; leaves that none of them falls into are the same."""
    if not splices:
        return items
    if not isinstance(items, LongList):
        return listed(_changed(items, 0, splices))
    if splices[0].at == len(items):
        return _extended(items, tuple(chain.from_iterable([each.put for each in splices])))
    return _edited(items, splices)


def exchanged(items: Items[T], place: int, item: T) -> Items[T]:
    """The items with another one in this place."""
    if not isinstance(items, LongList):
        return (*items[:place], item, *items[place + 1 :])
    number = bisect_right(items.ends, place)
    leaf = items.leaves[number]
    changed = leaf.exchanged(place - items.ends[number] + len(leaf.items), item)
    return _long((*items.leaves[:number], changed, *items.leaves[number + 1 :]), len(items), items.ends)


def _changed(items: Iterable[T], begin: int, splices: Splices[T]) -> tuple[T, ...]:
    """Of items the first of which stands at `begin`."""
    changed = list(items)
    for each in reversed(splices):
        at = each.at - begin
        changed[at : at + each.gone] = each.put
    return tuple(changed)


def _extended(items: LongList[T], more: tuple[T, ...]) -> Items[T]:
    last = items.leaves[-1]
    here = more[: max(0, LEAF - len(last.items))]
    leaves = (*items.leaves[:-1], last.extended(here)) if here else items.leaves
    return items.grown(_long((*leaves, *_cut(more[len(here) :])), len(items) + len(more)), more)


def _edited(items: LongList[T], splices: Splices[T]) -> Items[T]:
    made: list[Leaf[T]] = []
    ends, taken, number = items.ends, 0, 0
    while number < len(splices):
        first, stop, following = _region(ends, splices, number)
        made += items.leaves[taken:first]
        begin = ends[first] - len(items.leaves[first].items)
        before = chain.from_iterable([leaf.items for leaf in items.leaves[first : stop + 1]])
        changed = _changed(before, begin, splices[number:following])
        if made and 0 < len(changed) < LEAF // 4 and len(made[-1].items) + len(changed) <= LEAF:
            changed = (*made.pop().items, *changed)  # so that leaves stay few
        made += _cut(changed) if stop + 1 == len(ends) else _halved(changed)
        taken, number = stop + 1, following
    put = list(chain.from_iterable([each.put for each in splices]))
    length = len(items) + len(put) - sum([each.gone for each in splices])
    return items.grown(_whole([*made, *items.leaves[taken:]], length), put)


def _region(ends: Sequence[int], splices: Splices[T], number: int) -> tuple[int, int, int]:
    """The first and the last leaf that a change falls into, with the changes behind it that fall there too."""
    first = stop = _leaf_at(ends, splices[number].at)
    following = number
    while following < len(splices) and _leaf_at(ends, splices[following].at) <= stop:
        each = splices[following]
        if each.gone:
            stop = max(stop, bisect_left(ends, each.at + each.gone))
        following += 1
    return first, stop, following


def _leaf_at(ends: Sequence[int], place: int) -> int:
    return min(bisect_right(ends, place), len(ends) - 1)


def _cut(items: tuple[T, ...]) -> list[Leaf[T]]:
    """Full leaves, and the rest."""
    return [Leaf(items[at : at + LEAF]) for at in range(0, len(items), LEAF)]


def _halved(items: tuple[T, ...]) -> list[Leaf[T]]:
    """Leaves of one size, with room for more."""
    count = -(-len(items) // LEAF)
    size = -(-len(items) // count) if count else 1
    return [Leaf(items[at : at + size]) for at in range(0, len(items), size)]


def _whole(leaves: Sequence[Leaf[T]], length: int) -> Items[T]:
    if length <= SHORT:
        return tuple(chain.from_iterable([leaf.items for leaf in leaves]))
    return _long(tuple(leaves), length)


def _long(leaves: tuple[Leaf[T], ...], length: int, ends: Sequence[int] = ()) -> Items[T]:
    return cast("Items[T]", LongList(leaves, length, ends))
