"""One connection of its own for a worker that uses it all the time, opened again when it is lost.

The pool asks a connection whether it lives each time it is lent, and lends another one each time. Who writes
all the time would pay that round trip for every transaction, and a lead's advisory lock belongs to one session.
"""

from __future__ import annotations

import psycopg
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]


class Link:
    """A connection that is opened on first use and after a loss. Used by one thread at a time."""

    def __init__(self, dsn: str, name: str) -> None:
        self._dsn = psycopg.conninfo.make_conninfo(dsn, application_name=name)
        self._connection: Connection | None = None

    @property
    def stands(self) -> bool:
        """Whether there is a connection that nobody knows to be lost."""
        connection = self._connection
        return connection is not None and not connection.closed and not connection.broken

    def get(self) -> Connection:
        if not self.stands:
            self.close()
            self._connection = psycopg.connect(self._dsn, autocommit=True)
        assert self._connection is not None
        return self._connection

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
