"""Writes and reads the record. It is written in the transaction of what it tells of, as its last statement.

Last, since the chain has one end and its lock is held until the transaction is over.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

import msgspec
import psycopg

from services.access.model.metrics import AccessMetrics
from services.access.record.entry import BEGINNING, AccessEntry, Act, chained
from shared.contract import format_instant
from shared.platform.postgres.database import Database, queries

PACKAGE: Final = "services.access.record"
RECORD_SCHEMA: Final = "access_record"
SQL: Final = queries(PACKAGE)

Connection: TypeAlias = "psycopg.Connection[tuple[object, ...]]"
Now: TypeAlias = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class RecordHead:
    """The end of the chain: whoever keeps it can tell later that nothing before it was changed or cut off."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Which entries are asked for, the newest first; `scopes` None: all, also those of no scope."""

    before: int | None = None
    act: str | None = None
    account: str | None = None
    scope: str | None = None
    customer: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    scopes: tuple[str, ...] | None = None
    limit: int = 100


class AccessRecord:
    """The record of one deployment."""

    def __init__(self, database: Database, now: Now, metrics: AccessMetrics) -> None:
        self._database = database
        self._now = now
        self._metrics = metrics

    def entry(self, act: Act, **known: Any) -> AccessEntry:
        """An entry of now."""
        return AccessEntry(str(uuid.uuid4()), format_instant(self._now()), act, **known)

    def write(self, connection: Connection, *entries: AccessEntry) -> int:
        """Add what is not there yet, by its id, at the end of the chain; returns how many were new."""
        connection.execute(SQL["lock_record"])
        ids = [uuid.UUID(entry.id) for entry in entries]
        rows = connection.execute(SQL["known_ids"], {"ids": ids}).fetchall()
        known = {str(row[0]) for row in rows}
        fresh = {entry.id: entry for entry in entries if entry.id not in known}
        head = _head(connection)
        for seq, entry, body, before, digest in chained(head.seq, head.digest, fresh.values()):
            row = {
                "seq": seq, "id": uuid.UUID(entry.id), "at": entry.at, "act": entry.act, "account": entry.account,
                "scope": entry.scope, "customer": entry.customer, "body": body, "before": before, "digest": digest,
            }  # fmt: skip
            connection.execute(SQL["append"], row)
            self._metrics.entries.labels(entry.act).inc()
        return len(fresh)

    def add(self, *entries: AccessEntry) -> int:
        """As `write`, in a transaction of its own."""
        with self._database.connection() as connection:
            return self.write(connection, *entries)

    def page(self, asked: RecordQuery) -> list[tuple[int, AccessEntry]]:
        """The newest entries that are asked for, each with its place."""
        given = {name: getattr(asked, name) for name in RecordQuery.__dataclass_fields__}
        given["scopes"] = None if asked.scopes is None else list(asked.scopes)
        with self._database.connection() as connection:
            rows: Sequence[Any] = connection.execute(SQL["page"], given).fetchall()
        return [(int(seq), msgspec.json.decode(bytes(body), type=AccessEntry)) for seq, body in rows]

    def head(self) -> RecordHead:
        """The end of the chain."""
        with self._database.connection() as connection:
            return _head(connection)

    def many_openings(self, since: datetime, most: int) -> int:
        """How many callers opened more customers than `most` since then."""
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["many_openings"], {"since": since, "most": most}).fetchone()
        return int(row[0])


def _head(connection: Connection) -> RecordHead:
    row: Any = connection.execute(SQL["head"]).fetchone()
    return RecordHead(0, BEGINNING) if row is None else RecordHead(int(row[0]), bytes(row[1]))
