"""What a customer that is formed anew differs in from the one before, so that an event need tell no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeVar

from msgspec.structs import fields, replace

from shared.rules.domain.events import CustomerReformed, ListChanges
from shared.rules.domain.long_list import Items, Leaf, LongList, Splice, spliced
from shared.rules.domain.state import Customer

T = TypeVar("T")

LISTS = tuple(field.name for field in fields(ListChanges))
"""The lists of a customer that grow with their records."""


def reformed(before: Customer, now: Customer) -> CustomerReformed:
    """The event by which a customer is now what `now` says."""
    changes = {name: differences(getattr(before, name), getattr(now, name)) for name in LISTS}
    return CustomerReformed(replace(now, root="", **dict.fromkeys(LISTS, ())), ListChanges(**changes))


def changed(before: Customer, event: CustomerReformed) -> Customer:
    """The customer after such an event; what points to it goes on pointing where it did."""
    lists = {name: spliced(getattr(before, name), getattr(event.changes, name)) for name in LISTS}
    return replace(event.now, root=before.root, **lists)


def differences(before: Items[T], after: Items[T]) -> tuple[Splice[T], ...]:
    """The changes that make one list of another; leaves of both are not looked into."""
    if before is after:
        return ()
    found = []
    for begin, old, new in _between(before, after):
        first = _alike(old, new)
        rest = min(len(old), len(new)) - first
        last = _alike(old[len(old) - rest :][::-1], new[len(new) - rest :][::-1])
        gone, put = len(old) - first - last, new[first : len(new) - last]
        if gone or put:
            found.append(Splice(begin + first, gone, put))
    return tuple(found)


def _between(before: Items[T], after: Items[T]) -> Iterator[tuple[int, tuple[T, ...], tuple[T, ...]]]:
    """What stands between the leaves that are the same: from which place on, what stood there and what does."""
    if not isinstance(before, LongList) or not isinstance(after, LongList):
        yield 0, tuple(before), tuple(after)
        return
    old, new = before.leaves, after.leaves
    taken, pending = _begin(old, new), list[Leaf[T]]()
    stop = len(old) - _begin(old[taken:][::-1], new[taken:][::-1])
    numbers = {id(leaf): number for number, leaf in enumerate(old[taken:stop], taken)}
    for leaf in new[taken : len(new) - len(old) + stop]:
        number = numbers.get(id(leaf), -1)
        if number < taken:
            pending.append(leaf)
            continue
        if number > taken or pending:
            yield _segment(before, taken, number, pending)
        taken, pending = number + 1, []
    if taken < stop or pending:
        yield _segment(before, taken, stop, pending)


def _begin(old: Sequence[Leaf[T]], new: Sequence[Leaf[T]]) -> int:
    """How many leaves are the same from the beginning on; found by halves, which are compared without a step each."""
    same, other = 0, min(len(old), len(new)) + 1
    while other - same > 1:
        half = (same + other) // 2
        same, other = (half, other) if old[same:half] == new[same:half] else (same, half)
    return same


def _segment(
    before: LongList[T], first: int, stop: int, pending: Sequence[Leaf[T]]
) -> tuple[int, tuple[T, ...], tuple[T, ...]]:
    old = tuple(chain.from_iterable([leaf.items for leaf in before.leaves[first:stop]]))
    new = tuple(chain.from_iterable([leaf.items for leaf in pending]))
    return before.ends[first - 1] if first else 0, old, new


def _alike(old: Sequence[T], new: Sequence[T]) -> int:
    """How many items are the same from the beginning on."""
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (a, b) in pairs if a is not b and a != b), min(len(old), len(new)))
