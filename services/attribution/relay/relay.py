"""From the outbox to panke.ownership.v1, in the order of each scope (contract.md#order-and-repetition).

Messages go to the partition that their scope has in the source, so that a watermark can follow them: it is told once
everything of its partition has been acknowledged, in a topic of its own, with the offset up to which it holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.attribution.fold.metrics import AttributionMetrics
from services.attribution.relay.outbox import OutboxMessage, OwnershipOutbox
from shared.contract.topics import Headers, dead_headers, encode_headers
from shared.platform.kafka.outbox_relay import Outgoing, Relay, RelaySettings, send_shares
from shared.platform.kafka.sender import OutgoingRecord, PartitionOf, Sender, watermark_record
from shared.platform.kafka.topic_state import TopicState, place_of
from shared.platform.liveness import Progress


class OwnershipRelay(Relay):
    """Sends decisions, claims and staff to the first topic of its settings, dead records to the second."""

    def __init__(
        self,
        settings: RelaySettings,
        outbox: OwnershipOutbox,
        metrics: AttributionMetrics,
        progress: Progress,
    ) -> None:
        super().__init__(settings, outbox, metrics, progress, "panke-attribution-relay")
        self._outbox = outbox
        self._metrics = metrics
        self._partition_of = PartitionOf(settings.partitions)
        self._sources: list[str] = []
        self._told: dict[int, tuple[datetime, int]] = {}

    async def prepare(self, state: TopicState) -> None:
        """What was told before may have been lost with its topic."""
        self._sources = [state.source(partition) for partition in range(state.partitions)]
        self._told = {}

    async def round(self, *senders: Sender) -> None:
        """The watermarks are read before the messages, so what they cover has been read with them."""
        sender, dead, told = senders
        watermarks = await self.in_thread(self._outbox.watermarks)
        messages = await self.in_thread(self._outbox.messages, self._settings.round_size)
        if messages:
            self.progress.working()
        if messages:
            await send_shares(sender, map(_outgoing, messages), self._delete)
        if len(messages) < self._settings.round_size:
            await self._send_watermarks(sender, told, watermarks)
            await self._send_dead(dead)
            self.refilled()
        self.progress.moved()
        self._metrics.backlog.set(await self.in_thread(self._outbox.backlog, 100_000) if messages else 0)
        if not messages:
            await self.pause(self._settings.poll)

    async def _send_watermarks(
        self, sender: Sender, told: Sender, watermarks: Iterable[tuple[int, datetime]]
    ) -> None:
        """Those of which something is new: the time, or the messages that came before it."""
        ends = await self.ends(sender)
        new = {
            partition: (watermark, ends[partition])
            for partition, watermark in watermarks
            if partition < len(self._sources) and self._told.get(partition) != (watermark, ends[partition])
        }
        if new:
            self.progress.working()
            await told.send_all(
                0, [watermark_record(self._sources[one], end, until) for one, (until, end) in new.items()]
            )
            self._told |= new

    async def _delete(self, taken: Sequence[Outgoing]) -> None:
        await self.in_thread(self._outbox.delete, [one.row for one in taken])
        self._metrics.sent.inc(len(taken))

    async def _send_dead(self, sender: Sender) -> None:
        for dead in await self.in_thread(self._outbox.dead, 100):
            headers = dead_headers(dead.reason, *place_of(dead.source), dead.offset)
            key = (dead.key or b"").decode("utf-8", "replace")
            await sender.send(self._partition_of(key), [OutgoingRecord(dead.key, dead.value, headers)])
            await self.in_thread(self._outbox.dead_sent, [dead.id])


def _outgoing(message: OutboxMessage) -> Outgoing:
    headers = encode_headers(
        Headers(
            seq=message.seq,
            traceparent=message.traceparent,
            edition=message.edition,
            known_at=message.known_at,
            restated=message.restated,
        )
    )
    return Outgoing(
        message.partition, OutgoingRecord(message.scope.encode(), message.body, headers), message.id
    )
