"""Puts other tables right by the facts that are there, which say all that those do but a scope's first rulebook and
what was set aside.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from msgspec import Struct, json

from services.intake.admission.admission import readmit
from services.intake.journal.damage import Damage
from services.intake.journal.journal import SQL, Connection
from shared.contract import BadEvent, canonical, digest_of
from shared.platform.postgres.binary_arrays import columns

AT_ONCE: Final = 1000
ENROLLED: Final = "staff.enrolled"
DEPARTED: Final = "staff.departed"
MOVES: Final = frozenset((ENROLLED, DEPARTED))


def mend(connection: Connection, damage: Damage, rulebook: str) -> frozenset[str]:
    """Raise heads to the last facts and know their ids; answers the scopes that had no head, which begin under
    `rulebook` until their first fact says otherwise.
    """
    with connection.transaction():
        connection.execute(SQL["lock_all_heads"])
        raised = {"scopes": list(damage.behind), "rulebook": rulebook}
        made = frozenset(str(scope) for (scope,) in connection.execute(SQL["raise_heads"], raised))
    while damage.without_id and _know_some(connection):
        pass
    return made


class _StaffMove(Struct, frozen=True):
    staff: str | None = None


class _Fact(Struct, frozen=True):
    """As much of an event as the side tables need."""

    office: str
    occurred_at: datetime
    data: _StaffMove


_decode: Final = json.Decoder(_Fact).decode


def rebuild(connection: Connection, scopes: Collection[str]) -> None:
    """Put offices and staff of these scopes as their facts say, and count them."""
    offices: dict[str, str] = {}
    staff: dict[tuple[str, str], datetime | None] = {}
    with connection.transaction():
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute(SQL["lock_all_heads"])
        with connection.cursor("facts_of_scopes") as cursor:
            cursor.itersize = AT_ONCE
            for scope, type_, body in cursor.execute(SQL["facts_of_scopes"], {"scopes": list(scopes)}):
                fact = _decode(bytes(body))
                offices.setdefault(fact.office, scope)
                if type_ in MOVES and fact.data.staff is not None:
                    staff[scope, fact.data.staff] = fact.occurred_at if type_ == DEPARTED else None
        names = {"scopes": [scope for scope, _ in staff], "staff": [member for _, member in staff]}
        connection.execute(SQL["put_staff"], names | {"departed": list(staff.values())})
        connection.execute(SQL["put_offices"], {"offices": list(offices), "scopes": list(offices.values())})
        connection.execute(SQL["put_tallies"], {"scopes": list(scopes)})


def _know_some(connection: Connection) -> int:
    rows = connection.execute(SQL["some_facts_without_id"], {"limit": AT_ONCE}).fetchall()
    if rows:
        known = [(id_, scope, seq, at, _digest(body)) for scope, seq, id_, at, body in rows]
        ids, scopes, seqs, recorded, digests = columns(known)
        names = {"ids": ids, "scopes": scopes, "seqs": seqs, "recorded": recorded, "digests": digests}
        connection.execute(SQL["insert_ids"], names)
    return len(rows)


def _digest(body: bytes) -> bytes:
    """By which a repetition is known; an event that is no longer taken in as it was, by its bytes."""
    try:
        return readmit(body, None, None)[0].digest
    except BadEvent:
        return digest_of(canonical(body))
