"""The consumer of panke.ownership.v1: PostgreSQL holds the position, Kafka's committed offsets are not used.

Patterns, "Consumer", and hazards, "FastStream" and "aiokafka": raw records, so that one bad header cannot
lose a batch; pause before anything else when partitions are assigned, and seek to the stored position in a
task of its own, since no heartbeat is sent while the listener runs; what is in hand when partitions are
revoked is stale.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from services.notifier.hearing.heard import Fork
from services.notifier.hearing.inbox import Inbox, StaleError, Taken
from services.notifier.hearing.wire import Record
from services.notifier.metrics import Metrics

_PAUSE = 0.3
_LOG = structlog.get_logger("notifier.consumer")


@dataclass(frozen=True)
class Subscription:
    """What is consumed, and as whom."""

    topic: str
    group: str


class Consumer(ConsumerRebalanceListener):
    """Takes each batch of a partition in with one transaction."""

    def __init__(
        self,
        broker: KafkaBroker,
        subscription: Subscription,
        inbox: Inbox,
        metrics: Metrics,
        taken_in: Callable[[], None],
    ) -> None:
        self._topic = subscription.topic
        self._inbox = inbox
        self._metrics = metrics
        self._taken_in = taken_in
        self._next: dict[TopicPartition, int] = {}
        self._halted: set[TopicPartition] = set()
        self._forked: dict[TopicPartition, str] = {}
        self._busy = asyncio.Lock()
        self._opening: asyncio.Task[None] | None = None
        self._subscriber = broker.subscriber(
            subscription.topic,
            group_id=subscription.group,
            listener=self,
            batch=True,
            max_records=2000,
            batch_timeout_ms=20,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            parser=self._parse,
            decoder=_undecoded,
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
            max_poll_interval_ms=60_000,
            fetch_max_wait_ms=100,
        )
        self._subscriber(self._on_batch)

    @property
    def partitions(self) -> dict[int, int]:
        """The partitions that are being consumed here, with the next offset of each."""
        return {partition.partition: offset for partition, offset in self._next.items()}

    @property
    def halted(self) -> list[int]:
        """Partitions whose stored position lies outside the log; nothing of them is read."""
        return sorted(partition.partition for partition in self._halted)

    @property
    def forked(self) -> dict[int, str]:
        """Partitions that stand at a second message under one seq, each with its place; nothing more is read."""
        return {partition.partition: place for partition, place in self._forked.items()}

    async def lag(self) -> dict[int, int]:
        """Records that are not applied yet, by partition; raises KafkaError when the broker does not tell."""
        mine = dict(self._next)
        if not mine:
            return {}
        ends: Mapping[TopicPartition, int] = await self._kafka().end_offsets(list(mine))
        return {partition.partition: ends[partition] - following for partition, following in mine.items()}

    async def close(self) -> None:
        """Let the running transactions end; called before the broker is stopped."""
        await self._let_go()

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._let_go()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        partitions = sorted(assigned)
        self._kafka().pause(*partitions)  # before any await, or records arrive ahead of the seek
        self._opening = asyncio.create_task(self._open(partitions))

    async def _let_go(self) -> None:
        self._next = {}
        self._halted = set()
        self._forked = {}
        self._metrics.partitions_forked.set(0)
        if self._opening is not None:
            self._opening.cancel()
        async with self._busy:
            pass

    async def _open(self, assigned: Sequence[TopicPartition]) -> None:
        """Seek each partition to its stored position; retried while the database or the broker is away."""
        if not assigned:
            return
        while True:
            try:
                stored, first, end = await self._bounds(assigned)
                break
            except (psycopg.Error, KafkaError) as error:
                _LOG.warning("the positions cannot be read", error=str(error))
                await asyncio.sleep(_PAUSE)
        good = [one for one in assigned if first[one] <= stored[one] <= end[one]]
        self._halt([one for one in assigned if one not in good], stored, first, end)
        for partition in good:
            self._kafka().seek(partition, stored[partition])
        self._next = {partition: stored[partition] for partition in good}
        if good:
            self._kafka().resume(*good)
        _LOG.info("partitions opened", positions={one.partition: stored[one] for one in good})

    async def _bounds(self, assigned: Sequence[TopicPartition]) -> tuple[_Offsets, _Offsets, _Offsets]:
        first: _Offsets = await self._kafka().beginning_offsets(assigned)
        end: _Offsets = await self._kafka().end_offsets(assigned)
        numbers = [one.partition for one in assigned]
        known = await asyncio.to_thread(self._inbox.positions, numbers)
        for one in assigned:
            if one.partition not in known:
                await asyncio.to_thread(self._inbox.begin, one.partition, first[one])
        known = await asyncio.to_thread(self._inbox.positions, numbers)
        return {one: known[one.partition] for one in assigned}, first, end

    def _halt(
        self, outside: Sequence[TopicPartition], stored: _Offsets, first: _Offsets, end: _Offsets
    ) -> None:
        self._halted = set(outside)
        self._metrics.partitions_halted.set(len(outside))
        for one in outside:
            _LOG.error(
                "the stored position is outside the log; the partition stays paused",
                partition=one.partition,
                stored=stored[one],
                first=first[one],
                end=end[one],
            )

    async def _on_batch(self, message: KafkaMessage) -> None:
        async with self._busy:
            raw: Any = message.raw_message
            groups = itertools.groupby(raw, key=lambda one: TopicPartition(one.topic, one.partition))
            await asyncio.gather(*[self._take(partition, list(records)) for partition, records in groups])

    async def _take(self, partition: TopicPartition, raw: Sequence[Any]) -> None:
        expected = self._next.get(partition)
        if expected is None:
            return  # revoked while the batch was in hand
        records = [Record(one.offset, one.value, one.headers) for one in raw]
        try:
            if records[0].offset != expected:
                raise StaleError(partition.partition, records[0].offset, expected)
            taken = await asyncio.to_thread(self._inbox.take, partition.partition, expected, records)
        except (StaleError, psycopg.Error) as error:
            _LOG.warning("a batch was not taken in", partition=partition.partition, error=str(error))
            await self._step_back(partition, expected)
            return
        if partition in self._next:
            self._next[partition] = records[-1].offset + 1
            if taken.fork is not None:
                self._stop_for(partition, taken.fork)
        self._count(partition, taken)
        self._taken_in()

    def _stop_for(self, partition: TopicPartition, fork: Fork) -> None:
        """Nothing of the partition is taken in any more: which of two messages is true is for a person to say."""
        del self._next[partition]
        self._forked[partition] = str(fork)
        self._kafka().pause(partition)
        self._metrics.partitions_forked.set(len(self._forked))
        _LOG.error(
            "two messages under one seq; the partition stops",
            partition=partition.partition,
            offset=fork.offset,
            scope=fork.scope,
            seq=fork.seq,
        )

    async def _step_back(self, partition: TopicPartition, expected: int) -> None:
        """Go on from what is stored; while the database is away, try the same batch again."""
        await asyncio.sleep(_PAUSE)
        try:
            stored = await asyncio.to_thread(self._inbox.positions, [partition.partition])
        except psycopg.Error as error:
            _LOG.warning("the position cannot be read", partition=partition.partition, error=str(error))
            stored = {}
        if partition in self._next:
            self._next[partition] = stored.get(partition.partition, expected)
            self._kafka().seek(partition, self._next[partition])

    def _count(self, partition: TopicPartition, taken: Taken) -> None:
        self._metrics.messages.labels("applied").inc(taken.applied)
        self._metrics.messages.labels("repeated").inc(taken.repeated)
        self._metrics.messages.labels("irregular").inc(len(taken.irregular))
        for offset, reason, _ in taken.irregular:
            _LOG.error("irregular record", partition=partition.partition, offset=offset, reason=reason)

    async def _parse(self, batch: Any) -> KafkaAckableMessage:
        """The stock parser decodes headers, and one that is not UTF-8 would lose the whole batch."""
        return KafkaAckableMessage(
            body=b"",
            raw_message=batch,
            headers={},
            message_id="",
            correlation_id="",
            consumer=self._kafka(),
        )

    def _kafka(self) -> Any:
        consumer = self._subscriber.consumer
        assert consumer is not None, "the broker has not started this subscriber"
        return consumer


_Offsets = Mapping[TopicPartition, int]


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message
