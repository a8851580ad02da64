"""The taker as the consumer of panke.intake.v1 sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from services.registers.model.metrics import RegistersMetrics
from services.registers.store.taking import FactTaker, TakenBatch
from shared.platform.kafka.kept_positions import KeptTopicProcessor, PositionMovedError
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    LogBounds,
    SourcePartition,
    StartOffset,
)
from shared.platform.kafka.watermarks import Watermarks

log: Final = structlog.get_logger()


class TakingProcessor(KeptTopicProcessor):
    """Hands batches over in a thread, says what became of them, and up to when each partition is whole."""

    def __init__(self, taker: FactTaker, metrics: RegistersMetrics, watermarks: Watermarks) -> None:
        super().__init__(taker.positions)
        self._taker = taker
        self._metrics = metrics
        self._watermarks = watermarks
        self.whole_until: dict[int, datetime] = {}
        """By partition, up to when every fact that was recorded is taken."""
        self._opened: set[int] = set()
        self._moved: set[int] = set()

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each is read on from."""
        self._opened |= {one.partition for one in bounds}
        return await super().open(bounds)

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        """Take a batch in."""
        if not records:
            return await self._look_up(partition, expected)
        taken = await asyncio.to_thread(self._taker.take, partition, expected, records)
        self._show(taken)
        return AppliedBatch(records[-1].offset + 1)

    def due(self, partition: SourcePartition, position: int) -> bool:
        """Nothing is written for a watermark, it is kept for whoever asks; due is a look at a position that moved."""
        mark = self._watermarks.reached(partition.name, position)
        if mark is not None:
            self.whole_until[partition.partition] = mark.until
            self._watermarks.settle(partition.name, mark)
        return partition.partition in self._moved

    def positions_moved(self) -> None:
        """Somebody else moved positions, as who begins anew: each is looked up when the consumer settles next."""
        self._moved |= self._opened

    async def _look_up(self, partition: SourcePartition, expected: int) -> AppliedBatch:
        stored = await asyncio.to_thread(self.kept.of, [partition])
        self._moved.discard(partition.partition)
        if stored[partition.partition] != expected:
            raise PositionMovedError
        return AppliedBatch(expected)

    def _show(self, batch: TakenBatch) -> None:
        for result in ("taken", "repeated", "left", "foreign"):
            self._metrics.records.labels(result).inc(getattr(batch, result))
        for fork in batch.forks:
            log.error("registers_fork", scope=fork.scope, seq=fork.seq)
        for scope in batch.waiting:
            log.error("registers_scope_waits", scope=scope)
