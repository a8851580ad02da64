"""Long lists of a customer that grow and are united without being copied; they are put in order when they are read.

A household is linked member by member. Were the lists of a customer copied at each link, a household of six thousand
would cost six thousand times what one of two does, although hardly a rule reads them in between. Short lists, which
nearly all are, stay plain tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias, TypeVar, cast, overload

T = TypeVar("T")
Items: TypeAlias = tuple[T, ...]
Order: TypeAlias = Callable[[Any], Any]

SHORT = 32
"""Up to so many items a list is copied at once."""
_FEW = 8


def _once(item: Any) -> None:
    """The order of a list in which each item stands once, where it stood first."""


def _appended(item: Any) -> None:
    """The order of a list that goes on behind another one."""


def _replacing(item: Any) -> str:
    """The order of deals of which a later one stands in the place of an earlier one with its name."""
    name: str = item.deal
    return name


class United(Sequence[T]):
    """A tuple that is yet to be made of two.

    `weight` is how many items it has at most, `first` and `last` what came first and last, `order` how it is put in
    order.
    """

    __slots__ = ("_items", "_parts", "first", "last", "order", "weight")

    def __init__(self, first: Items[T], second: Items[T], order: Order) -> None:
        self._parts: tuple[Items[T], Items[T]] | None = first, second
        self._items: Items[T] = ()
        self.order = order
        self.weight = weight(first) + weight(second)
        self.last: T = last(second or first)
        start = first or second
        self.first: T = start.first if isinstance(start, United) else start[0]

    def items(self) -> Items[T]:
        """The tuple, which is made once."""
        if self._parts is not None:
            self._items = _in_order(self)
            self._parts = None  # last, for whoever reads it meanwhile
        return self._items

    def parts(self) -> tuple[Items[T], Items[T]] | None:
        """What it is made of; None where it is made."""
        return self._parts

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        return len(self.items())

    def __iter__(self) -> Iterator[T]:
        return iter(self.items())

    def __contains__(self, item: object) -> bool:
        return item in self.items()

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self.items()[index]

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, tuple | United) and self.items() == tuple(other))

    def __hash__(self) -> int:
        return hash(self.items())

    def __repr__(self) -> str:
        return repr(self.items())


def weight(items: Items[Any]) -> int:
    """How many items there are at most, without a look at them."""
    return items.weight if isinstance(items, United) else len(items)


def is_short(*lists: Items[Any]) -> bool:
    """Whether lists are copied rather than left to be put in order."""
    return sum(map(weight, lists)) <= SHORT


def last(items: Items[T]) -> T:
    """What was put in last; there must be something."""
    return cast(T, items.last) if isinstance(items, United) else items[-1]


def has_other(items: Items[T], item: T) -> bool:
    """Whether there is another item than this one, mostly told without putting a list in order."""
    if isinstance(items, United) and (items.first != item or items.last != item):
        return True
    return any(each != item for each in items)


def appended(old: Items[T], item: T) -> Items[T]:
    """The old, and the item behind it."""
    return (*old, item) if is_short(old) else _united(old, (item,), _appended)


def added(old: Items[T], item: T) -> Items[T]:
    """The old, and behind it the item if it is none of them."""
    if not is_short(old):
        return _united(old, (item,), _once)
    return old if item in old else (*old, item)


def replaced(old: Items[T], deal: T) -> Items[T]:
    """The deals with this one in the place of that with its name; behind all, if there is none.

    A ruling over all deals of a customer changes one after another, and reads none in between.
    """
    return _replaced((old, (deal,))) if is_short(old) else _united(old, (deal,), _replacing)


def united(lists: Iterable[Items[T]]) -> Items[T]:
    """All items once, in order."""
    return _all_of(lists, _once)


def united_by(lists: Iterable[Items[T]], name: str) -> Items[T]:
    """All items by this attribute of theirs, those with the same one in order."""
    return _all_of(lists, _by(name))


@cache
def _by(name: str) -> Order:
    return attrgetter(name)


def _all_of(lists: Iterable[Items[T]], order: Order) -> Items[T]:
    given = [items for items in lists if items]
    if not given or (len(given) == 1 and order in (_once, getattr(given[0], "order", None))):
        return given[0] if given else ()  # it stands so already
    if is_short(*given):
        return _ordered(list(chain.from_iterable(given)), order)
    whole = given[0]
    for items in given[1:] or [()]:
        whole = _united(whole, items, order)
    return whole


def _united(first: Items[T], second: Items[T], order: Order) -> Items[T]:
    return cast("Items[T]", United(first, second, order))


def _ordered(items: list[T], order: Order) -> Items[T]:
    if order is _once:
        return tuple(dict.fromkeys(items))
    return _replaced((items,)) if order is _replacing else tuple(sorted(items, key=order))


def _replaced(lists: Iterable[Iterable[T]]) -> Items[T]:
    return tuple({_replacing(item): item for item in chain.from_iterable(lists)}.values())


def _in_order(whole: United[T]) -> Items[T]:
    """The items as they would stand had every step been taken at once.

    What was sorted before is sorted again with the rest: equal items keep their order each time. So only what was
    appended since the last union stands apart.
    """
    behind: list[T] = []
    items: Any = whole
    while isinstance(items, United) and items.order is _appended and (parts := items.parts()) is not None:
        items = parts[0]
        behind.extend(parts[1])
    behind.reverse()  # each step appended one
    if not isinstance(items, United) or items.parts() is None:  # made already, and gone on behind
        return (*items, *behind)
    made, order = _leaves(items, items.order), items.order
    if len(made) > 1 and order is _once and sum(map(len, made[1:])) <= _FEW:
        return (*_few_more(made), *behind)
    return (*_ordered(list(chain.from_iterable(made)), order), *behind)


def _few_more(made: list[Items[T]]) -> Items[T]:
    """A few beside many are looked for, not hashed with all that are there already."""
    items = made[0]
    for item in chain.from_iterable(made[1:]):
        if item not in items:
            items = (*items, item)
    return items


def _leaves(whole: Any, order: Order) -> list[Any]:
    """The tuples of which a list is made, in order; it can be as deep as there were steps.

    Where one item stands in the place of another, and where none does, the steps are not mixed.
    """
    found, waiting = [], [whole]
    while waiting:
        items = waiting.pop()
        alike = isinstance(items, United) and (items.order is _replacing) == (order is _replacing)
        parts = items.parts() if alike else None
        if parts is None:
            found.append(tuple(items))
        else:
            waiting += (parts[1], parts[0])
    return found
