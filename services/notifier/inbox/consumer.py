"""The consumer of panke.ownership.v1: PostgreSQL holds the position, Kafka's committed offsets are not used.

hazards.md#faststream and hazards.md#aiokafka: raw records, so that one bad header cannot
lose a batch; pause before anything else when partitions are assigned, and seek to the stored position in a
task of its own, since no heartbeat is sent while the listener runs; what is in hand when partitions are
revoked is stale.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from services.notifier.inbox.decoding import OwnershipRecord
from services.notifier.inbox.heard import MessageFork
from services.notifier.inbox.inbox import BatchResult, Inbox, StaleError
from services.notifier.inbox.positions import ReadFrom
from services.notifier.model.metrics import Metrics
from shared.platform.kafka.topic_state import TopicState
from shared.platform.kafka.watermarks import Mark, Watermarks

_PAUSE = 0.3
# So often a log that ends before the stored position is looked at: a new leader may need a moment to know its end.
_LOOKS = 15
_LOG = structlog.get_logger("notifier.consumer")


@dataclass(frozen=True)
class TopicSubscription:
    """What is consumed, and as whom."""

    topic: str
    group: str
    state: Callable[[], Awaitable[TopicState | None]]


class Consumer(ConsumerRebalanceListener):
    """Takes each batch of a partition in with one transaction."""

    def __init__(
        self,
        broker: KafkaBroker,
        subscription: TopicSubscription,
        inbox: Inbox,
        metrics: Metrics,
        taken_in: Callable[[], None],
        watermarks: Watermarks | None = None,
    ) -> None:
        self._topic = subscription.topic
        self._state = subscription.state
        self._inbox = inbox
        self._metrics = metrics
        self._taken_in = taken_in
        self._watermarks = watermarks or Watermarks()
        self._learning: asyncio.Task[None] | None = None
        self._next: dict[TopicPartition, int] = {}
        self._forked: dict[TopicPartition, str] = {}
        self._assigned: set[TopicPartition] = set()
        self.joined = False
        self._sources: dict[TopicPartition, str] = {}
        self._again_until: dict[TopicPartition, tuple[str, int]] = {}
        self._busy = asyncio.Lock()
        self._opening: set[asyncio.Task[None]] = set()
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
    def stopped(self) -> dict[int, str]:
        """The partitions that are not read on from where they were left, each with the reason."""
        reasons = {
            tp.partition: "its position is being looked up"
            for tp in self._assigned - self._next.keys() - self._forked.keys()
        }
        for tp, (why, until) in list(self._again_until.items()):
            if (at := self._next.get(tp, until)) < until:
                reasons[tp.partition] = f"{why}: {at}/{until}"
        return reasons

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
        self._assigned = set(partitions)
        self.joined = True
        self._start(partitions)

    def _start(self, partitions: Sequence[TopicPartition]) -> None:
        if partitions:
            task = asyncio.create_task(self._open(partitions))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _let_go(self) -> None:
        self._next = {}
        self._assigned = set()
        self._again_until = {}
        self._forked = {}
        self._metrics.partitions_forked.set(0)
        for task in list(self._opening):
            task.cancel()
        async with self._busy:
            pass
        if self._learning is not None:
            await asyncio.gather(self._learning, return_exceptions=True)

    async def _open(self, assigned: Sequence[TopicPartition]) -> None:
        """Seek each partition to its position, or to its first record where the position is of another log."""
        while True:
            try:
                opened, end = await self._openings(assigned)
                break
            except (psycopg.Error, KafkaError, TimeoutError, OSError) as error:
                _LOG.warning("the positions cannot be read", error=str(error))
                await asyncio.sleep(_PAUSE)
        for one, opening in opened.items():
            if opening.again is not None:
                self._again_until[one] = opening.again, end[one]
                _LOG.warning(
                    "a log is read again", partition=one.partition, end=end[one], reason=opening.again
                )
            self._kafka().seek(one, opening.next)
            self._next[one] = opening.next
        self._kafka().resume(*opened)
        self._metrics.partitions_rereading.set(len(self.stopped))
        self.learn()
        _LOG.info("partitions opened", positions={one.partition: o.next for one, o in opened.items()})

    async def _openings(
        self, assigned: Sequence[TopicPartition]
    ) -> tuple[dict[TopicPartition, ReadFrom], _Offsets]:
        state = await self._state()
        if state is None:
            raise UnknownTopicOrPartitionError(self._topic)
        self._sources |= {one: state.source(one.partition) for one in assigned}
        numbers = [one.partition for one in assigned]
        for _ in range(_LOOKS):
            first: _Offsets = await self._kafka().beginning_offsets(assigned)
            end: _Offsets = await self._kafka().end_offsets(assigned)
            known = await asyncio.to_thread(self._inbox.positions, numbers, state)
            if all(known.get(one.partition, 0) <= end[one] for one in assigned):
                break
            await asyncio.sleep(_PAUSE)
        opened = {}
        for one in assigned:
            place = (one.partition, self._sources[one], first[one], end[one])
            opened[one] = await asyncio.to_thread(self._inbox.open, *place)
        return opened, end

    async def _on_batch(self, message: KafkaMessage) -> None:
        async with self._busy:
            raw: Any = message.raw_message
            groups = itertools.groupby(raw, key=lambda one: TopicPartition(one.topic, one.partition))
            await asyncio.gather(*[self._take(partition, list(records)) for partition, records in groups])

    async def _take(self, partition: TopicPartition, raw: Sequence[Any]) -> None:
        expected = self._next.get(partition)
        if expected is None:
            return  # revoked while the batch was in hand
        records = [OwnershipRecord(one.offset, one.value, one.headers) for one in raw]
        try:
            if records[0].offset != expected:
                raise StaleError(partition.partition, records[0].offset, expected)
            source = self._sources[partition]
            taken = await asyncio.to_thread(self._inbox.take, partition.partition, expected, records, source)
        except (StaleError, psycopg.Error) as error:
            _LOG.warning("a batch was not taken in", partition=partition.partition, error=str(error))
            await asyncio.sleep(_PAUSE)
            self._reopen(partition)
            return
        if partition in self._next:
            self._next[partition] = records[-1].offset + 1
            if taken.fork is not None:
                self._stop_for(partition, taken.fork)
            self._metrics.partitions_rereading.set(len(self.stopped))
        self._count(partition, taken)
        self._taken_in()
        self.learn()

    def learn(self) -> None:
        """Note the watermarks that hold by now: all that was decided up to them has been taken in."""
        if (self._learning is None or self._learning.done()) and self._reached():
            self._learning = asyncio.create_task(self._learn())

    def _reached(self) -> dict[int, tuple[str, Mark]]:
        found = {}
        for one, position in self._next.items():
            source = self._sources[one]
            mark = self._watermarks.reached(source, position)
            if mark is not None:
                found[one.partition] = source, mark
        return found

    async def _learn(self) -> None:
        while reached := self._reached():
            try:
                await asyncio.to_thread(self._inbox.learn, reached)
            except psycopg.Error as error:
                _LOG.warning("a watermark was not noted", error=str(error))
                await asyncio.sleep(_PAUSE)
                continue
            for source, mark in reached.values():
                self._watermarks.settle(source, mark)
            self._taken_in()

    def _stop_for(self, partition: TopicPartition, fork: MessageFork) -> None:
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

    def _reopen(self, partition: TopicPartition) -> None:
        """Look the position and the log up anew, outside the batch: nothing may wait for it."""
        if self._next.pop(partition, None) is not None:
            self._kafka().pause(partition)
            self._start([partition])

    def _count(self, partition: TopicPartition, taken: BatchResult) -> None:
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
