"""Tells the ownership topic anew how everything stands: for a topic that is new, was emptied or made anew.

contract.md#claim-message: timers derive from `kind: claim` alone, and each such message is the whole state of
one customer. So claims and staff as they stand are told, under the next `seq` of their scope; decisions of
before are not told again. Who heard everything finds nothing new in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from services.attribution.domain.state import Scope
from services.attribution.folding.batch import SQL
from services.attribution.folding.codec import decode_record
from shared.columns import columns
from shared.connection import Connection
from shared.contract import StaffContacts
from shared.contract.events import Role
from shared.topics import ClaimMessage, OwnershipMessage, StaffMessage, encode_message


class UnknownScope(LookupError):
    """Attribution knows no such scope."""


def all_scopes(connection: Connection) -> list[str]:
    """The scopes of the deployment."""
    return [scope for (scope,) in connection.execute(SQL["all_scopes"].encode())]


def new_edition(connection: Connection) -> None:
    """Number messages in a new edition from here on: after rows were restored that are older than what was sent."""
    connection.execute(SQL["new_edition"].encode())


def restate(connection: Connection, scope: str) -> int:
    """Queue what stands of a scope, in one transaction that the fold waits for; answers how many messages."""
    given = {"scope": scope}
    with connection.transaction():
        row = connection.execute(SQL["lock_scope"].encode(), given).fetchone()
        if row is None:
            raise UnknownScope(scope)
        partition, sent = row
        rows = [
            (partition, scope, seq, encode_message(message), None, None)
            for seq, message in enumerate(_standing(connection, scope, sent), sent + 1)
        ]
        if rows:
            connection.execute(SQL["put_outbox"].encode(), columns(rows))
            connection.execute(SQL["restated"].encode(), given | {"seq": sent + len(rows)})
    return len(rows)


def _standing(connection: Connection, scope: str, sent: int) -> Iterator[OwnershipMessage]:
    row = connection.execute(SQL["scope_record"].encode(), {"scope": scope}).fetchone()
    found = None if row is None else decode_record("scope", row[0])
    record = found if isinstance(found, Scope) else None
    timezone = None if record is None else record.timezone
    seq = sent
    for content in (*_staff(connection, scope, record), *_claims(connection, scope)):
        seq += 1
        kind, told = content
        yield kind(scope=scope, seq=seq, timezone=timezone, **told)


def _staff(
    connection: Connection, scope: str, record: Scope | None
) -> Iterator[tuple[type[Any], dict[str, Any]]]:
    given = {"scope": scope}
    departed = set() if record is None else {id_ for id_, member in record.staff.items() if member.departed}
    rows = connection.execute(SQL["restated_staff"].encode(), given).fetchall()
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
    rows = connection.execute(SQL["restated_claims"].encode(), {"scope": scope}).fetchall()
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
