"""Composition root of the notifier: the one place that reads settings and holds the clocks."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from importlib import metadata
from typing import Final

import structlog

from services.notifier.channels.limits import DatabaseLimiter
from services.notifier.channels.webhook import SecretError
from services.notifier.delivery.attempts import ANSWERING
from services.notifier.delivery.breaker import StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.queue import Queue, Terms
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.figures import refresh, show_lag, watch_dispatcher
from services.notifier.history.figures import LATE
from services.notifier.history.listing import Listing
from services.notifier.history.polling import Poller
from services.notifier.history.proof import Proof
from services.notifier.http import SCHEMAS, add_routes
from services.notifier.inbox.inbox import Inbox
from services.notifier.inbox.processor import OwnershipProcessor
from services.notifier.model.metrics import Metrics
from services.notifier.own_senders import admitted, hook_secrets
from services.notifier.policy.notes_of_days import zone_remarks
from services.notifier.receipts_http import receipts_app
from services.notifier.reports.asking import AskedRegisters
from services.notifier.reports.attaching import Workbooks
from services.notifier.reports.naming import MaskedNames
from services.notifier.reports.store import ReportStore
from services.notifier.reports.timers import EVERY, EVERY_OF_A_DEMONSTRATION, ReportTimers
from services.notifier.schedule.plan import Plans
from services.notifier.senders import configured
from services.notifier.settings import USUAL_SPREAD, NotifierSettings, channel_lanes, office_plans
from shared.access.deployment import ServiceDoor
from shared.access.machine import AsMachine
from shared.contract.topics import Topics
from shared.i18n import bilingual
from shared.platform.clock import BusinessClock, DrivenClock, MachineClock, clock_problem, open_clock
from shared.platform.http.app import create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.consumed_topic import ConsumedTopic
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings
from shared.platform.kafka.readiness import both_answer, broker_problem
from shared.platform.kafka.topic_watch import TopicWatch, Watched
from shared.platform.kafka.watermarks import Watermarks
from shared.platform.liveness import Progress
from shared.platform.postgres.database import Database, migrate
from shared.platform.postgres.kept_clock import KeptClock, steady_times
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
from shared.sealing.opener import Opener
from shared.sealing.vault import SCHEMA as VAULT

log = structlog.get_logger()

SCHEMA: Final = "notifier"
PACKAGE: Final = "services.notifier"
BROKER_WAIT: Final = 5.0
# Kept by the process that has it; after a kill its alerts are taken back when it is over.
LEASE: Final = timedelta(seconds=20)
# With as many connections, and some more for answers: who stores one waits for nobody.
THREADS: Final = 10
SHORTEST_SECRET: Final = 16


class NotifierService:
    """The parts of one notifier process, and the order in which they start and stop."""

    def __init__(self, settings: NotifierSettings, clock: BusinessClock) -> None:
        self.settings = settings
        self.machine = MachineClock()
        self.clock = clock
        version = metadata.version("panke")
        self.metrics = Metrics(new_registry("notifier", version))
        self.database = Database(
            settings.database_url, schema=SCHEMA, name="panke-notifier", max_size=THREADS + ANSWERING
        )
        self.door = ServiceDoor(settings, SCHEMA, time.time, time.monotonic, self.metrics.registry)
        self.vault = vault_of(settings)
        self.vault_database = Database(
            vault_dsn(settings), schema=VAULT, name="panke-notifier-vault", max_size=THREADS
        )
        opener = Opener(self.vault, self.vault_database)
        self.listing = Listing(self.database, opener)
        plans = _unhurried(office_plans(settings), clock)
        for remark in zone_remarks(plans):
            log.warning("zone", remark=remark)
        limiter = DatabaseLimiter(self.database, self.machine, opener.hidden)
        registers = AskedRegisters(settings.notifier_registers, AsMachine(self.door.machine))
        self.channels = configured(
            settings,
            limiter,
            plans,
            workbook=Workbooks(registers).of,
            naming=MaskedNames(registers, plans).of,
        )
        topics = Topics(settings.topic_prefix)
        self.topic = topics.ownership
        patience = timedelta(seconds=settings.notifier_watermark_patience)
        queue = Queue(self.database, Terms(LEASE, patience), opener)
        clocks = (clock, self.machine)
        self.breaker = StoredBreaker(self.database, self.machine)
        self.dispatcher = Dispatcher(
            queue, self.channels, clocks, plans, _retry_policy(settings), self.metrics, self.breaker
        )
        self.reports = ReportTimers(ReportStore(self.database), registers, clocks, plans, self.metrics)
        self.stop_sending = asyncio.Event()
        inbox = Inbox(self.database, self.topic, plans, clock)
        watermarks = Watermarks()
        self.ownership = self._ownership(topics, inbox, watermarks)
        self.kept_clock = KeptClock(self.database, steady_times(*clocks), lambda: watermarks.latest)
        self.poller = Poller(self.database, self.channels, clocks, self.metrics, opener)
        host = ServiceHost(self._parts())
        self.app = create_app(
            "Panke notifier 判客提醒",
            version,
            live=host.live,
            ready=host.ready,
            metrics=self._metrics,
            lifespan=host.lifespan,
            hosts=settings.allowed_hosts,
            examples=examples_of("services.notifier"),
            schemas=SCHEMAS,
            door=self.door.door(partial(clock_problem, self.clock)),
        )
        add_routes(
            self.app, self.listing, Proof(self.database, opener), self.machine, plans.default.hours.zone
        )

    def _ownership(self, topics: Topics, inbox: Inbox, watermarks: Watermarks) -> ConsumedTopic:
        """The topic is waited for: attribution makes it."""
        settings = self.settings
        watched = Watched(settings.brokers, self.topic, settings.partitions, BROKER_WAIT, settings.topic_poll)
        group = f"{settings.topic_prefix}panke-notifier"
        return ConsumedTopic(
            ConsumerSettings(settings.brokers, self.topic, group, "panke-notifier"),
            OwnershipProcessor(inbox, self.metrics, self.dispatcher.wake, watermarks),
            TopicWatch(watched, self.metrics.topic_unfit),
            topics.ownership_watermark,
            watermarks,
            ConsumerProgress(Progress(self.machine.monotonic), Progress(self.machine.monotonic)),
        )

    def _parts(self) -> list[ServicePart]:
        """In the order in which they start; taking in is stopped first, then the calls under way are finished."""
        settings, database = self.settings, self.database
        limits = LivenessLimits(
            settings.notifier_stuck_after,
            settings.notifier_exit_after,
            both_answer(database.ping, settings.brokers, BROKER_WAIT),
        )
        without_broker = replace(limits, answers=partial(asyncio.to_thread, database.ping))
        sent = Progress(self.machine.monotonic)
        parts = [
            ServicePart("threads", _own_threads),
            ServicePart("clock", ready=partial(clock_problem, self.clock)),
            database_part(database, partial(migrate, settings.database_url, PACKAGE, SCHEMA)),
            *self.door.parts(),
            *vault_parts(settings, self.vault, self.vault_database),
            ServicePart("kept clock", as_step(self.kept_clock.begin)),
            ServicePart("broker", ready=partial(broker_problem, settings.brokers, BROKER_WAIT, self.topic)),
            ServicePart("channels", stop=self._close_channels),
            in_background(
                "dispatcher",
                partial(self.dispatcher.run, self.stop_sending),
                end=self.stop_sending.set,
                grace=None,
                after=partial(self.dispatcher.drain, settings.notifier_timeout + 1.0),
            ),
            *self.ownership.parts("consumer", limits, partial(show_lag, self.metrics)),
            in_background("reports", partial(self.reports.run, _pause_between_looks(self.clock))),
            in_background("clocks", self.kept_clock.run),
            in_background("ticks", partial(watch_dispatcher, self.metrics, sent, database.ping)),
            watched("dispatcher", "the dispatcher", sent, without_broker),
        ]
        poller = in_background("poller", self.poller.run)
        return [*parts, poller] if settings.notifier_poll_reports else parts

    async def _close_channels(self) -> None:
        for channel in self.channels:
            await channel.close()

    def _metrics(self) -> bytes:
        self.metrics.reports_behind.set(self.reports.behind.total_seconds())
        refresh(self.metrics, self.listing, self.breaker, self.clock, self.topic, LATE)
        return render_metrics(self.metrics.registry)


async def _own_threads() -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))


def _retry_policy(settings: NotifierSettings) -> RetryPolicy:
    return RetryPolicy(
        attempts=settings.notifier_attempts,
        rounds=settings.notifier_rounds,
        round_wait=timedelta(seconds=settings.notifier_round_wait),
        concurrency=settings.notifier_concurrency,
        lanes=channel_lanes(settings),
    )


def _unhurried(plans: Plans, clock: BusinessClock) -> Plans:
    """The plans as they suit the clock: a driven one leaps to full hours and stands there, so nothing is spread unless
    the setting says another width than usual."""
    usual = timedelta(seconds=USUAL_SPREAD)
    if isinstance(clock, DrivenClock) and plans.spread == usual:
        return replace(plans, spread=timedelta(0))
    return plans


def _pause_between_looks(clock: BusinessClock) -> float:
    """How long the timers of reports rest between two looks at their schedules."""
    return EVERY_OF_A_DEMONSTRATION if isinstance(clock, DrivenClock) else EVERY


def create_service(settings: NotifierSettings) -> NotifierService:
    return NotifierService(settings, open_clock(settings.clock, demonstration=settings.demonstration))


@dataclass(frozen=True)
class Listener:
    """Where a second address of the service listens."""

    host: str
    port: int
    tls_cert: str
    tls_key: str
    tls_proxy: bool


def run_receipts() -> None:
    """Serve the address at which providers report deliveries, until a signal."""
    run_service("receipts", NotifierSettings, _serve_receipts)


def _serve_receipts(settings: NotifierSettings) -> None:
    secret = settings.notifier_receipts_secret
    if secret is None or len(secret) < SHORTEST_SECRET:
        told = bilingual(
            "{setting} is required, with {least} characters or more",
            setting=variable("notifier_receipts_secret"),
            least=SHORTEST_SECRET,
        )
        raise SettingsError(told)
    clock = open_clock(settings.clock, demonstration=settings.demonstration)
    database = Database(settings.database_url, schema=SCHEMA, name="panke-receipts", max_size=4)
    hooks = admitted(hook_secrets(settings, office_plans(settings).robots), _not_admitted)
    app = receipts_app(database, clock, secret, hooks)
    tls = (settings.tls_cert, settings.tls_key, settings.tls_proxy)
    listener = Listener(settings.notifier_receipts_host, settings.notifier_receipts_port, *tls)
    serve(app, listener, settings.trusted_proxies)


def _not_admitted(channel: str, error: SecretError) -> None:
    """What the providers report is taken all the same."""
    log.error("reports of this receiver are not taken: its secret is none", channel=channel, error=str(error))


def run() -> None:
    """Serve until a signal."""
    run_service(
        "notifier",
        NotifierSettings,
        lambda settings: serve(create_service(settings).app, settings, settings.trusted_proxies),
    )


if __name__ == "__main__":
    run()
