"""Up to when a partition is whole, and when who reads it has come that far.

A watermark holds from an offset on: everything that was recorded by then lies below it. Who has read as far may go by
it, and whoever has not waits. Watermarks come each second also while a reader is far behind, so of those that it has
not reached two are kept: the one that it reaches first, and the last one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Mark(NamedTuple):
    """Everything that was recorded until then lies below the offset."""

    until: datetime
    offset: int


@dataclass(slots=True)
class Marks:
    """The marks of one partition that were not gone by yet, and the last one that was."""

    waiting: list[Mark] = field(default_factory=list)
    done: Mark | None = None

    def hear(self, mark: Mark) -> None:
        """Take a mark in that says something new."""
        if self.done is None or mark > self.done:
            self.waiting = _of_use([*self.waiting, mark])

    def reached(self, position: int) -> Mark | None:
        """The last mark below which everything was read by who is at this position."""
        return max((mark for mark in self.waiting if mark.offset <= position), default=None)

    def settle(self, mark: Mark) -> None:
        """The mark was gone by; nothing before it is of use."""
        self.done = mark if self.done is None else max(self.done, mark)
        self.waiting = [one for one in self.waiting if one > self.done]


class Watermarks:
    """The marks of all partitions, by the name of the partition and its log; safe to be used from several threads."""

    def __init__(self) -> None:
        self._marks: dict[str, Marks] = {}
        self._lock = threading.Lock()
        self.latest: datetime | None = None
        """The latest time that was told, of whatever partition."""

    def hear(self, source: str, mark: Mark) -> None:
        with self._lock:
            self.latest = mark.until if self.latest is None else max(self.latest, mark.until)
            self._marks.setdefault(source, Marks()).hear(mark)

    def reached(self, source: str, position: int) -> Mark | None:
        with self._lock:
            marks = self._marks.get(source)
            return None if marks is None else marks.reached(position)

    def settle(self, source: str, mark: Mark) -> None:
        with self._lock:
            self._marks.setdefault(source, Marks()).settle(mark)


def _of_use(marks: Iterable[Mark]) -> list[Mark]:
    """The first and the last of those that no other one makes needless, which tells of later and is reached as soon."""
    kept: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: (mark.offset, mark.until)):
        while kept and kept[-1].offset == mark.offset:
            kept.pop()
        if not kept or mark.until >= kept[-1].until:
            kept.append(mark)
    return kept if len(kept) < 3 else [kept[0], kept[-1]]
