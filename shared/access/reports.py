"""The reports of a service that the record of access does not have yet: a table in the service's own schema.

They are evidence: a row goes when access has taken it, and for no other reason.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
import psycopg

from shared.access.report import AccessReport, ReportedAct
from shared.contract import format_instant
from shared.ids import ScopeId
from shared.platform.postgres.database import Database, queries

PACKAGE: Final = "shared.access"
SQL: Final = queries(PACKAGE)
Connection = psycopg.Connection[Any]

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: all of it, the refusals of it, since when the oldest, and what access would not take."""

    waiting: int = 0
    refusals: int = 0
    oldest: datetime | None = None
    not_taken: int = 0


def put(connection: Connection, reports: Sequence[AccessReport]) -> None:
    """Keep reports, in the transaction of the connection; its schema is that of the service."""
    rows = {
        "ids": [UUID(one.id) for one in reports],
        "ats": [one.at for one in reports],
        "acts": [one.act for one in reports],
        "bodies": [_encode(one) for one in reports],
    }
    connection.execute(SQL["keep_reports"], rows)


def exported_by_command(command: str, scope: str, now: datetime) -> AccessReport:
    """That a command handed out all of a scope; whoever runs it has the database's password, and no caller's name."""
    return _of_command("exported", command, now, ScopeId(scope))


def done_by_command(command: str, now: datetime) -> AccessReport:
    """That a command did what is privileged, to all scopes."""
    return _of_command("privileged", command, now, None)


def by_command() -> str:
    """Who runs a command: the login of the operating system and the machine's name, evidence and no proof."""
    return f"{_login()}@{socket.gethostname()}"[:200]


def _of_command(act: ReportedAct, command: str, now: datetime, scope: ScopeId | None) -> AccessReport:
    return AccessReport(
        str(uuid4()), format_instant(now), act, login=_login()[:200], scope=scope,
        address=socket.gethostname()[:64], detail=command,
    )  # fmt: skip


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account that the system does not know
        return str(os.getuid())


class KeptReports:
    """The table of one service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, reports: Sequence[AccessReport]) -> None:
        """Keep reports; they are durable when this returns."""
        with self._database.connection() as connection:
            put(connection, reports)

    def to_send(self, limit: int) -> list[tuple[int, bytes]]:
        """The oldest that wait, each with its place."""
        with self._database.connection() as connection:
            rows: list[Any] = connection.execute(SQL["reports_to_send"], {"limit": limit}).fetchall()
        return [(int(seq), bytes(body)) for seq, body in rows]

    def taken(self, seqs: Sequence[int]) -> None:
        """Access has them."""
        with self._database.connection() as connection:
            connection.execute(SQL["reports_taken"], {"seqs": list(seqs)})

    def not_taken(self, seq: int, problem: str) -> None:
        """Access would never take this one: it stays, and holds nothing up."""
        with self._database.connection() as connection:
            connection.execute(SQL["report_refused"], {"seq": seq, "problem": problem})

    def backlog(self) -> Backlog:
        """What waits."""
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["reports_waiting"]).fetchone()
        return Backlog(int(row[0]), int(row[1]), row[2], int(row[3]))
