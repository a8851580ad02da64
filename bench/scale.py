"""Cost per fact as customers grow: the same facts on scopes of 1x, 10x and 100x customers, cold and warm.

All customers of a size are in one scope, where whatever grew with them would show most. A measured batch names each
customer once, so that every size loads as many. Cold is a process that has nothing in memory; warm is the same
customers once more.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from bench.folding import BATCH, Deployment, deployment, records
from bench.generator import BEGINNING, CONSULTANTS, Made
from bench.measure import Result, at_most, in_turns, median_ratio, summary
from bench.parts import database, postgres, settle

CUSTOMERS = 1000
SIZES = (1, 10, 100)
MEASURED = 500
"""Facts of a measured batch."""
ROUNDS = 9
RULEBOOK = "shijiazhuang"

_encode = msgspec.json.Encoder().encode


@dataclass
class Scope:
    """One scope with so many customers, and the facts about them."""

    name: str
    customers: int
    seq: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    chosen: list[int] = field(default_factory=list)

    def opening(self) -> Iterator[Made]:
        """The staff, then one visit of each customer."""
        for name in CONSULTANTS:
            yield self.fact("staff.enrolled", {"staff": name, "name": name, "role": "consultant"})
        for number in range(self.customers):
            yield self._visit(number)

    def cold(self) -> list[Made]:
        """Facts about customers drawn anew."""
        self.chosen = self.chance.sample(range(self.customers), MEASURED)
        return [self._next(n, number) for n, number in enumerate(self.chosen)]

    def warm(self) -> list[Made]:
        """Facts about the customers of the last draw."""
        return [self._next(n, number) for n, number in enumerate(self.chosen)]

    def some(self, count: int) -> list[Made]:
        """Facts about customers drawn anew, so many."""
        return [
            self._next(n, number) for n, number in enumerate(self.chance.sample(range(self.customers), count))
        ]

    def again(self, number: int = 0) -> Made:
        """One more fact about a customer."""
        return self._next(self.seq, number)

    def _next(self, n: int, number: int) -> Made:
        return self._visit(number) if n % 2 else self._follow_up(number)

    def _visit(self, number: int) -> Made:
        visit = {
            "visit": f"v{self.seq}",
            "customer": _party(number),
            "received_by": _owner(number),
            "capacity": "on_turn",
        }
        return self.fact("visit.registered", visit)

    def _follow_up(self, number: int) -> Made:
        told = {"method": "phone", "subject": "回访", "content": "约周末再来"}
        return self.fact("followup.recorded", {"customer": _party(number), "by": _owner(number), **told})

    def fact(self, kind: str, data: dict[str, Any]) -> Made:
        """The facts of a scope lie so close together that no claim runs out."""
        self.seq += 1
        at = BEGINNING + timedelta(milliseconds=100 * self.seq)
        envelope = {
            "id": str(
                UUID(int=(len(self.name) << 96) | (self.customers << 64) | (8 << 60) | self.seq, version=4)
            ),
            "type": kind,
            "scope": self.name,
            "office": f"{self.name}-office",
            "actor": "desk",
            "occurred_at": at.isoformat(),
            "recorded_at": at.isoformat(),
            "data": data,
        }
        return Made(self.name, self.seq, at, _encode(envelope))


def _party(number: int) -> dict[str, Any]:
    return {"name": "张伟", "phones": [f"139{number:08d}"]}


def _owner(number: int) -> str:
    return CONSULTANTS[number % len(CONSULTANTS)]


def run() -> Result:
    """Each size in turn, cold and then warm."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        measures: dict[str, Callable[[], float]] = {}
        for size in SIZES:
            folding = stack.enter_context(deployment(stack.enter_context(database(server))))
            scope = Scope(f"scope-{size}", CUSTOMERS * size)
            _populate(folding, scope)
            measures |= _measures(size, folding, scope)
        costs = in_turns(ROUNDS, **measures)
    goals = tuple(
        at_most(
            f"cost per fact, {way}, at 100x customers to that at 1x",
            median_ratio(costs[f"{way}_100x"], costs[f"{way}_1x"]),
            1.25,
        )
        for way in ("cold", "warm")
    )
    figures = {
        "customers_at_1x": CUSTOMERS,
        "facts_of_a_batch": MEASURED,
        "us_per_fact": {name: summary([cost * 1e6 for cost in found]) for name, found in costs.items()},
    }
    return Result("scale", goals, figures)


def _populate(folding: Deployment, scope: Scope) -> None:
    waiting: list[Made] = []
    for made in scope.opening():
        waiting.append(made)
        if len(waiting) == BATCH:
            folding.fold(records(waiting, folding.offset, RULEBOOK))
            waiting = []
    if waiting:
        folding.fold(records(waiting, folding.offset, RULEBOOK))
    settle(folding.dsn)


def _measures(size: int, folding: Deployment, scope: Scope) -> dict[str, Callable[[], float]]:
    """Seconds per fact, by the way of measuring."""

    def cold() -> float:
        folding.restart()
        return folding.fold(records(scope.cold(), folding.offset)) / MEASURED

    def warm() -> float:
        return folding.fold(records(scope.warm(), folding.offset)) / MEASURED

    return {f"cold_{size}x": cold, f"warm_{size}x": warm}
