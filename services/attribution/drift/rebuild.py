"""Builds a scope's rows anew beside the live ones, and swaps them in one transaction that catches up first (ADR 0055).

From the events, unless the event store lacks some: then from the facts. What was decided is never overwritten: what the
facts would decide otherwise is told, and stays.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from msgspec import Struct
from psycopg.types.json import Jsonb

from services.attribution.drift.comparing import event_differences
from services.attribution.drift.difference import Drift
from services.attribution.drift.refold import AuditedHead, Refold, Source, head_of
from services.attribution.drift.shadow import Connection, Step, analyse, live, make_twins, opened
from services.attribution.drift.swap import swap
from services.attribution.fold.scope_fold import Rules
from services.attribution.store.batch import SQL
from services.attribution.store.mapper import stream_id
from shared.i18n import bilingual

LOCK_WAIT: Final = "30s"


class RebuiltScope(Struct, frozen=True):
    """What a rebuild changed: rows by table, claims that are told anew; and decisions that the facts would make
    otherwise, which stay as they were made."""

    scope: str
    source: Source
    why: str
    rows: dict[str, int]
    told: int
    kept: list[Drift]


class NoSuchScopeError(LookupError):
    """Attribution knows no such scope."""


class Rebuilder:
    """Puts the rows of scopes right, beside a fold and readers that go on."""

    def __init__(self, dsn: str, rules: Rules, seconds: float, step: Step) -> None:
        self._dsn, self._rules, self._seconds, self._step = dsn, rules, seconds, step

    def rebuild(self, scope: str, source: Source | None = None) -> RebuiltScope:
        """Build the scope anew and swap it in. Raises `CannotFoldError`; nothing is changed then."""
        with opened(self._dsn, self._seconds) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            head = _known(connection, scope)
            chosen, why = _source(connection, head, source)
            make_twins(connection)
            made = Refold(connection, self._rules, chosen, head, self._step)
            made.go_on(head)
            analyse(connection)
            connection.commit()  # the new rows are the session's, and those of a moment ago
            connection.isolation_level = None
            return self._swap(connection, scope, made, why)

    def _swap(self, connection: Connection, scope: str, made: Refold, why: str) -> RebuiltScope:
        """With the scope's row in hand nobody folds it: catch up, and make the live rows the same."""
        with connection.transaction():
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_WAIT,))
            live(connection)
            connection.execute(SQL["lock_scope"], {"scope": scope})
            head = _known(connection, scope)
            made.go_on(head)
            kept = list(event_differences(scope, made.source, made.differences))
            live(connection)
            rows, told = swap(connection, head, made)
            if rows:
                connection.execute(SQL["count_rebuilt"], {"scope": scope, "told": told})
                done = {"scope": scope, "source": made.source, "why": why, "rows": Jsonb(rows), "told": told}
                connection.execute(SQL["put_rebuild"], done)
        return RebuiltScope(scope, made.source, why, rows, told, kept)


def _known(connection: Connection, scope: str) -> AuditedHead:
    head = head_of(connection, scope)
    if head is None:
        raise NoSuchScopeError(scope)
    return head


def _source(connection: Connection, head: AuditedHead, asked: Source | None) -> tuple[Source, str]:
    """What the scope is built from, and why."""
    if asked is not None:
        return asked, bilingual("as asked")
    live(connection)
    stream = {"stream": stream_id(head.scope)}
    row: Any = connection.execute(SQL["stored_stream"], stream).fetchone()
    count, last = row
    if count == last == head.version:
        return "events", bilingual("the event store is whole")
    lacking = max(head.version, last) - count
    return "facts", bilingual("the event store lacks {count} events", count=lacking)
