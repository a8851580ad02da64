"""The relay's side of the outbox: what Kafka has not acknowledged, and who may send it.

Leadership is a session lock on the very connection that reads and deletes: who loses the connection has lost
the lead and finds out at the next statement (architecture, choices 3 and 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from services.attribution.folding.batch import SQL
from shared.leading import NotLeading

# Advisory locks are one space per database, which the services may share: intake has 01 and 02.
RELAY_LOCK: Final = 0x70616E6B65_11
"""The advisory lock of attribution's relay: one sends, in whichever process."""


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the outbox."""

    id: int
    partition: int
    scope: str
    seq: int
    body: bytes
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class DeadRecord:
    """A record that is not of the journal, on its way to the dead topic."""

    id: int
    source: str
    offset: int
    key: bytes | None
    value: bytes | None
    reason: str


class Outbox:
    """Used by one thread at a time; every call but `try_lead` demands the lead."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def close(self) -> None:
        """Give up the lead."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def try_lead(self) -> bool:
        """Take the lead if nobody has it; keep it if this session has it."""
        if self._connection is not None and not self._connection.closed:
            return True
        connection = psycopg.connect(self._dsn, autocommit=True)
        try:
            row = connection.execute(SQL["try_lead"].encode(), [RELAY_LOCK]).fetchone()
            if row is not None and row[0]:
                self._connection = connection
        finally:
            if self._connection is not connection:
                connection.close()
        return self._connection is not None

    def led_by_any(self) -> bool:
        """Whether some session holds the lead, here or in another process."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            row = connection.execute(
                SQL["led"].encode(), [RELAY_LOCK >> 32, RELAY_LOCK & 0xFFFFFFFF]
            ).fetchone()
        return row is not None and bool(row[0])

    def watermarks(self) -> list[tuple[int, datetime]]:
        """Those to be passed on; read them before the messages, which then hold all that came before them."""
        return [(partition, watermark) for partition, watermark in self._rows("watermarks", [])]

    def messages(self, limit: int) -> list[Message]:
        """The first that are not acknowledged, in order within each scope."""
        return [Message(*row) for row in self._rows("unsent_messages", [limit])]

    def delete(self, ids: Sequence[int]) -> None:
        self._execute("delete_sent", [list(ids)])

    def watermark_sent(self, partition: int, watermark: datetime) -> None:
        self._execute("watermark_sent", [watermark, partition])

    def dead(self, limit: int) -> list[DeadRecord]:
        return [DeadRecord(*row) for row in self._rows("unsent_dead", [limit])]

    def dead_sent(self, ids: Sequence[int]) -> None:
        self._execute("dead_sent", [list(ids)])

    def backlog(self, limit: int) -> int:
        """How many messages wait, counted up to the limit."""
        return int(self._rows("backlog", [limit])[0][0])

    def _rows(self, name: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        return self._execute(name, parameters).fetchall()

    def _execute(self, name: str, parameters: list[Any]) -> psycopg.Cursor[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            raise NotLeading
        return self._connection.execute(SQL[name].encode(), parameters, binary=True)
