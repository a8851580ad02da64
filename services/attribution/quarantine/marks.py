"""Marks of facts that are being set aside: put before the journal is told, and withdrawn while it does not know.

From the mark on no retry folds the fact. Intake asks for it too, before it commits what it records, so that a fact
which was set aside there by hand is marked like any other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import uuid4

import msgspec

from services.attribution.store.batch import SQL
from shared.contract.masking import mask_words
from shared.platform.postgres.database import Database

LISTED: Final = 100


class NotParkedError(LookupError):
    """The scope does not wait in quarantine."""


class NotFailingError(Exception):
    """The scope does not fail on that fact: on another one, or on no fact at all but on a lapse that is due."""


class NotBegunError(Exception):
    """Nobody sets the fact aside on which the scope fails, or somebody has begun anew meanwhile."""


class BegunMark(NamedTuple):
    """The event that is being set aside, and by which mark; `ours` when nobody had begun before."""

    scope: str
    id: str
    mark: str
    ours: bool


class Withdrawal(NamedTuple):
    """A set-aside that somebody is about to withdraw, and who had begun it."""

    scope: str
    id: str
    mark: str
    begun_by: str
    begun_at: datetime


class SetAsideMarks:
    """Puts and takes them; each in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, scope: str, by: str, id_: str | None = None) -> BegunMark:
        """Mark the event on which the scope fails as one that `by` sets aside; with `id_`, that one or none."""
        with self._database.connection() as connection, connection.transaction():
            marked = connection.execute(SQL["lock_parked"], [scope]).fetchone()
            row: Any = connection.execute(SQL["failing"], [scope]).fetchone()
            if marked is None or row is None:
                raise NotParkedError(scope)
            failing = None if row[1] is None else str(msgspec.json.decode(row[1])["id"])
            if failing is None or id_ not in (None, failing):
                raise NotFailingError(scope)
            found = BegunMark(scope, failing, str(uuid4()), marked[0] is None)
            given = {"scope": scope, "mark": found.mark, "id": found.id, "by": by}
            connection.execute(SQL["mark"], given)
        return found

    def take(self, mark: BegunMark) -> None:
        """The journal was not told of it; a mark that stood before stays, since its maker may have told it."""
        if mark.ours:
            given = {"scope": mark.scope, "mark": mark.mark}
            with self._database.connection() as connection:
                connection.execute(SQL["unmark"], given)

    def withdrawing(self, scope: str) -> Withdrawal:
        """What was begun; the fact stays marked until it is known that the journal has not recorded it."""
        given = {"scope": scope, "mark": str(uuid4())}
        with self._database.connection() as connection, connection.transaction():
            if connection.execute(SQL["lock_parked"], [scope]).fetchone() is None:
                raise NotParkedError(scope)
            row: Any = connection.execute(SQL["mark_anew"], given).fetchone()
        if row is None:
            raise NotBegunError(scope)
        return Withdrawal(scope, str(row[0]), given["mark"], row[1], row[2])

    def withdraw(self, begun: Withdrawal, reason: str, by: str) -> None:
        """Take the mark away, on record; `NotBegunError` where somebody has marked the fact again meanwhile."""
        given = begun._asdict() | {"reason": mask_words(reason), "by": by}
        with self._database.connection() as connection, connection.transaction():
            if connection.execute(SQL["unmark"], given).rowcount == 0:
                raise NotBegunError(begun.scope)
            connection.execute(SQL["put_withdrawn"], given)

    def withdrawn(self) -> list[tuple[Any, ...]]:
        """What was withdrawn, the last first: scope, event, begun by whom and when, why, by whom and when."""
        with self._database.connection() as connection:
            return connection.execute(SQL["withdrawn_list"], [LISTED]).fetchall()
