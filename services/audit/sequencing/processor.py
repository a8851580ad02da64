"""The sequencer as the consumer of panke.intake.v1 sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from services.audit.model.metrics import AuditMetrics
from services.audit.sequencing.append import OlderThanSignedError
from services.audit.sequencing.sequencer import SequencedBatch, Sequencer
from shared.platform.kafka.kept_positions import KeptTopicProcessor
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    LogBounds,
    SourcePartition,
    StartOffset,
)

log: Final = structlog.get_logger()


class SequencingProcessor(KeptTopicProcessor):
    """Hands batches over in a thread, and says what became of them.

    `demand_whole` is called before a partition is read: it raises `OpeningRefusedError` where the rows lack what the
    files have, since what is sequenced behind such rows would be another log.
    """

    stale = (*KeptTopicProcessor.stale, OlderThanSignedError)

    def __init__(
        self,
        sequencer: Sequencer,
        metrics: AuditMetrics,
        logged: Callable[[], None],
        demand_whole: Callable[[], None],
    ) -> None:
        super().__init__(sequencer.positions)
        self._sequencer = sequencer
        self._metrics = metrics
        self._logged = logged
        self._demand_whole = demand_whole

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each is read on from."""
        await asyncio.to_thread(self._demand_whole)
        return await super().open(bounds)

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        """Take a batch in."""
        if not records:
            return AppliedBatch(expected)
        taken = await asyncio.to_thread(self._sequencer.take, partition, expected, records)
        self._show(taken)
        if taken.logged:
            self._logged()
        return AppliedBatch(records[-1].offset + 1)

    def _show(self, taken: SequencedBatch) -> None:
        for result in ("logged", "repeated", "left", "foreign"):
            self._metrics.records.labels(result).inc(getattr(taken, result))
        for fork in taken.forks:
            log.error("log_fork", scope=fork.scope, seq=fork.seq)
        for scope in taken.waiting:
            log.error("log_scope_waits", scope=scope)
