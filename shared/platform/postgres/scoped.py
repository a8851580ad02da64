"""Transactions that see one scope alone: by row-level security, so that a statement cannot see more by mistake (ADR
0039).

Where a service signs in as its role there is a second one for reading, of the same name with `_reader` behind it, to
which the service's may change. It may read, and of each table with a scope the rows of the scope that the transaction
names; without one, none. Whoever owns the schema has no second role, and sees everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg

from shared.platform.postgres.database import Database, queries

_SQL: Final = queries("shared.platform.postgres")

Connection = psycopg.Connection[Any]


@contextmanager
def within(database: Database, scope: str) -> Iterator[Connection]:
    """A connection for one transaction, which reads, and sees nothing of another scope."""
    with database.connection() as connection:
        see_only(connection, scope)
        yield connection


@contextmanager
def asked_of(database: Database, scope: str | None) -> Iterator[Connection]:
    """As `within`, where the question is about one scope; else as the service itself."""
    with database.connection() as connection:
        if scope is not None:
            see_only(connection, scope)
        yield connection


@contextmanager
def everywhere(database: Database) -> Iterator[Connection]:
    """A connection for one transaction that asks what is about no one scope."""
    with database.connection() as connection:
        see_all(connection)
        yield connection


def see_only(connection: Connection, scope: str) -> None:
    """Until the transaction ends."""
    connection.execute(_SQL["see_only"], {"scope": scope})


def see_all(connection: Connection) -> None:
    """Until the transaction ends, or names a scope: as the service itself."""
    connection.execute("SET LOCAL ROLE NONE")


def read_only(connection: Connection) -> None:
    """Have a new connection see nothing until a transaction names a scope; for the pool of who answers questions."""
    connection.execute(_SQL["become_reader"])
    connection.commit()
