"""Tells the ownership topic anew how everything stands: for a topic that is new, was emptied or made anew.

contract.md#order-and-repetition: what is in the topic is never lost. So every decision is told again, in the
order in which they were made and as it is stored, then staff and claims as they stand
(contract.md#claim-message: timers derive from `kind: claim` alone, and each of those is the whole state of
one customer); all of it under the next `seq` of its scope, marked as told anew. Who heard it all finds
nothing new in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, Final, get_args

import msgspec

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


def restate(connection: Connection, scope: str) -> int:
    """Queue what stands of a scope, in one transaction that the fold waits for; answers how many messages."""
    given = {"scope": scope}
    with connection.transaction():
        row = connection.execute(SQL["lock_scope"], given).fetchone()
        if row is None:
            raise UnknownScopeError(scope)
        partition, sent = row
        told = itertools.starmap(_encoded, _numbered(connection, scope, sent))
        seq = sent
        while piece := list(itertools.islice(told, AT_ONCE)):
            rows = [(partition, scope, seq + n, body) for n, body in enumerate(piece, 1)]
            connection.execute(SQL["put_restated"], columns(rows))
            seq += len(rows)
        if seq > sent:
            connection.execute(SQL["restated"], given | {"seq": seq})
    return int(seq - sent)


def _encoded(kind: type[Any], told: dict[str, Any]) -> bytes:
    message: OwnershipMessage = kind(**told)
    return encode_message(message)


def _numbered(connection: Connection, scope: str, sent: int) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    row = connection.execute(SQL["scope_record"], {"scope": scope}).fetchone()
    found = None if row is None else decode_record("scope", row[0])
    record = found if isinstance(found, Scope) else None
    zone = {"timezone": None if record is None else record.timezone}
    contents = itertools.chain(
        _decisions(connection, scope),
        ((kind, told | zone) for kind, told in _staff(connection, scope, record)),
        ((kind, told | zone) for kind, told in _claims(connection, scope)),
    )
    for seq, (kind, told) in enumerate(contents, sent + 1):
        yield kind, told | {"scope": scope, "seq": seq}


def _decisions(connection: Connection, scope: str) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    """A scope may have hundreds of thousands: they are read a piece at a time."""
    with connection.cursor("restated_decisions") as cursor:
        cursor.itersize = AT_ONCE
        for _, body, customer, deal in cursor.execute(SQL["restated_decisions"], {"scope": scope}):
            stored = msgspec.json.decode(body)
            told = {name: stored[name] for name in _TOLD_OF[deal is not None]}
            told |= {"at": parse_instant(stored["at"]), "because": tuple(stored["because"])}
            yield DecisionMessage, told | {"customer": customer, "deal": deal}


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


def _claims(connection: Connection, scope: str) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    rows = connection.execute(SQL["restated_claims"], {"scope": scope}).fetchall()
    for customer, generation, owner, status, expires_at, joined in rows:
        yield (
            ClaimMessage,
            {
                "customer": customer,
                "generation": generation,
                "owner": owner,
                "status": status,
                "expires_at": expires_at,
                "replaces": tuple(joined),
            },
        )
