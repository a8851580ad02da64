"""The record of audits: what was asked, how far it came, and what differs, from when to when (docs/runbook.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID, uuid4

import psycopg
from msgspec import Struct

from services.attribution.drift.difference import Drift
from services.attribution.store.batch import SQL
from shared.platform.postgres.rows import Row, rows_of

COMPARISONS: Final = ("facts", "events")
TOPICS: Final = ("messages", "journal")
SHOWN: Final = 1000
"""Open findings that are counted."""


class AskedAudit(Struct, frozen=True):
    """An audit that was asked for; of one scope, or of all."""

    id: UUID
    scope: str | None


class AuditProgress(Struct):
    """How far an audit came."""

    scopes: int = 0
    audited: int = 0
    facts: int = 0
    differences: int = 0
    unknown: list[str] = []


class AuditRow(Struct, frozen=True):
    """An audit as it is kept."""

    id: UUID
    scope: str | None
    asked_by: str
    asked_at: datetime
    state: str
    scopes: int
    audited: int
    facts: int
    differences: int
    unknown: list[str]
    ended_at: datetime | None
    problem: str | None


class FindingRow(Struct, frozen=True):
    """A difference as it is kept."""

    id: int
    scope: str
    comparison: str
    place: str
    row: str
    field: str
    stored: str | None
    given: str | None
    found_at: datetime
    found_by: UUID
    last_at: datetime
    gone_at: datetime | None
    seen_at: datetime | None
    seen_by: str | None
    note: str | None


class OpenFindings(Struct, frozen=True):
    """How many differences nobody has marked as seen, and in which scopes."""

    count: int = 0
    scopes: str = ""


class _WaitingAudits(Struct, frozen=True):
    waiting: int


class _LastEnded(Struct, frozen=True):
    ended_at: datetime | None


class _AuditedScope(Struct, frozen=True):
    scope: str


class Borrows(Protocol):
    """A pool of connections, or one that is lent."""

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]: ...


class AuditRecord:
    """Reads and writes of the record."""

    def __init__(self, database: Borrows) -> None:
        self._database = database

    def ask(self, scope: str | None, by: str) -> UUID:
        """Ask for an audit; a process takes it when none runs."""
        id_ = uuid4()
        self._do("ask_audit", {"id": id_, "scope": scope, "by": by})
        return id_

    def ask_if_due(self, by: str, every: float) -> None:
        """Ask for an audit of everything, unless one was asked for within so many seconds."""
        self._do("ask_due_audit", {"id": uuid4(), "by": by, "every": every})

    def waiting(self) -> int:
        return self._rows("audits_waiting", {}, _WaitingAudits)[0].waiting

    def take(self) -> AskedAudit | None:
        """The audit that waits longest."""
        return next(iter(self._rows("take_audit", {}, AskedAudit)), None)

    def left(self) -> None:
        """End what a killed process left."""
        self._do("end_left_audits", {})

    def progress(self, id_: UUID, at: AuditProgress) -> None:
        told = {name: getattr(at, name) for name in at.__struct_fields__}
        self._do("note_progress", {"id": id_, **told})

    def end(self, id_: UUID, problem: str | None) -> None:
        state = "ended" if problem is None else "failed"
        self._do("end_audit", {"id": id_, "state": state, "problem": problem})

    def found(self, id_: UUID, scope: str, comparisons: Sequence[str], differences: Iterable[Drift]) -> None:
        """Keep what was found in a scope; what these comparisons no longer find is gone."""
        with self._database.connection() as connection, connection.transaction():
            (begun,) = connection.execute(SQL["clock_of_database"]).fetchone() or (None,)
            for one in differences:
                told = {name: getattr(one, name) for name in one.__struct_fields__}
                connection.execute(SQL["put_finding"], {"id": id_, **told})
            ended = {"scope": scope, "comparisons": list(comparisons), "begun": begun}
            connection.execute(SQL["end_findings"], ended)

    def unseen(self) -> OpenFindings:
        """What nobody has marked as seen yet."""
        return self._rows("open_findings", {"limit": SHOWN}, OpenFindings)[0]

    def last_ended(self) -> datetime | None:
        """When the last audit of everything ended."""
        return self._rows("last_audit", {}, _LastEnded)[0].ended_at

    def audits(
        self,
        known: Sequence[str] | None,
        limit: int,
        *,
        id_: UUID | None = None,
        before: tuple[datetime, UUID] | None = None,
    ) -> list[AuditRow]:
        """The last audits; of `known` scopes alone, where that is given."""
        at, behind = before or (None, None)
        asked = {"known": _listed(known), "limit": limit, "id": id_, "before": at, "before_id": behind}
        return self._rows("audits", asked, AuditRow)

    def findings(
        self, known: Sequence[str] | None, limit: int, *, after: int, scope: str | None, state: str
    ) -> list[FindingRow]:
        """A page of what differs or differed, in the order in which it was found."""
        asked = {"known": _listed(known), "limit": limit, "after": after, "scope": scope, "state": state}
        return self._rows("findings", asked, FindingRow)

    def see(self, known: Sequence[str] | None, finding: int, by: str, note: str | None) -> FindingRow | None:
        """Mark a difference as seen; None where there is no such one."""
        asked = {"known": _listed(known), "finding": finding, "by": by, "note": note}
        return next(iter(self._rows("see_finding", asked, FindingRow)), None)

    def scopes(self) -> list[str]:
        """Every scope that was ever folded."""
        return [row.scope for row in self._rows("audited_scopes", {}, _AuditedScope)]

    def _rows(self, name: str, asked: dict[str, Any], kind: type[Row]) -> list[Row]:
        with self._database.connection() as connection:
            return rows_of(connection.execute(SQL[name], asked), kind)

    def _do(self, name: str, asked: dict[str, Any]) -> None:
        with self._database.connection() as connection:
            connection.execute(SQL[name], asked)


def _listed(known: Sequence[str] | None) -> list[str] | None:
    return None if known is None else list(known)
