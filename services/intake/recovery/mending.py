"""Puts heads and ids right by the facts that are there, which say all that those do but a scope's first rulebook."""

from __future__ import annotations

from typing import Final

from services.intake.admission.admission import readmit
from services.intake.journal.codec import Codec
from services.intake.journal.damage import Damage
from services.intake.journal.journal import SQL, Connection
from shared.contract import BadEvent, canonical, digest_of
from shared.platform.postgres.binary_arrays import columns

AT_ONCE: Final = 1000


def mend(connection: Connection, codec: Codec, damage: Damage, rulebook: str) -> frozenset[str]:
    """Raise heads to the last facts and know their ids; answers the scopes that had no head, which begin under
    `rulebook` until their first fact says otherwise.
    """
    with connection.transaction():
        connection.execute(SQL["lock_all_heads"])
        raised = {"scopes": list(damage.behind), "rulebook": rulebook}
        made = frozenset(str(scope) for (scope,) in connection.execute(SQL["raise_heads"], raised))
    while damage.without_id and _know_some(connection, codec):
        pass
    return made


def _know_some(connection: Connection, codec: Codec) -> int:
    rows = connection.execute(SQL["some_facts_without_id"], {"limit": AT_ONCE}).fetchall()
    if rows:
        known = [(id_, scope, seq, at, _digest(codec.open(id_, body))) for scope, seq, id_, at, body in rows]
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
