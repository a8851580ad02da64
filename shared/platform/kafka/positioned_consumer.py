"""Consumes a topic for a processor whose database, and not Kafka, says from which record on.

hazards.md#faststream and hazards.md#aiokafka say why it is built like this: batches come raw and ungrouped, a header
that is not text must not lose a batch, assigned partitions are paused before anything is awaited and sought in
a task, a batch from before a rebalance may still arrive, and a failed one is sought back to and not nacked.
This is the one file in which the project meets FastStream.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError, UnknownTopicOrPartitionError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka.message import KafkaAckableMessage
from faststream.security import BaseSecurity, SASLScram256, SASLScram512

from shared.platform.brokers import PLAIN, SASL, Bootstrap, Brokers, brokers_at
from shared.platform.kafka.partition_ledger import PartitionLedger
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    Halt,
    LogBounds,
    OpeningRefusedError,
    RecordProcessor,
    SourcePartition,
    StartOffset,
)
from shared.platform.kafka.topic_state import TopicState
from shared.platform.liveness import Progress

log: Final = structlog.get_logger()

RETRY: Final = 0.5
HALT_RETRY: Final = 2.0
LOOKS: Final = 10
"""So often a log that ends before the stored position is looked at: a new leader may need a moment to know its end."""
GRACE: Final = 20.0
AWAY: Final = (psycopg.Error, KafkaError, OSError, TimeoutError)


class StaleBatchError(Exception):
    """The batch does not begin where the stored position ends: it is from before a rebalance or a seek."""


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """Where to read, as whom, and how much at once."""

    bootstrap: Bootstrap
    topic: str
    group: str
    client: str
    max_records: int = 2000


@dataclass(frozen=True, slots=True)
class ConsumerProgress:
    """What liveness goes by: whether batches are applied, and whether partitions are opened."""

    applying: Progress
    opening: Progress


class PositionedConsumer(ConsumerRebalanceListener):
    """One member of the group: each of its partitions in order, side by side."""

    def __init__(
        self,
        settings: ConsumerSettings,
        processor: RecordProcessor,
        state: Callable[[], Awaitable[TopicState | None]],
        progress: ConsumerProgress,
    ) -> None:
        self._settings = settings
        self._processor = processor
        self._state = state
        self._progress = progress
        self._away: tuple[type[Exception], ...] = (*AWAY, *processor.away)
        self._stale: tuple[type[Exception], ...] = (StaleBatchError, *processor.stale)
        self._ledger = PartitionLedger()
        self._busy = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._settling: asyncio.Task[None] | None = None
        self._closed = False
        self.joined = False
        # The library's own log of each message would cost more than the work on it.
        self._broker = KafkaBroker(
            brokers_at(settings.bootstrap).bootstrap,
            security=_security(brokers_at(settings.bootstrap)),
            client_id=settings.client,
            logger=logging.getLogger("faststream"),
            log_level=logging.DEBUG,
            graceful_timeout=GRACE,
        )
        self._subscriber = self._broker.subscriber(
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
        self._subscriber(self._on_batch)

    @property
    def client(self) -> Any:
        """The library's consumer; there is one from start on."""
        return self._subscriber.consumer

    @property
    def partitions(self) -> dict[int, int]:
        """The partitions that are open here, with the next offset of each."""
        return self._ledger.open()

    @property
    def halted(self) -> dict[int, str]:
        """The partitions that stand, each with the reason."""
        return {tp.partition: halt.reason for tp, halt in list(self._ledger.halts.items())}

    @property
    def stopped(self) -> dict[str, str]:
        """The partitions that are not read on from where they were left, each with the reason."""
        return self._ledger.stopped()

    @property
    def oldest_waiting(self) -> datetime | None:
        """When the broker took the first record over that is in hand and not committed yet."""
        return min(self._ledger.waiting.values(), default=None)

    async def lag(self) -> dict[int, int]:
        """Records of each assigned partition that are not applied yet, whether it is read at the moment or not.

        A partition that never was opened here counts from the first record of its log. Raises KafkaError when the
        broker does not tell.
        """
        client, assigned = self.client, sorted(self._ledger.assigned)
        if client is None or not assigned:
            return {}
        ends: Mapping[TopicPartition, int] = await client.end_offsets(assigned)
        unread = [tp for tp in assigned if tp not in self._ledger.known]
        firsts: Mapping[TopicPartition, int] = await client.beginning_offsets(unread) if unread else {}
        return {
            tp.partition: max(0, end - self._ledger.known.get(tp, firsts.get(tp, end)))
            for tp, end in ends.items()
        }

    def has_work(self, lag: Mapping[int, int]) -> bool:
        """Whether a partition that may move has records to apply: not one that stands, nor one that is not open.

        The lag of one that is not open yet counts what was applied long ago; where nothing is left to apply, no batch
        would ever come and say so. Its opening is watched by itself.
        """
        moving = self.partitions.keys() - self.halted.keys()
        return any(lag.get(partition, 0) > 0 for partition in moving)

    async def look_back(self) -> None:
        """Open anew what the database knows less of than this process, as one that came back older does; where no
        record comes, no batch would find out.
        """
        known = {tp: at for tp, at in self._ledger.next.items() if tp not in self._ledger.halts}
        if not known:
            return
        try:
            stored = await self._processor.positions([self._ledger.sources[tp] for tp in known])
        except self._away:
            return  # readiness says so of the database itself
        for tp, at in known.items():
            if stored[tp.partition] < at:
                log.error("position_went_back", partition=_name(tp), known=at, stored=stored[tp.partition])
                self._reopen(tp)

    async def start(self) -> None:
        """Join the group; raises what the broker's being away raises."""
        await self._broker.start()

    async def close(self) -> None:
        """What is in hand is committed first; what the group assigns from here on is not opened any more."""
        self._closed = True
        await self._let_go()
        if self._settling is not None:
            await asyncio.gather(self._settling, return_exceptions=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._broker.stop()

    # Rebalances

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Every batch in hand is stale from here; running transactions end before another member begins."""
        await self._let_go()

    async def _let_go(self) -> None:
        self._ledger.clear()
        self._progress.opening.moved()
        for task in list(self._tasks):
            task.cancel()
        async with self._busy:
            self._progress.applying.moved()  # what waits in them is no work of this process any more
            self._show()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Pause before anything is awaited, or records arrive ahead of the seek; no heartbeat while this runs."""
        partitions = sorted(assigned)
        self.joined = True
        if partitions:
            self.client.pause(*partitions)
            if not self._closed:
                self._ledger.assigned = set(partitions)
                self._open(partitions)
            self._show()

    def _open(self, partitions: Sequence[TopicPartition]) -> None:
        client = self.client
        self._run(self._until_done("opening_failed", RETRY, lambda: self._try_to_open(client, partitions)))

    async def _try_to_open(self, client: Any, assigned: Sequence[TopicPartition]) -> bool:
        """Seek each partition to its stored position; one that has none in this log is read from its beginning."""
        if client is None or self.client is not client:
            return True  # stopped meanwhile: the partitions are another member's
        self._progress.opening.working()
        try:
            opened, bounds = await self._openings(client, assigned)
        except ConsumerStoppedError:
            return True
        except OpeningRefusedError as error:
            self._ledger.refused = str(error)
            self._progress.opening.blocked(str(error))  # a new process would be refused as well
            log.warning("opening_refused", detail=str(error))
            return False
        if self.client is not client:
            return True
        self._ledger.refused = None
        for tp in assigned:
            self._begin(tp, opened[tp.partition], bounds[tp])
        client.resume(*assigned)
        if not self._ledger.unopened():
            self._progress.opening.moved()
        self._show()
        log.info("partitions_opened", topic=self._settings.topic, positions=self.partitions)
        self.settle()
        return True

    def _begin(self, tp: TopicPartition, opening: StartOffset, bounds: LogBounds) -> None:
        if opening.again is not None:
            self._ledger.again_until[tp] = opening.again, bounds.end
            log.error("log_read_again", partition=_name(tp), first=opening.next, end=bounds.end,
                      reason=opening.again)  # fmt: skip
        self.client.seek(tp, opening.next)
        self._ledger.move(tp, opening.next)

    async def _openings(
        self, client: Any, assigned: Sequence[TopicPartition]
    ) -> tuple[Mapping[int, StartOffset], dict[TopicPartition, LogBounds]]:
        state = await self._state()
        if state is None:
            raise UnknownTopicOrPartitionError(self._settings.topic)
        sources = {tp: SourcePartition(state.source(tp.partition), tp.partition) for tp in assigned}
        self._ledger.sources |= sources
        for _ in range(LOOKS):
            first = await client.beginning_offsets(assigned)
            end = await client.end_offsets(assigned)
            stored = await self._processor.positions(list(sources.values()))
            if all(stored[tp.partition] <= end[tp] for tp in assigned):
                break
            await asyncio.sleep(RETRY)
        bounds = {tp: LogBounds(first[tp], end[tp]) for tp in assigned}
        return await self._processor.open({sources[tp]: bounds[tp] for tp in assigned}), bounds

    # Batches

    async def _parse(self, batch: Sequence[ConsumedRecord]) -> KafkaMessage:
        """Nothing is decoded here: the stock parser loses a whole batch for one header that is not UTF-8."""
        raw: Any = batch
        return KafkaAckableMessage(
            body=b"",
            raw_message=raw,
            headers={},
            message_id="",
            correlation_id="",
            consumer=self.client,
        )

    async def _on_batch(self, message: KafkaMessage) -> None:
        """Apply the partitions of a batch side by side; the library mixes them in one list."""
        async with self._busy:
            records: Any = message.raw_message
            ordered = sorted(records, key=lambda record: (record.topic, record.partition, record.offset))
            groups = itertools.groupby(
                ordered, key=lambda record: TopicPartition(record.topic, record.partition)
            )
            await asyncio.gather(*(self._apply(tp, list(group)) for tp, group in groups))

    async def _apply(self, tp: TopicPartition, records: Sequence[ConsumedRecord]) -> None:
        expected = self._ledger.next.get(tp)
        if expected is None or tp in self._ledger.halts:
            return  # revoked or halted while the batch was in hand
        self._progress.applying.working()
        if records:
            self._ledger.waiting[tp] = datetime.fromtimestamp(records[0].timestamp / 1000, UTC)
        try:
            if records and records[0].offset != expected:
                raise StaleBatchError(f"{_name(tp)} brought {records[0].offset} where {expected} is next")
            applied = await self._processor.apply(self._ledger.sources[tp], expected, records)
        except self._stale + self._away as error:
            await self._again(tp, expected, error)
            return
        except Exception as error:  # a defect: the partition stands, and liveness tells
            log.exception("batch_defect", partition=_name(tp))
            self._progress.applying.failed(type(error).__name__)
            await self._again(tp, expected, error)
            return
        self._progress.applying.moved()
        self._ledger.waiting.pop(tp, None)
        if tp in self._ledger.next:
            self._go_on(tp, applied, records)

    def _go_on(self, tp: TopicPartition, applied: AppliedBatch, records: Sequence[ConsumedRecord]) -> None:
        """With what the batch left, behind what came for the other partitions meanwhile."""
        self._ledger.move(tp, applied.next)
        if applied.halt is not None:
            self._halt(tp, applied.halt)
        elif records and applied.next <= records[-1].offset:
            self.client.seek(tp, applied.next)
        else:
            self.settle()
        self._show()

    def settle(self) -> None:
        """Let be applied what is due by a watermark, also when no record comes."""
        if (self._settling is None or self._settling.done()) and self._due():
            self._settling = asyncio.create_task(self._settle())

    def _due(self) -> list[TopicPartition]:
        return [
            tp
            for tp, position in self._ledger.next.items()
            if tp not in self._ledger.halts and self._processor.due(self._ledger.sources[tp], position)
        ]

    async def _settle(self) -> None:
        """A part at a time, the partitions side by side, behind what came for them meanwhile."""
        while partitions := self._due():
            async with self._busy:
                await asyncio.gather(*(self._apply(tp, []) for tp in partitions))

    async def _again(self, tp: TopicPartition, expected: int, error: Exception) -> None:
        """The stored position is the truth: the batch may have been committed though the answer was lost."""
        log.warning("batch_again", partition=_name(tp), error=type(error).__name__, detail=str(error))
        self._processor.failed()
        await asyncio.sleep(RETRY)
        if isinstance(error, self._stale):
            self._reopen(tp)  # the log itself may have been cut meanwhile
            return
        try:
            stored = (await self._processor.positions([self._ledger.sources[tp]]))[tp.partition]
        except Exception as away:  # the next attempt finds out
            log.warning("position_unknown", partition=_name(tp), error=type(away).__name__)
            stored = expected
        if tp in self._ledger.next:
            self._ledger.move(tp, stored)
            self.client.seek(tp, stored)

    def _reopen(self, tp: TopicPartition) -> None:
        """Look the position and the log up anew, outside the batch: nothing may wait for it."""
        if self._ledger.next.pop(tp, None) is not None:
            self.client.pause(tp)
            self._open([tp])

    # Partitions that stand

    def _halt(self, tp: TopicPartition, halt: Halt) -> None:
        """Nothing of the partition is applied any more until it is mended."""
        self._ledger.halts[tp] = halt
        self.client.pause(tp)
        if (mended := halt.mended) is not None:
            self._run(self._until_done("mending_failed", HALT_RETRY, lambda: self._try_to_go_on(tp, mended)))

    async def _try_to_go_on(self, tp: TopicPartition, mended: Callable[[], Awaitable[bool]]) -> bool:
        if not await mended():
            return False
        self._ledger.halts.pop(tp, None)
        self.client.seek(tp, self._ledger.next[tp])
        self.client.resume(tp)
        self._show()
        return True

    async def _until_done(self, failed: str, wait: float, attempt: Callable[[], Awaitable[bool]]) -> None:
        """Try until it is done. No error ends this: a task that died in silence would leave partitions paused."""
        while True:
            try:
                if await attempt():
                    return
            except self._away as error:
                log.warning(failed, error=type(error).__name__, detail=str(error))
            except Exception:
                log.exception(failed)
            await asyncio.sleep(wait)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _show(self) -> None:
        self._processor.show(self._ledger.state())


def _security(brokers: Brokers) -> BaseSecurity | None:
    """As FastStream has it; None for a plain line."""
    if brokers.security == PLAIN:
        return None
    if brokers.security != SASL:
        return BaseSecurity(ssl_context=brokers.tls(), use_ssl=True)
    kind = SASLScram512 if brokers.mechanism == "SCRAM-SHA-512" else SASLScram256
    return kind(brokers.username, brokers.password, ssl_context=brokers.tls(), use_ssl=True)


async def _undecoded(message: KafkaMessage) -> Any:
    return message.raw_message


def _name(tp: TopicPartition) -> str:
    return f"{tp.topic}:{tp.partition}"
