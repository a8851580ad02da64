"""Decisions of two judgements side by side: each beside the one that the same record brought at the same time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Protocol, TypeVar


class _Decision(Protocol):
    @property
    def at(self) -> str: ...
    @property
    def because(self) -> tuple[str, ...]: ...


D = TypeVar("D", bound=_Decision)


def side_by_side(before: Sequence[D], after: Sequence[D]) -> Iterator[tuple[D | None, D | None]]:
    """Pairs in the order of time; of one time, what was decided before what comes of the replay."""
    waiting: dict[tuple[str, str | None], deque[D]] = defaultdict(deque)
    for new in after:
        waiting[_key(new)].append(new)
    pairs: list[tuple[D | None, D | None]] = []
    for old in before:
        same = waiting[_key(old)]
        pairs.append((old, same.popleft() if same else None))
    alone: list[tuple[D | None, D | None]] = []
    for new in after:
        same = waiting[_key(new)]
        if same and same[0] is new:
            alone.append((None, same.popleft()))
    yield from merge(pairs, alone, key=_time)


def _key(decision: _Decision) -> tuple[str, str | None]:
    return decision.at, decision.because[-1] if decision.because else None


def _time(pair: tuple[D | None, D | None]) -> str:
    """Instants of the contract are in UTC; padded, so that those with fractions of a second sort too."""
    one = pair[0] if pair[0] is not None else pair[1]
    assert one is not None, "a pair has at least one side"
    return one.at.rstrip("Z").ljust(26, ".")
