"""The positions of a topic in the table `positions` of a service's own schema, moved with what a batch writes.

A position counts only beside the cluster, topic and partition that it was made in, and within what the topic holds now
(hazards.md#a-topic-made-anew-begins-at-offset-0); elsewhere the partition is read again from its first record.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import psycopg
from msgspec import Struct

from shared.platform.kafka.record_processor import (
    CUT,
    NEW,
    OTHER_TOPIC,
    ConsumerState,
    LogBounds,
    SourcePartition,
    StartOffset,
)
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of

SQL: Final = queries("shared.platform.kafka")


class PositionMovedError(Exception):
    """The partition's position is not where this consumer believes it to be."""


class _KeptPosition(Struct, frozen=True):
    partition: int
    next: int
    source: str


class KeptPositions:
    """Reads and moves the positions of one topic. Synchronous, to be called in a thread."""

    def __init__(self, database: Database, topic: str) -> None:
        self._database = database
        self._topic = topic

    def of(self, partitions: Sequence[SourcePartition]) -> dict[int, int]:
        """The next offset of each; 0 for one that has none in this topic."""
        sources = {one.partition: one.name for one in partitions}
        given = {"topic": self._topic, "partitions": list(sources)}
        with self._database.connection() as connection:
            rows = rows_of(connection.execute(SQL["positions"], given), _KeptPosition)
        stored = {row.partition: row.next for row in rows if row.source == sources[row.partition]}
        return dict.fromkeys(sources, 0) | stored

    def open(self, one: SourcePartition, log: LogBounds) -> StartOffset:
        """Where it is read on from: from its position if that is of this topic and within it."""
        given = {"topic": self._topic, "partition": one.partition, "source": one.name, "first": log.first}
        with self._database.connection() as connection:
            kept = row_of(connection.execute(SQL["position_of"], given), _KeptPosition)
            if kept is not None and kept.source == one.name and log.first <= kept.next <= log.end:
                return StartOffset(kept.next)
            connection.execute(SQL["put_position"], given)
        if kept is None or log.end <= log.first:
            return StartOffset(log.first, NEW if log.end > log.first else None)
        return StartOffset(log.first, CUT if kept.source == one.name else OTHER_TOPIC)

    def advance(
        self,
        connection: psycopg.Connection[tuple[object, ...]],
        one: SourcePartition,
        expected: int,
        following: int,
    ) -> None:
        """Move a position in the transaction of a batch; raises `PositionMovedError` where it is another one."""
        given = {
            "topic": self._topic, "partition": one.partition, "source": one.name,
            "expected": expected, "next": following,
        }  # fmt: skip
        if connection.execute(SQL["advance_position"], given).rowcount != 1:
            raise PositionMovedError


class KeptTopicProcessor:
    """What every processor of a topic with kept positions does alike; a service adds `apply`, which moves them.

    See `RecordProcessor` for what each of these is asked.
    """

    away: tuple[type[Exception], ...] = ()
    stale: tuple[type[Exception], ...] = (PositionMovedError,)

    def __init__(self, kept: KeptPositions) -> None:
        self.kept: Final = kept

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        """The next offset of each; 0 for one that has none in this topic."""
        return await asyncio.to_thread(self.kept.of, partitions)

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each is read on from: from its position if that is of this topic and within it."""
        return {
            one.partition: await asyncio.to_thread(self.kept.open, one, log) for one, log in bounds.items()
        }

    def due(self, partition: SourcePartition, position: int) -> bool:
        """Nothing goes by watermarks."""
        return False

    def show(self, state: ConsumerState) -> None:
        """Readiness tells of it."""

    def failed(self) -> None:
        """The log tells of it."""
