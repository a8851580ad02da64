"""Which rows are of which customer, so that a join or a split looks at theirs alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from shared.ids import CustomerId

K = TypeVar("K")


class PlacedRows(Generic[K]):
    """The keys of rows by the customer that they are of, in the order in which they came."""

    def __init__(self) -> None:
        self._of: dict[CustomerId, dict[K, None]] = {}

    def move(self, key: K, before: CustomerId | None, now: CustomerId | None) -> None:
        """A row is of another customer than before, or of nobody."""
        if before is not None and before != now:
            self._of.get(before, {}).pop(key, None)
        if now is not None:
            self._of.setdefault(now, {})[key] = None

    def of(self, customers: Iterable[CustomerId]) -> list[K]:
        """The rows of these customers."""
        return [key for customer in customers for key in self._of.get(customer, ())]
