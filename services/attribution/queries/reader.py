"""Opens snapshots of scopes, and asks what is about no one scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from services.attribution.queries.snapshot import Row, Snapshot, UnknownNameError
from services.attribution.store.batch import SQL
from services.attribution.store.store import Seen, nobody_asks
from shared.access.extent import EVERYTHING, Sight
from shared.ids import EventId, ScopeId
from shared.platform.postgres.database import Database
from shared.platform.postgres.scoped import everywhere, see_only, within
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.sealing.opener import Opener


class ScopeReader:
    """Opens snapshots."""

    def __init__(
        self,
        database: Database,
        books: Mapping[BookId, Rulebook],
        seen: Seen = nobody_asks,
        opener: Opener | None = None,
    ) -> None:
        self._database = database
        self.books = books
        self._seen = seen
        self.opener = opener or Opener()

    @contextmanager
    def of(
        self, scope: ScopeId, opening: BookId | None = None, sight: Sight = EVERYTHING
    ) -> Iterator[Snapshot]:
        """One scope at one moment, as far as `sight` reaches.

        One that nobody ever wrote in begins under `opening`, else `UnknownNameError`.
        """
        with self._database.connection() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            see_only(connection, scope)
            try:
                yield Snapshot(connection, scope, self.books, opening, self._seen, self.opener, sight)
            finally:
                if not connection.closed:  # a server that went away took the transaction with it
                    connection.rollback()
                    connection.isolation_level = None

    def ask(self, name: str, parameters: Any) -> list[Row]:
        """The rows of a named query that is about no one scope."""
        with everywhere(self._database) as connection:
            return connection.execute(SQL[name], parameters, binary=True).fetchall()

    def folded(self, scope: str) -> int:
        """The last seq of a scope that is folded; 0 for a scope without any."""
        with within(self._database, scope) as connection:
            row = connection.execute(SQL["head"], [scope]).fetchone()
        return int(row[0]) if row else 0

    def scope_of(self, office: str) -> ScopeId:
        with everywhere(self._database) as connection:
            row = connection.execute(SQL["scope_of_office"], [office]).fetchone()
        if row is None:
            raise UnknownNameError(office)
        return ScopeId(str(row[0]))

    def parked(self) -> tuple[int, datetime | None]:
        """How many scopes wait in quarantine, and since when the first of them."""
        with everywhere(self._database) as connection:
            row = connection.execute(SQL["oldest_parked"]).fetchone()
        return (int(row[0]), row[1]) if row else (0, None)

    def failing(self, scope: str) -> tuple[datetime, EventId | None]:
        """Since when the scope waits in quarantine, and the event on which it fails.

        Raises `UnknownNameError` if it does not wait.
        """
        with within(self._database, scope) as connection:
            row: Any = connection.execute(SQL["failing"], [scope]).fetchone()
        if row is None:
            raise UnknownNameError(scope)
        return row[0], None if row[1] is None else EventId(msgspec.json.decode(row[1])["id"])
