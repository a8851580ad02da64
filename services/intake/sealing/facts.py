"""The facts of a journal in clear are put under seal where they stand (ADR 0051).

Ids, seqs and times stay, and what is decided of them; bytes, digests and fingerprints are made anew. A piece is one
transaction, and what is under seal already is left alone, so that it goes on after any interruption.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from msgspec import Struct

from services.intake.admission.admission import normalised_phones
from services.intake.journal.journal import SQL
from shared.contract import decode_event
from shared.contract.sealed import prover_of
from shared.i18n import bilingual
from shared.platform.postgres.binary_arrays import column
from shared.sealing.sealing import Draft
from shared.sealing.vault import Vault

PIECE: Final = 1000

Connection = psycopg.Connection[Any]


class NotSealableError(Exception):
    """The journal cannot be put under seal as it is; the text is for whoever asked."""


class _ClearFact(Struct, frozen=True):
    scope: str
    seq: int
    id: str
    type: str
    body: bytes
    contacts: bytes | None
    digest: bytes


def demand_sealable(connection: Connection) -> None:
    """Refuse a journal whose phones were read otherwise when they were recorded: under seal they could not be told."""
    for piece in _pieces(connection):
        for fact in piece:
            if prover_of(fact.body) is None:
                event = decode_event(fact.body, recorded=True)
                if normalised_phones(event) != fact.contacts:
                    raise NotSealableError(
                        bilingual(
                            "fact {seq} of {scope}: its phones were read otherwise when it was recorded; nothing was "
                            "changed",
                            seq=fact.seq,
                            scope=fact.scope,
                        )
                    )


def seal_facts(connection: Connection, vault_connection: Connection, vault: Vault) -> Iterator[int]:
    """Put each fact under seal that is not yet; how many of each piece."""
    for piece in _pieces(connection):
        drafts = [(fact, Draft(fact.body, fact.type)) for fact in piece if prover_of(fact.body) is None]
        waiting = [(fact, draft) for fact, draft in drafts if draft.is_personal]
        if waiting:
            _put(connection, _sealed(vault_connection, vault, waiting))
        yield len(waiting)


def begin(connection: Connection, by: str, now: datetime) -> None:
    """From here on the journal is of neither kind, until all of it is under seal."""
    connection.execute(SQL["begin_sealing_over"], {"by": by, "now": now})


def end(connection: Connection, now: datetime) -> None:
    """The journal is under seal for good."""
    with connection.transaction():
        connection.execute(SQL["end_sealing_over"], {"now": now})
        connection.execute(SQL["void_comparison"])


def _sealed(
    vault_connection: Connection, vault: Vault, waiting: Sequence[tuple[_ClearFact, Draft]]
) -> list[tuple[_ClearFact, bytes, bytes]]:
    wanted = {(fact.scope, contact): None for fact, draft in waiting for contact in draft.contacts()}
    known = vault.people_of(vault_connection, list(wanted))
    return [
        (fact, *draft.sealed(fact.digest, {one: known[fact.scope, one] for one in draft.contacts()}))
        for fact, draft in waiting
    ]


def _put(connection: Connection, rows: Sequence[tuple[_ClearFact, bytes, bytes]]) -> None:
    with connection.transaction():
        connection.execute(SQL["allow_sealing"])
        given = {
            "scopes": column([fact.scope for fact, _, _ in rows]),
            "seqs": column([fact.seq for fact, _, _ in rows]),
            "bodies": column([body for _, body, _ in rows]),
            "digests": column([digest for _, _, digest in rows]),
        }
        connection.execute(SQL["put_sealed"], given)
        connection.execute(SQL["count_sealed"], {"facts": len(rows)})
        connection.execute(SQL["refuse_change_again"])


def _pieces(connection: Connection) -> Iterator[list[_ClearFact]]:
    """The whole journal by scope and seq."""
    place = ("", 0)
    while True:
        given = {"scope": place[0], "seq": place[1], "limit": PIECE}
        piece = [_fact(row) for row in connection.execute(SQL["some_facts"], given).fetchall()]
        if not piece:
            return
        yield piece
        place = (piece[-1].scope, piece[-1].seq)


def _fact(row: Any) -> _ClearFact:
    scope, seq, id_, type_, body, contacts, digest = row
    kept = None if contacts is None else bytes(contacts)
    return _ClearFact(scope, seq, id_, type_, bytes(body), kept, bytes(digest))
