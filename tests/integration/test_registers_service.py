"""The registers as a service, on a real PostgreSQL and a real Kafka: from the topic to answers as known at any time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from zlib import crc32

import httpx
import psycopg
import pytest

from services.registers.main import RegistersService, create_service
from services.registers.reading.known_scope import Answered, AskedMoment, KnownScope
from services.registers.reading.reader import (
    OfficeNotTakenError,
    ScopeBusyError,
    ScopeNotTakenError,
    SeqNotTakenError,
)
from services.registers.reading.worker import WorkFailedError
from services.registers.settings import RegistersSettings
from services.registers.store.taking import begin_anew
from shared.access.caller import StaffRole
from shared.contract.topics import Topics
from shared.ids import ScopeId
from shared.platform.kafka.sender import OutgoingRecord, Sender, ensure_topic
from tests.support.answering import answering
from tests.support.attribution import LI, START, WANG, Journal, Raw
from tests.support.tokens import admission

pytestmark = pytest.mark.anyio

PARTITIONS = 3
DEADLINE = 180
DEMO = ScopeId("demo")


@pytest.fixture
def settings(database: str, kafka: str, topic_prefix: str) -> RegistersSettings:
    return RegistersSettings(
        database_url=database, kafka=kafka, topic_prefix=topic_prefix, partitions=PARTITIONS, registers_port=0,
        registers_wait=DEADLINE,  # a process is started anew within
        **admission().settings(),
    )  # fmt: skip


@asynccontextmanager
async def running(settings: RegistersSettings) -> AsyncIterator[RegistersService]:
    service = create_service(settings)
    async with answering(service):
        yield service


async def send(settings: RegistersSettings, records: Sequence[Raw]) -> None:
    topic = Topics(settings.topic_prefix).intake
    await ensure_topic(settings.kafka, topic, PARTITIONS, 1, 10)
    async with Sender(settings.kafka, topic, 10, "test") as sender:
        for raw in records:
            record = OutgoingRecord(raw.key, raw.value, raw.headers)
            await sender.send(crc32(raw.key or b"") % PARTITIONS, [record])


def owners(known: KnownScope) -> dict[str, str | None]:
    """By phone, who owns the customer."""
    then = known.known
    return {
        contact: then.owner_at(one.customer, then.as_of)
        for one in then.customers.values()
        for contact in one.contacts
    }


def entries(known: KnownScope) -> list[str]:
    return [str(id_) for id_ in known.known.entries]


def raises(known: KnownScope, *, sendable: bool) -> None:
    raise ValueError(str(known.scope)) if sendable else _UnsendableError(1, 2)


class _UnsendableError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(one + two)


async def asked(
    service: RegistersService, seq: int, at: datetime | None = None
) -> Answered[dict[str, str | None]]:
    """The answer, once the service knows the fact."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                return await service.reader.ask(DEMO, AskedMoment(at, min_seq=seq), owners)
            except (SeqNotTakenError, ScopeBusyError):
                await asyncio.sleep(0.02)


def office(journal: Journal) -> list[Raw]:
    """A visit of one customer, and three days later one of another."""
    return [
        *(
            journal.event("staff.enrolled", {"staff": one, "name": one, "role": "consultant"})
            for one in ("li", "wang")
        ),
        journal.visit(LI, "li", hours=1),
        journal.visit(WANG, "wang", hours=73),
    ]


async def test_facts_on_the_topic_are_answered_as_known_at_any_time(settings: RegistersSettings) -> None:
    """An answer waits for the fact that it must know, and says up to which it knows; an earlier moment lacks what came
    later. Its process killed, restarted, set aside and taken anew the registers are those of the topic."""
    journal = Journal()
    records = office(journal)
    await send(settings, records[:3])
    async with running(settings) as service:
        first = await asked(service, 3)
        await send(settings, records[3:])
        both = await asked(service, 4)
        assert (first.as_of_seq, both.as_of_seq, both.behind_since) == (3, 4, None)
        assert [len(one.value) for one in (first, both)] == [1, 2]
        earlier = await asked(service, 4, START + timedelta(hours=2))
        phone = f"+86{LI}"
        assert (earlier.value, earlier.as_of_seq) == ({phone: "li"}, 4)
        assert await service.reader.scope_of("demo-office") == DEMO
        assert await service.reader.offices_of(DEMO) == ["demo-office"]
        await refusals(service)
        for pid in list(service.workers._workers[0]._pool._processes):
            os.kill(pid, signal.SIGKILL)
        answers = await asyncio.gather(*(service.reader.ask(DEMO, AskedMoment(), owners) for _ in range(4)))
        assert [one.value for one in answers] == [both.value] * 4
        await over_http(service)
    async with running(settings) as service:
        assert (await asked(service, 4)).value == both.value
        begin_anew(service.database)
        assert (await asked(service, 4)).value == both.value
        with service.database.connection() as connection:
            connection.execute("INSERT INTO set_asides SELECT scope, id FROM facts WHERE seq = 4")
        service.workers.left_out_anew()
        assert (await asked(service, 4)).value == first.value


async def over_http(service: RegistersService) -> None:
    """Lists, reports, issued reports and findings are answered by the process that holds the scope."""
    transport = httpx.ASGITransport(app=service.app)
    manager = admission().issuer.headers(StaffRole("demo", "demo-office", "manager", "gao"), login="gao")
    base = "http://127.0.0.1/v1/offices/demo-office/"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=manager) as client:
        page = (await client.get("registers/visits", params={"limit": 1, "search": LI, "min_seq": 4})).json()
        assert (page["total"], page["as_of_seq"], page["rows"][0]["staff"]["staff"]) == (1, 4, "li")
        days = {"from": "2026-03-01", "to": "2026-03-31"}
        report = (await client.get("reports/traffic", params=days)).json()
        assert report["tables"][0]["total"]["figures"]["visits"]["value"] == "2"
        issued = await client.post("issued-reports", json={"report": "traffic", **days})
        assert issued.status_code == 201, issued.text
        read = await client.get(f"issued-reports/{issued.json()['id']}/document")
        assert sha256(read.content).hexdigest() == issued.json()["digest"]
        found = (await client.get("findings", params={"kind": "unknown_staff"})).json()
        assert {one["kind"] for one in found["findings"]} == {"unknown_staff"}
        wrong = await client.get("reports/traffic", params={"by": "shoe"})
        assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "query.by")
        assert (await client.get("registers/visits", params={"min_seq": 99})).status_code == 503
        elsewhere = base.replace("demo-office", "nowhere")
        assert (await client.get(f"{elsewhere}registers/visits")).status_code == 404


async def refusals(service: RegistersService) -> None:
    """What is not there is an error of its own; what a question raises comes back, and the process goes on."""
    with pytest.raises(ScopeNotTakenError):
        await service.reader.ask(ScopeId("nowhere"), AskedMoment(), entries)
    with pytest.raises(OfficeNotTakenError):
        await service.reader.scope_of("nowhere")
    with pytest.raises(SeqNotTakenError) as caught:
        await service.reader.ask(DEMO, AskedMoment(min_seq=9), entries)
    assert (caught.value.wanted, caught.value.taken) == (9, 4)
    with pytest.raises(ValueError, match="demo"):
        await service.reader.ask(DEMO, AskedMoment(), raises, sendable=True)
    with pytest.raises(WorkFailedError, match="_UnsendableError"):
        await service.reader.ask(DEMO, AskedMoment(), raises, sendable=False)
    assert len((await service.reader.ask(DEMO, AskedMoment(), entries)).value) == 4


async def test_killed_at_any_moment_it_takes_each_fact_once(settings: RegistersSettings) -> None:
    """kill -9 while it takes facts in: after the next start every fact has one row, in the order of its scope."""
    journal = Journal()
    records = [
        journal.event("shift.opened", {"order": ["li"]}, scope=f"s{n % 4}", hours=n / 100) for n in range(600)
    ]
    await send(settings, records[:200])
    process = started(settings)
    try:
        await until(settings, 1)
        await send(settings, records[200:])
        await until(settings, 201)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    async with running(settings):
        await until(settings, 600)
    assert rows(settings) == [(f"s{n}", seq) for n in range(4) for seq in range(1, 151)]


def started(settings: RegistersSettings) -> subprocess.Popen[bytes]:
    """The service as a process of its own, which is let in by the keys of the test."""
    given = {
        "DATABASE_URL": settings.database_url, "KAFKA": settings.kafka, "TOPIC_PREFIX": settings.topic_prefix,
        "PARTITIONS": str(PARTITIONS), "REGISTERS_PORT": "0", "TOKENS_FROM": settings.tokens_from,
    }  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PANKE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "services.registers.main"],
        env=environment | {f"PANKE_{name}": value for name, value in given.items()},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


async def until(settings: RegistersSettings, count: int) -> None:
    """So many facts are there."""
    async with asyncio.timeout(DEADLINE):
        while True:
            if len(await asyncio.to_thread(rows, settings)) >= count:
                return
            await asyncio.sleep(0.02)


def rows(settings: RegistersSettings) -> list[tuple[str, int]]:
    with psycopg.connect(settings.database_url) as connection:
        try:
            return connection.execute("SELECT scope, seq FROM registers.facts ORDER BY scope, seq").fetchall()
        except psycopg.errors.UndefinedTable:
            return []
