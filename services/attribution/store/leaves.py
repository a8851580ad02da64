"""The long lists of large customers in rows of their own: what is written is what changed of them.

The row of a customer holds their short lists, and of a long one the numbers of its leaves (ADR 0034). A leaf keeps its
number as long as it is the same object; one that is made anew takes the number of one that is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, count, pairwise
from operator import attrgetter
from typing import Any, Final, NamedTuple, TypeAlias, get_type_hints

import msgspec
from msgspec.structs import replace

from services.attribution.store.codec import decode_record, encode_record, encoder
from shared.ids import CustomerId
from shared.rules.domain.differences import LISTS
from shared.rules.domain.long_list import Leaf, LongList, in_leaves, leaves_of
from shared.rules.domain.state import Customer

Run: TypeAlias = tuple[int, int]
"""Leaves with numbers that follow one another: the first, and how many."""
Runs: TypeAlias = dict[str, list[Run]]
Numbered: TypeAlias = dict[Leaf[Any], int]
"""The leaves of one list in their order, each with its number."""

FACE_LISTS: Final = ("contacts", "names", "deals")
"""What the face of a customer shows of the lists that can be long."""
_lists = attrgetter(*LISTS)
_hints = get_type_hints(Customer)
_DECODERS: Final = {name: msgspec.json.Decoder(_hints[name]) for name in LISTS}
_runs_decoder = msgspec.json.Decoder(Runs)
_NONE: Final[Numbered] = {}


class LeafRow(NamedTuple):
    """A leaf as it is stored; `customer` is the home of whoever has it."""

    customer: CustomerId
    list: str
    leaf: int
    state: bytes


class CustomerRow(NamedTuple):
    """A customer's row as it was read: the lists in `runs` are yet to be put together."""

    customer: Customer
    runs: Runs


def is_in_leaves(state: bytes) -> bool:
    """Whether the row of a customer says which leaves there are."""
    return state.partition(b" ")[0].endswith(b"+")


def read_row(state: bytes) -> CustomerRow:
    """The row of a customer with long lists."""
    version, _, body = state.partition(b" ")
    runs, _, customer = body.partition(b"\n")
    read = decode_record("customer", b"%b %b" % (version[:-1], customer))
    assert isinstance(read, Customer)
    return CustomerRow(read, _runs_decoder.decode(runs))


def put_together(
    row: CustomerRow, names: Iterable[str], leaves: Mapping[tuple[str, int], bytes]
) -> tuple[Customer, dict[str, Numbered]]:
    """The customer with these of their lists, of which the leaves are given by list and number; and the numbers."""
    lists: dict[str, tuple[Any, ...]] = {}
    numbered: dict[str, Numbered] = {}
    for name in row.runs.keys() & set(names):
        numbers = list(_numbers(row.runs[name]))
        lists[name] = in_leaves([_DECODERS[name].decode(leaves[name, number]) for number in numbers])
        numbered[name] = dict(zip(leaves_of(lists[name]), numbers, strict=True))
    return replace(row.customer, **lists), numbered


class StoredLeaves:
    """Which leaves of the customers of one scope are stored, under which home and number."""

    def __init__(self) -> None:
        self._of: dict[CustomerId, tuple[CustomerId, dict[str, Numbered]]] = {}

    def loaded(self, customer: Customer, numbered: dict[str, Numbered]) -> None:
        """The store has these."""
        self._of[customer.id] = customer.home, numbered

    def written(self, changed: Mapping[CustomerId, Customer | None]) -> LeavesWriting:
        """What is to be written of these customers, as they are now; it is taken for stored from here on."""
        writing, known = LeavesWriting(), dict[CustomerId, dict[str, Numbered]]()
        if self._of:
            known = dict(found for each in changed if (found := self._of.pop(each, None)) is not None)
        for id_, customer in changed.items():
            if customer is not None and LongList in map(type, _lists(customer)):
                before = known.pop(customer.home, {})
                now = {name: leaves for name in LISTS if (leaves := leaves_of(getattr(customer, name)))}
                numbered = {
                    name: _number(customer.home, name, before.pop(name, _NONE), leaves, writing)
                    for name, leaves in now.items()
                }
                self._of[id_] = customer.home, numbered
                writing.rows[id_] = _row(customer, numbered)
                writing.drop(customer.home, before)
        for home, lists in known.items():
            writing.drop(home, lists)
        return writing


class LeavesWriting:
    """What is to be written: rows of customers who have leaves, the leaves, and those that are gone."""

    def __init__(self) -> None:
        self.rows: dict[CustomerId, bytes] = {}
        self.leaves: list[LeafRow] = []
        self.dropped: list[tuple[CustomerId, str, int]] = []

    def drop(self, home: CustomerId, lists: Mapping[str, Numbered]) -> None:
        """Nobody has these any more."""
        self.dropped += [(home, name, leaf) for name, leaves in lists.items() for leaf in leaves.values()]


def _number(
    home: CustomerId, name: str, before: Numbered, leaves: tuple[Leaf[Any], ...], writing: LeavesWriting
) -> Numbered:
    """Numbers for the leaves of a list; those that are new are to be written."""
    if tuple(before) == leaves:
        return before
    kept = {leaf: before[leaf] for leaf in leaves if leaf in before}
    free = sorted(set(before.values()).difference(kept.values()))
    numbers = chain(free, count(max(before.values(), default=-1) + 1))
    numbered: Numbered = {}
    for leaf in leaves:
        number = kept.get(leaf)
        if number is None:
            number = next(numbers)
            writing.leaves.append(LeafRow(home, name, number, encoder.encode(leaf.items)))
        numbered[leaf] = number
    writing.dropped += [(home, name, number) for number in free[len(leaves) - len(kept) :]]
    return numbered


def _row(customer: Customer, numbered: Mapping[str, Numbered]) -> bytes:
    version, _, body = encode_record(replace(customer, **dict.fromkeys(numbered, ()))).partition(b" ")
    runs = {name: _runs(list(leaves.values())) for name, leaves in numbered.items()}
    return b"%b+ %b\n%b" % (version, encoder.encode(runs), body)


def _runs(numbers: Sequence[int]) -> list[Run]:
    """The numbers, of which mostly each is one more than the last."""
    breaks = [at for at in range(1, len(numbers)) if numbers[at] != numbers[at - 1] + 1]
    return [(numbers[first], stop - first) for first, stop in pairwise([0, *breaks, len(numbers)])]


def _numbers(runs: Iterable[Run]) -> Iterator[int]:
    return chain.from_iterable(range(first, first + length) for first, length in runs)
