"""How often a caller may ask: so many at once and as many more as time goes by, and beyond that 429 with Retry-After.

Counted in the process, for each caller by itself: nobody is slowed by another, and several processes let through as
much each. A limit is for who walks through a list of phones, not for who works.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from shared.access.caller import Caller
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError

MINUTE: Final = 60.0
HOUR: Final = 3_600.0
DAY: Final = 86_400.0
REMEMBERED: Final = 10_000
"""Callers of whom the process knows how much they asked; more are forgotten, who asked longest ago first."""


@dataclass(frozen=True, slots=True)
class Bound:
    """At most so many within a time, in seconds."""

    most: int
    within: float


class CallerLimit:
    """Counts what callers ask, and refuses what is too much; what is refused does not count.

    `seconds` never goes back. Of each bound only the time is kept at which all that was asked is worn off. `told` hears
    of each question whether it was taken.
    """

    def __init__(
        self,
        bounds: Sequence[Bound],
        seconds: Callable[[], float],
        told: Callable[[bool], None] | None = None,
    ) -> None:
        self._bounds = tuple(bounds)
        self._seconds = seconds
        self._told = told or (lambda taken: None)
        self._worn: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, caller: Caller) -> None:
        """Count one more; raises a problem of 429 that says when to come again."""
        now = self._seconds()
        worn = [max(at, now) for at in self._worn.get(caller.subject, [now] * len(self._bounds))]
        for bound, at in zip(self._bounds, worn, strict=True):
            wait = at - now - (bound.within - bound.within / bound.most)
            if wait > 1e-6:
                self._told(False)
                raise _too_many(bound, math.ceil(wait))
        self._worn[caller.subject] = [
            at + bound.within / bound.most for bound, at in zip(self._bounds, worn, strict=True)
        ]
        self._worn.move_to_end(caller.subject)
        if len(self._worn) > REMEMBERED:
            self._worn.popitem(last=False)
        self._told(True)


def _too_many(bound: Bound, wait: int) -> ProblemError:
    reason = bilingual(
        "too many requests: {most} within {within} s are taken from one caller; come again in {wait} s",
        most=bound.most,
        within=f"{bound.within:g}",
        wait=wait,
    )
    return ProblemError(429, reason, headers={"Retry-After": str(wait)})
