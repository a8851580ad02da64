"""Seqs of a scope as the spans that they make, however often and in whatever order each of them comes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Final, NamedTuple

NAMED: Final = 5
"""Spans that the words name."""

_FIRST: Final = attrgetter("first")
_LAST: Final = attrgetter("last")


class Span(NamedTuple):
    """Facts of one scope that follow one another."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


class Spans:
    """In order, none of which touches another."""

    __slots__ = ("_spans",)

    def __init__(self, *spans: Span) -> None:
        self._spans: list[Span] = []
        for span in spans:
            self.add(*span)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __bool__(self) -> bool:
        return bool(self._spans)

    def __str__(self) -> str:
        more = len(self._spans) - NAMED
        return ", ".join(map(str, self._spans[:NAMED])) + (f", … +{more}" if more > 0 else "")

    def add(self, first: int, last: int) -> None:
        """Seqs `first` to `last`."""
        start = bisect_left(self._spans, first - 1, key=_LAST)
        end = bisect_right(self._spans, last + 1, key=_FIRST)
        if start < end:
            first, last = min(first, self._spans[start].first), max(last, self._spans[end - 1].last)
        self._spans[start:end] = [Span(first, last)]

    @property
    def number(self) -> int:
        """Of seqs."""
        return sum(last - first + 1 for first, last in self._spans)

    def without(self, others: Spans) -> Spans:
        """Those seqs that the others have not."""
        left = Spans()
        for first, last in self._spans:
            for other in others.around(first, last):
                if other.first > first:
                    left.add(first, other.first - 1)
                first = other.last + 1
            if first <= last:
                left.add(first, last)
        return left

    def around(self, first: int, last: int) -> list[Span]:
        """The spans that have any of the seqs `first` to `last`."""
        start = bisect_left(self._spans, first, key=_LAST)
        return self._spans[start : bisect_right(self._spans, last, key=_FIRST)]
