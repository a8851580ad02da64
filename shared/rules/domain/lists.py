"""The lists of a customer as records change them; long ones share with the one before what did not change.

A household is linked member by member, and a ruling changes deal by deal: each costs what it changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise
from typing import Any, TypeVar

from shared.rules.domain.long_list import (
    LEAF,
    Items,
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
    keys = _keys(large, by)
    if keys is None:
        return listed(tuple(sorted(chain.from_iterable(given), key=key_of(by))))
    # Of equal ones those come first whose list does.
    coming = [(item, bisect_left) for item in before] + [(item, bisect_right) for item in behind]
    coming.sort(key=lambda pair: key_of(by)(pair[0]))
    return spliced(large, [Splice(_place_for(large, keys, by, *each), 0, (each[0],)) for each in coming])


def _around_largest(given: Sequence[Items[T]]) -> tuple[Items[T], list[T], list[T]]:
    """The longest list, and what stands before and behind it."""
    at = max(range(len(given)), key=lambda number: len(given[number]))
    return given[at], list(chain(*given[:at])), list(chain(*given[at + 1 :]))


def _place(items: Items[T], item: T) -> int:
    place = place_of(items, "", item)
    assert place is not None
    return place


def _keys(items: LongList[T], by: str) -> list[Any] | None:
    """The last key of each leaf, if all stand in order."""
    spans = [leaf.span(by) for leaf in items.leaves]
    ordered = [span for span in spans if span is not None]
    if len(ordered) < len(spans) or any(a[1] > b[0] for a, b in pairwise(ordered)):
        return None
    return [span[1] for span in ordered]


def _place_for(items: LongList[T], keys: Sequence[Any], by: str, item: T, bisect: Callable[..., int]) -> int:
    """Where an item comes among those that stand in order."""
    key = key_of(by)(item)
    number = min(bisect(keys, key), len(keys) - 1)
    leaf = items.leaves[number].items
    return items.ends[number] - len(leaf) + bisect(leaf, key, key=key_of(by))
