"""From the outbox to panke.ownership.v1, in the order of each scope, never skipping (architecture, choices 2-4).

One process leads. Messages go to the partition that their scope has in the source, so that a watermark can
follow them: it is passed on once everything of its partition has been acknowledged. Killed between the
acknowledgement and the delete, it sends again, and consumers drop a seq that they have seen.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
import structlog

from services.attribution.metrics import AttributionMetrics
from services.attribution.outbox import Message, NotLeading, Outbox
from shared.kafka import SEND_FAILURES, PartitionOf, Record, Sender, WrongTopic, ensure_topic
from shared.progress import Progress
from shared.topics import Headers, Topics, dead_headers, encode_headers

log = structlog.get_logger()

T = TypeVar("T")

FAILURES = (*SEND_FAILURES, psycopg.Error, NotLeading, WrongTopic)


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where to send, and how long anything may take (machine seconds)."""

    bootstrap: str
    topics: Topics
    partitions: int
    replication: int = 1
    round_size: int = 2000
    send_wait: float = 10.0
    poll: float = 0.1
    lead_retry: float = 1.0
    failure_pause: float = 0.5


class Relay:
    """Sends what the outbox holds for as long as this process leads."""

    def __init__(
        self, settings: RelaySettings, outbox: Outbox, metrics: AttributionMetrics, progress: Progress
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._metrics = metrics
        self._progress = progress
        self._partition_of = PartitionOf(settings.partitions)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="relay")
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Lead when nobody else does, until `stop`; survives a broker or a database that is away."""
        try:
            while not self._stopping.is_set():
                try:
                    await self._try()
                except FAILURES as error:
                    self._metrics.relay_errors.inc()
                    self._progress.failed(type(error).__name__)
                    log.warning("relay_failed", error=type(error).__name__, detail=str(error))
                    if isinstance(error, psycopg.Error):
                        await self._in_thread(self._outbox.close)
                    await self._pause(self._settings.failure_pause)
        finally:
            await self._in_thread(self._outbox.close)
            self._metrics.leading.set(0)
            self._thread.shutdown()

    def stop(self) -> None:
        """Finish the round under way, then end."""
        self._stopping.set()

    async def _try(self) -> None:
        leads = await self._in_thread(self._outbox.try_lead)
        self._metrics.leading.set(int(leads))
        if not leads:
            self._progress.moved()
            await self._pause(self._settings.lead_retry)
            return
        chosen = self._settings
        for topic in (chosen.topics.ownership, chosen.topics.dead):
            await ensure_topic(
                chosen.bootstrap, topic, chosen.partitions, chosen.replication, chosen.send_wait
            )
        async with self._sender(chosen.topics.ownership) as sender, self._sender(chosen.topics.dead) as dead:
            log.info("relay_leading", topic=chosen.topics.ownership)
            while not self._stopping.is_set():
                await self._round(sender, dead)

    def _sender(self, topic: str) -> Sender:
        return Sender(self._settings.bootstrap, topic, self._settings.send_wait, "panke-attribution-relay")

    async def _round(self, sender: Sender, dead: Sender) -> None:
        """The watermarks are read before the messages, so what they cover has been read with them."""
        watermarks = await self._in_thread(self._outbox.watermarks)
        messages = await self._in_thread(self._outbox.messages, self._settings.round_size)
        if messages or watermarks:
            self._progress.working()
        if messages:
            await self._send(sender, messages)
        if len(messages) < self._settings.round_size:
            for partition, watermark in watermarks:
                record = Record(None, None, encode_headers(Headers(watermark=watermark)))
                await sender.send(partition, [record])
                await self._in_thread(self._outbox.watermark_sent, partition, watermark)
            await self._send_dead(dead)
        self._progress.moved()
        self._metrics.backlog.set(await self._in_thread(self._outbox.backlog, 100_000) if messages else 0)
        if not messages:
            await self._pause(self._settings.poll)

    async def _send(self, sender: Sender, messages: Sequence[Message]) -> None:
        shares: dict[int, list[Message]] = defaultdict(list)
        for message in messages:
            shares[message.partition].append(message)
        acknowledged: list[int] = []
        results = await asyncio.gather(
            *(self._send_share(sender, share, acknowledged) for share in shares.values()),
            return_exceptions=True,
        )
        if acknowledged:
            await self._in_thread(self._outbox.delete, acknowledged)
            self._metrics.sent.inc(len(acknowledged))
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _send_share(self, sender: Sender, share: Sequence[Message], acknowledged: list[int]) -> None:
        """One batch after another: the next one begins when the one before it is acknowledged."""
        records = [_record(message) for message in share]
        sent = 0
        while sent < len(records):
            count = await sender.send(share[0].partition, records[sent:])
            acknowledged.extend(message.id for message in share[sent : sent + count])
            sent += count

    async def _send_dead(self, sender: Sender) -> None:
        for dead in await self._in_thread(self._outbox.dead, 100):
            _, _, place = dead.source.partition("/")
            topic, _, partition = place.rpartition(":")
            headers = dead_headers(dead.reason, topic, int(partition), dead.offset)
            key = (dead.key or b"").decode("utf-8", "replace")
            await sender.send(self._partition_of(key), [Record(dead.key, dead.value, headers)])
            await self._in_thread(self._outbox.dead_sent, [dead.id])

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)


def _record(message: Message) -> Record:
    headers = encode_headers(Headers(seq=message.seq, traceparent=message.traceparent))
    return Record(message.scope.encode(), message.body, headers)
