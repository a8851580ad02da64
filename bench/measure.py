"""Turns, medians and goals: the arithmetic that every benchmark shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Literal

from msgspec import Struct


class Goal(Struct, frozen=True):
    """A ratio, and the side of a limit on which it should lie."""

    what: str
    ratio: float
    side: Literal["at least", "at most"]
    limit: float

    @property
    def met(self) -> bool:
        return self.ratio >= self.limit if self.side == "at least" else self.ratio <= self.limit


Figures = Mapping[str, object]


class Result(Struct, frozen=True):
    """What one benchmark found: the goals first, then whatever explains them."""

    name: str
    goals: tuple[Goal, ...]
    figures: Figures


def at_least(what: str, ratio: float, limit: float) -> Goal:
    return Goal(what, rounded(ratio), "at least", limit)


def at_most(what: str, ratio: float, limit: float) -> Goal:
    return Goal(what, rounded(ratio), "at most", limit)


def rounded(value: float) -> float:
    """Four digits: more would be noise."""
    return float(f"{value:.4g}")


def in_turns(rounds: int, **measures: Callable[[], float]) -> dict[str, list[float]]:
    """Each measure once a round, one after the other, so that a slow minute of the machine slows all of them."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def median_ratio(of: Sequence[float], to: Sequence[float]) -> float:
    """The median of the ratios of the rounds: what slows both sides of a round leaves its ratio alone."""
    return median(a / b for a, b in zip(of, to, strict=True))


def seconds(work: Callable[[], object]) -> float:
    """The wall-clock time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def summary(values: Sequence[float]) -> dict[str, float]:
    """The median and the extremes."""
    return {"median": rounded(median(values)), "least": rounded(min(values)), "most": rounded(max(values))}
