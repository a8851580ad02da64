"""Rows with both clocks: each version of a row holds from when to when it was what was known (ADR 0050).

When something happened stands in the row itself. A correction, an amendment, a join or a split closes the version
that stood and opens another, with its cause; nothing is overwritten, so a register can be read as known at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from shared.ids import EventId

RowCause: TypeAlias = Literal[
    "entered", "late", "carried", "corrected", "joined", "split", "amended", "withdrawn",
    "decided", "signed", "cancelled", "terms", "progressed", "closed",
]  # fmt: skip
"""Why a version of a row is what is known from its time on."""

K = TypeVar("K")
R = TypeVar("R")


class RowVersion(Struct, Generic[R], frozen=True, gc=False):
    """A row as it was known from one fact to another; `known_to` is the first instant at which it no longer was."""

    row: R
    known_from: datetime
    cause: RowCause
    by: EventId | None
    known_to: datetime | None = None

    def was_known(self, at: datetime) -> bool:
        """Whether this was what was known at that time."""
        return self.known_from <= at and (self.known_to is None or at < self.known_to)


class RowChange(Struct, frozen=True, gc=False):
    """That a row came to be known as something else, why, and by which fact."""

    at: datetime
    cause: RowCause
    by: EventId | None


def _unwatched(row: Any) -> None:
    """Nobody is told."""


@dataclass(slots=True)
class VersionedTable(Generic[K, R]):
    """The rows of one register by their keys, each with every version that was ever known.

    `touch` is called with each row that comes, goes or is replaced.
    """

    versions: dict[K, list[RowVersion[R]]] = field(default_factory=dict)
    closings: dict[K, list[RowChange]] = field(default_factory=dict)
    touch: Callable[[R], None] = field(default=_unwatched, compare=False, repr=False)

    def put(self, key: K, row: R, at: datetime, cause: RowCause, by: EventId | None) -> bool:
        """Make this what is known from `at` on; nothing is done where it is already.

        What was amended is a version all the same: words under seal are alike before and after.
        """
        held = self.versions.setdefault(key, [])
        if held and held[-1].known_to is None:
            if held[-1].row == row and cause != "amended":
                return False
            held[-1] = replace(held[-1], known_to=at)
            self.touch(held[-1].row)
        held.append(RowVersion(row, at, cause, by))
        self.touch(row)
        return True

    def close(self, key: K, at: datetime, cause: RowCause, by: EventId | None) -> None:
        """From `at` on there is no such row."""
        held = self.versions.get(key)
        if held and held[-1].known_to is None:
            held[-1] = replace(held[-1], known_to=at)
            self.touch(held[-1].row)
            self.closings.setdefault(key, []).append(RowChange(at, cause, by))

    def now(self, key: K) -> R | None:
        """The row as it is known now."""
        held = self.versions.get(key)
        return held[-1].row if held and held[-1].known_to is None else None

    def as_known(self, key: K, at: datetime) -> R | None:
        """One row as it was known at a time."""
        for version in reversed(self.versions.get(key, ())):
            if version.was_known(at):
                return version.row
        return None

    def known_at(self, at: datetime) -> Iterator[R]:
        """Every row as it was known at a time, in the order in which they came."""
        for held in self.versions.values():
            for version in reversed(held):
                if version.was_known(at):
                    yield version.row
                    break

    def history(self, key: K, until: datetime) -> list[RowVersion[R]]:
        """The versions of a row that were known by a time, as they came."""
        return [version for version in self.versions.get(key, ()) if version.known_from <= until]

    def changes(self, key: K, since: datetime, until: datetime) -> list[RowChange]:
        """What came to be known of a row after `since`, up to `until`."""
        made = [RowChange(v.known_from, v.cause, v.by) for v in self.versions.get(key, ())]
        made += self.closings.get(key, ())
        return sorted((one for one in made if since < one.at <= until), key=lambda one: one.at)
