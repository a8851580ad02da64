"""What was worked out of each customer, kept until something is put that is of them.

A question about every customer of a scope costs what changed since it was asked last, and not what the scope holds.
It holds of registers as they stand, where everything that was posted is known and has happened.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from shared.ids import CustomerId

V = TypeVar("V")

MOST: Final = 8
"""Kinds of values that are kept at once; those asked for longest ago go first."""


@dataclass(slots=True)
class KeptByCustomer(Generic[V]):
    """Values of one kind; most customers may have none."""

    values: dict[CustomerId, V] = field(default_factory=dict)
    changed: set[CustomerId] | None = None

    def brought_up(
        self, customers: Iterable[CustomerId], work: Callable[[CustomerId], V | None]
    ) -> Mapping[CustomerId, V]:
        """Every value as it is now: of all customers the first time, then of those of whom something was put."""
        todo = list(customers if self.changed is None else self.changed)
        for customer in todo:
            value = work(customer)
            if value is None:
                self.values.pop(customer, None)
            else:
                self.values[customer] = value
        self.changed = set()
        return self.values


@dataclass(slots=True)
class KeptValues:
    """Values of several kinds, each under its key."""

    kinds: OrderedDict[Hashable, KeptByCustomer[Any]] = field(default_factory=OrderedDict)

    def of(self, key: Hashable) -> KeptByCustomer[Any]:
        """The values of one kind, none of which are there the first time."""
        found = self.kinds.setdefault(key, KeptByCustomer())
        self.kinds.move_to_end(key)
        while len(self.kinds) > MOST:
            self.kinds.popitem(last=False)
        return found

    def forget(self, customer: CustomerId | None) -> None:
        """Something was put that is of a customer."""
        if customer is not None:
            for kept in self.kinds.values():
                if kept.changed is not None:
                    kept.changed.add(customer)

    def forget_all(self) -> None:
        """Something was put that may bear on anybody."""
        self.kinds.clear()
