"""What else of a deployment stands in clear: what follows from the journal goes, the notifier's proof is sealed.

The schemas of attribution and of the registers, and the topics, are made anew from the journal when the services
start; the ids of customers and the decisions are the same, so that nobody is told anything twice. What the notifier
alone knows (where a message went) is put under the key of whom it went to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
import psycopg

from services.intake.journal.journal import SQL
from services.intake.sealing.facts import PIECE, NotSealableError
from shared.contract.sealed import sealed_text
from shared.contract.topics import Topics
from shared.i18n import bilingual
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.sender import remove_topics
from shared.sealing.person import OF_STAFF, PersonKey
from shared.sealing.vault import Vault

Connection = psycopg.Connection[Any]

WAIT: Final = 30.0
MOST_PIECES: Final = 256
"""Pieces of 16 MB that a server is made to go through; one that keeps more is told of."""
_FIRST: Final = "00000000-0000-0000-0000-000000000000"
_SCRUBBED: Final = ("scrub_facts", "scrub_ids", "scrub_imports")
_SCRUBBED_BESIDE: Final = ("scrub_attempts", "scrub_staff", "scrub_irregular", "scrub_limits")


def demand_alone(connection: Connection) -> None:
    """No service is connected, and no log was begun."""
    running = [str(name) for (name,) in connection.execute(SQL["connected_services"]) if name != "panke-cli"]
    if running:
        raise NotSealableError(
            bilingual("still connected: {services}; stop the services first", services=", ".join(running))
        )
    if _is_there(connection, "table_is_there", table="audit.entries") and _is_there(
        connection, "log_is_begun"
    ):
        raise NotSealableError(
            bilingual("a log of this journal was begun: its leaves are of the facts as they are in clear")
        )


def seal_notifier(connection: Connection, vault_connection: Connection, vault: Vault) -> None:
    """Where staff are reached, and where messages went, under the keys of staff."""
    if not _is_there(connection, "table_is_there", table="notifier.attempts"):
        return
    with connection.transaction():
        _seal_staff(connection, vault_connection, vault)
    for piece in _attempts(connection):
        waiting = [row for row in piece if sealed_text(row[4]) is None]
        people = _staff(vault_connection, vault, [(row[2], row[3]) for row in waiting])
        given = {
            "alerts": [row[0] for row in waiting],
            "numbers": [row[1] for row in waiting],
            "destinations": [people[row[2], row[3]].name(row[4]) for row in waiting],
        }
        connection.execute(SQL["put_attempts"], given)
    connection.execute(SQL["forget_limits"])
    connection.execute(SQL["forget_irregular"])


def drop_what_follows(connection: Connection, brokers: Bootstrap, topics: Topics) -> Iterable[str]:
    """The schemas of attribution and of the registers, and the topics, which come again from the journal; the names of
    the topics that went.

    What they have yet to put on the record of access is kept: intake sends it on. Imports that were kept in clear go
    too, and rows that they rejected can be sent again.
    """
    with connection.transaction():
        connection.execute(SQL["forget_imports_in_clear"])
        for schema in ("attribution", "registers"):
            if _is_there(connection, "table_is_there", table=f"{schema}.access_reports"):
                connection.execute(SQL[f"keep_reports_of_{schema}"])
            connection.execute(SQL[f"drop_{schema}"])
    return remove_topics(brokers, (topics.intake, topics.ownership, topics.dead), WAIT)


def scrub(connection: Connection) -> None:
    """Take the texts out of the files of the tables as well, where they stand until the room is needed."""
    beside = _is_there(connection, "table_is_there", table="notifier.attempts")
    for name in (*_SCRUBBED, *(_SCRUBBED_BESIDE if beside else ())):
        connection.execute(SQL[name])
    connection.execute("CHECKPOINT")


def _seal_staff(connection: Connection, vault_connection: Connection, vault: Vault) -> None:
    rows = connection.execute(SQL["notified_staff"]).fetchall()
    people = _staff(vault_connection, vault, [(scope, staff) for scope, staff, _ in rows])
    given: dict[str, list[str]] = {"scopes": [], "staff": [], "contacts": []}
    for scope, staff, contacts in rows:
        person = people[scope, staff]
        sealed = {
            kind: text if sealed_text(text) is not None else person.name(text)
            for kind, text in contacts.items()
        }
        given["scopes"].append(scope)
        given["staff"].append(staff)
        given["contacts"].append(msgspec.json.encode(sealed).decode())
    connection.execute(SQL["put_notified_staff"], given)


def _staff(
    connection: Connection, vault: Vault, members: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], PersonKey]:
    wanted = {(scope, OF_STAFF + staff): None for scope, staff in members}
    found = vault.people_of(connection, list(wanted)) if wanted else {}
    return {(scope, staff): found[scope, OF_STAFF + staff] for scope, staff in members}


def _attempts(connection: Connection) -> Iterator[list[Any]]:
    place = (_FIRST, 0)
    while True:
        given = {"alert": place[0], "number": place[1], "limit": PIECE}
        piece = connection.execute(SQL["some_attempts"], given).fetchall()
        if not piece:
            return
        yield piece
        place = (piece[-1][0], piece[-1][1])


def _is_there(connection: Connection, query: str, **given: str) -> bool:
    row: Any = connection.execute(SQL[query], given).fetchone()
    return bool(row[0])


def scrub_log(connection: Connection) -> bool:
    """Take the texts out of the server's log of changes as well, where this role may; whether that was done.

    A server keeps old pieces of it to write them over. Now it removes them instead: all that are there are gone
    through, and those that were are removed by the checkpoint.
    """
    try:
        connection.execute(SQL["remove_log"])
    except psycopg.errors.InsufficientPrivilege:
        return False
    try:
        connection.execute(SQL["read_settings"])
        row: Any = connection.execute(SQL["pieces_of_log"]).fetchone()
        for _ in range(min(int(row[0]), MOST_PIECES) + 1):
            connection.execute(SQL["next_piece_of_log"])
        connection.execute("CHECKPOINT")
        return int(row[0]) <= MOST_PIECES
    finally:
        connection.execute(SQL["keep_log"])
        connection.execute(SQL["read_settings"])
