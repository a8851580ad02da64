"""That something was restored, for good: beside the journal, and on the record of access (ADR 0058).

The journal holds facts and no others, so that a restore is none of them; but whoever reads it is to know that rows came
back from a backup, of when, and up to where.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from shared.access.reports import by_command, done_by_command, put

SHOWN: Final = 200
_REPORTS: Final = b"SELECT to_regclass('access_reports') IS NOT NULL"
_RESTORATIONS: Final = b"SELECT to_regclass('intake.restorations') IS NOT NULL"
_HEADS: Final = b"SELECT scope, seq FROM intake.heads ORDER BY scope"
_NOTE: Final = b"""
    INSERT INTO intake.restorations (act, done_by, parts, backed_up_at, reached)
    VALUES ('restored', %(by)s, %(parts)s, %(at)s, %(reached)s)
"""


def note(dsn: str, parts: Sequence[str], backed_up_at: str, now: datetime) -> None:
    """Note what was restored; a part that is older than its place for it has none."""
    told = f"panke restore {', '.join(parts)}, backed up {backed_up_at}"
    with psycopg.connect(dsn) as connection:
        if "intake" in parts and _is(connection, _RESTORATIONS):
            heads: Any = connection.execute(_HEADS).fetchall()
            given = {
                "by": by_command(),
                "parts": list(parts),
                "at": backed_up_at,
                "reached": Jsonb(dict(heads)),
            }
            connection.execute(_NOTE, given)
        for part in ("intake", *parts):  # what has no such table of its own is told by intake
            connection.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(part)))
            if _is(connection, _REPORTS):
                put(connection, [done_by_command(told[:SHOWN], now)])
                return


def _is(connection: psycopg.Connection[Any], question: bytes) -> bool:
    row = connection.execute(question).fetchone()
    return row is not None and bool(row[0])
