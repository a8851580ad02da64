"""The composition root of attribution: reads settings and clock, joins the parts, starts and stops them in order."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from importlib import metadata
from typing import Final

import psycopg
import structlog
from fastapi import FastAPI
from faststream.kafka import KafkaBroker

from services.attribution.fold.application import FoldApplication
from services.attribution.fold.bounds import Bounds
from services.attribution.fold.consumer import ConsumerSettings, IntakeConsumer
from services.attribution.fold.metrics import AttributionMetrics
from services.attribution.fold.rules import live_rules
from services.attribution.http import CALL_SCHEMAS
from services.attribution.office_http import LIST_SCHEMAS, OfficeApi
from services.attribution.queries.lanes import Lanes, Readers
from services.attribution.queries.preview import Previewer
from services.attribution.queries.queries import ScopeReader
from services.attribution.relay.outbox import OwnershipOutbox
from services.attribution.relay.relay import OwnershipRelay
from services.attribution.replays.historic import HistoricJudge
from services.attribution.settings import AttributionSettings
from services.attribution.store.positions import Positions
from services.attribution.store.recorder import SCHEMA, AttributionDatastore, AttributionRecorder
from services.attribution.store.store import Store, opening_book
from services.attribution.store.texts import StoredTexts
from shared.contract.topics import Topics, WatermarkMessage
from shared.platform.clock import BusinessClock, MachineClock, clock_problem, open_clock
from shared.platform.http.app import create_app, serve
from shared.platform.http.openapi import examples_of
from shared.platform.kafka.outbox_relay import RelaySettings
from shared.platform.kafka.sender import SEND_FAILURES, broker_answers, ensure_topic, topics_known
from shared.platform.kafka.topic_state import ANYTHING, WrongTopicError
from shared.platform.kafka.topic_watch import TopicWatch, Watched
from shared.platform.kafka.watermark_reader import WatermarkReader
from shared.platform.kafka.watermarks import Mark, Watermarks
from shared.platform.liveness import Progress, Watchdog
from shared.platform.officefile.errors import OfficeFileError
from shared.platform.postgres.database import Database, migrate
from shared.platform.runtime import background, cancelled, exit_wedged, prepared, spare_collector
from shared.platform.settings import SettingsError, load, variable
from shared.platform.telemetry.telemetry import configure_logging, new_registry, render_metrics
from shared.platform.threads import Threads
from shared.rules.rulebooks.registry import Registry

log = structlog.get_logger()

PACKAGE: Final = "services.attribution"
BROKER_WAIT: Final = 1.5
RELAY_GRACE: Final = 5.0
FIGURES_EVERY: Final = 2.0


class AttributionService:
    """The parts of one attribution process."""

    def __init__(self, settings: AttributionSettings, clock: BusinessClock) -> None:
        self.settings = settings
        version = metadata.version("panke")
        registry = new_registry("attribution", version)
        self.metrics = AttributionMetrics(registry)
        self.topics = Topics(settings.topic_prefix)
        self.database = Database(settings.database_url, schema=SCHEMA, name="panke-attribution")
        self.datastore = AttributionDatastore(settings.database_url, pool_size=settings.partitions)
        self.rulebooks = _rulebooks(settings)
        self.texts = StoredTexts(self.database, self.rulebooks)
        rules = live_rules(self.rulebooks)
        self.progress = Progress(time.monotonic)
        self.watermarks = Watermarks()
        self.attribution = FoldApplication(
            Store(self.database, self.texts.seen),
            AttributionRecorder(self.datastore),
            rules,
            settings.default_rulebook,
            Bounds(
                settings.attribution_batch_seconds,
                settings.attribution_part,
                time.monotonic,
                self.progress.step,
            ),
            self.watermarks,
        )
        self.fold_threads = Threads("fold", settings.partitions)
        readers = Readers(
            settings.attribution_desk_readers,
            settings.attribution_list_readers,
            settings.attribution_refold_workers,
            settings.attribution_readers_waiting,
        )
        self.lanes = Lanes(readers)
        # Readers have connections of their own: they could hold all while the fold waits for one.
        self.reading = Database(
            settings.database_url, schema=SCHEMA, name="panke-attribution-reads", max_size=readers.all
        )
        self.questions = ScopeReader(self.database, rules.books, self.texts.seen)
        self.relay_progress = Progress(time.monotonic)
        self.outbox = OwnershipOutbox(self.database.dsn)
        self.relay = OwnershipRelay(
            RelaySettings(
                bootstrap=settings.kafka,
                topics=(self.topics.ownership, self.topics.dead),
                watermarks=self.topics.ownership_watermark,
                partitions=settings.partitions,
                replication=settings.replication,
                send_wait=settings.attribution_send_wait,
                topic_poll=settings.topic_poll,
            ),
            self.outbox,
            self.metrics,
            self.relay_progress,
        )
        self.watchdogs = [
            Watchdog(progress, self._parts_answer, time.monotonic)
            for progress in (self.progress, self.relay_progress)
        ]
        self.refolder = HistoricJudge(
            rules.books,
            settings.attribution_refold_workers,
            settings.attribution_refold_wait,
            settings.attribution_refold_waiting,
        )
        watched = Watched(
            settings.kafka,
            self.topics.intake,
            settings.partitions,
            settings.attribution_send_wait,
            settings.topic_poll,
        )
        self.watch = TopicWatch(watched, self.metrics.unfit.labels(self.topics.intake))
        told = replace(watched, topic=self.topics.intake_watermark, partitions=None, keeping=ANYTHING)
        self.reader = WatermarkReader(TopicWatch(told), self._watermark_told)
        self.broker: KafkaBroker | None = None
        self.consumer: IntakeConsumer | None = None
        self.app = create_app(
            "Panke attribution 判客归属",
            version,
            live={"fold": partial(self._live, 0, "the fold"), "relay": partial(self._live, 1, "the relay")},
            ready={
                "clock": partial(clock_problem, clock),
                "database": self._database_ready,
                "broker": self._broker_ready,
                "consumer": self._consumer_ready,
                "relay": self._relay_ready,
            },
            metrics=partial(render_metrics, registry),
            lifespan=self.lifespan,
            hosts=settings.allowed_hosts,
            examples=examples_of("services.attribution"),
            schemas=CALL_SCHEMAS | LIST_SCHEMAS,
        )
        asked = ScopeReader(self.reading, rules.books, self.texts.seen)
        previewer = Previewer(asked, rules, settings.default_rulebook)
        self.app.include_router(
            OfficeApi(
                asked,
                self.refolder,
                previewer,
                clock,
                self.lanes,
                settings.attribution_shared_contact,
                self.texts,
            ).router
        )

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """The consumer is started in the background, so that the service answers while the broker is away."""
        await prepared(partial(migrate, self.settings.database_url, PACKAGE, SCHEMA))
        self.database.open()
        self.reading.open()
        await self._check_adopted()
        relay = background(self.relay.run(), "relay")
        tasks = [
            background(self._consume(), "consumer"),
            background(self.reader.run(), "watermarks"),
            background(self._figures(), "figures"),
            *(
                background(dog.run(self.settings.attribution_exit_after, exit_wedged), "watchdog")
                for dog in self.watchdogs
            ),
        ]
        try:
            yield
        finally:
            await cancelled(tasks)
            await self._stop_consumer()
            self.relay.stop()
            await asyncio.wait([relay], timeout=RELAY_GRACE)
            await cancelled([relay])
            await asyncio.to_thread(self.refolder.close)
            await asyncio.to_thread(self.fold_threads.close)
            await asyncio.to_thread(self.datastore.close)
            await asyncio.to_thread(self.lanes.close)
            await asyncio.to_thread(self.reading.close)
            await asyncio.to_thread(self.database.close)

    async def _check_adopted(self) -> None:
        """Nobody is judged under a text that is not the one that was adopted; what no file has is taken from there."""
        changed = await asyncio.to_thread(self._books_changed)
        if changed:
            log.critical("rulebooks_changed", folder=self.settings.rulebook_folder, reasons=changed)
            raise SettingsError("; ".join(changed))
        books = self.rulebooks.books
        if opening_book(self.settings.default_rulebook, books) not in books:
            named = ", ".join(f"{name}@{version}" for name, version in books)
            raise SettingsError(f"{variable('default_rulebook')}: not one of {named}")

    def _books_changed(self) -> list[str]:
        """What was adopted, here or by another process, and cannot be gone by, one sentence each."""
        return self.texts.read()

    async def _consume(self) -> None:
        """Read the topic while it is there and as it must be; one that was made anew is opened anew."""
        settings = self.settings
        while True:
            try:
                opened = await ensure_topic(
                    settings.kafka,
                    self.topics.intake,
                    settings.partitions,
                    settings.replication,
                    settings.attribution_send_wait,
                )
                self.watch.accept()
                await self._start_consumer()
                await self.watch.until_other(opened)
            except WrongTopicError as error:
                self.watch.refuse(str(error))
                await asyncio.sleep(settings.topic_poll)
            except SEND_FAILURES as error:
                log.warning("broker_away", error=type(error).__name__)
                await asyncio.sleep(1.0)
            await self._stop_consumer()

    async def _start_consumer(self) -> None:
        settings = self.settings
        # The library's own log of each message would cost more than the fold.
        self.broker = KafkaBroker(
            settings.kafka,
            client_id="panke-attribution",
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
            graceful_timeout=20.0,
        )
        self.consumer = IntakeConsumer(
            self.broker,
            ConsumerSettings(
                settings.kafka,
                self.topics.intake,
                f"{settings.topic_prefix}{settings.attribution_group}",
                settings.attribution_batch,
            ),
            self.attribution,
            self.metrics,
            self.progress,
            Positions(self.database),
            self.watch.look,
            self._books_changed,
            self.fold_threads,
        )
        await self.broker.start()

    def _watermark_told(self, told: WatermarkMessage) -> None:
        """Kept also while the partition is not read, or not yet as far: it is gone by once it holds here."""
        self.watermarks.hear(told.source, Mark(told.watermark, told.offset))
        if self.consumer is not None:
            self.consumer.sweep()

    async def _stop_consumer(self) -> None:
        consumer, broker = self.consumer, self.broker
        self.consumer = self.broker = None
        self.progress.moved()  # what is not read has no work: a new process would not read it either
        if consumer is not None:
            await consumer.close()
        if broker is not None:
            await broker.stop()

    async def _figures(self) -> None:
        """Lag and quarantine, every other second; figures are no reason to fail."""
        while True:
            try:
                parked, since = await asyncio.to_thread(self.questions.parked)
                self.metrics.parked.set(parked)
                if self.consumer is not None:
                    if self.consumer.has_work():
                        self.progress.working()  # liveness must see it also if no batch ever comes
                    self.metrics.rereading.set(self.consumer.rereading)
                    oldest = self.consumer.oldest_unfolded() or since
                    self.metrics.show_lag(self.consumer.lag(), oldest, MachineClock().now())
            except psycopg.Error as error:
                log.warning("figures_unknown", error=type(error).__name__)
            await asyncio.sleep(FIGURES_EVERY)

    async def _parts_answer(self) -> bool:
        if not await asyncio.to_thread(self.database.ping):
            return False
        return await broker_answers(self.settings.kafka, BROKER_WAIT)

    def _live(self, number: int, part: str) -> str | None:
        stuck = self.watchdogs[number].stuck_for()
        limit = self.settings.attribution_stuck_after
        return f"{part} has not moved for {stuck:.0f} s" if stuck > limit else None

    async def _database_ready(self) -> str | None:
        return None if await asyncio.to_thread(self.database.ping) else "the database does not answer"

    async def _broker_ready(self) -> str | None:
        """Well when it answers and has both topics: whoever waits for this service reads the second one next."""
        known = await topics_known(self.settings.kafka, BROKER_WAIT)
        if known is None:
            return "the broker does not answer"
        missing = sorted({self.topics.intake, self.topics.ownership} - known)
        return f"there is no topic {' and no topic '.join(missing)}" if missing else None

    def _consumer_ready(self) -> str | None:
        if self.watch.problem is not None:
            return self.watch.problem
        if self.consumer is None or not self.consumer.joined:
            return "the consumer has not joined its group"
        if self.texts.refused:
            return "; ".join(self.texts.refused)
        return "; ".join(f"{name}: {why}" for name, why in self.consumer.stopped.items()) or None

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
        raise SettingsError(f"{variable('rulebook_folder')}: {error}") from None


def create_service(settings: AttributionSettings) -> AttributionService:
    return AttributionService(settings, open_clock(settings.clock, demonstration=settings.demonstration))


def run() -> None:
    """Serve until a signal."""
    configure_logging("attribution")  # what is said of the settings is a line of the log like any other
    settings = load(AttributionSettings)
    configure_logging("attribution", settings.log_level)
    spare_collector()
    serve(create_service(settings).app, settings)


if __name__ == "__main__":
    run()
