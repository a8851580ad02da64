"""The composition root of attribution: reads settings and clock, joins the parts, starts and stops them in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from importlib import metadata
from typing import Final

import psycopg
import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.attribution.drift.keeper import AuditKeeper
from services.attribution.drift.process import AuditedDeployment, AuditLimits
from services.attribution.drift.record import AuditRecord
from services.attribution.fold.application import FoldApplication
from services.attribution.fold.bounds import Bounds
from services.attribution.fold.metrics import AttributionMetrics
from services.attribution.fold.processor import IntakeProcessor
from services.attribution.fold.rules import live_rules
from services.attribution.fold.scope_fold import Rules
from services.attribution.historic.judge import HistoricJudge
from services.attribution.http import AnsweredFrom, AnsweredReplays, routes_of
from services.attribution.quarantine.marks import SetAsideMarks
from services.attribution.queries.lanes import Lanes, Readers
from services.attribution.queries.preview import Previewer
from services.attribution.queries.reader import ScopeReader
from services.attribution.relay.outbox import OwnershipOutbox
from services.attribution.relay.relay import OwnershipRelay
from services.attribution.replays.jobs import ReplayBounds, ReplayJobs
from services.attribution.replays.runner import ReplayRunner
from services.attribution.settings import AttributionSettings
from services.attribution.store.positions import Positions
from services.attribution.store.recorder import SCHEMA, AttributionDatastore, AttributionRecorder
from services.attribution.store.store import Store, opening_book
from services.attribution.store.texts import StoredTexts
from services.attribution.store.unborne import note_unborne
from shared.access.deployment import ServiceDoor
from shared.access.limits import DAY, HOUR, MINUTE, Bound, CallerLimit
from shared.contract.answers.replays import ReplayLimits
from shared.contract.topics import Topics
from shared.platform.clock import BusinessClock, MachineClock, clock_problem, open_clock
from shared.platform.http.app import create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.consumed_topic import ConsumedTopic
from shared.platform.kafka.outbox_relay import RelaySettings
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings, PositionedConsumer
from shared.platform.kafka.readiness import both_answer, broker_problem
from shared.platform.kafka.sender import ensure_topic
from shared.platform.kafka.topic_state import TopicState
from shared.platform.kafka.topic_watch import TopicWatch, Watched
from shared.platform.kafka.watermarks import Watermarks
from shared.platform.liveness import Progress
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.postgres.database import Database, connection_info, migrate
from shared.platform.postgres.kept_clock import KeptClock, steady_times
from shared.platform.postgres.scoped import read_only
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
from shared.platform.threads import Threads
from shared.rules.rulebooks.mistake_words import mistake_line
from shared.rules.rulebooks.registry import Registry
from shared.sealing.deployment import vault_dsn, vault_of, vault_parts
from shared.sealing.opener import Opener
from shared.sealing.vault import SCHEMA as VAULT

log = structlog.get_logger()

PACKAGE: Final = "services.attribution"
BROKER_WAIT: Final = 1.5
RELAY_GRACE: Final = 5.0
FIGURES_EVERY: Final = 2.0
AUDIT_MEMORY: Final = 4 * 1024**3
UNBORNE_EVERY: Final = 60.0


class AttributionService:
    """The parts of one attribution process."""

    def __init__(self, settings: AttributionSettings, clock: BusinessClock) -> None:
        self.settings = settings
        self.clock = clock
        self.topics = Topics(settings.topic_prefix)
        registry = new_registry("attribution", metadata.version("panke"))
        self.metrics = AttributionMetrics(registry)
        self.database = Database(settings.database_url, schema=SCHEMA, name="panke-attribution")
        self.datastore = AttributionDatastore(settings.database_url, pool_size=settings.partitions)
        self.rulebooks = _rulebooks(settings)
        self.texts = StoredTexts(self.database, self.rulebooks)
        rules = live_rules(self.rulebooks)
        self.door = ServiceDoor(settings, SCHEMA, time.time, time.monotonic, registry)
        self.vault = vault_of(settings)
        self.questions = ScopeReader(self.database, rules.books, self.texts.seen)
        self._parked_since: datetime | None = None
        self.fold_threads = Threads("fold", settings.partitions)
        self.watermarks = Watermarks()
        self.intake = self._intake(rules)
        self.kept_clock = KeptClock(self.database, steady_times(clock), lambda: self.watermarks.latest)
        self.relay_progress = Progress(time.monotonic)
        self.outbox = OwnershipOutbox(self.database.dsn, self.relay_progress.step)
        self.relay = OwnershipRelay(_relay_settings(settings), self.outbox, self.metrics, self.relay_progress)
        readers = _readers(settings)
        self.lanes = Lanes(readers)
        # Readers have connections of their own: they could hold all while the fold waits for one.
        self.reading = Database(
            settings.database_url, schema=SCHEMA, name="panke-attribution-reads", max_size=readers.all,
            configure=read_only,
        )  # fmt: skip
        self.vault_database = Database(
            vault_dsn(settings), schema=VAULT, name="panke-attribution-vault", max_size=readers.all
        )
        self.narrow, self.wide = _refolders(settings, rules)
        self.audits = AuditRecord(self.database)
        self.auditing = AuditKeeper(
            _audited(settings), self.audits, self.metrics, settings.attribution_drift_every, time.monotonic
        )
        self.replays = ReplayJobs(self.database, _replay_bounds(settings))
        self.replay_runner = ReplayRunner(
            self.replays, rules.books, self.database.dsn, settings.attribution_replay_workers,
            self.metrics.show_replays,
        )  # fmt: skip
        self.app = self._app(registry, rules)

    @property
    def consumer(self) -> PositionedConsumer | None:
        """The consumer, while the topic is read."""
        return self.intake.consumer

    def _intake(self, rules: Rules) -> ConsumedTopic:
        """The fold of the topic of facts."""
        settings, topic, watermarks = self.settings, self.topics.intake, self.watermarks
        progress = ConsumerProgress(Progress(time.monotonic), Progress(time.monotonic))
        bounds = Bounds(
            settings.attribution_batch_seconds,
            settings.attribution_part,
            time.monotonic,
            progress.applying.step,
        )
        fold = FoldApplication(
            Store(self.database, self.texts.seen),
            AttributionRecorder(self.datastore),
            rules,
            settings.default_rulebook,
            bounds,
            watermarks,
        )
        group = f"{settings.topic_prefix}{settings.attribution_group}"
        return ConsumedTopic(
            ConsumerSettings(settings.brokers, topic, group, "panke-attribution", settings.attribution_batch),
            IntakeProcessor(
                (settings.brokers, topic),
                fold,
                self.metrics,
                Positions(self.database),
                self.texts.read,
                self.fold_threads,
            ),
            TopicWatch(_watched(settings, topic), self.metrics.unfit.labels(topic)),
            self.topics.intake_watermark,
            watermarks,
            progress,
            self._intake_topic,
        )

    def _app(self, registry: CollectorRegistry, rules: Rules) -> FastAPI:
        settings, host = self.settings, ServiceHost(self._parts())
        opener = Opener(self.vault, self.vault_database)
        reader = ScopeReader(self.reading, rules.books, self.texts.seen, opener)
        routes = routes_of(
            AnsweredFrom(
                reader,
                self.lanes,
                self.narrow,
                self.wide,
                self.metrics.refolded,
                Previewer(reader, rules, settings.default_rulebook),
                self.clock,
                self.texts,
                SetAsideMarks(self.database),
                settings.attribution_shared_contact,
                _look_ups(settings, self.metrics),
                self.audits,
                AnsweredReplays(
                    self.replays,
                    self.replay_runner,
                    self.rulebooks,
                    CallerLimit([Bound(settings.attribution_replays_hour, HOUR)], time.monotonic),
                ),
            )
        )
        app = create_app(
            "Panke attribution 判客归属",
            metadata.version("panke"),
            live=host.live,
            ready=host.ready,
            notes={"drift": self.auditing.note},
            metrics=partial(render_metrics, registry),
            lifespan=host.lifespan,
            hosts=settings.allowed_hosts,
            examples=examples_of("services.attribution"),
            schemas=routes.schemas,
            door=self.door.door(partial(clock_problem, self.clock)),
        )
        app.include_router(routes.router)
        return app

    def _parts(self) -> list[ServicePart]:
        """In the order in which they start; the service answers while the broker is away."""
        settings, database = self.settings, self.database
        limits = LivenessLimits(
            settings.attribution_stuck_after,
            settings.attribution_exit_after,
            both_answer(database.ping, settings.brokers, BROKER_WAIT),
        )
        topics = (self.topics.intake, self.topics.ownership)
        return [
            ServicePart("clock", ready=partial(clock_problem, self.clock)),
            database_part(database, partial(migrate, settings.database_url, PACKAGE, SCHEMA)),
            ServicePart("kept clock", as_step(self.kept_clock.begin)),
            ServicePart("broker", ready=partial(broker_problem, settings.brokers, BROKER_WAIT, *topics)),
            *self.door.parts(),
            *vault_parts(settings, self.vault, self.vault_database),
            ServicePart("reading", as_step(self.reading.open), as_step(self.reading.close)),
            closed("lanes", self.lanes.close),
            closed("datastore", self.datastore.close),
            closed("threads of the fold", self.fold_threads.close),
            closed("processes of one customer", self.narrow.close),
            closed("processes of a scope", self.wide.close),
            ServicePart("rulebooks", self._check_adopted),
            in_background(
                "relay", self.relay.run, end=self.relay.stop, grace=RELAY_GRACE, ready=self._relay_ready
            ),
            *self.intake.parts("fold", limits, self._show_lag, self._consumer_ready),
            in_background("figures", self._figures),
            in_background("audits", self.auditing.run, after=as_step(self.auditing.close)),
            in_background("clocks", self.kept_clock.run),
            closed("threads of replays", self.replay_runner.close),
            in_background("runner of replays", self.replay_runner.run),
            in_background("index of what facts name", self._note_unborne),
            watched("relay", "the relay", self.relay_progress, limits),
        ]

    async def _check_adopted(self) -> None:
        """Nobody is judged under a text that is not the one that was adopted; what no file has is taken from there."""
        changed = await asyncio.to_thread(self.texts.read)
        if changed:
            log.critical("rulebooks_changed", folder=self.settings.rulebook_folder, reasons=changed)
            raise SettingsError("; ".join(changed))
        books = self.rulebooks.books
        if opening_book(self.settings.default_rulebook, books) not in books:
            named = ", ".join(f"{name}@{version}" for name, version in books)
            raise SettingsError(f"{variable('default_rulebook')}: not one of {named}")

    async def _intake_topic(self) -> TopicState:
        """The topic is made where it is not there."""
        settings = self.settings
        return await ensure_topic(
            settings.brokers,
            self.topics.intake,
            settings.partitions,
            settings.replication,
            settings.attribution_send_wait,
        )

    async def _figures(self) -> None:
        """The quarantine, every other second; figures are no reason to fail."""
        while True:
            try:
                parked, self._parked_since = await asyncio.to_thread(self.questions.parked)
                self.metrics.parked.set(parked)
            except psycopg.Error as error:
                log.warning("figures_unknown", error=type(error).__name__)
            await asyncio.sleep(FIGURES_EVERY)

    async def _note_unborne(self) -> None:
        """What was folded before it was noted what facts name, or by an earlier version that still runs beside this."""
        while True:
            try:
                noted = await asyncio.to_thread(note_unborne, self.database)
                if noted:
                    log.info("bearings_noted", facts=noted)
            except psycopg.Error as error:
                log.warning("bearings_unknown", error=type(error).__name__)
            await asyncio.sleep(UNBORNE_EVERY)

    def _show_lag(self, lag: Mapping[int, int]) -> None:
        consumer = self.intake.consumer
        oldest = (consumer and consumer.oldest_waiting) or self._parked_since
        self.metrics.show_lag(lag, oldest, MachineClock().now())

    def _consumer_ready(self) -> str | None:
        return self.intake.ready() or "; ".join(self.texts.refused) or None

    async def _relay_ready(self) -> str | None:
        """Well while it leads and sends, or while another process does."""
        if self.relay_progress.problem is not None:
            return self.relay_progress.problem
        if self.relay.refilling is not None:
            return self.relay.refilling
        if self.relay.leads or await asyncio.to_thread(self.outbox.led_by_any):
            return None
        return "no process passes decisions on"


def _rulebooks(settings: AttributionSettings) -> Registry:
    """What may be adopted."""
    try:
        return Registry(settings.rulebook_folder)
    except OfficeFileError as error:
        raise SettingsError(f"{variable('rulebook_folder')}: {mistake_line(error)}") from None


def _refolders(settings: AttributionSettings, rules: Rules) -> tuple[HistoricJudge, HistoricJudge]:
    """Those who answer on one customer, and those who answer on a scope: the first never wait for the second."""
    dsn = connection_info(settings.database_url, schema=SCHEMA, name="panke-attribution-historic")
    wait = settings.attribution_refold_wait
    workers, waiting = settings.attribution_customer_workers, settings.attribution_customer_waiting
    narrow = HistoricJudge(rules.books, workers, wait, waiting, dsn)
    workers, waiting = settings.attribution_refold_workers, settings.attribution_refold_waiting
    return narrow, HistoricJudge(rules.books, workers, wait, waiting, dsn)


def _look_ups(settings: AttributionSettings, metrics: AttributionMetrics) -> CallerLimit:
    """As many as a desk asks, and far fewer than a phone list has."""
    minute, day = settings.attribution_lookups_minute, settings.attribution_lookups_day
    return CallerLimit([Bound(minute, MINUTE), Bound(day, DAY)], time.monotonic, metrics.looked_up)


def _audited(settings: AttributionSettings) -> AuditedDeployment:
    """What the process apart is told of this deployment."""
    limits = AuditLimits(settings.attribution_drift_seconds, AUDIT_MEMORY, settings.attribution_drift_share)
    return AuditedDeployment(
        settings.database_url, settings.brokers, settings.topic_prefix, settings.rulebook_folder, limits
    )


def _replay_bounds(settings: AttributionSettings) -> ReplayBounds:
    limits = ReplayLimits(
        settings.attribution_replay_seconds,
        settings.attribution_replay_memory,
        settings.attribution_replay_result,
    )
    open_, of_caller = settings.attribution_replays_open, settings.attribution_replays_caller
    return ReplayBounds(open_, of_caller, limits, settings.attribution_replays_days)


def _readers(settings: AttributionSettings) -> Readers:
    return Readers(
        settings.attribution_desk_readers,
        settings.attribution_list_readers,
        settings.attribution_refold_workers + settings.attribution_customer_workers,
        settings.attribution_readers_waiting,
    )


def _watched(settings: AttributionSettings, topic: str) -> Watched:
    return Watched(
        settings.brokers, topic, settings.partitions, settings.attribution_send_wait, settings.topic_poll
    )


def _relay_settings(settings: AttributionSettings) -> RelaySettings:
    topics = Topics(settings.topic_prefix)
    return RelaySettings(
        bootstrap=settings.brokers,
        topics=(topics.ownership, topics.dead),
        watermarks=topics.ownership_watermark,
        partitions=settings.partitions,
        replication=settings.replication,
        send_wait=settings.attribution_send_wait,
        topic_poll=settings.topic_poll,
    )


def create_service(settings: AttributionSettings) -> AttributionService:
    return AttributionService(settings, open_clock(settings.clock, demonstration=settings.demonstration))


def run() -> None:
    """Serve until a signal."""
    run_service(
        "attribution",
        AttributionSettings,
        lambda settings: serve(create_service(settings).app, settings, settings.trusted_proxies),
    )


if __name__ == "__main__":
    run()
