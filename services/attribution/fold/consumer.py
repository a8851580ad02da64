"""Reads panke.intake.v1, where the database and not Kafka says from which record on.

hazards.md#faststream and hazards.md#aiokafka say why it is built like this: batches come raw and ungrouped, a header
that is not text must not lose a batch, assigned partitions are paused before anything is awaited and sought in
a task, a batch from before a rebalance may still arrive, and a failed one is sought back to and not nacked.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError, UnknownTopicOrPartitionError
from eventsourcing.persistence import PersistenceError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage

from services.attribution.fold.application import BatchOutcome, FoldApplication, Gap, IntakePartition
from services.attribution.fold.forks import FactFork
from services.attribution.fold.gap_search import find_resent
from services.attribution.fold.intake_record import written_at
from services.attribution.fold.metrics import AttributionMetrics
from services.attribution.store.positions import Positions, StartOffset
from shared.platform.kafka.topic_state import TopicState
from shared.platform.liveness import Progress
from shared.platform.telemetry.telemetry import parse_traceparent
from shared.platform.threads import Threads

log = structlog.get_logger()

Record = Any
RETRY: Final = 0.5
GAP_RETRY: Final = 2.0
LOOKS: Final = 10
"""So often a log that ends before the stored position is looked at: a new leader may need a moment to know its end."""
AWAY = (psycopg.Error, PersistenceError, KafkaError, OSError, TimeoutError)


class BooksChangedError(Exception):
    """Rulebooks were adopted by another process with other texts than this one has: it may judge nothing by its own."""


class StaleBatchError(Exception):
    """The batch does not begin where the stored position ends: it is from before a rebalance or a seek."""


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """Where to read, and how much at once."""

    bootstrap: str
    topic: str
    group: str
    max_records: int = 2000


class IntakeConsumer(ConsumerRebalanceListener):
    """One member of the group: folds each of its partitions in order, side by side."""

    def __init__(
        self,
        broker: KafkaBroker,
        settings: ConsumerSettings,
        attribution: FoldApplication,
        metrics: AttributionMetrics,
        progress: Progress,
        positions: Positions,
        topic: Callable[[], Awaitable[TopicState | None]],
        books_changed: Callable[[], list[str]],
        threads: Threads,
    ) -> None:
        self._settings = settings
        self._attribution = attribution
        self._metrics = metrics
        self._progress = progress
        self._positions = positions
        self._topic = topic
        self._books_changed = books_changed
        self.refused: str | None = None
        self._threads = threads
        self._next: dict[TopicPartition, int] = {}
        self._sources: dict[TopicPartition, IntakePartition] = {}
        self._waiting: dict[TopicPartition, datetime] = {}
        self._busy = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._assigned: set[TopicPartition] = set()
        self.joined = False
        self._closed = False
        self._again_until: dict[TopicPartition, tuple[str, int]] = {}
        self._sweeping: asyncio.Task[None] | None = None
        self.gaps: dict[TopicPartition, Gap] = {}
        self.forks: dict[TopicPartition, FactFork] = {}
        self._subscriber = broker.subscriber(
            settings.topic,
            group_id=settings.group,
            listener=self,
            batch=True,
            max_records=settings.max_records,
            batch_timeout_ms=20,  # an empty poll sleeps this once more
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            parser=self._parse,
            decoder=_undecoded,
            session_timeout_ms=6000,
            heartbeat_interval_ms=1000,
            max_poll_interval_ms=120_000,
            fetch_max_wait_ms=100,
        )
        self._subscriber(self.on_batch)

    @property
    def consumer(self) -> Any:
        """The library's consumer; there is one from start on."""
        return self._subscriber.consumer

    @property
    def stopped(self) -> dict[str, str]:
        """The partitions that are not read on from where they were left, each with the reason."""
        reasons = {
            _name(tp): self.refused or "its position is being looked up"
            for tp in self._assigned - self._next.keys()
        }
        reasons |= {
            _name(tp): f"{why}: {self._next[tp]}/{until}"
            for tp, (why, until) in list(self._again_until.items())
            if self._next.get(tp, until) < until
        }
        reasons |= {
            _name(tp): f"{gap.scope} has {gap.found} where {gap.expected} is next"
            for tp, gap in self.gaps.items()
        }
        reasons |= {
            _name(tp): f"{fork.scope} forks at seq {fork.seq}: {fork.reason}"
            for tp, fork in self.forks.items()
        }
        return reasons

    @property
    def rereading(self) -> int:
        """Partitions that are read again from their beginning and have not come to where they ended then."""
        marks = list(self._again_until.items())
        return sum(self._next.get(tp, until) < until for tp, (_, until) in marks)

    def lag(self) -> dict[int, int]:
        """Records that are in the log and not yet folded, by partition, as of the last fetch."""
        found = {}
        for tp, position in list(self._next.items()):
            end = self.consumer.highwater(tp) if self.consumer is not None else None
            if end is not None:
                found[tp.partition] = max(0, end - position)
        return found

    def has_work(self) -> bool:
        """Whether a partition that may move has records to fold."""
        stopped = {tp.partition for tp in (*self.gaps, *self.forks)}
        return any(records for partition, records in self.lag().items() if partition not in stopped)

    def oldest_unfolded(self) -> datetime | None:
        """When the broker took the first record over that is in hand and not committed yet."""
        return min(self._waiting.values(), default=None)

    async def close(self) -> None:
        """What is being folded is committed first; what the group assigns from here on is not opened any more."""
        self._closed = True
        self._next = {}
        if self._sweeping is not None:
            await asyncio.gather(self._sweeping, return_exceptions=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Rebalances

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Every batch in hand is stale from here; running transactions end before another member begins."""
        self._next = {}
        self._waiting.clear()
        self.gaps.clear()
        self.forks.clear()
        self._assigned.clear()
        self._again_until.clear()
        for task in list(self._tasks):
            task.cancel()
        async with self._busy:
            self._metrics.assigned.set(0)
            self._metrics.gaps.set(0)
            self._metrics.forks.set(0)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Pause before anything is awaited, or records arrive ahead of the seek; no heartbeat while this runs."""
        partitions = sorted(assigned)
        self.joined = True
        if partitions:
            self.consumer.pause(*partitions)
            self._assigned = set(partitions)
            if not self._closed:
                self._start(self._open(partitions))

    async def _open(self, assigned: Sequence[TopicPartition]) -> None:
        """Seek each partition to its stored position; one that has none in this log is read from its beginning."""
        consumer = self.consumer
        while True:
            if consumer is None or self.consumer is not consumer:
                return  # stopped meanwhile: the partitions are another member's
            try:
                opened, end = await self._openings(consumer, assigned)
                break
            except ConsumerStoppedError:
                return
            except (BooksChangedError, *AWAY) as error:
                log.warning("positions_unknown", error=type(error).__name__, reason=self.refused)
                await asyncio.sleep(RETRY)
        if self.consumer is not consumer:
            return
        for tp, opening in opened.items():
            self._begin(tp, opening, end[tp])
        consumer.resume(*opened)
        self._metrics.assigned.set(len(self._next))
        log.info("partitions_assigned", partitions=[_name(tp) for tp in opened])

    def _begin(self, tp: TopicPartition, opening: StartOffset, end: int) -> None:
        if opening.again is not None:
            self._again_until[tp] = opening.again, end
            log.error(
                "log_read_again", partition=_name(tp), first=opening.next, end=end, reason=opening.again
            )
        self.consumer.seek(tp, opening.next)
        self._next[tp] = opening.next

    async def _openings(
        self, consumer: Any, assigned: Sequence[TopicPartition]
    ) -> tuple[dict[TopicPartition, StartOffset], dict[TopicPartition, int]]:
        self.refused = "; ".join(await self._threads.run(self._books_changed)) or None
        if self.refused is not None:
            raise BooksChangedError(self.refused)
        state = await self._topic()
        if state is None:
            raise UnknownTopicOrPartitionError(self._settings.topic)
        for tp in assigned:
            self._sources[tp] = IntakePartition(state.source(tp.partition), tp.partition)
        for _ in range(LOOKS):
            first = await consumer.beginning_offsets(assigned)
            end = await consumer.end_offsets(assigned)
            stored = await self._stored(assigned)
            if all(stored[tp] <= end[tp] for tp in assigned):
                break
            await asyncio.sleep(RETRY)
        bounds = {self._sources[tp].name: (first[tp], end[tp]) for tp in assigned}
        opened = await self._threads.run(self._positions.open, bounds)
        return {tp: opened[self._sources[tp].name] for tp in assigned}, end

    async def _stored(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        sources = [self._sources[tp] for tp in partitions]
        positions = await self._threads.run(self._attribution.positions, sources)
        return {tp: positions[self._sources[tp].name] for tp in partitions}

    # Batches

    async def _parse(self, batch: Sequence[Record]) -> KafkaMessage:
        """Nothing is decoded here: the stock parser loses a whole batch for one header that is not UTF-8."""
        return KafkaAckableMessage(
            body=b"",
            raw_message=batch,
            headers={},
            message_id="",
            correlation_id="",
            consumer=self.consumer,
        )

    async def on_batch(self, message: KafkaMessage) -> None:
        """Fold the partitions of a batch side by side; the library mixes them in one list."""
        async with self._busy:
            records: Any = message.raw_message
            ordered = sorted(records, key=lambda record: (record.partition, record.offset))
            groups = itertools.groupby(
                ordered, key=lambda record: TopicPartition(record.topic, record.partition)
            )
            await asyncio.gather(*(self._fold(tp, list(group)) for tp, group in groups))

    async def _fold(self, tp: TopicPartition, records: Sequence[Record]) -> None:
        expected = self._next.get(tp)
        if expected is None or tp in self.gaps or tp in self.forks:
            return  # revoked or stopped while the batch was in hand
        self._progress.working()
        if records:
            self._waiting[tp] = written_at(records[0])
        try:
            if records and records[0].offset != expected:
                raise StaleBatchError(f"{_name(tp)} brought {records[0].offset} where {expected} is next")
            source = self._sources[tp]
            outcome = await self._threads.run(self._attribution.fold_batch, source, expected, records)
        except (StaleBatchError, *AWAY) as error:
            await self._again(tp, expected, error)
            return
        except Exception as error:  # a defect outside any one fact: the partition stands, and liveness tells
            log.exception("fold_defect", partition=_name(tp))
            self._progress.failed(type(error).__name__)
            await self._again(tp, expected, error)
            return
        self._progress.moved()
        self._waiting.pop(tp, None)
        await self._threads.run(self._tell, outcome)
        if tp in self._next:
            self._next[tp] = outcome.next_offset
            self._go_on(tp, outcome)

    def _go_on(self, tp: TopicPartition, outcome: BatchOutcome) -> None:
        """With what the batch left, behind what came for the other partitions meanwhile."""
        if outcome.gap is not None:
            self._stop_at(tp, outcome.gap)
        elif outcome.fork is not None:
            self._stop_for(tp, outcome.fork)
        elif outcome.left:
            self.consumer.seek(tp, outcome.next_offset)
        else:
            self.sweep()

    def sweep(self) -> None:
        """Let lapses be decided as far as a watermark holds, also when no record comes."""
        if (self._sweeping is None or self._sweeping.done()) and self._unswept():
            self._sweeping = asyncio.create_task(self._sweep_on())

    def _unswept(self) -> list[TopicPartition]:
        return [
            tp
            for tp, position in self._next.items()
            if tp not in self.gaps
            and tp not in self.forks
            and self._attribution.unswept(self._sources[tp], position)
        ]

    async def _sweep_on(self) -> None:
        """A part at a time, the partitions side by side, behind what came for them meanwhile."""
        while partitions := self._unswept():
            async with self._busy:
                await asyncio.gather(*(self._fold(tp, []) for tp in partitions))

    async def _again(self, tp: TopicPartition, expected: int, error: Exception) -> None:
        """The stored position is the truth: the batch may have been committed though the answer was lost."""
        log.warning("batch_again", partition=_name(tp), error=type(error).__name__, detail=str(error))
        self._metrics.failed_batches.inc()
        await asyncio.sleep(RETRY)
        if isinstance(error, StaleBatchError):
            self._reopen(tp)  # the log itself may have been cut meanwhile
            return
        try:
            stored = (await self._stored([tp]))[tp]
        except AWAY:
            stored = expected  # still away: the next attempt finds out
        if tp in self._next:
            self._next[tp] = stored
            self.consumer.seek(tp, stored)

    def _reopen(self, tp: TopicPartition) -> None:
        """Look the position and the log up anew, outside the batch: nothing may wait for it."""
        if self._next.pop(tp, None) is not None:
            self.consumer.pause(tp)
            self._start(self._open([tp]))

    # Forks and gaps

    def _stop_for(self, tp: TopicPartition, fork: FactFork) -> None:
        """Nothing of the partition is folded any more: which of two facts stands is for a person to say."""
        self.forks[tp] = fork
        self.consumer.pause(tp)
        self._metrics.forks.set(len(self.forks))
        log.error(
            "seq_fork", partition=_name(tp), offset=fork.offset, scope=fork.scope, seq=fork.seq,
            event_id=fork.event_id, reason=fork.reason,
        )  # fmt: skip

    def _stop_at(self, tp: TopicPartition, gap: Gap) -> None:
        """Nothing of the partition is folded until the relay has sent the missing fact again."""
        self.gaps[tp] = gap
        self.consumer.pause(tp)
        self._metrics.gaps.set(len(self.gaps))
        log.error(
            "seq_gap", partition=_name(tp), scope=gap.scope, expected=gap.expected, found=gap.found,
            remedy=f"panke relay --scope {gap.scope} --from {gap.expected}",
        )  # fmt: skip
        self._start(self._wait_for(tp, gap))

    async def _wait_for(self, tp: TopicPartition, gap: Gap) -> None:
        """Look ahead for the missing fact; everything after it was sent again too."""
        while True:
            try:
                found = await find_resent(self._settings.bootstrap, tp, gap)
            except AWAY as error:
                log.warning("gap_look_failed", error=type(error).__name__)
                found = None
            if found is not None:
                break
            await asyncio.sleep(GAP_RETRY)
        self._attribution.expect_resent(self._sources[tp], gap.scope, found)
        self.gaps.pop(tp, None)
        self._metrics.gaps.set(len(self.gaps))
        self.consumer.seek(tp, gap.offset)
        self.consumer.resume(tp)
        log.info("gap_closed", partition=_name(tp), scope=gap.scope, seq=gap.expected)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tell(self, outcome: BatchOutcome) -> None:
        """Logs and figures of what was committed, each fact under the trace that it came in with."""
        self._metrics.committed(outcome)
        for fact in outcome.folded:
            log.info("fact_folded", **_named(fact))
        for fact, error in outcome.parked:
            log.error("scope_parked", **_named(fact), error=error)
        for dead in outcome.dead:
            log.error("dead_record", offset=dead.offset, reason=dead.reason)


def _named(fact: Any) -> dict[str, Any]:
    span = parse_traceparent(fact.traceparent)
    named = {"scope": fact.scope, "seq": fact.seq}
    if fact.event is not None:
        named |= {"event_id": fact.event.id, "type": fact.event.type}
    return named | ({"trace_id": span.trace_id} if span else {})


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message


def _name(tp: TopicPartition) -> str:
    return f"{tp.topic}:{tp.partition}"
