"""The figures of the notifier that are looked up: what PostgreSQL holds, the lag, and whether the dispatcher ticks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import psycopg
import structlog

from services.notifier.delivery.breaker import StoredBreaker
from services.notifier.delivery.steps import WHYS
from services.notifier.history.listing import Listing
from services.notifier.model.metrics import Metrics
from shared.platform.clock import BusinessClock
from shared.platform.liveness import Progress

log: Final = structlog.get_logger("notifier.figures")
INTERVAL: Final = 2.0


async def watch_dispatcher(metrics: Metrics, progress: Progress, answers: Callable[[], bool]) -> None:
    """Until cancelled: a dispatcher always has work while the database answers, if only to look for some."""
    while True:
        database = await asyncio.to_thread(answers)
        progress.look(metrics.ticked_at, has_work=database)
        await asyncio.sleep(INTERVAL)


def show_lag(metrics: Metrics, lag: Mapping[int, int]) -> None:
    for partition, records in lag.items():
        metrics.lag.labels(str(partition)).set(records)


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
        log.warning("the figures are those of before", error=type(error).__name__)
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
