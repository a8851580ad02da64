"""Reads what was taken: by the process that holds scopes with a connection of its own, and by the service."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import psycopg
from msgspec import Struct

from shared.platform.postgres.database import queries

SQL: Final = queries("services.registers")


class FactRow(Struct, frozen=True, gc=False):
    """A fact as the topic had it."""

    seq: int
    id: str
    body: bytes
    contacts: bytes | None = None


class FactRows:
    """The facts of the rows; connects when it is asked first, and anew where the server went away."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None

    def after(self, scope: str, seq: int, until: int, most: int) -> list[FactRow]:
        """The facts of a scope behind `seq`, up to `until`, in their order, so many at most."""
        asked = {"scope": scope, "after": seq, "until": until, "limit": most}
        return [FactRow(*row) for row in self._ask("facts_after", asked)]

    def set_asides(self, scope: str) -> frozenset[str]:
        """The ids of the facts that the journal leaves out."""
        return frozenset(str(id_) for (id_,) in self._ask("set_asides_of", {"scope": scope}))

    def bodies(self, scope: str, seqs: Collection[int]) -> list[bytes]:
        """The events of these seqs, in their order."""
        return [body for _, body in self._ask("facts_by_seq", {"scope": scope, "seqs": list(seqs)})]

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, name: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
        try:
            return self._rows(name, asked)
        except psycopg.OperationalError:
            self.close()  # a server that was started again leaves a dead connection behind
            return self._rows(name, asked)

    def _rows(self, name: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn, autocommit=True)
        return self._connection.execute(SQL[name], asked, binary=True).fetchall()
