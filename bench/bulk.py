"""What reaches far: a midnight and a departure, as they grow.

A midnight and a departure are taken in parts: a claim costs the same however many there are, and no transaction takes
longer for it. Each round has a database of its own at each size, since what was done once is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from bench.folding import BATCH, Deployment, Raw, deployment, records
from bench.generator import BEGINNING, CONSULTANTS, Made
from bench.measure import Result, at_most, in_turns, median_ratio, summary
from bench.parts import database, postgres, settle
from bench.scale import RULEBOOK, Scope
from shared.contract.topics import Headers, encode_headers
from shared.platform.runtime import spare_collector

CLAIMS = (1000, 60_000)
"""Of one consultant; sixty thousand took 24 seconds in one transaction once, and a midnight of as many 70."""
ROUNDS = 3
NIGHT = timedelta(days=60)


def run() -> Result:
    """Each size in turn."""
    found: dict[str, list[float]] = {}
    longest: dict[str, list[float]] = {}
    with ExitStack() as stack:
        bulk = Bulk(stack.enter_context(postgres()), longest)
        measures: dict[str, Callable[[], float]] = {}
        for claims in CLAIMS:
            measures[f"midnight_{claims}"] = lambda claims=claims: bulk.midnight(claims)  # type: ignore[misc]
            measures[f"departure_{claims}"] = lambda claims=claims: bulk.departure(claims)  # type: ignore[misc]
        spare_collector()  # as the service does
        found = in_turns(ROUNDS, **measures)
    few, many = CLAIMS
    goals = [
        at_most(
            f"{what}, {side} at {many} claims to that at {few}",
            median_ratio(of[f"{what}_{many}"], of[f"{what}_{few}"]),
            limit,
        )
        for what in ("midnight", "departure")
        for side, of, limit in (("cost per claim", found, 1.5), ("longest transaction", longest, 1.5))
    ]
    figures = {
        "us": {name: summary([cost * 1e6 for cost in costs]) for name, costs in found.items()},
        "longest_transaction_ms": {
            name: summary([s * 1e3 for s in costs]) for name, costs in longest.items()
        },
    }
    return Result("bulk", tuple(goals), figures)


class Bulk:
    """Measures over databases of one server."""

    def __init__(self, server: str, longest: dict[str, list[float]]) -> None:
        self._server = server
        self._longest = longest

    def midnight(self, claims: int) -> float:
        """Seconds per claim for a watermark by which all have run out."""
        with ExitStack() as stack:
            folding = self._populated(stack, Scope("midnight", claims).opening())
            headers = encode_headers(Headers(watermark=BEGINNING + NIGHT))
            return self._told("midnight", claims, folding, [Raw(folding.offset, None, None, headers)])

    def departure(self, claims: int) -> float:
        """Seconds per claim for the one consultant who has them all."""
        scope = Scope("departure", claims)
        with ExitStack() as stack:
            folding = self._populated(stack, _of_one(scope, claims))
            left = [scope.fact("staff.departed", {"staff": CONSULTANTS[0]})]
            return self._told("departure", claims, folding, records(left, folding.offset, RULEBOOK))

    def _told(self, what: str, claims: int, folding: Deployment, batch: list[Raw]) -> float:
        took = folding.fold_in_parts(batch)
        self._longest.setdefault(f"{what}_{claims}", []).append(max(took))
        return sum(took) / claims

    def _populated(self, stack: ExitStack, facts: Iterable[Made]) -> Deployment:
        folding = stack.enter_context(deployment(stack.enter_context(database(self._server))))
        made = list(facts)
        for at in range(0, len(made), BATCH):
            folding.fold(records(made[at : at + BATCH], folding.offset, RULEBOOK))
        settle(folding.dsn)
        return folding


def _of_one(scope: Scope, claims: int) -> Iterator[Made]:
    """One visit of each customer, all received by one consultant."""
    name = CONSULTANTS[0]
    yield scope.fact("staff.enrolled", {"staff": name, "name": name, "role": "consultant"})
    for number in range(claims):
        yield _visit(scope, [f"139{number:08d}"])


def _visit(scope: Scope, phones: list[str]) -> Made:
    visit: dict[str, Any] = {
        "visit": f"v{scope.seq}",
        "customer": {"name": "张伟", "phones": phones},
        "received_by": CONSULTANTS[0],
        "capacity": "on_turn",
    }
    return scope.fact("visit.registered", visit)
