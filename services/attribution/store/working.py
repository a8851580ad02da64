"""The slice of one scope while its facts are folded: what is loaded, what changed, and the way back.

A fact that fails must leave no trace: each one works within `fact()`, and what it changed is taken back when it
raises (ADR 0008). What is known to be absent is remembered too, so that nothing is asked for twice
(ADR 0001).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from shared.rules.domain.state import Customer, Key, Record, Slice

Before = dict[Key, Record | None]
"""Records as they were before a fact, by key; None for one that was not there."""


class WorkingSlice(Slice):
    """A slice that grows by what is asked for and can take back the changes of one fact."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[Key] = set()
        self.born: dict[Key, int] = {}
        self.unsaved: set[Key] = set()
        self._before: Before = {}

    def missing(self, keys: Iterable[Key]) -> set[Key]:
        """Those of `keys` that were never loaded."""
        return set(keys) - self.known

    def load(self, key: Key, record: Record | None, born: int = 0) -> None:
        """Take over what the store has under a key, or that it has nothing."""
        self.known.add(key)
        if record is not None:
            super().__setitem__(key, record)
            self.born[key] = born

    def find_customer(self, name: str) -> Customer | None:
        found = self.get(Key("customer", name))
        return found if isinstance(found, Customer) else None

    @contextmanager
    def fact(self, seq: int) -> Iterator[Before]:
        """The changes of one fact: kept when the block ends, taken back when it raises."""
        self._before = {}
        try:
            yield self._before
        except BaseException:
            self._take_back()
            raise
        self.known.update(self._before)
        self.unsaved.update(self._before)
        for key in self._before:
            self.born.setdefault(key, seq)

    def saved(self) -> None:
        """The store holds every change now."""
        self.unsaved.clear()

    def _take_back(self) -> None:
        for key, record in self._before.items():
            if record is None:
                super().pop(key, None)
            else:
                super().__setitem__(key, record)

    def __setitem__(self, key: Key, record: Record) -> None:
        self._before.setdefault(key, self.get(key))
        super().__setitem__(key, record)

    def __delitem__(self, key: Key) -> None:
        self._before.setdefault(key, self.get(key))
        super().__delitem__(key)

    def pop(self, key: Key, *default: Any) -> Any:
        if key in self:
            self._before.setdefault(key, self[key])
        return super().pop(key, *default)
