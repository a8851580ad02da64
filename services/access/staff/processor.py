"""Takes in what the consumer of panke.intake.v1 hands over: facts about staff, with the position in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.access.model.metrics import AccessMetrics
from services.access.staff.facts import staff_facts
from shared.i18n import bilingual
from shared.platform.kafka.record_processor import (
    CUT,
    NEW,
    AppliedBatch,
    ConsumedRecord,
    ConsumerState,
    LogBounds,
    SourcePartition,
    StartOffset,
)
from shared.platform.postgres.database import Database, queries

SQL: Final = queries("services.access")
OTHER_LOG: Final = bilingual("another cluster or topic: it is read again from its beginning")


class StaleStaffPositionError(Exception):
    """The partition's position is not where this consumer believes it to be."""


class StaffProcessor:
    """The facts about staff as the consumer sees them."""

    away: tuple[type[Exception], ...] = ()
    stale: tuple[type[Exception], ...] = (StaleStaffPositionError,)

    def __init__(self, database: Database, topic: str, metrics: AccessMetrics) -> None:
        self._database = database
        self._topic = topic
        self._metrics = metrics

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        """The next offset of each; 0 for one that has none in this log."""
        return await asyncio.to_thread(self._positions, partitions)

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each is read on from: from its position if that is of this log and within it."""
        return {one.partition: await asyncio.to_thread(self._open, one, log) for one, log in bounds.items()}

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

    def _positions(self, partitions: Sequence[SourcePartition]) -> dict[int, int]:
        sources = {one.partition: one.name for one in partitions}
        given = {"topic": self._topic, "partitions": list(sources)}
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(SQL["positions"], given).fetchall()
        stored = {int(number): int(next) for number, next, source in rows if source == sources[number]}
        return dict.fromkeys(sources, 0) | stored

    def _open(self, one: SourcePartition, log: LogBounds) -> StartOffset:
        given = {
            "topic": self._topic,
            "partition": one.partition,
            "source": one.name,
            "first": log.first,
        }
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["position_of"], given).fetchone()
            if row is not None and row[1] == one.name and log.first <= row[0] <= log.end:
                return StartOffset(int(row[0]))
            connection.execute(SQL["put_position"], given)
        if row is None or log.end <= log.first:
            return StartOffset(log.first, NEW if log.end > log.first else None)
        return StartOffset(log.first, CUT if row[1] == one.name else OTHER_LOG)

    def _apply(
        self, partition: SourcePartition, expected: int, following: int, records: Sequence[ConsumedRecord]
    ) -> None:
        given = {
            "topic": self._topic, "partition": partition.partition, "source": partition.name,
            "expected": expected, "next": following,
        }  # fmt: skip
        count = 0
        with self._database.connection() as connection:
            if connection.execute(SQL["advance_position"], given).rowcount != 1:
                raise StaleStaffPositionError
            for fact in staff_facts(records):
                name = "put_departed" if fact.role is None else "put_enrolled"
                count += connection.execute(SQL[name], fact.row()).rowcount
        self._metrics.staff_facts.inc(count)
