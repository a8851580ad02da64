"""Takes in what the consumer of panke.intake.v1 hands over: facts about staff, with the position in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from services.access.model.metrics import AccessMetrics
from services.access.staff.facts import staff_facts
from shared.platform.kafka.kept_positions import KeptPositions, KeptTopicProcessor
from shared.platform.kafka.record_processor import AppliedBatch, ConsumedRecord, SourcePartition
from shared.platform.postgres.database import Database, queries

SQL: Final = queries("services.access")


class StaffProcessor(KeptTopicProcessor):
    """The facts about staff as the consumer sees them."""

    def __init__(self, database: Database, topic: str, metrics: AccessMetrics) -> None:
        super().__init__(KeptPositions(database, topic))
        self._database = database
        self._metrics = metrics

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        """Take a batch in."""
        if not records:
            return AppliedBatch(expected)
        following = records[-1].offset + 1
        await asyncio.to_thread(self._apply, partition, expected, following, records)
        return AppliedBatch(following)

    def _apply(
        self, partition: SourcePartition, expected: int, following: int, records: Sequence[ConsumedRecord]
    ) -> None:
        count = 0
        with self._database.connection() as connection:
            self.kept.advance(connection, partition, expected, following)
            for fact in staff_facts(records):
                name = "put_departed" if fact.role is None else "put_enrolled"
                count += connection.execute(SQL[name], fact.row()).rowcount
        self._metrics.staff_facts.inc(count)
