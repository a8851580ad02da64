"""Reads stored facts in the process of a historic question, by a connection of its own: none of it passes through the
process that folds and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import psycopg

from services.attribution.historic.facts import ScopeMoment, StoredFact
from services.attribution.store.batch import SQL
from shared.ids import EventId
from shared.platform.postgres.scoped import read_only, see_only


class StoredFacts:
    """The facts of attribution's rows; connects when it is asked first, and anew where the server went away."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection[Any] | None = None
        self._scope: str | None = None

    def whole(self, moment: ScopeMoment) -> Iterator[StoredFact]:
        """Every fact that is known at the moment."""
        rows = self._ask("facts_known", moment)
        self.end()  # what is folded now may take longer than a transaction may stand idle
        rows.reverse()
        while rows:  # each is let go of when it was folded
            yield StoredFact(*rows.pop())

    def naming(
        self,
        moment: ScopeMoment,
        names: Iterable[int],
        ids: Iterable[EventId],
        seqs: Iterable[int],
        most: int,
    ) -> list[StoredFact]:
        """The known facts that name one of these, or are one of them; so many at most, and one more."""
        asked = {"names": list(names), "ids": list(ids), "seqs": list(seqs), "limit": most + 1}
        return [StoredFact(*row) for row in self._ask("facts_naming", moment, **asked)]

    def _ask(self, name: str, moment: ScopeMoment, **asked: Any) -> list[tuple[Any, ...]]:
        known = {"scope": moment.scope, "until": moment.seq, "known_at": moment.known_at}
        try:
            return self._rows(name, known | asked)
        except psycopg.OperationalError:
            self.close()  # a server that was started again leaves a dead connection behind
            return self._rows(name, known | asked)

    def _rows(self, name: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Rows of one scope; those of one question in one transaction, which `end` ends."""
        if self._connection is None:
            self._connection = psycopg.connect(self._dsn)
            read_only(self._connection)
        if self._scope != asked["scope"]:
            self._connection.rollback()
            see_only(self._connection, asked["scope"])
            self._scope = asked["scope"]
        return self._connection.execute(SQL[name], asked, binary=True).fetchall()

    def end(self) -> None:
        """A question is answered: its transaction ends."""
        self._scope = None
        if self._connection is not None:
            try:
                self._connection.rollback()
            except psycopg.OperationalError:
                self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._scope = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None
