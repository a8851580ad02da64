"""Questions of an earlier time: on one customer in a small scope and in a large one, and forty at once beside the fold
and the door.

The customers of a scope have two records each, so that what is asked for is the same whatever the scope holds. Each
question has a time of its own, and none is answered from what was kept of another.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Any

from bench.folding import BATCH, Deployment, deployment, records
from bench.generator import BEGINNING
from bench.measure import Result, at_least, at_most, in_turns, median_ratio, summary
from bench.parts import database, postgres, settle
from bench.scale import RULEBOOK, Scope
from services.attribution.historic.facts import ScopeMoment
from services.attribution.historic.judge import HistoricJudge, RefoldUnavailableError
from services.attribution.historic.questions import CustomerThen
from services.attribution.queries.desk import look_up
from services.attribution.queries.reader import ScopeReader
from services.attribution.store.recorder import SCHEMA
from shared.ids import Contact, ScopeId
from shared.platform.postgres.database import connection_info

SMALL, LARGE = 500, 50_000
"""Customers; each has two records, so that the large scope has 100,000 facts."""
ROUNDS = 7
ASKED = 40
"""Questions at once, and questions of a round."""
FOLDED = 500
LOOK_UPS = 300
"""A second of them: what forty ask at once is a burst, of which a shorter round would measure little else."""
BOOK = (RULEBOOK, 1)


def run() -> Result:
    """The cost of a question by the size of its scope, then what forty at once cost the others."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        made = {
            name: stack.enter_context(_office(stack.enter_context(database(server)), name, size))
            for name, size in (("small", SMALL), ("large", LARGE))
        }
        large = made["large"]
        costs = in_turns(ROUNDS, small=made["small"].one, large=large.one)
        beside = in_turns(
            ROUNDS, fold=large.fold, fold_beside=large.beside(large.fold),
            door=large.door, door_beside=large.beside(large.door),
        )  # fmt: skip
    goals = (
        at_most(
            f"a question on one customer of {2 * LARGE} facts to one of {2 * SMALL}",
            median_ratio(costs["large"], costs["small"]),
            1.5,
        ),
        at_least(
            f"facts a second beside {ASKED} questions at once, to those alone",
            median_ratio(beside["fold"], beside["fold_beside"]),
            0.9,
        ),
        at_least(
            f"look-ups a second beside {ASKED} questions at once, to those alone",
            median_ratio(beside["door"], beside["door_beside"]),
            0.9,
        ),
    )
    return Result("clocks", goals, _figures(costs, beside, large))


def _figures(
    costs: dict[str, list[float]], beside: dict[str, list[float]], large: Office
) -> dict[str, object]:
    told = large.took
    return {
        "question_ms": {name: summary([one * 1e3 for one in found]) for name, found in costs.items()},
        "question_beside_the_fold_ms": {"p95": round(quantiles(told, n=20)[-1] * 1e3, 1), "of": len(told)},
        "answered_and_refused": large.answers,
        "ms": {name: summary([one * 1e3 for one in found]) for name, found in beside.items()},
    }


class Office:
    """One scope, and who asks of it."""

    def __init__(self, folding: Deployment, scope: Scope, judge: HistoricJudge) -> None:
        self._folding = folding
        self._scope = scope
        self._judge = judge
        self._number = 0
        self._questions = ScopeReader(folding.database, folding.rules.books)
        with folding.database.connection() as connection:
            rows = connection.execute(
                "SELECT customer, born FROM claims WHERE scope = %s ORDER BY born LIMIT 400", [scope.name]
            ).fetchall()
        self._customers = [(str(name), int(str(born))) for name, born in rows]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.took: list[float] = []
        self.answers = {"answered": 0, "refused": 0}

    def one(self) -> float:
        """Seconds of a question, one after another."""
        begun = time.perf_counter()
        self._run(self._one_by_one()).result()
        return (time.perf_counter() - begun) / ASKED

    async def _one_by_one(self) -> None:
        for _ in range(ASKED):
            async with self._judge.place() as place:
                assert await place.ask(self._next()) is not None

    def fold(self) -> float:
        """Seconds of a batch."""
        return self._folding.fold(records(self._scope.some(FOLDED), self._folding.offset))

    def door(self) -> float:
        """Seconds of look-ups."""
        begun = time.perf_counter()
        now = self._now()
        for _ in range(LOOK_UPS):
            with self._questions.of(ScopeId(self._scope.name)) as snapshot:
                assert look_up(snapshot, Contact("+8613900000001"), now).known
        return time.perf_counter() - begun

    def beside(self, work: Callable[[], float]) -> Callable[[], float]:
        """The same while forty ask at once, again and again."""

        def measured() -> float:
            with self._asking():
                return work()

        return measured

    @contextmanager
    def _asking(self) -> Iterator[None]:
        ended = threading.Event()
        asking = self._run(self._ask_until(ended))
        try:
            yield
        finally:
            ended.set()
            asking.result()

    async def _ask_until(self, ended: threading.Event) -> None:
        await asyncio.gather(*(self._ask(ended) for _ in range(ASKED)))

    async def _ask(self, ended: threading.Event) -> None:
        while not ended.is_set():
            begun = time.perf_counter()
            try:
                async with self._judge.place() as place:
                    await place.ask(self._next())
            except RefoldUnavailableError:
                self.answers["refused"] += 1
                await asyncio.sleep(2)  # as it is told: come again
            else:
                self.answers["answered"] += 1
                self.took.append(time.perf_counter() - begun)

    def _run(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        """In the one loop in which questions wait for a process."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def close(self) -> None:
        """End the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _next(self) -> CustomerThen:
        self._number += 1
        name, first = self._customers[self._number % len(self._customers)]
        as_of = self._now() + timedelta(seconds=self._number)
        moment = ScopeMoment(ScopeId(self._scope.name), BOOK, self._scope.seq, as_of)
        return CustomerThen(moment, name, first, 3000)

    def _now(self) -> datetime:
        return BEGINNING + timedelta(days=1)


@contextmanager
def _office(dsn: str, name: str, customers: int) -> Iterator[Office]:
    scope = Scope(name, customers)
    with deployment(dsn) as folding:
        facts = [*scope.opening(), *(scope.again(number) for number in range(customers))]
        for at in range(0, len(facts), BATCH):
            folding.fold(records(facts[at : at + BATCH], folding.offset, RULEBOOK))
        settle(dsn)
        judge = HistoricJudge(
            folding.rules.books, 1, 60.0, 2, connection_info(dsn, schema=SCHEMA, name="panke-bench")
        )
        office = Office(folding, scope, judge)
        try:
            yield office
        finally:
            office.close()
            judge.close()
