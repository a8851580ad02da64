"""Whether the notifier moves, by the machine's clock, and the figures that say so.

A broker or a database that is away is no reason to be restarted; a dispatcher that no longer ticks while the
database answers, or a consumer that stands still before records while the broker answers, is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import structlog
from aiokafka.errors import KafkaError

from services.notifier.delivery.breaker import StoredBreaker
from services.notifier.delivery.steps import WHYS
from services.notifier.history.listing import Listing
from services.notifier.inbox.consumer import Consumer
from services.notifier.model.metrics import Metrics
from shared.platform.clock import BusinessClock

_LOG = structlog.get_logger("notifier.liveness")
INTERVAL = 2.0


@dataclass
class PartProgress:
    """How long one part has had work without moving."""

    monotonic: Callable[[], float]
    seen: object = None
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.since = self.monotonic()

    def look(self, mark: object, *, has_work: bool) -> None:
        """`mark` changes whenever the part moves."""
        if mark != self.seen or not has_work:
            self.seen, self.since = mark, self.monotonic()

    def stuck_for(self) -> float:
        return self.monotonic() - self.since


class Observer:
    """Looks at the consumer and the dispatcher each moment, for liveness and metrics."""

    def __init__(
        self,
        consumer: Callable[[], Consumer | None],
        metrics: Metrics,
        answers: Callable[[], bool],
        monotonic: Callable[[], float],
        stuck_after: float,
    ) -> None:
        self._consumer = consumer
        self._metrics = metrics
        self._answers = answers
        self._stuck_after = stuck_after
        self._dispatch = PartProgress(monotonic)
        self._consume = PartProgress(monotonic)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            database = await asyncio.to_thread(self._answers)
            self._dispatch.look(self._metrics.ticked_at, has_work=database)
            await self._look_at_consumer(database)
            await asyncio.sleep(INTERVAL)

    def live(self) -> str | None:
        """What stands still though there is work; None when all moves."""
        for name, part in (("dispatcher", self._dispatch), ("consumer", self._consume)):
            if part.stuck_for() > self._stuck_after:
                return f"the {name} has not moved for {part.stuck_for():.0f} s"
        return None

    async def _look_at_consumer(self, database: bool) -> None:
        lag: dict[int, int] = {}
        consumer = self._consumer()
        try:
            async with asyncio.timeout(INTERVAL):
                lag = await consumer.lag() if consumer is not None else {}
        except (KafkaError, TimeoutError) as error:
            _LOG.warning("the lag is not known", error=type(error).__name__)
        for partition, records in lag.items():
            self._metrics.lag.labels(str(partition)).set(records)
        waiting = any(records > 0 for records in lag.values())
        self._consume.look(consumer and consumer.partitions, has_work=database and waiting)


def refresh(
    metrics: Metrics,
    listing: Listing,
    breaker: StoredBreaker,
    clock: BusinessClock,
    topic: str,
    late_after: timedelta,
) -> None:
    """Bring the figures that PostgreSQL holds up to date, when they are asked for."""
    now = clock.now()
    try:
        backlog = listing.backlog(now, late_after)
        standings = listing.standings()
        left_alone = breaker.open_channels()
        waiting = listing.waiting()
    except psycopg.Error as error:
        _LOG.warning("the figures are those of before", error=type(error).__name__)
        return
    metrics.due.set(backlog.due)
    metrics.late.set(backlog.late)
    metrics.retrying.set(backlog.retrying)
    metrics.under_way.set(backlog.under_way)
    metrics.dead.set(backlog.dead)
    metrics.channels_open.set(len(left_alone))
    for why in {*WHYS, *waiting}:
        metrics.waiting.labels(why).set(waiting.get(why, 0))
    for standing in standings:
        if standing.topic == topic and standing.watermark is not None:
            age = (now - standing.watermark).total_seconds()
            metrics.watermark_age.labels(str(standing.partition)).set(max(age, 0.0))
