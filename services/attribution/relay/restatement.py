"""Tells the ownership topic anew how everything stands: for a topic that is new, was emptied or made anew.

contract.md#order-and-repetition: what is in the topic is never lost. So every decision is told again, in the
order in which they were made and as it is stored, then staff and claims as they stand
(contract.md#claim-message: timers derive from `kind: claim` alone, and each of those is the whole state of
one customer); all of it under the next `seq` of its scope, marked as told anew. Who heard it all finds
nothing new in it, nor in what the fold sends between two pieces: it is told again behind that, as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, get_args

import msgspec
from psycopg.types.json import Jsonb

from services.attribution.store.batch import SQL
from services.attribution.store.codec import decode_record
from shared.contract import StaffContacts, parse_instant
from shared.contract.events import Role
from shared.contract.topics import (
    ClaimMessage,
    DecisionMessage,
    OwnershipMessage,
    StaffMessage,
    encode_message,
)
from shared.platform.postgres.binary_arrays import columns
from shared.platform.postgres.dedicated import Connection
from shared.rules.domain.state import Scope

AT_ONCE: Final = 2000
"""Messages of one transaction."""
ASKED: Final = "asked"
"""The cause of what somebody asked for."""
DONE: Final = "done"

Named = tuple[type[Any], dict[str, Any]]
"""A kind of message, and what it says but for scope and seq."""
_TOLD_OF: Final = {
    False: ("clause", "decision", "owner", "previous"),
    True: ("clause", "status", "shares"),
}
"""What is told of a decision, by whether it is of a deal; times and event ids besides."""


class UnknownScopeError(LookupError):
    """Attribution knows no such scope."""


def all_scopes(connection: Connection) -> list[str]:
    """The scopes of the deployment."""
    return [scope for (scope,) in connection.execute(SQL["all_scopes"])]


def restate(
    connection: Connection, scope: str, cause: str = ASKED, step: Callable[[], None] = lambda: None
) -> int:
    """Queue what stands of a scope, a piece at a time, each in a transaction that the fold waits for; answers how many
    messages.

    One that was cut off goes on where it was, for the same `cause`; `step` is called behind each piece.
    """
    given = {"scope": scope, "cause": cause}
    connection.execute(SQL["begin_restatement"], given)
    while (told := _restate_some(connection, scope, cause)) is None:
        step()
    if cause == ASKED:
        connection.execute(SQL["end_restatement"], given)
    return told


def _restate_some(connection: Connection, scope: str, cause: str) -> int | None:
    """Queue the next piece; how many messages there were in all once nothing is left."""
    given = {"scope": scope, "cause": cause}
    with connection.transaction():
        locked = connection.execute(SQL["lock_scope"], given).fetchone()
        row = connection.execute(SQL["restatement"], given).fetchone()
        if locked is None or row is None:
            raise UnknownScopeError(scope)
        (partition, sent), (stage, after, told) = locked, row
        if stage == DONE:
            return int(told)
        piece = _piece(connection, scope, stage, after)
        bodies = [
            _encoded(kind, named | {"scope": scope, "seq": seq})
            for seq, (kind, named) in enumerate(piece.messages, sent + 1)
        ]
        if bodies:
            rows = [(partition, scope, sent + n, body) for n, body in enumerate(bodies, 1)]
            connection.execute(SQL["put_restated"], columns(rows))
            connection.execute(SQL["restated"], given | {"seq": sent + len(rows)})
        so_far = {"stage": piece.stage, "after": Jsonb(piece.after), "told": told + len(bodies)}
        connection.execute(SQL["put_restatement"], given | so_far)
    return None


class _Piece(NamedTuple):
    """Some messages, and where the next piece begins."""

    messages: list[Named]
    stage: str
    after: list[Any]


def _piece(connection: Connection, scope: str, stage: str, after: list[Any]) -> _Piece:
    record = _scope_record(connection, scope)
    zone = {"timezone": None if record is None else record.timezone}
    if stage == "decisions":
        rows = _rows(connection, "restated_decisions", scope, ("version", "of_deal"), after or [-1, 0])
        following = "staff" if len(rows) < AT_ONCE else stage
        return _Piece([_decision(*row) for row in rows], following, _behind(rows, 2, following == stage))
    if stage == "staff":
        return _Piece([(kind, told | zone) for kind, told in _staff(connection, scope, record)], "claims", [])
    rows = _rows(connection, "restated_claims", scope, ("born", "nth", "customer"), after or [-1, -1, ""])
    following = DONE if len(rows) < AT_ONCE else stage
    messages: list[Named] = [(ClaimMessage, _claim(*row[2:]) | zone) for row in rows]
    return _Piece(messages, following, _behind(rows, 3, following == stage))


def _rows(
    connection: Connection, query: str, scope: str, names: Sequence[str], after: Sequence[Any]
) -> list[Any]:
    given = {"scope": scope, "limit": AT_ONCE, **dict(zip(names, after, strict=True))}
    return connection.execute(SQL[query], given).fetchall()


def _behind(rows: Sequence[Any], keys: int, more: bool) -> list[Any]:
    """The key of the last row, where rows of its kind may follow."""
    return list(rows[-1][:keys]) if more else []


def _scope_record(connection: Connection, scope: str) -> Scope | None:
    row = connection.execute(SQL["scope_record"], {"scope": scope}).fetchone()
    found = None if row is None else decode_record("scope", row[0])
    return found if isinstance(found, Scope) else None


def _encoded(kind: type[Any], told: dict[str, Any]) -> bytes:
    message: OwnershipMessage = kind(**told)
    return encode_message(message)


def _decision(_version: int, of_deal: int, body: bytes, customer: str, deal: str | None) -> Named:
    stored = msgspec.json.decode(body)
    told = {name: stored[name] for name in _TOLD_OF[bool(of_deal)]}
    told |= {"at": parse_instant(stored["at"]), "because": tuple(stored["because"])}
    return DecisionMessage, told | {"customer": customer, "deal": deal}


def _staff(
    connection: Connection, scope: str, record: Scope | None
) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    given = {"scope": scope}
    departed = set() if record is None else {id_ for id_, member in record.staff.items() if member.departed}
    rows = connection.execute(SQL["restated_staff"], given).fetchall()
    for staff, name, role, contacts, office, away in rows:
        if role in get_args(Role):
            told = msgspec.json.decode(contacts)
            yield (
                StaffMessage,
                {
                    "staff": staff,
                    "name": name,
                    "role": role,
                    "contacts": msgspec.convert(told, StaffContacts) if told else None,
                    "departed": staff in departed,
                    "office": office,
                    "away": away,
                },
            )


def _claim(
    customer: str,
    generation: int,
    owner: str | None,
    status: str,
    expires_at: datetime | None,
    joined: list[str],
) -> dict[str, Any]:
    return {
        "customer": customer,
        "generation": generation,
        "owner": owner,
        "status": status,
        "expires_at": expires_at,
        "replaces": tuple(joined),
    }
