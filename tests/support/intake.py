"""Events and parts of intake for tests of it."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client import CollectorRegistry

from services.intake.admission.admission import submission_of
from services.intake.admission.rulebooks import AdoptableRulebooks
from services.intake.journal.comparison import keep
from services.intake.journal.damage_watch import DamageWatch
from services.intake.journal.journal import Journal
from services.intake.main import IntakeService
from services.intake.model.metrics import IntakeMetrics
from services.intake.model.submission import Submission
from services.intake.relay.outbox import FactOutbox
from services.intake.relay.relay import IntakeRelay, IntakeRelaySettings
from shared.contract import decode_event
from shared.contract.topics import WatermarkMessage, decode_watermark
from shared.platform.clock import SystemClock
from shared.platform.kafka.sender import ensure_topic
from shared.platform.kafka.topic_state import LAST_OF_EACH_KEY, place_of
from shared.platform.liveness import Progress
from shared.platform.postgres.database import connection_info, migrate
from tests.support.patience import PATIENCE

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
PARTITIONS = 3
TOPIC = "panke.intake.v1"
NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


class FixedClock:
    """Business time that moves only when a test says so."""

    speed = 0.0

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


def visit(scope: str = "demo", **changes: Any) -> dict[str, Any]:
    """The envelope of a visit, with whatever a test wants otherwise."""
    envelope: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "type": "visit.registered",
        "scope": scope,
        "office": f"{scope}-office",
        "actor": "reception",
        "occurred_at": "2026-03-01T10:00:00+08:00",
        "data": {
            "visit": f"v-{uuid.uuid4()}",
            "customer": {"name": "张伟", "phones": ["138 0000 0001"]},
            "received_by": "li",
            "capacity": "on_turn",
        },
    }
    return {**envelope, **changes}


def raw(envelope: dict[str, Any]) -> bytes:
    return msgspec.json.encode(envelope)


def submission(scope: str = "demo", **changes: Any) -> Submission:
    return admitted(visit(scope, **changes))


def admitted(envelope: dict[str, Any]) -> Submission:
    """The submission of an event that anybody may record."""
    body = raw(envelope)
    return submission_of(decode_event(body, recorded=False), body, TRACE)


def adoption(rulebook: str, version: int = 1, **changes: Any) -> dict[str, Any]:
    data = {"rulebook": rulebook, "version": version, "effective_from": "2026-03-02T00:00:00+08:00"}
    return visit(type="rulebook.adopted", data=data, **changes)


def prepare(dsn: str) -> str:
    """Migrate a fresh database, whose journal may take facts; answers the connection string that the service uses."""
    migrate(dsn, "services.intake", "intake")
    compared(dsn, TOPIC)
    return connection_info(dsn, schema="intake")


def compared(dsn: str, topic: str) -> None:
    """As if the journal had just been held against its topic and lacked nothing."""
    with psycopg.connect(dsn) as connection:
        keep(connection, topic, "")


async def taking(service: IntakeService, seconds: float = PATIENCE) -> None:
    """Until the journal was compared with its topic, whatever was found: how long that takes depends on the machine."""
    async with asyncio.timeout(seconds):
        await service.standing.wait()


def new_journal(dsn: str, clock: Any = None, topic: str = TOPIC) -> Journal:
    return Journal(
        dsn,
        topic=topic,
        clock=clock or SystemClock(),
        knows_rulebook=AdoptableRulebooks(["base@1", "shijiazhuang@1"]),
        default_rulebook="base",
    )


def new_outbox(dsn: str, clock: Any = None, kind: type[FactOutbox] = FactOutbox) -> FactOutbox:
    watch = DamageWatch(new_metrics())
    return kind(dsn, clock=clock or SystemClock(), watch=watch)


def new_metrics() -> IntakeMetrics:
    return IntakeMetrics(CollectorRegistry())


def watermarks_of(topic: str) -> str:
    """The topic in which it is told how far this one is whole."""
    return topic.replace("panke.intake.v1", "panke.intake.watermark.v1")


def new_relay(
    dsn: str, bootstrap: str, topic: str, clock: Any = None, outbox: FactOutbox | None = None, **changes: Any
) -> IntakeRelay:
    chosen: dict[str, Any] = {
        "partitions": PARTITIONS,
        "watermark_interval": 0.1,
        "lead_retry": 0.1,
        "send_wait": 60.0,  # what is acknowledged later than that is sent twice
        **changes,
    }
    settings = IntakeRelaySettings(bootstrap, (topic,), watermarks_of(topic), **chosen)
    return IntakeRelay(settings, outbox or new_outbox(dsn, clock), new_metrics(), Progress(time.monotonic))


class Reader:
    """Everything on a topic of facts, and on that of its watermarks, from their beginnings."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        consumer: Any = AIOKafkaConsumer
        self._consumer = consumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
        self._bootstrap, self._topic = bootstrap, topic
        self.facts: list[Any] = []
        self.watermarks: list[WatermarkMessage] = []

    async def __aenter__(self) -> Reader:
        await ensure_topic(self._bootstrap, self._topic, PARTITIONS, 1, 20)
        told = watermarks_of(self._topic)
        await ensure_topic(self._bootstrap, told, 1, 1, 20, LAST_OF_EACH_KEY)
        await self._consumer.start()
        facts = [TopicPartition(self._topic, n) for n in range(PARTITIONS)]
        self._consumer.assign([*facts, TopicPartition(told, 0)])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def until_facts(self, count: int, seconds: float = PATIENCE) -> None:
        await self._until(lambda: len({self.place(fact) for fact in self.facts}) >= count, seconds)

    async def until_records(self, count: int, seconds: float = PATIENCE) -> None:
        """Until so many facts have come, repetitions counted."""
        await self._until(lambda: len(self.facts) >= count, seconds)

    async def until_told(self, at: datetime, seconds: float = PATIENCE) -> None:
        """Until the last watermark of each partition is of that time."""
        await self._until(
            lambda: (
                {place_of(told.source)[1] for told in self.watermarks[-PARTITIONS:] if told.watermark == at}
                == set(range(PARTITIONS))
            ),
            seconds,
        )

    async def until_whole(self, seconds: float = PATIENCE) -> None:
        """Until the last watermark of each partition holds where it ends, as many were told before that."""
        ends = await self.ends()
        await self._until(lambda: self.holds() == dict(enumerate(ends)), seconds)

    def holds(self) -> dict[int, int]:
        """From which offset on the last watermark of each partition holds."""
        return {place_of(told.source)[1]: told.offset for told in self.watermarks}

    async def until_watermarks(self, count: int, seconds: float = PATIENCE) -> None:
        await self._until(lambda: len(self.watermarks) >= count, seconds)

    async def _until(self, done: Any, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"only {len(self.facts)} facts came"
            for records in (await self._consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    if record.topic == self._topic:
                        self.facts.append(record)
                    else:
                        self.watermarks.append(decode_watermark(record.value))

    async def ends(self) -> list[int]:
        """Where each partition of the topic of facts ends now."""
        facts = [TopicPartition(self._topic, n) for n in range(PARTITIONS)]
        ends = await self._consumer.end_offsets(facts)
        return [ends[place] for place in facts]

    @staticmethod
    def place(record: Any) -> tuple[str, int]:
        return record.key.decode(), int(dict(record.headers)["seq"])

    def seqs(self, scope: str) -> list[int]:
        """The seqs of a scope as a consumer keeps them: what it has seen is dropped."""
        seen: list[int] = []
        for fact in self.facts:
            key, seq = self.place(fact)
            if key == scope and (not seen or seq > seen[-1]):
                seen.append(seq)
        return seen
