"""Composition root of intake: the one place that reads settings and holds the clocks."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from functools import partial
from importlib import metadata
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
import structlog

from services.intake.admission.attribution import AttributionClient
from services.intake.admission.rulebooks import AdoptableRulebooks
from services.intake.admission.service import Intake
from services.intake.books.grid import BookLimits
from services.intake.http import SCHEMAS, add_routes
from services.intake.imports.jobs import ImportBounds, ImportJobs, RowTally
from services.intake.imports.process import ProcessLimits
from services.intake.imports.runner import ImportRunner, ReadingTerms
from services.intake.imports.sealed_files import ImportSeal
from services.intake.imports_http import IMPORTS, ImportCalls, add_import_routes
from services.intake.imports_http import SCHEMAS as IMPORT_SCHEMAS
from services.intake.journal.backpressure import OutboxBacklog
from services.intake.journal.clock_watch import ClockWatch, StoredClocks
from services.intake.journal.committer import GroupCommitter
from services.intake.journal.damage_watch import DamageWatch
from services.intake.journal.journal import Archive, Clock, Journal, declare_deployment
from services.intake.journal.positions import JournalStatus
from services.intake.journal.sealing import SealingJournal
from services.intake.journal.set_asides import SetAsides
from services.intake.model.metrics import IntakeMetrics
from services.intake.relay.outbox import FactOutbox
from services.intake.relay.relay import IntakeRelay, IntakeRelaySettings
from services.intake.settings import IntakeSettings
from shared.access.deployment import ServiceDoor
from shared.contract.topics import Topics
from shared.i18n import bilingual
from shared.platform.clock import BusinessClock, SystemClock, open_clock
from shared.platform.http.app import create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.readiness import both_answer, broker_problem
from shared.platform.liveness import Progress
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.postgres.database import Database, migrate
from shared.platform.runtime import end_with
from shared.platform.service import (
    LivenessLimits,
    ServiceHost,
    ServicePart,
    as_step,
    closed,
    database_part,
    in_background,
    run_service,
    watched,
)
from shared.platform.settings import SettingsError, variable
from shared.platform.telemetry.telemetry import new_registry, render_metrics
from shared.rules.schemes.loading import SchemeRegistry
from shared.rules.schemes.mistake_words import scheme_mistake
from shared.sealing.deployment import vault_dsn, vault_of, vault_parts
from shared.sealing.opener import Opener
from shared.sealing.vault import SCHEMA as VAULT

log: Final = structlog.get_logger()

SCHEMA: Final = "intake"
PACKAGE: Final = "services.intake"
BATCH_BYTES: Final = 32 * 1024 * 1024
BROKER_WAIT: Final = 1.5
RELAY_GRACE: Final = 5.0
COMPARISON_WAIT: Final = 3.0
NO_KEYS: Final = bilingual(
    "{keys}: give the file of keys by which personal texts are kept under seal (panke keys new makes one). A journal "
    "that was begun in clear is put under seal by panke journal seal; {in_clear}=true goes on with one in clear",
    keys=variable("keys"),
    in_clear=variable("intake_journal_in_clear"),
)


class IntakeService:
    """The parts of one intake process, and the order in which they start and stop."""

    def __init__(self, settings: IntakeSettings, clock: BusinessClock) -> None:
        self.settings = settings
        version = metadata.version("panke")
        registry = new_registry("intake", version)
        metrics = IntakeMetrics(registry)
        self.database = Database(settings.database_url, schema=SCHEMA, name="panke-intake")
        self.clock_watch = _clock_watch(clock, self.database, metrics)
        stamps: Clock = self.clock_watch or clock
        self._topic = Topics(settings.topic_prefix).intake
        self.standing = JournalStatus(self.database, self._topic)
        rulebooks = AdoptableRulebooks(settings.rulebooks, settings.rulebook_folder)
        self.door = ServiceDoor(settings, SCHEMA, time.time, time.monotonic, registry)
        self.vault = vault_of(settings)
        self.vault_database = Database(
            vault_dsn(settings), schema=VAULT, name="panke-intake-opening", max_size=2
        )
        self.journal = self._sealing(_journal(settings, self.database.dsn, stamps, rulebooks))
        self.committer = GroupCommitter(
            self.journal,
            metrics,
            group_size=settings.intake_group_size,
            queue_size=settings.intake_queue_size,
        )
        self.backlog = OutboxBacklog(self.database, metrics, settings.intake_backlog_limit)
        self.progress = Progress(time.monotonic)
        self.watch = DamageWatch(metrics)
        outbox = FactOutbox(self.database.dsn, clock=stamps, watch=self.watch)
        self.relay = IntakeRelay(_relay_settings(settings), outbox, metrics, self.progress)
        self.committer.notify(self.relay.wake)
        self.intake = Intake(
            self.committer,
            self.backlog,
            Archive(),
            SetAsides(stamps),
            AttributionClient(settings.intake_attribution, rulebooks, self.door.machine),
            self.database,
            Opener(self.vault, self.vault_database),
        )
        self.imports = ImportJobs(self.database, ImportSeal(self.vault), _import_bounds(settings))
        self.import_runner = ImportRunner(
            self.imports, self.intake, self.door.reporting, Opener(self.vault, self.vault_database),
            _reading_terms(settings, self.database.dsn, stamps), metrics.show_imports,
            partial(_count_rows, metrics),
        )  # fmt: skip
        host = ServiceHost(self._parts())
        self.app = create_app(
            "Panke intake 判客登记",
            version,
            live=host.live,
            ready=host.ready,
            metrics=partial(render_metrics, registry),
            lifespan=host.lifespan,
            hosts=settings.allowed_hosts,
            forms=(IMPORTS,),
            examples=examples_of("services.intake"),
            schemas=SCHEMAS | IMPORT_SCHEMAS,
            body_limit=BATCH_BYTES,
            door=self.door.door(self._clock_ready),
        )
        add_routes(self.app, self.intake, metrics, self.door.reporting)
        calls = ImportCalls(self.imports, self.import_runner, settings.intake_import_bytes)
        add_import_routes(self.app, calls)

    def _sealing(self, journal: Journal) -> Journal | SealingJournal:
        """The journal behind the seal, where keys are given."""
        if self.vault is None:
            if not self.settings.intake_journal_in_clear:
                raise SettingsError(NO_KEYS)
            log.warning("personal_texts_in_clear", setting=variable("intake_journal_in_clear"))
            return journal
        beside = self.settings.vault_url in (None, self.settings.database_url)
        return SealingJournal(journal, self.vault, self.vault_database.dsn, beside_journal=beside)

    def _parts(self) -> list[ServicePart]:
        """In the order in which they start; what takes in is stopped before what sends on: nothing stays queued."""
        settings, database = self.settings, self.database
        limits = LivenessLimits(
            settings.intake_stuck_after,
            settings.intake_exit_after,
            both_answer(database.ping, settings.brokers, BROKER_WAIT),
        )
        return [
            database_part(database, partial(_prepare, settings, database.dsn, self.watch)),
            *self.door.parts(),
            *vault_parts(settings, self.vault, self.vault_database),
            ServicePart("clock", self._begin_clock, ready=self._clock_ready),
            ServicePart("journal", stop=as_step(self.journal.close), ready=self.standing.problem),
            ServicePart("broker", ready=partial(broker_problem, settings.brokers, BROKER_WAIT)),
            in_background(
                "relay", self.relay.run, end=self.relay.stop, grace=RELAY_GRACE, ready=self._relay_ready
            ),
            in_background("backlog", self.backlog.run),
            in_background("damage watch", partial(self.watch.run, database, self._topic)),
            watched("relay", "the relay", self.progress, limits),
            *(() if self.clock_watch is None else (in_background("clock watch", self.clock_watch.run),)),
            ServicePart("committer", self._start_committer, self.committer.close),
            ServicePart("comparison", self._first_comparison),
            ServicePart("secret of imports", self._prepare_imports),
            closed("threads of imports", self.import_runner.close),
            in_background("runner of imports", self.import_runner.run),
        ]

    async def _prepare_imports(self) -> None:
        await asyncio.to_thread(self.imports.prepare)

    async def _begin_clock(self) -> None:
        if self.clock_watch is not None:
            await asyncio.to_thread(self.clock_watch.begin)

    async def _start_committer(self) -> None:
        self.committer.start(end_with)

    async def _first_comparison(self) -> None:
        """Compare before the first fact is taken; a broker that is away is no reason not to serve."""
        try:
            async with asyncio.timeout(COMPARISON_WAIT):
                await self.relay.compared()
                await self.standing.wait()
        except TimeoutError:
            return

    def _clock_ready(self) -> str | None:
        problem = None if self.clock_watch is None else self.clock_watch.problem()
        return None if problem is None else str(problem)

    def _relay_ready(self) -> str | None:
        return self.progress.problem or self.relay.refilling


def _prepare(settings: IntakeSettings, dsn: str, watch: DamageWatch) -> list[str]:
    applied = migrate(settings.database_url, PACKAGE, SCHEMA)
    with psycopg.connect(dsn) as connection:
        declare_deployment(connection, demonstration=settings.demonstration, sealed=bool(settings.keys))
        watch.void_damaged(connection)
    return applied


def _clock_watch(clock: BusinessClock, database: Database, metrics: IntakeMetrics) -> ClockWatch | None:
    """None where the clock is driven: then it is right by definition."""
    if not isinstance(clock, SystemClock):
        return None
    return ClockWatch(clock, StoredClocks(database), metrics.clock_apart)


def _schemes(folder: str) -> SchemeRegistry:
    try:
        return SchemeRegistry(folder)
    except OfficeFileError as error:
        raise SettingsError(f"{variable('scheme_folder')}: {scheme_mistake(error)}") from None


def _journal(settings: IntakeSettings, dsn: str, clock: Clock, rulebooks: AdoptableRulebooks) -> Journal:
    return Journal(
        dsn,
        topic=Topics(settings.topic_prefix).intake,
        clock=clock,
        knows_rulebook=rulebooks,
        default_rulebook=settings.default_rulebook,
        schemes=_schemes(settings.scheme_folder),
    )


def _import_bounds(settings: IntakeSettings) -> ImportBounds:
    return ImportBounds(
        settings.intake_imports_open, settings.intake_imports_caller, settings.intake_imports_days
    )


def _reading_terms(settings: IntakeSettings, dsn: str, clock: Clock) -> ReadingTerms:
    try:
        ZoneInfo(settings.intake_import_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(
            f"{variable('intake_import_zone')}: {bilingual('is no time zone, such as Asia/Shanghai')}"
        ) from None
    return ReadingTerms(
        settings.intake_import_zone,
        dsn,
        settings.rulebook_folder,
        BookLimits(rows=settings.intake_import_rows),
        ProcessLimits(settings.intake_import_seconds, settings.intake_import_memory),
        clock.now,
    )


def _count_rows(metrics: IntakeMetrics, tally: RowTally) -> None:
    metrics.count_rows(tally.accepted, tally.duplicates, tally.rejected)


def _relay_settings(settings: IntakeSettings) -> IntakeRelaySettings:
    topics = Topics(settings.topic_prefix)
    return IntakeRelaySettings(
        bootstrap=settings.brokers,
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
    run_service(
        "intake",
        IntakeSettings,
        lambda settings: serve(create_service(settings).app, settings, settings.trusted_proxies),
    )


if __name__ == "__main__":
    run()
