"""How far Kafka is behind the journal, and when intake must therefore refuse (contract.md#recording-an-event).

A broker that is away stops nothing until the backlog reaches its set size: past that, taking in more would
fill the disk and lose the right to say 202.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import psycopg
import structlog

from services.intake.journal.journal import SQL
from services.intake.model.metrics import IntakeMetrics
from services.intake.model.submission import IntakeUnavailableError
from shared.i18n import bilingual
from shared.platform.postgres.database import Database

log = structlog.get_logger()

INTERVAL = 1.0
RETRY_AFTER = 10


@dataclass(frozen=True, slots=True)
class Measure:
    """Facts not acknowledged (counted up to the limit) and the age of the oldest one in seconds."""

    unsent: int
    oldest: float


class OutboxBacklog:
    """Measures the outbox each second, in every process, whoever relays."""

    def __init__(self, database: Database, metrics: IntakeMetrics, limit: int) -> None:
        self._database = database
        self._metrics = metrics
        self._limit = limit
        self.last = Measure(0, 0.0)

    def demand_room(self) -> None:
        """Raise `IntakeUnavailableError` while the backlog is at its limit."""
        if self.last.unsent >= self._limit:
            raise IntakeUnavailableError(bilingual("too many facts wait for the broker"), RETRY_AFTER)

    async def run(self) -> None:
        """Measure until cancelled; a database that is away leaves the last figure standing."""
        while True:
            try:
                self.last = await asyncio.to_thread(self.measure)
            except psycopg.Error as error:
                log.warning("backlog_unknown", error=type(error).__name__)
            else:
                self._metrics.backlog.set(self.last.unsent)
                self._metrics.oldest_unsent.set(self.last.oldest)
            await asyncio.sleep(INTERVAL)

    def measure(self) -> Measure:
        with self._database.connection() as connection:
            row = connection.execute(SQL["backlog"], {"limit": self._limit}).fetchone()
        if row is None:
            raise LookupError("the backlog was not counted")
        unsent, oldest = row
        return Measure(int(str(unsent)), float(str(oldest or 0.0)))
