"""The relay: from the outbox to Kafka, in the order of each scope (architecture, choices 3 and 4).

One process leads. A round reads the first unsent facts, sends each partition's share in order, and deletes
what was acknowledged; killed between the two, it sends them again, and consumers drop a seq that they have
seen. A partition whose batch failed is left until the next round, so that no fact overtakes an earlier one of
its scope.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import psycopg
import structlog

from services.intake.kafka import SEND_FAILURES, PartitionOf, Sender, WrongTopic, ensure_topic
from services.intake.metrics import IntakeMetrics
from services.intake.outbox import NotLeading, Outbox, Unsent
from services.intake.progress import Progress
from services.intake.records import fact_record, watermark_record

log = structlog.get_logger()

T = TypeVar("T")

FAILURES = (*SEND_FAILURES, psycopg.Error, NotLeading, WrongTopic)


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


class Relay:
    """Sends what the outbox holds for as long as this process leads."""

    def __init__(
        self, settings: RelaySettings, outbox: Outbox, metrics: IntakeMetrics, progress: Progress
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._metrics = metrics
        self._progress = progress
        self._partition_of = PartitionOf(settings.partitions)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relay")
        self._stopping = asyncio.Event()
        self._watermark: datetime | None = None
        self._next_watermark = 0.0
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Lead when nobody else does, until `stop`; survives a broker or a database that is away."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._try()
                except FAILURES as error:
                    self._failed(error)
                    await self._pause(self._settings.failure_pause)
        finally:
            await self._in_thread(self._outbox.close)
            self._metrics.leading.set(0)
            self._thread.shutdown()

    def stop(self) -> None:
        """Finish the round under way, then end."""
        self._stopping.set()
        self.wake.set()

    async def _try(self) -> None:
        leads = await self._in_thread(self._outbox.try_lead)
        self._metrics.leading.set(int(leads))
        if not leads:
            self._progress.moved()
            await self._pause(self._settings.lead_retry)
            return
        # A leader always has work: it owes a watermark each second.
        self._progress.working()
        chosen = self._settings
        await ensure_topic(
            chosen.bootstrap, chosen.topic, chosen.partitions, chosen.replication, chosen.send_wait
        )
        async with Sender(chosen.bootstrap, chosen.topic, chosen.send_wait) as sender:
            log.info("relay_leading", topic=chosen.topic)
            while not self._stopping.is_set():
                await self._round(sender)

    async def _round(self, sender: Sender) -> None:
        """Promise a watermark if one is due, send what is unsent, and pass the watermark on behind it.

        The promise comes before the read: a read that found the end of the outbox has then seen every fact
        that the watermark covers.
        """
        self.wake.clear()
        self._progress.working()
        await self._promise_when_due()
        facts = await self._in_thread(self._outbox.read, self._settings.round_size)
        if facts:
            await self._send(sender, facts)
        if len(facts) < self._settings.round_size:
            await self._send_watermark(sender)
            self._progress.moved()
            await self._rest(had_work=bool(facts))

    async def _promise_when_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._watermark is None and now >= self._next_watermark:
            self._watermark = await self._in_thread(self._outbox.promise)
            self._next_watermark = now + self._settings.watermark_interval

    async def _send(self, sender: Sender, facts: Sequence[Unsent]) -> None:
        shares: dict[int, list[Unsent]] = defaultdict(list)
        for fact in facts:
            shares[self._partition_of(fact.scope)].append(fact)
        acknowledged: list[int] = []
        results = await asyncio.gather(
            *(
                self._send_share(sender, partition, share, acknowledged)
                for partition, share in shares.items()
            ),
            return_exceptions=True,
        )
        if acknowledged:
            await self._in_thread(self._outbox.delete, acknowledged)
            self._metrics.acknowledged.inc(len(acknowledged))
            self._progress.moved()
        _raise_first(results)

    async def _send_share(
        self, sender: Sender, partition: int, share: Sequence[Unsent], acknowledged: list[int]
    ) -> None:
        """One batch after another: the next one begins when the one before it is acknowledged."""
        records = [fact_record(fact) for fact in share]
        sent = 0
        while sent < len(records):
            count = await sender.send(partition, records[sent:])
            acknowledged.extend(fact.position for fact in share[sent : sent + count])
            sent += count

    async def _send_watermark(self, sender: Sender) -> None:
        if self._watermark is None:
            return
        record = watermark_record(self._watermark)
        results = await asyncio.gather(
            *(sender.send(partition, [record]) for partition in range(self._settings.partitions)),
            return_exceptions=True,
        )
        _raise_first(results)
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

    def _failed(self, error: BaseException) -> None:
        # A watermark that was promised to nobody is still true, but a later one says more.
        self._watermark = None
        self._next_watermark = 0.0
        self._metrics.relay_errors.inc()
        known = self._progress.problem
        if isinstance(error, WrongTopic):
            self._progress.blocked(str(error))
        else:
            self._progress.failed(type(error).__name__)
        if self._progress.problem != known:  # told once, and not twice a second while a broker is away
            log.warning("relay_failed", error=type(error).__name__, detail=str(error))

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _in_thread(self, call: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)


def _raise_first(results: Sequence[object]) -> None:
    for result in results:
        if isinstance(result, BaseException):
            raise result
