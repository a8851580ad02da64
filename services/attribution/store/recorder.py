"""Events, rows, facts and the consumed position in one transaction.

The stock recorder of the `eventsourcing` library catches errors inside its transaction block, so that a
client-side error commits the position without the events, and it lets a position jump. Both would lose facts
for good; this one has one plain transaction and moves the position by compare-and-set
(ADR 0004, hazards.md#eventsourcing). This is the one file in which the project meets the library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import (
    IntegrityError,
    JSONTranscoder,
    Mapper,
    PersistenceError,
    StoredEvent,
    Tracking,
)
from eventsourcing.postgres import ConnectionPool, PostgresDatastore, PostgresProcessRecorder
from psycopg import Connection, Cursor
from psycopg.rows import DictRow, dict_row
from psycopg.sql import SQL, Composed, Identifier

from services.attribution.store.mapper import Cited, EventRow, Recorded, recorded, stored
from shared.platform.postgres.binary_arrays import column
from shared.platform.postgres.database import connection_info

__all__ = ["IntegrityError", "PersistenceError", "Tracking"]

SCHEMA = "attribution"
EVENTS = "stored_events"
TRACKING = "notification_tracking"

Projection = Callable[[Cursor[DictRow]], None]


class StalePositionError(IntegrityError):
    """The stored position is not the expected one: another consumer has gone on from here."""

    def __init__(self, name: str, expected: int | None) -> None:
        super().__init__(f"position {name} is no longer {expected}")
        self.name = name
        self.expected = expected


class AttributionDatastore(PostgresDatastore):
    """The library's datastore over a pool with this deployment's own connection string and time limits."""

    def __init__(self, dsn: str, *, pool_size: int = 4, schema: str = SCHEMA) -> None:
        super().__init__("", "", "", "", "", schema=schema, lock_timeout=5)
        self.pool = ConnectionPool(
            connection_info(dsn, schema=schema, name="panke-attribution-fold"),
            connection_class=Connection[DictRow],
            kwargs={"row_factory": dict_row, "autocommit": True},
            min_size=1,
            max_size=pool_size,
            timeout=5.0,
            open=False,
            check=ConnectionPool.check_connection,  # a server that was killed leaves dead connections behind
            reconnect_timeout=5.0,
        )

    def register_type_adapters(self) -> None:
        """None: only the library's database functions have types, and they are off. To look for them, a service would
        need its database before it can wait for it."""


class AttributionRecorder(PostgresProcessRecorder):
    """A process recorder for whole batches: all of it is committed, or nothing."""

    def __init__(
        self,
        datastore: PostgresDatastore,
        *,
        events_table_name: str = EVENTS,
        tracking_table_name: str = TRACKING,
    ) -> None:
        if datastore.enable_db_functions:
            raise ValueError("database functions would skip the tracking: leave them off")
        super().__init__(
            datastore, events_table_name=events_table_name, tracking_table_name=tracking_table_name
        )
        names = {
            "schema": Identifier(datastore.schema),
            "events": Identifier(events_table_name),
            "tracking": Identifier(tracking_table_name),
        }
        self._first_position: Composed = FIRST_POSITION.format(**names)
        self._next_position: Composed = NEXT_POSITION.format(**names)
        self._insert_by_unnest: Composed = INSERT_BY_UNNEST.format(**names)
        self._insert_and_number: Composed = INSERT_BY_UNNEST.format(**names) + RETURNING

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """The library's own signature; `tracking` alone may leave gaps, as its published cases ask."""
        tracking: Tracking | None = kwargs.get("tracking")
        with self.datastore.get_connection() as conn, conn.transaction(), conn.cursor() as curs:
            if tracking is not None:
                self._insert_tracking(curs, tracking)
            if not stored_events:
                return None
            self._append(curs, stored_events, self._insert_and_number)
            return [row["notification_id"] for row in curs.fetchall()]

    def borrow(self) -> AbstractContextManager[Connection[DictRow]]:
        """One connection for as long as the block lasts, outside any transaction."""
        return self.datastore.get_connection()

    def commit_batch(
        self,
        stored_events: Sequence[StoredEvent | EventRow],
        *,
        tracking: Tracking | None,
        expected: int | None,
        project: Projection,
        connection: Connection[DictRow] | None = None,
    ) -> None:
        """Append the events and let `project` write its rows, if the position still is `expected`.

        Without `tracking` no position moves (quarantine). `connection` is one that was borrowed already. The events
        come last, since their table lock is held until the commit. Nothing is retried here: an answer that was lost
        may have been a commit, and only who reads the position again can tell.
        """
        lent = self.borrow() if connection is None else nullcontext(connection)
        with lent as conn, conn.transaction(), conn.cursor() as curs:
            if tracking is not None:
                self._move_position(curs, tracking, expected)
            # A pipeline: the server writes one table while the rows of the next are put into arrays.
            with conn.pipeline():
                project(curs)
                self._append(curs, stored_events, self._insert_by_unnest)

    def _move_position(self, curs: Cursor[DictRow], tracking: Tracking, expected: int | None) -> None:
        if expected is None:
            curs.execute(self._first_position, (tracking.application_name, tracking.notification_id))
        else:
            curs.execute(self._next_position, (tracking.notification_id, tracking.application_name, expected))
        if curs.rowcount != 1:
            raise StalePositionError(tracking.application_name, expected)

    def _append(
        self, curs: Cursor[DictRow], stored_events: Sequence[StoredEvent | EventRow], insert: Composed
    ) -> None:
        """Insert the events by this statement."""
        if not stored_events:
            return
        self._lock_table(curs)  # readers of the notification log must never see a gap that fills up later
        self._notify_channel(curs)
        curs.execute(
            insert,
            (
                column([event.originator_id for event in stored_events]),
                column([event.originator_version for event in stored_events]),
                column([event.topic for event in stored_events]),
                column([event.state for event in stored_events]),
            ),
        )


class EventMapper(Mapper[UUID]):
    """Writes and reads `Recorded`; topics name the class and its version, not where its source stands."""

    def __init__(self) -> None:
        # The transcoder is unused: the codec of the domain's own classes is faster and strict.
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        event = cast(Recorded, domain_event)
        head = Cited(event.seq, event.engine, event.rulebook).head()
        (row,) = stored(head, event.originator_id, event.originator_version, [event.event])
        return StoredEvent(*row)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        event = recorded(
            cast(UUID, stored_event.originator_id),
            stored_event.originator_version,
            stored_event.topic,
            stored_event.state,
        )
        return cast(DomainEventProtocol[UUID], event)


FIRST_POSITION = SQL("""
    INSERT INTO {schema}.{tracking} (application_name, notification_id)
    VALUES (%s, %s) ON CONFLICT (application_name) DO NOTHING
""")

NEXT_POSITION = SQL("""
    UPDATE {schema}.{tracking} SET notification_id = %s
    WHERE application_name = %s AND notification_id = %s
""")

INSERT_BY_UNNEST = SQL("""
    INSERT INTO {schema}.{events} (originator_id, originator_version, topic, state)
    SELECT originator_id, originator_version, topic, state
    FROM unnest(%b::uuid[], %b::bigint[], %b::text[], %b::bytea[])
        WITH ORDINALITY AS new (originator_id, originator_version, topic, state, n)
    ORDER BY n
""")

RETURNING = SQL("RETURNING notification_id")
