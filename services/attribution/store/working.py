"""The slice of one scope while its facts are folded: what is loaded, and what is yet to be stored.

What is known to be absent is remembered too, so that nothing is asked for twice (ADR 0001). A fact changes nothing
until its changes are taken over, so one that fails leaves no trace (ADR 0008).
"""

from __future__ import annotations

from collections.abc import Iterable

from shared.rules.domain.state import Changes, Key, Record, Slice


class WorkingSlice(Slice):
    """A slice that grows by what is asked for, and knows what of it the store does not have yet."""

    def __init__(self) -> None:
        super().__init__()
        self.known: set[Key] = set()
        self.born: dict[Key, int] = {}
        self.unsaved: set[Key] = set()
        self.new: set[Key] = set()
        """Of what is unsaved, that of which the store is known to have nothing."""

    def missing(self, keys: Iterable[Key]) -> set[Key]:
        """Those of `keys` that were never loaded."""
        return set(keys) - self.known

    def load(self, key: Key, record: Record | None, born: int = 0) -> None:
        """Take over what the store has under a key, or that it has nothing."""
        self.known.add(key)
        if record is not None:
            self[key] = record
            self.born[key] = born

    def forget(self, key: Key) -> None:
        """Know of nothing under a key from here on, whatever the store has."""
        self.known.add(key)
        self.pop(key, None)

    def take_over(self, changes: Changes, seq: int) -> None:
        """Make the changes of the fact `seq`, which are to be stored."""
        self.put(changes)
        for key in changes:
            if key not in self.born:
                self.born[key] = seq
                # What was never asked for may be stored, as a contact of one who is joined.
                if key in self.known:
                    self.new.add(key)
        self.known.update(changes)
        self.unsaved.update(changes)

    def saved(self) -> None:
        """The store holds every change now."""
        self.unsaved.clear()
        self.new.clear()
