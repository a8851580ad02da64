"""Folds what the consumer of panke.intake.v1 hands over, and says what becomes of its partitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from services.attribution.fold.application import BatchOutcome, FoldApplication, Gap
from services.attribution.fold.forks import FactFork
from services.attribution.fold.gap_search import find_missing_fact
from services.attribution.fold.metrics import AttributionMetrics
from services.attribution.store.positions import Positions
from services.attribution.store.recorder import PersistenceError, StalePositionError
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    ConsumerState,
    Halt,
    LogBounds,
    OpeningRefusedError,
    SourcePartition,
    StartOffset,
)
from shared.platform.telemetry.telemetry import parse_traceparent
from shared.platform.threads import Threads

log: Final = structlog.get_logger()

GAP: Final = "gap"
FORK: Final = "fork"


class IntakeProcessor:
    """The fold as the consumer sees it."""

    away: tuple[type[Exception], ...] = (PersistenceError,)
    stale: tuple[type[Exception], ...] = (StalePositionError,)

    def __init__(
        self,
        place: tuple[Bootstrap, str],
        attribution: FoldApplication,
        metrics: AttributionMetrics,
        positions: Positions,
        books_changed: Callable[[], list[str]],
        threads: Threads,
    ) -> None:
        self._bootstrap, self._topic = place
        self._attribution = attribution
        self._metrics = metrics
        self._positions = positions
        self._books_changed = books_changed
        self._threads = threads

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        """The next offset of each; 0 for one that was never read."""
        stored = await self._threads.run(self._attribution.positions, partitions)
        return {one.partition: stored[one.name] for one in partitions}

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each is read on from; refused where a rulebook was adopted with another text than this process has."""
        refused = await self._threads.run(self._books_changed)
        if refused:
            raise OpeningRefusedError("; ".join(refused))
        named = {one.name: (log.first, log.end) for one, log in bounds.items()}
        opened = await self._threads.run(self._positions.open, named)
        return {one.partition: opened[one.name] for one in bounds}

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        """Fold a batch; without records, let lapses be decided as far as a watermark holds."""
        outcome = await self._threads.run(self._attribution.fold_batch, partition, expected, records)
        await self._threads.run(self._log_committed, outcome)
        return AppliedBatch(outcome.next_offset, self._halt(partition, outcome))

    def due(self, partition: SourcePartition, position: int) -> bool:
        """Whether lapses may be due by a watermark that holds at this position."""
        return self._attribution.unswept(partition, position)

    def show(self, state: ConsumerState) -> None:
        self._metrics.assigned.set(state.open)
        self._metrics.rereading.set(state.rereading)
        self._metrics.gaps.set(state.halted(GAP))
        self._metrics.forks.set(state.halted(FORK))

    def failed(self) -> None:
        self._metrics.failed_batches.inc()

    def _halt(self, partition: SourcePartition, outcome: BatchOutcome) -> Halt | None:
        if outcome.gap is not None:
            return self._stop_at(partition, outcome.gap)
        return None if outcome.fork is None else self._stop_for(partition, outcome.fork)

    def _stop_for(self, partition: SourcePartition, fork: FactFork) -> Halt:
        """Nothing of the partition is folded any more: which of two facts stands is for a person to say."""
        log.error(
            "seq_fork", partition=self._name(partition), offset=fork.offset, scope=fork.scope, seq=fork.seq,
            event_id=fork.event_id, reason=fork.reason,
        )  # fmt: skip
        return Halt(FORK, f"{fork.scope} forks at seq {fork.seq}: {fork.reason}")

    def _stop_at(self, partition: SourcePartition, gap: Gap) -> Halt:
        """Nothing of the partition is folded until the relay has sent the missing fact again."""
        log.error(
            "seq_gap", partition=self._name(partition), scope=gap.scope, expected=gap.expected, found=gap.found,
            remedy=f"panke relay --scope {gap.scope} --from {gap.expected}",
        )  # fmt: skip

        async def mended() -> bool:
            return await self._sent_again(partition, gap)

        return Halt(GAP, f"{gap.scope} has {gap.found} where {gap.expected} is next", mended)

    async def _sent_again(self, partition: SourcePartition, gap: Gap) -> bool:
        """Look ahead for the missing fact; everything after it was sent again too."""
        try:
            found = await find_missing_fact(
                self._bootstrap, TopicPartition(self._topic, partition.partition), gap
            )
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("gap_look_failed", error=type(error).__name__)
            return False
        if found is None:
            return False
        self._attribution.expect_missing_fact(partition, gap.scope, found)
        log.info("gap_closed", partition=self._name(partition), scope=gap.scope, seq=gap.expected)
        return True

    def _log_committed(self, outcome: BatchOutcome) -> None:
        """Logs and figures of what was committed, each fact under the trace that it came in with."""
        self._metrics.committed(outcome)
        for fact in outcome.folded:
            log.info("fact_folded", **_named(fact))
        for fact, error in outcome.parked:
            log.error("scope_parked", **_named(fact), error=error)
        for dead in outcome.dead:
            log.error("dead_record", offset=dead.offset, reason=dead.reason)

    def _name(self, partition: SourcePartition) -> str:
        return f"{self._topic}:{partition.partition}"


def _named(fact: Any) -> dict[str, Any]:
    span = parse_traceparent(fact.traceparent)
    named = {"scope": fact.scope, "seq": fact.seq}
    if fact.event is not None:
        named |= {"event_id": fact.event.id, "type": fact.event.type}
    return named | ({"trace_id": span.trace_id} if span else {})
