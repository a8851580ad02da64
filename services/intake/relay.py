"""The relay: from the outbox to Kafka, in the order of each scope (architecture, choices 3 and 4).

One process leads. A round reads the first unsent facts, sends each partition's share in order, and deletes
what was acknowledged; killed between the two, it sends them again, and consumers drop a seq that they have
seen. A partition whose batch failed is left until the next round, so that no fact overtakes an earlier one of
its scope.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog

from services.intake.metrics import IntakeMetrics
from services.intake.outbox import Outbox, Unsent
from services.intake.records import fact_record, watermark_record
from shared.kafka import (
    SEND_FAILURES,
    PartitionOf,
    Record,
    Sender,
    WrongTopic,
    ensure_topic,
    raise_first,
    send_shares,
)
from shared.leading import Leader, NotLeading
from shared.progress import Progress

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where to send, and how long anything may take (machine seconds)."""

    bootstrap: str
    topic: str
    partitions: int
    replication: int = 1
    round_size: int = 2000
    send_wait: float = 10.0
    linger: float = 0.02
    poll: float = 0.2
    watermark_interval: float = 1.0
    lead_retry: float = 1.0
    failure_pause: float = 0.5


class Relay(Leader):
    """Sends what the outbox holds for as long as this process leads."""

    failures = (*SEND_FAILURES, psycopg.Error, NotLeading, WrongTopic)

    def __init__(
        self, settings: RelaySettings, outbox: Outbox, metrics: IntakeMetrics, progress: Progress
    ) -> None:
        super().__init__(
            outbox,
            metrics.leading,
            progress,
            lead_retry=settings.lead_retry,
            failure_pause=settings.failure_pause,
        )
        self._settings = settings
        self._outbox = outbox
        self._metrics = metrics
        self._partition_of = PartitionOf(settings.partitions)
        self._watermark: datetime | None = None
        self._next_watermark = 0.0
        self.wake = asyncio.Event()

    def stop(self) -> None:
        """Finish the round under way, then end."""
        super().stop()
        self.wake.set()

    async def work(self) -> None:
        """One round after another."""
        # A leader always has work: it owes a watermark each second.
        self.progress.working()
        chosen = self._settings
        await ensure_topic(
            chosen.bootstrap, chosen.topic, chosen.partitions, chosen.replication, chosen.send_wait
        )
        async with Sender(chosen.bootstrap, chosen.topic, chosen.send_wait, "panke-intake-relay") as sender:
            log.info("relay_leading", topic=chosen.topic)
            while not self.stopping.is_set():
                await self._round(sender)

    async def _round(self, sender: Sender) -> None:
        """Promise a watermark if one is due, send what is unsent, and pass the watermark on behind it.

        The promise comes before the read: a read that found the end of the outbox has then seen every fact
        that the watermark covers.
        """
        self.wake.clear()
        self.progress.working()
        await self._promise_when_due()
        facts = await self.in_thread(self._outbox.read, self._settings.round_size)
        if facts:
            await self._send(sender, facts)
        if len(facts) < self._settings.round_size:
            await self._send_watermark(sender)
            self.progress.moved()
            await self._rest(had_work=bool(facts))

    async def _promise_when_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._watermark is None and now >= self._next_watermark:
            self._watermark = await self.in_thread(self._outbox.promise)
            self._next_watermark = now + self._settings.watermark_interval

    async def _send(self, sender: Sender, facts: Sequence[Unsent]) -> None:
        shares: dict[int, list[tuple[int, Record]]] = defaultdict(list)
        for fact in facts:
            shares[self._partition_of(fact.scope)].append((fact.position, fact_record(fact)))
        await send_shares(sender, shares, self._delete)

    async def _delete(self, positions: Sequence[int]) -> None:
        await self.in_thread(self._outbox.delete, positions)
        self._metrics.acknowledged.inc(len(positions))
        self.progress.moved()

    async def _send_watermark(self, sender: Sender) -> None:
        if self._watermark is None:
            return
        record = watermark_record(self._watermark)
        results = await asyncio.gather(
            *(sender.send(partition, [record]) for partition in range(self._settings.partitions)),
            return_exceptions=True,
        )
        raise_first(results)
        self._metrics.watermark.set(self._watermark.timestamp())
        self._watermark = None

    async def _rest(self, *, had_work: bool) -> None:
        """Let a few facts gather for one batch; when idle, wait for a commit, here or in another process."""
        if had_work:
            await asyncio.sleep(self._settings.linger)
            return
        idle = self._next_watermark - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(0.0, min(self._settings.poll, idle))):
                await self.wake.wait()
        except TimeoutError:
            return

    def failed(self, error: Exception) -> None:
        """Told once, and not twice a second while a broker is away."""
        # A watermark that was promised to nobody is still true, but a later one says more.
        self._watermark = None
        self._next_watermark = 0.0
        self._metrics.relay_errors.inc()
        known = self.progress.problem
        if isinstance(error, WrongTopic):
            self.progress.blocked(str(error))
        else:
            self.progress.failed(type(error).__name__)
        if self.progress.problem != known:
            log.warning("relay_failed", error=type(error).__name__, detail=str(error))
