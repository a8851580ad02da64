"""Notes what facts name that were folded before that was noted, a part at a time, beside the fold (ADR 0052)."""

from __future__ import annotations

from typing import Any, Final

from services.attribution.store.batch import SQL
from services.attribution.store.bearings import names_of
from shared.contract import decode_event
from shared.contract.topics import decode_contacts
from shared.platform.postgres.binary_arrays import columns
from shared.platform.postgres.database import Database
from shared.rules.judge.translate import to_fact

PART: Final = 500


def note_unborne(database: Database) -> int:
    """Note what is missing of every scope; answers of how many facts. What a kill leaves is gone on with."""
    noted = 0
    with database.connection() as connection:
        scopes: list[Any] = connection.execute(SQL["unborne_scopes"]).fetchall()
    for scope, since, until in scopes:
        while since < until:
            since, part = _part(database, scope, since, until)
            noted += part
    return noted


def _part(database: Database, scope: str, since: int, until: int) -> tuple[int, int]:
    """One transaction: up to which fact it is noted now, and how many facts these were."""
    with database.connection() as connection:
        found: list[Any] = connection.execute(
            SQL["unborne_facts"], [scope, since, until, PART], binary=True
        ).fetchall()
        rows = [(scope, name, seq) for seq, body, contacts in found for name in _names(seq, body, contacts)]
        if rows:
            connection.execute(SQL["put_bearings"], columns(rows))
        reached = int(found[-1][0]) if len(found) == PART else until
        connection.execute(SQL["move_borne"], {"scope": scope, "since": since, "until": reached})
    return reached, len(found)


def _names(seq: int, body: bytes, contacts: bytes | None) -> list[int]:
    return names_of(to_fact(decode_event(body, recorded=True), seq, decode_contacts(contacts)))
