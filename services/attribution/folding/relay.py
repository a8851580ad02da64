"""From the outbox to panke.ownership.v1, in the order of each scope, never skipping (architecture, choices 2-4).

One process leads. Messages go to the partition that their scope has in the source, so that a watermark can
follow them: it is passed on once everything of its partition has been acknowledged. Killed between the
acknowledgement and the delete, it sends again, and consumers drop a seq that they have seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import structlog

from services.attribution.folding.outbox import Message, Outbox
from services.attribution.metrics import AttributionMetrics
from shared.kafka import (
    SEND_FAILURES,
    PartitionOf,
    Record,
    Sender,
    WrongTopic,
    ensure_topic,
    send_shares,
)
from shared.leading import Leader, NotLeading
from shared.progress import Progress
from shared.topics import Headers, Topics, dead_headers, encode_headers

log = structlog.get_logger()


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


class Relay(Leader):
    """Sends what the outbox holds for as long as this process leads."""

    failures = (*SEND_FAILURES, psycopg.Error, NotLeading, WrongTopic)

    def __init__(
        self, settings: RelaySettings, outbox: Outbox, metrics: AttributionMetrics, progress: Progress
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

    def failed(self, error: Exception) -> None:
        """Told once, and not twice a second while a broker is away."""
        known = self.progress.problem
        self._metrics.relay_errors.inc()
        if isinstance(error, WrongTopic):
            self.progress.blocked(str(error))
        else:
            self.progress.failed(type(error).__name__)
        if self.progress.problem != known:
            log.warning("relay_failed", error=type(error).__name__, detail=str(error))

    async def work(self) -> None:
        """One round after another, once both topics are as they must be."""
        chosen = self._settings
        for topic in (chosen.topics.ownership, chosen.topics.dead):
            await ensure_topic(
                chosen.bootstrap, topic, chosen.partitions, chosen.replication, chosen.send_wait
            )
        async with self._sender(chosen.topics.ownership) as sender, self._sender(chosen.topics.dead) as dead:
            log.info("relay_leading", topic=chosen.topics.ownership)
            while not self.stopping.is_set():
                await self._round(sender, dead)

    def _sender(self, topic: str) -> Sender:
        return Sender(self._settings.bootstrap, topic, self._settings.send_wait, "panke-attribution-relay")

    async def _round(self, sender: Sender, dead: Sender) -> None:
        """The watermarks are read before the messages, so what they cover has been read with them."""
        watermarks = await self.in_thread(self._outbox.watermarks)
        messages = await self.in_thread(self._outbox.messages, self._settings.round_size)
        if messages or watermarks:
            self.progress.working()
        if messages:
            await self._send(sender, messages)
        if len(messages) < self._settings.round_size:
            for partition, watermark in watermarks:
                record = Record(None, None, encode_headers(Headers(watermark=watermark)))
                await sender.send(partition, [record])
                await self.in_thread(self._outbox.watermark_sent, partition, watermark)
            await self._send_dead(dead)
        self.progress.moved()
        self._metrics.backlog.set(await self.in_thread(self._outbox.backlog, 100_000) if messages else 0)
        if not messages:
            await self.pause(self._settings.poll)

    async def _send(self, sender: Sender, messages: Sequence[Message]) -> None:
        shares: dict[int, list[tuple[int, Record]]] = defaultdict(list)
        for message in messages:
            shares[message.partition].append((message.id, _record(message)))
        await send_shares(sender, shares, self._delete)

    async def _delete(self, ids: Sequence[int]) -> None:
        await self.in_thread(self._outbox.delete, ids)
        self._metrics.sent.inc(len(ids))

    async def _send_dead(self, sender: Sender) -> None:
        for dead in await self.in_thread(self._outbox.dead, 100):
            _, _, place = dead.source.partition("/")
            topic, _, partition = place.rpartition(":")
            headers = dead_headers(dead.reason, topic, int(partition), dead.offset)
            key = (dead.key or b"").decode("utf-8", "replace")
            await sender.send(self._partition_of(key), [Record(dead.key, dead.value, headers)])
            await self.in_thread(self._outbox.dead_sent, [dead.id])


def _record(message: Message) -> Record:
    headers = encode_headers(Headers(seq=message.seq, traceparent=message.traceparent))
    return Record(message.scope.encode(), message.body, headers)
