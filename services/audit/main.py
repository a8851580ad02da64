"""Composition root of the log: the one place that reads settings and takes clocks."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import psycopg
import structlog

from services.audit.context.keeper import JudgingContext
from services.audit.evidence.http import add_evidence
from services.audit.evidence.packs import PackMaker
from services.audit.http import SCHEMAS, add_routes
from services.audit.keys.keyfile import LogKeyError, LogKeys, make_log_key
from services.audit.model.metrics import AuditMetrics
from services.audit.proofs.reading import LogReader
from services.audit.publishing.announcing import Announcer
from services.audit.publishing.building import TreeFiles
from services.audit.publishing.files import StaticFiles
from services.audit.publishing.publisher import Publisher, PublishingTerms
from services.audit.publishing.taking_back import demand_whole
from services.audit.sequencing.append import SQL
from services.audit.sequencing.processor import SequencingProcessor
from services.audit.sequencing.sequencer import Sequencer
from services.audit.settings import AuditSettings
from services.audit.witnesses.asking import Witnesses
from shared.access.context import AskedServices, ContextAsking
from shared.access.deployment import ServiceDoor
from shared.access.machine import AsMachine
from shared.contract.topics import Topics
from shared.i18n import bilingual
from shared.platform.clock import MachineClock
from shared.platform.http.app import create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.consumed_topic import ConsumedTopic
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings
from shared.platform.kafka.readiness import both_answer, broker_problem
from shared.platform.kafka.topic_watch import TopicWatch, Watched
from shared.platform.kafka.watermarks import Watermarks
from shared.platform.liveness import Progress
from shared.platform.place_names import place_names_of
from shared.platform.postgres.database import Database, migrate
from shared.platform.service import (
    LivenessLimits,
    ServiceHost,
    ServicePart,
    as_step,
    database_part,
    in_background,
    run_service,
    watched,
)
from shared.platform.settings import SettingsError, variable
from shared.platform.telemetry.telemetry import new_registry, render_metrics
from shared.sealing.deployment import vault_dsn, vault_of, vault_parts
from shared.sealing.vault import SCHEMA as VAULT
from shared.tlog.errors import TlogError
from shared.tlog.policy import WitnessPolicy, parse_policy

log: Final = structlog.get_logger()

SCHEMA: Final = "audit"
PACKAGE: Final = "services.audit"
BROKER_WAIT: Final = 5.0
CONNECTIONS: Final = 8
VAULT_CONNECTIONS: Final = 1
FIGURES_EVERY: Final = 10.0


class AuditService:
    """The parts of one audit process."""

    def __init__(self, settings: AuditSettings) -> None:
        self.settings = settings
        self.machine = MachineClock()
        version = metadata.version("panke")
        self.metrics = AuditMetrics(new_registry("audit", version))
        self.database = Database(
            settings.database_url, schema=SCHEMA, name="panke-audit", max_size=CONNECTIONS
        )
        self.door = ServiceDoor(settings, SCHEMA, time.time, time.monotonic, self.metrics.registry)
        self.keys = LogKeys(Path(settings.audit_keys))
        files = TreeFiles(StaticFiles(Path(settings.audit_files)))
        self.reader = LogReader(self.database, files.files)
        topics = Topics(settings.topic_prefix)
        self.announcer = Announcer(settings.brokers, topics.log, settings.replication, self.metrics)
        self.publishing = Progress(self.machine.monotonic)
        self.publisher = Publisher(
            self.database.dsn, files, self.keys, Witnesses(_policy(settings), settings.audit_witness_wait),
            self.metrics, self.publishing, PublishingTerms(settings.audit_every), self.machine.now,
            partial(demand_whole, self.database, files, self.keys.last_signed, self.publishing.step),
        )  # fmt: skip
        self.publisher.shown = self.announcer.shown
        self.intake = self._intake(topics, files)
        self.context = ContextAsking(
            AskedServices(settings.audit_attribution, settings.audit_intake), AsMachine(self.door.machine),
            self.metrics.context_errors,
            JudgingContext(self.database, self.metrics, self.publisher.wake, self.keys.last_signed),
        )  # fmt: skip
        self.vault = vault_of(settings)
        self.vault_database = Database(
            vault_dsn(settings), schema=VAULT, name="panke-audit-vault", max_size=VAULT_CONNECTIONS
        )
        host = ServiceHost(self._parts())
        self.app = create_app(
            "Panke audit 判客存证",
            version,
            live=host.live,
            ready=host.ready,
            metrics=partial(render_metrics, self.metrics.registry),
            lifespan=host.lifespan,
            hosts=settings.allowed_hosts,
            examples=examples_of(PACKAGE),
            schemas=SCHEMAS,
            door=self.door.door(),
        )
        add_routes(self.app, self.reader)
        add_evidence(self.app, self._maker())

    def _maker(self) -> PackMaker:
        addresses = {
            "attribution": self.settings.audit_attribution,
            "notifier": self.settings.audit_notifier,
            "access": self.door.access,
        }
        return PackMaker(
            self.database, self.reader, self.keys, self.vault, self.vault_database, addresses,
            self.settings.rulebook_folder, place_names_of(self.settings.place_names),
        )  # fmt: skip

    def _intake(self, topics: Topics, files: TreeFiles) -> ConsumedTopic:
        """The topic of facts, which is waited for: intake makes it."""
        settings = self.settings
        watched = Watched(
            settings.brokers, topics.intake, settings.partitions, BROKER_WAIT, settings.topic_poll
        )
        opening = Progress(self.machine.monotonic)
        processor = SequencingProcessor(
            Sequencer(self.database, topics.intake, self.keys.last_signed), self.metrics, self.publisher.wake,
            partial(demand_whole, self.database, files, self.keys.last_signed, opening.step),
        )  # fmt: skip
        return ConsumedTopic(
            ConsumerSettings(
                settings.brokers, topics.intake, f"{settings.topic_prefix}panke-audit", "panke-audit"
            ),
            processor,
            TopicWatch(watched, self.metrics.unfit.labels(topics.intake)),
            topics.intake_watermark,
            Watermarks(),
            ConsumerProgress(Progress(self.machine.monotonic), opening),
        )

    def _parts(self) -> list[ServicePart]:
        """In the order in which they start."""
        settings, database = self.settings, self.database
        limits = LivenessLimits(
            settings.audit_stuck_after,
            settings.audit_exit_after,
            both_answer(database.ping, settings.brokers, BROKER_WAIT),
        )
        topic = Topics(settings.topic_prefix).intake
        return [
            database_part(database, partial(migrate, settings.database_url, PACKAGE, SCHEMA)),
            *vault_parts(settings, self.vault, self.vault_database),
            ServicePart("log keys", as_step(self._open_keys), ready=self._keys_ready),
            *self.door.parts(),
            ServicePart("broker", ready=partial(broker_problem, settings.brokers, BROKER_WAIT, topic)),
            in_background("announcer", self.announcer.run),
            in_background(
                "publisher",
                self.publisher.run,
                end=self.publisher.stop,
                grace=10.0,
                ready=self.publisher.ready,
            ),
            *self.intake.parts("consumer", limits, self._show_lag),
            in_background("context", self.context.run),
            in_background("figures", self._figures),
            ServicePart("scopes", ready=self._scopes_ready),
            watched("publisher", "the publisher", self.publishing, limits),
        ]

    def _show_lag(self, lag: Mapping[int, int]) -> None:
        self.metrics.show_lag(dict(lag))

    def _open_keys(self) -> None:
        """Made at the first start of all; a file that was lost later is no such start, and no other log is begun."""
        name = variable("audit_keys")
        with self.database.connection() as connection:
            known = {str(row[0]) for row in connection.execute(SQL["signing_keys"]).fetchall()}
        try:
            if not known and make_log_key(self.keys.path, self._origin()):
                log.info("log_key_made", path=str(self.keys.path), vkey=self.keys.signers()[0].verifier.vkey)
            vkeys = {one.verifier.vkey for one in self.keys.signers()}
        except (LogKeyError, OSError) as error:
            raise SettingsError(f"{name}: {error}") from None
        if known and not known & vkeys:
            raise SettingsError(f"{name}: {bilingual('this file has none of the keys that signed this log')}")

    def _origin(self) -> str:
        import secrets

        return self.settings.audit_origin or f"panke.invalid/log-{secrets.token_hex(4)}"

    def _keys_ready(self) -> str | None:
        try:
            self.keys.signers()
        except LogKeyError as error:
            return str(error)
        return None

    async def _scopes_ready(self) -> str | None:
        waiting, forked, first, fork = await asyncio.to_thread(self._standing)
        if forked:
            return bilingual(
                "{count} scopes are not logged any further, the topic has another fact than the log: {scope}",
                count=forked, scope=fork,
            )  # fmt: skip
        if waiting:
            return bilingual(
                "{count} scopes wait for a fact that the topic lacks: {scope}; panke relay --scope {scope}",
                count=waiting, scope=first,
            )  # fmt: skip
        return None

    def _standing(self) -> tuple[int, int, str | None, str | None]:
        try:
            with self.database.connection() as connection:
                row: Any = connection.execute(SQL["standing_scopes"]).fetchone()
        except psycopg.Error:
            return 0, 0, None, None  # the database says so itself
        return int(row[0]), int(row[1]), row[2], row[3]

    async def _figures(self) -> None:
        while True:
            waiting, forked, _, _ = await asyncio.to_thread(self._standing)
            self.metrics.scopes_waiting.set(waiting)
            self.metrics.scopes_forked.set(forked)
            await asyncio.sleep(FIGURES_EVERY)


def _policy(settings: AuditSettings) -> WitnessPolicy:
    if not settings.audit_witnesses:
        return WitnessPolicy()
    try:
        return parse_policy(Path(settings.audit_witnesses).read_text(encoding="utf-8"))
    except (TlogError, OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable('audit_witnesses')}: {error}") from None


def create_service(settings: AuditSettings) -> AuditService:
    return AuditService(settings)


def run() -> None:
    """Serve until a signal."""

    def serving(settings: AuditSettings) -> None:
        os.nice(settings.audit_nice)
        serve(create_service(settings).app, settings, settings.trusted_proxies)

    run_service("audit", AuditSettings, serving)


if __name__ == "__main__":
    run()
