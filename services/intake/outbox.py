"""The relay's side of the journal: what Kafka has not acknowledged, leadership, and the watermark's promise.

Leadership is a session lock on the very connection that reads and deletes: who loses the connection has lost
the lead and finds out at the next statement (architecture, choices 3 and 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct

from services.intake.codec import Codec
from services.intake.connection import Connection, Link
from services.intake.journal import RELAY_LOCK, SQL, WATERMARK_LOCK, Clock
from services.intake.planning import INSTANT
from shared.leading import NotLeading


class Unsent(Struct, frozen=True, gc=False):
    """A fact on its way: what its Kafka record is made of."""

    position: int
    scope: str
    seq: int
    recorded_at: datetime
    body: bytes
    contacts: bytes | None
    traceparent: str | None
    default_rulebook: str


class Outbox:
    """Used by one thread at a time; every call but `try_lead` demands the lead."""

    def __init__(self, dsn: str, *, clock: Clock, codec: Codec) -> None:
        self._link = Link(dsn, "panke-intake-relay")
        self._clock = clock
        self._codec = codec
        self._leader: Connection | None = None

    def close(self) -> None:
        self._leader = None
        self._link.close()

    def try_lead(self) -> bool:
        """Take the lead if nobody has it; keep it if we have it already."""
        connection = self._link.get()
        if self._leader is connection:
            return True
        row = connection.execute(SQL["try_lead"], {"key": RELAY_LOCK}).fetchone()
        self._leader = connection if row is not None and row[0] else None
        return self._leader is not None

    def read(self, limit: int) -> list[Unsent]:
        """The first facts that are not acknowledged, in order within each scope."""
        rows = self._lead().execute(SQL["unsent"], {"limit": limit}, binary=True)
        return [self._unsent(row) for row in rows]

    def _unsent(self, row: tuple[Any, ...]) -> Unsent:
        position, scope, seq, id_, recorded_at, body, contacts, traceparent, default_rulebook = row
        return Unsent(
            position=position,
            scope=scope,
            seq=seq,
            recorded_at=recorded_at,
            body=self._codec.open(id_, body),
            contacts=None if contacts is None else self._codec.open(id_, contacts),
            traceparent=traceparent,
            default_rulebook=default_rulebook,
        )

    def delete(self, positions: Sequence[int]) -> None:
        self._lead().execute(SQL["delete_sent"], {"positions": list(positions)})

    def promise(self) -> datetime:
        """A time at or before which no later fact will be recorded, and every earlier one is committed.

        It lies just before the clock, so that a fact recorded at this very instant is still to come: on a
        clock that stands, recorded times are then those of the clock.
        """
        connection = self._lead()
        with connection.transaction():
            connection.execute(SQL["exclude_groups"], {"key": WATERMARK_LOCK})
            row = connection.execute(SQL["promised_watermark"]).fetchone()
            if row is None:
                raise LookupError("the watermark row is missing")
            watermark: datetime = max(self._clock.now() - INSTANT, row[0])
            if watermark > row[0]:
                connection.execute(SQL["promise_watermark"], {"watermark": watermark})
        return watermark

    def _lead(self) -> Connection:
        if self._leader is None or self._link.get() is not self._leader:
            self._leader = None
            raise NotLeading
        return self._leader
