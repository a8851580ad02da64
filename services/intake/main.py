"""Composition root of intake: the one place that reads settings and holds the clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from importlib import metadata
from typing import Final

import psycopg
from fastapi import FastAPI

from services.intake.admission.attribution import AttributionClient
from services.intake.admission.rulebooks import AdoptableRulebooks
from services.intake.admission.service import Intake
from services.intake.http import SCHEMAS, add_routes
from services.intake.journal.backpressure import OutboxBacklog
from services.intake.journal.clock_watch import ClockWatch, StoredClocks
from services.intake.journal.codec import PlainCodec
from services.intake.journal.committer import GroupCommitter
from services.intake.journal.journal import Archive, Clock, Journal, declare_deployment
from services.intake.journal.positions import JournalStatus
from services.intake.journal.set_asides import SetAsides
from services.intake.model.metrics import IntakeMetrics
from services.intake.relay.outbox import FactOutbox
from services.intake.relay.relay import IntakeRelay, IntakeRelaySettings
from services.intake.settings import IntakeSettings
from shared.contract.topics import Topics
from shared.platform.clock import BusinessClock, SystemClock, open_clock
from shared.platform.http.app import create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.sender import broker_answers
from shared.platform.liveness import Progress, Watchdog
from shared.platform.postgres.database import Database, migrate
from shared.platform.runtime import background, cancelled, end_with, exit_wedged, prepared, spare_collector
from shared.platform.settings import load
from shared.platform.telemetry.telemetry import configure_logging, new_registry, render_metrics

SCHEMA: Final = "intake"
PACKAGE: Final = "services.intake"
BATCH_BYTES: Final = 32 * 1024 * 1024
BROKER_WAIT: Final = 1.5
RELAY_GRACE: Final = 5.0
COMPARISON_WAIT: Final = 3.0


class IntakeService:
    """The parts of one intake process, and the order in which they start and stop."""

    def __init__(self, settings: IntakeSettings, clock: BusinessClock) -> None:
        self.settings = settings
        version = metadata.version("panke")
        registry = new_registry("intake", version)
        metrics = IntakeMetrics(registry)
        codec = PlainCodec()
        self.database = Database(settings.database_url, schema=SCHEMA, name="panke-intake")
        self.clock_watch = _clock_watch(clock, self.database, metrics)
        stamps: Clock = self.clock_watch or clock
        dsn = self.database.dsn
        topic = Topics(settings.topic_prefix).intake
        self.standing = JournalStatus(self.database, topic)
        rulebooks = AdoptableRulebooks(settings.rulebooks, settings.rulebook_folder)
        self.journal = Journal(
            dsn,
            topic=topic,
            clock=stamps,
            codec=codec,
            knows_rulebook=rulebooks,
            default_rulebook=settings.default_rulebook,
        )
        self.committer = GroupCommitter(
            self.journal,
            metrics,
            group_size=settings.intake_group_size,
            queue_size=settings.intake_queue_size,
        )
        self.backlog = OutboxBacklog(self.database, metrics, settings.intake_backlog_limit)
        self.progress = Progress(time.monotonic)
        self.relay = IntakeRelay(
            _relay_settings(settings), FactOutbox(dsn, clock=stamps, codec=codec), metrics, self.progress
        )
        self.committer.notify(self.relay.wake)
        self.watchdog = Watchdog(self.progress, self._parts_answer, time.monotonic)
        self.intake = Intake(
            self.committer,
            self.backlog,
            Archive(codec),
            SetAsides(codec, stamps),
            AttributionClient(settings.intake_attribution, rulebooks),
            self.database,
        )
        self.app = create_app(
            "Panke intake 判客登记",
            version,
            live={"relay": self._live},
            ready={
                "database": self._database_ready,
                "clock": self._clock_ready,
                "journal": self.standing.problem,
                "broker": self._broker_ready,
                "relay": self._relay_ready,
            },
            metrics=partial(render_metrics, registry),
            lifespan=self.lifespan,
            hosts=settings.allowed_hosts,
            examples=examples_of("services.intake"),
            schemas=SCHEMAS,
            body_limit=BATCH_BYTES,
        )
        add_routes(self.app, self.intake, metrics)

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Start what takes in before what sends on, and stop it first: nothing taken stays queued."""
        await prepared(partial(_prepare, self.settings, self.database.dsn))
        self.database.open()
        if self.clock_watch is not None:
            await asyncio.to_thread(self.clock_watch.begin)
        self.committer.start(end_with)
        relay = background(self.relay.run(), "relay")
        watching = [
            background(self.backlog.run(), "backlog"),
            background(self.watchdog.run(self.settings.intake_exit_after, exit_wedged), "watchdog"),
        ]
        if self.clock_watch is not None:
            watching.append(background(self.clock_watch.run(), "clock-watch"))
        await self._first_comparison()
        try:
            yield
        finally:
            await self.committer.close()
            await cancelled(watching)
            self.relay.stop()
            await asyncio.wait([relay], timeout=RELAY_GRACE)
            await cancelled([relay])
            self.journal.close()
            await asyncio.to_thread(self.database.close)

    async def _first_comparison(self) -> None:
        """Compare before the first fact is taken; a broker that is away is no reason not to serve."""
        try:
            async with asyncio.timeout(COMPARISON_WAIT):
                await self.relay.compared()
                await self.standing.wait()
        except TimeoutError:
            return

    async def _parts_answer(self) -> bool:
        if not await asyncio.to_thread(self.database.ping):
            return False
        return await broker_answers(self.settings.kafka, BROKER_WAIT)

    def _live(self) -> str | None:
        stuck = self.watchdog.stuck_for()
        return (
            f"the relay has not moved for {stuck:.0f} s" if stuck > self.settings.intake_stuck_after else None
        )

    async def _database_ready(self) -> str | None:
        return None if await asyncio.to_thread(self.database.ping) else "the database does not answer"

    async def _broker_ready(self) -> str | None:
        return (
            None if await broker_answers(self.settings.kafka, BROKER_WAIT) else "the broker does not answer"
        )

    def _clock_ready(self) -> str | None:
        return None if self.clock_watch is None else self.clock_watch.problem()

    def _relay_ready(self) -> str | None:
        return self.progress.problem or self.relay.refilling


def _prepare(settings: IntakeSettings, dsn: str) -> list[str]:
    applied = migrate(settings.database_url, PACKAGE, SCHEMA)
    with psycopg.connect(dsn) as connection:
        declare_deployment(connection, demonstration=settings.demonstration)
    return applied


def _clock_watch(clock: BusinessClock, database: Database, metrics: IntakeMetrics) -> ClockWatch | None:
    """None where the clock is driven: then it is right by definition."""
    if not isinstance(clock, SystemClock):
        return None
    return ClockWatch(clock, StoredClocks(database), metrics.clock_apart)


def _relay_settings(settings: IntakeSettings) -> IntakeRelaySettings:
    topics = Topics(settings.topic_prefix)
    return IntakeRelaySettings(
        bootstrap=settings.kafka,
        topics=(topics.intake,),
        watermarks=topics.intake_watermark,
        partitions=settings.partitions,
        replication=settings.replication,
        send_wait=settings.intake_send_wait,
        topic_poll=settings.topic_poll,
    )


def create_service(settings: IntakeSettings) -> IntakeService:
    tolerance = timedelta(seconds=settings.intake_clock_tolerance)
    clock = open_clock(settings.clock, demonstration=settings.demonstration, tolerance=tolerance)
    return IntakeService(settings, clock)


def run() -> None:
    """Serve until a signal."""
    configure_logging("intake")  # what is said of the settings is a line of the log like any other
    settings = load(IntakeSettings)
    configure_logging("intake", settings.log_level)
    spare_collector()
    serve(create_service(settings).app, settings)


if __name__ == "__main__":
    run()
