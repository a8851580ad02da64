"""The lists of a customer as records change them; long ones share with the one before what did not change.

A household is linked member by member, and a ruling changes deal by deal: each costs what it changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar

from msgspec import Struct

from shared.rules.domain.long_list import (
    LEAF,
    Items,
    Leaf,
    LongList,
    Splice,
    exchanged,
    key_of,
    listed,
    place_of,
    spliced,
)

T = TypeVar("T")


def appended(old: Items[T], item: T) -> Items[T]:
    """The old, and the item behind it."""
    return (
        spliced(old, (Splice(len(old), 0, (item,)),)) if isinstance(old, LongList) else listed((*old, item))
    )


def added(old: Items[T], item: T) -> Items[T]:
    """The old, and behind it the item if it is none of them."""
    return old if item in old else appended(old, item)


def replaced(old: Items[T], deal: T) -> Items[T]:
    """The deals with this one in the place of that with its name; behind all, if there is none."""
    at = place_of(old, "deal", key_of("deal")(deal))
    return appended(old, deal) if at is None else exchanged(old, at, deal)


def united(lists: Iterable[Items[T]]) -> Items[T]:
    """All items once, where they stand first."""
    given = [items for items in lists if items]
    if len(given) < 2:
        return listed(given[0]) if given else ()
    large, before, behind = _around_largest(given)
    if not isinstance(large, LongList):
        return listed(tuple(dict.fromkeys(chain.from_iterable(given))))
    known = large if len(before) + len(behind) <= LEAF else frozenset(large)
    first = dict.fromkeys(before)
    last = [item for item in dict.fromkeys(behind) if item not in first and item not in known]
    moved = sorted(_place(large, item) for item in first if item in known)
    splices = [Splice[T](place, 1) for place in moved]
    if first:
        splices.insert(0, Splice(0, 0, tuple(first)))
    if last:
        splices.append(Splice(len(large), 0, tuple(last)))
    return spliced(large, splices)


def united_by(lists: Iterable[Items[T]], by: str) -> Items[T]:
    """All items by this attribute of theirs, those with the same one in order."""
    given = [items for items in lists if items]
    if not given:
        return ()
    large, before, behind = _around_largest(given)
    if not isinstance(large, LongList):
        return listed(tuple(sorted(chain.from_iterable(given), key=key_of(by))))
    body, tail = _in_order(large, by)
    if body is None:
        return listed(tuple(sorted(chain.from_iterable(given), key=key_of(by))))
    # Of equal ones those come first whose list does.
    coming = [(item, bisect_left) for item in before] + [(item, bisect_right) for item in (*tail, *behind)]
    coming.sort(key=lambda pair: key_of(by)(pair[0]))
    splices = [Splice(_place_for(body, by, *each), 0, (each[0],)) for each in coming]
    if tail:
        splices.append(Splice(len(large) - len(tail), len(tail)))
    return spliced(large, splices)


def _around_largest(given: Sequence[Items[T]]) -> tuple[Items[T], list[T], list[T]]:
    """The longest list, and what stands before and behind it."""
    at = max(range(len(given)), key=lambda number: len(given[number]))
    return given[at], list(chain(*given[:at])), list(chain(*given[at + 1 :]))


def _place(items: Items[T], item: T) -> int:
    place = place_of(items, "", item)
    assert place is not None
    return place


class _Body(Struct, Generic[T]):
    """The leaves of a list whose items stand in order, the last key of each, and how many items there are up to it."""

    leaves: Sequence[Leaf[T]]
    keys: Sequence[Any]
    ends: Sequence[int]


def _in_order(items: LongList[T], by: str) -> tuple[_Body[T] | None, list[T]]:
    """The leaves at the beginning that stand in order, and the items of the others.

    What a join finds out is appended behind all, though it began earlier: each further join moves only that.
    """
    keys = list[Any]()
    for leaf in items.leaves:
        span = leaf.span(by)
        if span is None or (keys and keys[-1] > span[0]):
            break
        keys.append(span[1])
    tail = list(chain.from_iterable([leaf.items for leaf in items.leaves[len(keys) :]]))
    return (_Body(items.leaves[: len(keys)], keys, items.ends) if keys else None), tail


def _place_for(body: _Body[T], by: str, item: T, bisect: Callable[..., int]) -> int:
    """Where an item comes among those that stand in order."""
    key = key_of(by)(item)
    number = min(bisect(body.keys, key), len(body.keys) - 1)
    leaf = body.leaves[number].items
    return body.ends[number] - len(leaf) + bisect(leaf, key, key=key_of(by))
