"""Which facts of the journal do not count: an append-only record beside it (contract.md#setting-aside).

Attribution parks a scope at a fact on which its fold fails. A person who takes that fact out says so here first,
so that whoever judges the exported journal leaves it out as well.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.intake.journal.journal import SQL, Clock
from shared.contract import SetAside, SettingAside, decode_set_aside
from shared.contract.masking import mask_words
from shared.platform.postgres.dedicated import Connection


class UnknownEventError(LookupError):
    """The journal of the scope holds no event of this id."""


class SetAsides:
    """Records what is set aside; the export tells it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def standing(self, connection: Connection, scope: str, id_: str) -> SetAside | None:
        """What stands of the event already; raises `UnknownEventError` for one that the scope does not have."""
        found = connection.execute(SQL["scope_of_event"], {"id": id_}).fetchone()
        if found is None or found[0] != scope:
            raise UnknownEventError(id_)
        row = connection.execute(SQL["set_aside"], {"id": id_}).fetchone()
        return None if row is None else decode_set_aside(bytes(row[0]))

    def listed(self, connection: Connection, scope: str) -> list[bytes]:
        """The lines of the export that tell what is left out; what is being set aside now is waited for."""
        with connection.transaction():
            connection.execute(SQL["lock_set_asides"], {"scope": scope})
            rows = connection.execute(SQL["set_asides_of_scope"], {"scope": scope}).fetchall()
        return [bytes(body) for (body,) in rows]

    def since(self, connection: Connection, since: datetime) -> list[tuple[str, bytes]]:
        """The first of all scopes that were set aside then or later, each with its line of the export."""
        rows = connection.execute(SQL["set_asides_since"], {"since": since}).fetchall()
        return [(str(scope), bytes(body)) for scope, body in rows]

    def record(
        self, connection: Connection, scope: str, asked: SettingAside, mark: Callable[[], None]
    ) -> tuple[SetAside, bool]:
        """What stands of the event now, and whether that is new; the first record of an event stays.

        `mark` is called before the commit of a new one: what it raises leaves nothing behind. Phones
        and WeChat ids in the reason are masked, for it is kept in clear.
        """
        with connection.transaction():
            connection.execute(SQL["lock_set_asides"], {"scope": scope})
            found = connection.execute(SQL["scope_of_event"], {"id": asked.id}).fetchone()
            if found is None or found[0] != scope:
                raise UnknownEventError(asked.id)
            new = SetAside(asked.id, mask_words(asked.reason), asked.by, self._clock.now())
            row = {"id": asked.id, "scope": scope, "at": new.at, "body": new.line()}
            inserted = connection.execute(SQL["insert_set_aside"], row).rowcount == 1
            if not inserted:
                return self._stored(connection, asked.id), False
            mark()  # before the tally, for which enrolments of the scope would wait
            connection.execute(SQL["tally_set_aside"], {"scope": scope})
            return new, True

    def _stored(self, connection: Connection, id_: str) -> SetAside:
        row = connection.execute(SQL["set_aside"], {"id": id_}).fetchone()
        if row is None:
            raise UnknownEventError(id_)
        return decode_set_aside(bytes(row[0]))
