"""Composition root of the registers: the one place that reads settings and takes clocks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from importlib import metadata
from typing import Final

import psycopg
import structlog
from msgspec import Struct

from services.registers.context.keeper import PostingContext
from services.registers.findings.store import StoredFindingSteps
from services.registers.http.routes import KeptByPeople, calls_of
from services.registers.issued.store import StoredIssuedReports
from services.registers.model.metrics import RegistersMetrics
from services.registers.reading.reader import ReaderBounds, RegistersReader, hold_what_fits
from services.registers.reading.worker import WorkerTerms
from services.registers.reading.workers import ScopeWorkers
from services.registers.settings import RegistersSettings
from services.registers.store.processor import TakingProcessor
from services.registers.store.taking import SQL, FactTaker
from shared.access.context import AskedServices, ContextAsking
from shared.access.deployment import ServiceDoor
from shared.access.machine import AsMachine
from shared.contract.topics import Topics
from shared.i18n import bilingual
from shared.platform.clock import BusinessClock, clock_problem, open_clock
from shared.platform.http.app import create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.consumed_topic import ConsumedTopic
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings
from shared.platform.kafka.readiness import both_answer, broker_problem
from shared.platform.kafka.topic_watch import TopicWatch, Watched
from shared.platform.kafka.watermarks import Watermarks
from shared.platform.liveness import Progress
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.place_names import place_names_of
from shared.platform.postgres.database import Database, migrate
from shared.platform.postgres.rows import the_row
from shared.platform.service import (
    LivenessLimits,
    ServiceHost,
    ServicePart,
    as_step,
    closed,
    database_part,
    in_background,
    run_service,
)
from shared.platform.settings import SettingsError, variable
from shared.platform.telemetry.telemetry import new_registry, render_metrics
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry
from shared.rules.schemes.loading import SchemeRegistry
from shared.rules.schemes.mistake_words import scheme_mistake
from shared.sealing.deployment import vault_dsn, vault_of, vault_parts
from shared.sealing.opener import Opener
from shared.sealing.vault import SCHEMA as VAULT

log: Final = structlog.get_logger()

SCHEMA: Final = "registers"
PACKAGE: Final = "services.registers"
BROKER_WAIT: Final = 5.0
CONNECTIONS: Final = 8
VAULT_CONNECTIONS: Final = 2
FIGURES_EVERY: Final = 1.0


class StandingScopes(Struct, frozen=True):
    """Scopes that are not taken any further, the first of each kind, and how often all was begun anew."""

    waiting: int
    forked: int
    first: str | None
    fork: str | None
    edition: int


class RegistersService:
    """The parts of one process of the registers."""

    def __init__(self, settings: RegistersSettings, clock: BusinessClock) -> None:
        self.settings = settings
        self.clock = clock
        version = metadata.version("panke")
        self.metrics = RegistersMetrics(new_registry("registers", version))
        self.database = Database(
            settings.database_url, schema=SCHEMA, name="panke-registers", max_size=CONNECTIONS
        )
        self.door = ServiceDoor(settings, SCHEMA, time.time, time.monotonic, self.metrics.registry)
        self.vault = vault_of(settings)
        self.vault_database = Database(
            vault_dsn(settings), schema=VAULT, name="panke-registers-vault", max_size=VAULT_CONNECTIONS
        )
        self.opener = Opener(self.vault, self.vault_database)
        registry = _rulebooks(settings)
        terms = _terms(settings, self.database.dsn, registry)
        self.workers = ScopeWorkers(terms, settings.registers_workers, self.metrics)
        watermarks = Watermarks()
        topics = Topics(settings.topic_prefix)
        self.processor = TakingProcessor(FactTaker(self.database, topics.intake), self.metrics, watermarks)
        self.intake = self._intake(topics, watermarks)
        self.reader = RegistersReader(
            self.database, self.workers, clock.now, self.processor.whole_until.get, self.metrics,
            ReaderBounds(settings.registers_wait, settings.registers_waiting),
        )  # fmt: skip
        self.context = PostingContext(
            self.database, registry, self.workers.left_out_anew, self.workers.post_by
        )
        self.asking = ContextAsking(
            AskedServices(settings.registers_attribution, settings.registers_intake),
            AsMachine(self.door.machine), self.metrics.context_errors, self.context,
        )  # fmt: skip
        calls = calls_of(
            self.reader,
            KeptByPeople(StoredIssuedReports(self.database), StoredFindingSteps(self.database)),
            clock.now,
            place_names_of(settings.place_names),
        )
        host = ServiceHost(self._parts())
        self.app = create_app(
            "Panke registers 判客报表",
            version,
            live=host.live,
            ready=host.ready,
            metrics=partial(render_metrics, self.metrics.registry),
            lifespan=host.lifespan,
            hosts=settings.allowed_hosts,
            examples=examples_of(PACKAGE),
            schemas=calls.schemas,
            door=self.door.door(partial(clock_problem, self.clock)),
        )
        self.app.include_router(calls.router)

    def _intake(self, topics: Topics, watermarks: Watermarks) -> ConsumedTopic:
        """The topic of facts, which is waited for: intake makes it."""
        settings = self.settings
        watched = Watched(
            settings.brokers, topics.intake, settings.partitions, BROKER_WAIT, settings.topic_poll
        )
        return ConsumedTopic(
            ConsumerSettings(
                settings.brokers, topics.intake, f"{settings.topic_prefix}panke-registers", "panke-registers"
            ),
            self.processor,
            TopicWatch(watched, self.metrics.unfit.labels(topics.intake)),
            topics.intake_watermark,
            watermarks,
            ConsumerProgress(Progress(time.monotonic), Progress(time.monotonic)),
        )

    def _parts(self) -> list[ServicePart]:
        """In the order in which they start."""
        settings, database = self.settings, self.database
        limits = LivenessLimits(
            settings.registers_stuck_after,
            settings.registers_exit_after,
            both_answer(database.ping, settings.brokers, BROKER_WAIT),
        )
        topic = Topics(settings.topic_prefix).intake
        return [
            ServicePart("clock", ready=partial(clock_problem, self.clock)),
            database_part(database, partial(migrate, settings.database_url, PACKAGE, SCHEMA)),
            *vault_parts(settings, self.vault, self.vault_database),
            *self.door.parts(),
            ServicePart("broker", ready=partial(broker_problem, settings.brokers, BROKER_WAIT, topic)),
            closed("processes that hold scopes", self.workers.close),
            ServicePart("rulebooks", as_step(self._go_by_stored)),
            in_background("holding", self._hold),
            *self.intake.parts("taking", limits, self._show_lag),
            in_background("context", self.asking.run),
            in_background("figures", self._figures),
            ServicePart("scopes", ready=self._scopes_ready),
        ]

    def _go_by_stored(self) -> None:
        self.workers.post_by(self.context.go_by_stored())

    async def _hold(self) -> None:
        """Read scopes before they are asked for, as far as the bound lets them be held together."""
        await self.workers.begin()
        await hold_what_fits(self.reader, self.settings.registers_facts * self.settings.registers_workers)

    def _begin_anew(self) -> None:
        """All was forgotten: the topic is read from its beginning, also if no fact ever comes again."""
        log.info("registers_begun_anew")
        self.processor.positions_moved()
        if self.intake.consumer is not None:
            self.intake.consumer.settle()

    def _show_lag(self, lag: Mapping[int, int]) -> None:
        self.metrics.show_lag(lag)

    async def _scopes_ready(self) -> str | None:
        found = await asyncio.to_thread(self._standing)
        if found is not None and found.forked:
            return bilingual(
                "{count} scopes are not taken any further, the topic has another fact than was taken: {scope}",
                count=found.forked, scope=found.fork,
            )  # fmt: skip
        if found is not None and found.waiting:
            return bilingual(
                "{count} scopes wait for a fact that the topic lacks: {scope}; panke relay --scope {scope}",
                count=found.waiting, scope=found.first,
            )  # fmt: skip
        return None

    def _standing(self) -> StandingScopes | None:
        try:
            with self.database.connection() as connection:
                return the_row(connection.execute(SQL["standing_scopes"]), StandingScopes)
        except psycopg.Error:
            return None  # the database says so itself

    async def _figures(self) -> None:
        edition: int | None = None
        while True:
            found = await asyncio.to_thread(self._standing)
            if found is not None:
                self.metrics.scopes_waiting.set(found.waiting)
                self.metrics.scopes_forked.set(found.forked)
                if edition not in (None, found.edition):
                    self._begin_anew()
                edition = found.edition
            await asyncio.sleep(FIGURES_EVERY)


def _terms(settings: RegistersSettings, dsn: str, registry: Registry) -> WorkerTerms:
    try:
        SchemeRegistry(settings.scheme_folder)
    except OfficeFileError as error:
        raise SettingsError(f"{variable('scheme_folder')}: {scheme_mistake(error)}") from None
    return WorkerTerms(
        dict(registry.books), dsn, settings.default_rulebook, settings.scheme_folder, settings.registers_facts,
        settings.registers_memory, settings.keys, vault_dsn(settings),
    )  # fmt: skip


def _rulebooks(settings: RegistersSettings) -> Registry:
    """What may be adopted."""
    try:
        return Registry(settings.rulebook_folder)
    except OfficeFileError as error:
        raise SettingsError(f"{variable('rulebook_folder')}: {mistake_line(error)}") from None


def create_service(settings: RegistersSettings) -> RegistersService:
    return RegistersService(settings, open_clock(settings.clock, demonstration=settings.demonstration))


def run() -> None:
    """Serve until a signal."""
    run_service(
        "registers",
        RegistersSettings,
        lambda settings: serve(create_service(settings).app, settings, settings.trusted_proxies),
    )


if __name__ == "__main__":
    run()
