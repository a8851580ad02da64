"""Takes in what the consumer of panke.intake.v1 hands over: facts about staff, with the position in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from services.access.model.metrics import AccessMetrics
from services.access.staff.facts import staff_facts
from shared.platform.kafka.kept_positions import KeptPositions, PositionMovedError
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    ConsumerState,
    LogBounds,
    SourcePartition,
    StartOffset,
)
from shared.platform.postgres.database import Database, queries

SQL: Final = queries("services.access")


class StaffProcessor:
    """The facts about staff as the consumer sees them."""

    away: tuple[type[Exception], ...] = ()
    stale: tuple[type[Exception], ...] = (PositionMovedError,)

    def __init__(self, database: Database, topic: str, metrics: AccessMetrics) -> None:
        self._database = database
        self._positions = KeptPositions(database, topic)
        self._metrics = metrics

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        """The next offset of each; 0 for one that has none in this log."""
        return await asyncio.to_thread(self._positions.of, partitions)

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each is read on from: from its position if that is of this log and within it."""
        return {
            one.partition: await asyncio.to_thread(self._positions.open, one, log)
            for one, log in bounds.items()
        }

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        """Take a batch in."""
        if not records:
            return AppliedBatch(expected)
        following = records[-1].offset + 1
        await asyncio.to_thread(self._apply, partition, expected, following, records)
        return AppliedBatch(following)

    def due(self, partition: SourcePartition, position: int) -> bool:
        """Nothing goes by watermarks here."""
        return False

    def show(self, state: ConsumerState) -> None:
        """Readiness tells of it."""

    def failed(self) -> None:
        """The log tells of it."""

    def _apply(
        self, partition: SourcePartition, expected: int, following: int, records: Sequence[ConsumedRecord]
    ) -> None:
        count = 0
        with self._database.connection() as connection:
            self._positions.advance(connection, partition, expected, following)
            for fact in staff_facts(records):
                name = "put_departed" if fact.role is None else "put_enrolled"
                count += connection.execute(SQL[name], fact.row()).rowcount
        self._metrics.staff_facts.inc(count)
