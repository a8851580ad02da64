"""How much one transaction of the fold may hold, so that nobody waits long for anybody else.

A batch that runs long commits what it has and goes on; a midnight at which tens of thousands of claims lapse, and a
consultant who leaves with as many, are taken in parts. What is decided does not depend on where it was cut: a lapse
and a release concern one customer each, and the scope's own facts wait for the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


def _still() -> float:
    return 0.0


def _unheard() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Bounds:
    """`seconds` of folding and `customers` let go at once in one transaction; `step` hears of every part done."""

    seconds: float = math.inf
    customers: int = 1000
    monotonic: Callable[[], float] = _still
    step: Callable[[], None] = _unheard
