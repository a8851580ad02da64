"""Readers beside each other: a large customer at the door, long pages beside an own write, many historic questions.

The door is asked in this process, over a database; for the rest the attribution service runs as a process of its own on
Kafka, is read over HTTP, and what it and its workers hold is added up while they answer.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from bench.fold import PARTITIONS, WAIT, fill
from bench.folding import BATCH, Deployment, deployment, headers_of, records
from bench.generator import BEGINNING
from bench.measure import Result, at_most, in_turns, median_ratio, rounded, summary
from bench.parts import database, directory, kafka, postgres, service, settle
from bench.scale import RULEBOOK, Scope
from bench.tokens import Issuer
from deploy.local.ports import HOST, free_port
from services.attribution.queries.desk import look_up
from services.attribution.queries.reader import ScopeReader
from shared.contract.topics import Topics
from shared.ids import Contact, ScopeId
from shared.platform.kafka.sender import OutgoingRecord, PartitionOf, Sender

FEW, MANY = 10, 20_000
"""Records of a small customer and of a large one."""
LOOK_UPS = 5
"""In a round."""
ROUNDS = 7
CUSTOMERS = 2000
READERS = 30
WRITES = 7
HISTORIC = 50
PAGE = 500
PATIENCE = 60.0


def run() -> Result:
    """The door first, then the service."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        with database(server) as dsn, deployment(dsn) as folding:
            door = in_turns(ROUNDS, few=_door(folding, "few", FEW), many=_door(folding, "many", MANY))
        dsn = stack.enter_context(database(server))
        served = asyncio.run(_served(dsn, stack.enter_context(kafka())))
    own, historic = served["own_write_seconds"], served["historic"]
    goals = (
        at_most(f"a look-up of {MANY} records to one of {FEW}", median_ratio(door["many"], door["few"]), 5),
        at_most(
            f"an own write read beside {READERS} readers of a long page to one read alone",
            median_ratio(own["beside"], own["alone"]),
            10,
        ),
        at_most(
            f"memory of {HISTORIC} historic questions at once to that of one",
            historic["of_many"]["mb"] / historic["of_one"]["mb"],
            1.5,
        ),
    )
    figures = {
        "look_up_ms": {name: summary([one * 1e3 for one in found]) for name, found in door.items()},
        "own_write_ms": {name: summary([one * 1e3 for one in found]) for name, found in own.items()},
        "pages": served["pages"],
        "historic": historic,
    }
    return Result("reads", goals, figures)


def _door(folding: Deployment, name: str, count: int) -> Any:
    """Fold a customer of so many records; answers what measures the seconds of a look-up."""
    scope = Scope(name, 1)
    facts = list(scope.opening())
    while len(facts) < count:
        facts.append(scope.again())
    for at in range(0, len(facts), BATCH):
        folding.fold(records(facts[at : at + BATCH], folding.offset, RULEBOOK))
    settle(folding.dsn)
    questions = ScopeReader(folding.database, folding.rules.books)
    now = facts[-1].recorded_at + timedelta(minutes=1)

    def measure() -> float:
        begun = time.perf_counter()
        for _ in range(LOOK_UPS):
            with questions.of(ScopeId(name)) as snapshot:
                assert look_up(snapshot, Contact("+8613900000000"), now).known
        return (time.perf_counter() - begun) / LOOK_UPS

    return measure


async def _served(dsn: str, broker: str) -> dict[str, Any]:
    scope = Scope("reads", CUSTOMERS)
    await fill(broker, list(scope.opening()))
    port, issuer = free_port(), Issuer()
    with directory() as folder:
        settings = {
            **issuer.settings(folder),
            "PANKE_DATABASE_URL": dsn,
            "PANKE_KAFKA": broker,
            "PANKE_ATTRIBUTION_PORT": str(port),
            "PANKE_PARTITIONS": str(PARTITIONS),
            "PANKE_ATTRIBUTION_LOOKUPS_MINUTE": "1000000",
            "PANKE_ATTRIBUTION_LOOKUPS_DAY": "1000000",
        }
        return await _asked(broker, port, scope, issuer, settings)


async def _asked(
    broker: str, port: int, scope: Scope, issuer: Issuer, settings: dict[str, str]
) -> dict[str, Any]:
    with service(["services.attribution.main"], settings, f"http://{HOST}:{port}/healthz") as pid:
        limits = httpx.Limits(max_connections=200)
        async with (
            httpx.AsyncClient(
                base_url=f"http://{HOST}:{port}",
                timeout=PATIENCE,
                limits=limits,
                headers={"Authorization": f"Bearer {issuer.token()}"},
            ) as http,
            Sender(broker, Topics("").intake, WAIT, "panke-bench") as sender,
        ):
            office = Office(http, sender, scope)
            await office.folded()
            own, pages = await office.own_writes()
            return {"own_write_seconds": own, "pages": pages, "historic": await office.historic(pid)}


@dataclass
class Office:
    """Those who ask one service."""

    http: httpx.AsyncClient
    sender: Sender
    scope: Scope

    async def folded(self) -> None:
        """Until everything that was sent is folded."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if (await self.door(self.scope.seq)).status_code == httpx.codes.OK:
                return
        raise TimeoutError("the service has not folded what was sent")

    async def door(self, seq: int) -> httpx.Response:
        asked = {"contact": "13900000000"}
        return await self.http.post(
            f"/v1/scopes/{self.scope.name}/lookup", params={"min_seq": seq}, json=asked
        )

    async def own_writes(self) -> tuple[dict[str, list[float]], dict[str, int]]:
        """Seconds from a fact in the topic to its answer, in turns alone and beside the readers; what these got."""
        own: dict[str, list[float]] = {"alone": [], "beside": []}
        answers: Counter[str] = Counter()
        for _ in range(WRITES):
            own["alone"].append(await self._own_write())
            async with self._readers(answers):
                own["beside"].append(await self._own_write())
        return own, dict(answers)

    async def _own_write(self) -> float:
        made = self.scope.again()
        record = OutgoingRecord(made.scope.encode(), made.body, headers_of(made))
        begun = time.perf_counter()
        await self.sender.send(PartitionOf(PARTITIONS)(made.scope), [record])
        while (await self.door(made.seq)).status_code != httpx.codes.OK:
            pass
        return time.perf_counter() - begun

    @asynccontextmanager
    async def _readers(self, answers: Counter[str]) -> Any:
        reading = [asyncio.create_task(self._read(answers)) for _ in range(READERS)]
        try:
            await asyncio.sleep(1)  # until all are under way
            yield
        finally:
            for one in reading:
                one.cancel()
            await asyncio.gather(*reading, return_exceptions=True)

    async def _read(self, answers: Counter[str]) -> None:
        while True:
            with suppress(httpx.TransportError):
                found = await self.http.get(f"/v1/scopes/{self.scope.name}/customers", params={"limit": PAGE})
                answers[str(found.status_code)] += 1
                await asyncio.sleep(0.05 if found.is_success else 1.0)  # as it is told: come again

    async def historic(self, pid: int) -> dict[str, Any]:
        """Megabytes of the service and its workers, at most, while so many ask at once."""
        return {
            "of_one": await self._ask_historic(pid, 1),
            "of_many": await self._ask_historic(pid, HISTORIC),
        }

    async def _ask_historic(self, pid: int, count: int) -> dict[str, Any]:
        as_of = (BEGINNING + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        asked = [
            self.http.get(f"/v1/scopes/{self.scope.name}/judgement", params={"as_of": as_of})
            for _ in range(count)
        ]
        with resident(pid) as most:
            answers = await asyncio.gather(*asked)
            statuses = Counter(str(answer.status_code) for answer in answers)
        return {"mb": rounded(most[0]), "answers": dict(statuses)}


@contextmanager
def resident(pid: int) -> Iterator[list[float]]:
    """What a process and all that it started hold at once, at most, in megabytes."""
    most = [_resident(pid)]

    async def watch() -> None:
        while True:
            most[0] = max(most[0], await asyncio.to_thread(_resident, pid))
            await asyncio.sleep(0.02)

    task = asyncio.get_running_loop().create_task(watch())
    try:
        yield most
    finally:
        task.cancel()


def _resident(pid: int) -> float:
    return sum(_kilobytes(one) for one in _family(pid)) / 1024


def _family(pid: int) -> Sequence[int]:
    found = [pid]
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                found += _family(int(child))
    return found


def _kilobytes(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
