"""The limits of the fold: the same rows by plain `unnest` inserts, and the library with one event a transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent, Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresProcessRecorder
from psycopg import sql

from services.attribution.store.recorder import SCHEMA, AttributionDatastore
from shared.platform.postgres.database import connection_info, migrate

OWN = ("migrations", "notification_tracking", "rulebooks", "edition")
"""Tables that hold no rows of facts: what migrations fill, and a handful of texts with arrays that do not unnest."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one table, with the types of its columns."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def read_tables(dsn: str) -> list[Table]:
    """Every table of attribution that has rows."""
    with psycopg.connect(connection_info(dsn, schema=SCHEMA)) as connection:
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> ALL(%s) ORDER BY tablename",
            [SCHEMA, list(OWN)],
        ).fetchall()
        tables = [_read(connection, str(name)) for (name,) in names]
    return [table for table in tables if table.rows]


def _read(connection: psycopg.Connection[Any], name: str) -> Table:
    described = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [name],
    ).fetchall()
    columns = tuple(str(column) for column, _ in described)
    select = sql.SQL("SELECT {} FROM {}").format(_names(columns), sql.Identifier(name))
    rows = connection.execute(select, binary=True).fetchall()
    return Table(name, columns, tuple(str(kind) for _, kind in described), rows)


def insert_raw(dsn: str, tables: Sequence[Table], transactions: int) -> float:
    """Seconds to insert all rows into empty tables with the same indexes, in so many transactions."""
    migrate(dsn, "services.attribution", SCHEMA)
    statements = [_statement(table) for table in tables]
    took = 0.0
    with psycopg.connect(connection_info(dsn, schema=SCHEMA), autocommit=True) as connection:
        for turn in range(transactions):
            begun = time.perf_counter()
            with connection.transaction():
                for table, statement in zip(tables, statements, strict=True):
                    part = _part(table.rows, turn, transactions)
                    if part:
                        connection.execute(statement, [list(column) for column in zip(*part, strict=True)])
            took += time.perf_counter() - begun
    return took


def _part(rows: list[tuple[Any, ...]], turn: int, turns: int) -> list[tuple[Any, ...]]:
    return rows[len(rows) * turn // turns : len(rows) * (turn + 1) // turns]


def _statement(table: Table) -> sql.Composed:
    arrays = sql.SQL(", ").join(sql.SQL("%b::" + kind + "[]") for kind in table.types)
    return sql.SQL("INSERT INTO {} ({}) SELECT * FROM unnest({})").format(
        sql.Identifier(table.name), _names(table.columns), arrays
    )


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


class StockDatastore(AttributionDatastore):
    """With the composite types that the stock recorder inserts by; ours needs none and looks for none."""

    def register_type_adapters(self) -> None:
        PostgresDatastore.register_type_adapters(self)


def insert_one_by_one(dsn: str, events: Sequence[StoredEvent]) -> float:
    """Seconds for the library's stock process recorder, which tracks a position with each event."""
    migrate(dsn, "services.attribution", SCHEMA)
    datastore = StockDatastore(dsn)
    try:
        recorder = PostgresProcessRecorder(
            datastore, events_table_name="stock_events", tracking_table_name="stock_tracking"
        )
        recorder.create_table()
        begun = time.perf_counter()
        for position, event in enumerate(events, 1):
            recorder.insert_events([event], tracking=Tracking("bench", position))
        return time.perf_counter() - begun
    finally:
        datastore.close()
