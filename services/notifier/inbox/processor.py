"""Takes in what the consumer of panke.ownership.v1 hands over: batches of messages, and watermarks that hold."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from services.notifier.inbox.decoding import OwnershipRecord
from services.notifier.inbox.heard import MessageFork
from services.notifier.inbox.inbox import BatchResult, Inbox, StaleError
from services.notifier.model.metrics import Metrics
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    ConsumerState,
    Halt,
    LogBounds,
    SourcePartition,
    StartOffset,
)
from shared.platform.kafka.watermarks import Watermarks

log: Final = structlog.get_logger()

FORK: Final = "fork"


class OwnershipProcessor:
    """The inbox as the consumer sees it."""

    away: tuple[type[Exception], ...] = ()
    stale: tuple[type[Exception], ...] = (StaleError,)

    def __init__(
        self,
        inbox: Inbox,
        metrics: Metrics,
        taken_in: Callable[[], None],
        watermarks: Watermarks | None = None,
    ) -> None:
        self._inbox = inbox
        self._metrics = metrics
        self._taken_in = taken_in
        self._watermarks = watermarks or Watermarks()

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        """The next offset of each; 0 for one that has none in this log."""
        return await asyncio.to_thread(self._inbox.positions, partitions)

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each is read on from."""
        return {
            one.partition: await asyncio.to_thread(
                self._inbox.open, one.partition, one.name, log.first, log.end
            )
            for one, log in bounds.items()
        }

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        """Take a batch in; without records, note the watermark that holds by now."""
        if not records:
            await self._learn(partition, expected)
            return AppliedBatch(expected)
        batch = [OwnershipRecord(one.offset, one.value, one.headers) for one in records]
        taken = await asyncio.to_thread(
            self._inbox.take, partition.partition, expected, batch, partition.name
        )
        self._count(partition, taken)
        self._taken_in()
        if taken.fork is not None:
            return AppliedBatch(taken.fork.offset, _halt(partition, taken.fork))
        return AppliedBatch(records[-1].offset + 1)

    def due(self, partition: SourcePartition, position: int) -> bool:
        """Whether all that was decided up to a watermark has been taken in at this position."""
        return self._watermarks.reached(partition.name, position) is not None

    def show(self, state: ConsumerState) -> None:
        self._metrics.partitions_forked.set(state.halted(FORK))
        self._metrics.partitions_rereading.set(state.opening + state.rereading)

    def failed(self) -> None:
        """The log tells of it."""

    async def _learn(self, partition: SourcePartition, position: int) -> None:
        mark = self._watermarks.reached(partition.name, position)
        if mark is not None:
            await asyncio.to_thread(self._inbox.learn, {partition.partition: (partition.name, mark)})
            self._watermarks.settle(partition.name, mark)
            self._taken_in()

    def _count(self, partition: SourcePartition, taken: BatchResult) -> None:
        self._metrics.messages.labels("applied").inc(taken.applied)
        self._metrics.messages.labels("repeated").inc(taken.repeated)
        self._metrics.messages.labels("irregular").inc(len(taken.irregular))
        for offset, reason, _ in taken.irregular:
            log.error("irregular record", partition=partition.partition, offset=offset, reason=reason)


def _halt(partition: SourcePartition, fork: MessageFork) -> Halt:
    """Nothing of the partition is taken in any more: which of two messages is true is for a person to say."""
    log.error("seq_fork", partition=partition.partition, offset=fork.offset, scope=fork.scope, seq=fork.seq)
    return Halt(FORK, str(fork))
