"""What a topic holds, read once from its beginning: of each record of a scope its seq and a digest, in a file.

A topic may hold years of messages: no more of them than a batch is in memory at a time, and the file goes with the
audit.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition

from shared.contract.topics import BadMessageError, Headers, decode_headers
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.client import lone_consumer

WAIT_MS: Final = 500
_MAKE: Final = """
    CREATE TABLE records (
        scope TEXT, seq INTEGER, edition INTEGER, restated INTEGER, digest BLOB, label TEXT, offset INTEGER,
        part INTEGER
    );
    CREATE INDEX by_scope ON records (scope, seq);
"""


class Sent(NamedTuple):
    """A record of a scope, as it is in the topic or waits for it."""

    seq: int
    edition: int
    restated: bool
    digest: bytes
    label: str


Digest = Callable[[bytes], tuple[bytes, str]]
"""Of a value what it is known by, and what may be shown of it."""


class TopicIndex:
    """The records of one topic, as far as it was read; used by one thread."""

    def __init__(self, brokers: Bootstrap, topic: str, file: Path, digest: Digest) -> None:
        self._brokers, self.topic, self._digest = brokers, topic, digest
        self._file = sqlite3.connect(file, isolation_level=None)
        self._file.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _MAKE)
        self._read: dict[int, int] = {}
        self._loop = asyncio.Runner()
        self._consumer: Any = None

    def close(self) -> None:
        """Let go of the broker and of the file."""
        if self._consumer is not None:
            self._loop.run(self._consumer.stop())
        self._loop.close()
        self._file.close()

    def catch_up(self, partition: int, step: Callable[[], None]) -> None:
        """Read the partition on, up to where it ends now."""
        self._loop.run(self._catch_up(TopicPartition(self.topic, partition), step))

    def of(self, scope: str) -> Iterator[Sent]:
        """The records of a scope by seq, those of one seq as they came."""
        rows = self._file.execute(
            "SELECT seq, edition, restated, digest, label FROM records WHERE scope = ? ORDER BY seq, part, offset",
            [scope],
        )
        return (
            Sent(seq, edition, bool(restated), digest, label)
            for seq, edition, restated, digest, label in rows
        )

    async def _catch_up(self, place: TopicPartition, step: Callable[[], None]) -> None:
        if self._consumer is None:
            self._consumer = lone_consumer(self._brokers)
            await self._consumer.start()
        consumer = self._consumer
        consumer.assign([place])
        end = (await consumer.end_offsets([place]))[place]
        first = (await consumer.beginning_offsets([place]))[place]
        at = max(first, self._read.get(place.partition, 0))
        consumer.seek(place, at)
        while await consumer.position(place) < end:
            batches = await consumer.getmany(place, timeout_ms=WAIT_MS)
            self._keep(place.partition, batches.get(place, ()))
            step()
        self._read[place.partition] = end

    def _keep(self, partition: int, records: Any) -> None:
        rows = [row for record in records if (row := self._row(partition, record)) is not None]
        self._file.execute("BEGIN")
        self._file.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._file.execute("COMMIT")

    def _row(self, partition: int, record: Any) -> tuple[Any, ...] | None:
        """None for what is of no scope: watermarks, and what strangers wrote."""
        if record.value is None or record.key is None:
            return None
        try:
            headers: Headers = decode_headers(record.headers)
            scope = record.key.decode()
        except (BadMessageError, UnicodeDecodeError):
            return None
        if headers.seq is None:
            return None
        digest, label = self._digest(record.value)
        told = int(headers.restated), digest, label
        return scope, headers.seq, headers.edition or 0, *told, record.offset, partition
