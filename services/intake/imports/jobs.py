"""Imports as jobs in the database: asked for within limits, taken under a lease, ended, kept for some days.

Whoever runs one holds it by a lease that it renews; a process that is killed lets it run out, and another takes the
import up from its beginning: what it recorded is known by its ids. One that was left so often is said to have failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
import psycopg
from msgspec import UNSET, Struct

from services.intake.imports.headings import ImportKind
from services.intake.imports.roster import RosterMember, members_of
from services.intake.imports.sealed_files import SQL, ImportSeal
from shared.access.caller import Caller
from shared.contract import format_instant
from shared.contract.answers.imports import (
    ImportCounts,
    ImportedSheet,
    ImportJob,
    ImportMapping,
    ImportProblem,
    ImportRejection,
    ImportState,
    KeptMapping,
)
from shared.i18n import bilingual
from shared.ids import OfficeId, ScopeId
from shared.platform.postgres.database import Database
from shared.platform.postgres.rows import row_of, rows_of, the_row
from shared.sealing.person import SealBrokenError

LEASE: Final = 20.0
"""Seconds that an import is held without a sign of life."""
MOST_ATTEMPTS: Final = 5
LISTED: Final = 200
_encode = msgspec.json.Encoder().encode

Connection = psycopg.Connection[Any]


class AskedImport(Struct, frozen=True, kw_only=True):
    """How a file is to be read, and by whose rights its rows are recorded."""

    file: str
    sheet: str | None
    year: int | None
    mapping: ImportMapping | None
    attested_by: str | None
    dry_run: bool
    actor: str
    caller: Caller
    address: str | None


@dataclass(frozen=True, slots=True)
class NewImport:
    """An import that was checked."""

    scope: str
    office: str
    kind: ImportKind
    asked: AskedImport
    content: bytes


class TakenImportRow(Struct, frozen=True):
    """A row of `take_import`."""

    id: UUID
    scope: ScopeId
    office: OfficeId
    kind: ImportKind
    asked: bytes
    sealed_by: str | None
    file: bytes
    begun_seq: int
    stop: bool


@dataclass(frozen=True, slots=True)
class TakenImport:
    """An import that this process runs."""

    id: str
    lease: UUID
    row: TakenImportRow
    asked: AskedImport
    content: bytes
    members: list[RosterMember]
    secret: bytes


@dataclass(frozen=True, slots=True)
class ImportBounds:
    """How many may be open, of all callers and of one; for how many days one is kept."""

    open: int
    of_caller: int
    days: int


class ImportRow(Struct, frozen=True):
    """An import as it is kept; what was asked, the sheet, its rejections and its problem as JSON."""

    id: UUID
    scope: ScopeId
    office: OfficeId
    kind: str
    login: str
    asked: bytes
    state: ImportState
    read: int
    accepted: int
    duplicates: int
    rejected: int
    sheet: bytes | None
    rejections: bytes | None
    problem: bytes | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class OpenImports(Struct, frozen=True):
    """How many wait or run, of all callers and of one."""

    open: int
    of_caller: int


class ImportsByState(Struct, frozen=True):
    """How many wait, and how many run."""

    waiting: int
    running: int


class MappingRow(Struct, frozen=True):
    """A mapping as it is kept."""

    office: OfficeId
    kind: str
    mapping: bytes
    login: str
    kept_at: datetime


class TooManyImportsError(Exception):
    """As many are open as may be."""


@dataclass(slots=True)
class RowTally:
    """How many rows were told of so far, by what became of them."""

    read: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


class ImportJobs:
    """Puts, takes, holds and ends imports; each in one transaction."""

    def __init__(self, database: Database, seal: ImportSeal, bounds: ImportBounds) -> None:
        self._database = database
        self._seal = seal
        self.bounds = bounds

    def scope_of(self, office: str) -> str | None:
        """The scope of an office; None where no record named it yet."""
        with self._database.connection() as connection:
            row = connection.execute(SQL["scope_of_office"], {"office": office}).fetchone()
        return None if row is None else str(row[0])

    def put(self, new: NewImport) -> ImportJob:
        """An import that waits. Raises `TooManyImportsError`."""
        id_, caller = str(uuid4()), new.asked.caller
        row = {
            "id": id_, "scope": new.scope, "office": new.office, "kind": new.kind, "caller": caller.subject,
            "login": caller.login, "asked": _encode(new.asked), "sealed_by": self._seal.key,
            "file": self._seal.sealed(id_, "file", new.content),
        }  # fmt: skip
        with self._database.connection() as connection:
            connection.execute(SQL["lock_imports"])
            there = connection.execute(SQL["open_imports"], {"caller": caller.subject})
            self._check(the_row(there, OpenImports))
            connection.execute(SQL["put_import"], row)
            return self._job(the_row(connection.execute(SQL["import_by_id"], {"id": id_}), ImportRow))

    def _check(self, there: OpenImports) -> None:
        if there.of_caller >= self.bounds.of_caller:
            told = bilingual(
                "{count} imports of yours are open; wait for one, or cancel it", count=there.of_caller
            )
            raise TooManyImportsError(told)
        if there.open >= self.bounds.open:
            raise TooManyImportsError(
                bilingual("{count} imports are open; come again later", count=there.open)
            )

    def find(self, id_: str) -> ImportJob | None:
        with self._database.connection() as connection:
            row = row_of(connection.execute(SQL["import_by_id"], {"id": id_}), ImportRow)
        return None if row is None else self._job(row)

    def of_office(self, office: str) -> list[ImportJob]:
        """The last ones of an office, newest first."""
        asked = {"office": office, "limit": LISTED}
        with self._database.connection() as connection:
            rows = rows_of(connection.execute(SQL["imports_of_office"], asked), ImportRow)
        return [self._job(row) for row in rows]

    def text(self, id_: str, part: str) -> bytes | None:
        """The rejected rows, or the preview; None where there are none."""
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL[part], {"id": id_}).fetchone()
        if row is None or row[1] is None:
            return None
        try:
            return self._seal.opened(id_, part, row[0], bytes(row[1]))
        except SealBrokenError:  # its keys are gone
            return None

    def remove(self, id_: str) -> None:
        """Cancel one that is open, delete one that has ended."""
        with self._database.connection() as connection:
            if connection.execute(SQL["cancel_import"], {"id": id_}).fetchone() is None:
                connection.execute(SQL["delete_import"], {"id": id_})

    def kept(self, office: str, kind: str) -> KeptMapping | None:
        """The mapping that the office keeps for books of this kind."""
        with self._database.connection() as connection:
            row = row_of(
                connection.execute(SQL["kept_mapping"], {"office": office, "kind": kind}), MappingRow
            )
        if row is None:
            return None
        mapping = msgspec.json.decode(row.mapping, type=ImportMapping)
        return KeptMapping(row.office, row.kind, mapping, row.login, format_instant(row.kept_at))

    def keep(self, office: str, kind: str, mapping: ImportMapping, login: str) -> None:
        row = {"office": office, "kind": kind, "mapping": _encode(mapping), "login": login}
        with self._database.connection() as connection:
            connection.execute(SQL["keep_mapping"], row)

    # What runs them.

    def take(self) -> TakenImport | None:
        """One to run, under a lease of its own; one that no key reads any more has failed."""
        lease = uuid4()
        left = ImportProblem(None, "left", bilingual("its process ended {most} times", most=MOST_ATTEMPTS))
        with self._database.connection() as connection:
            connection.execute(SQL["lock_imports"])
            connection.execute(SQL["fail_left_imports"], {"problem": _encode(left), "most": MOST_ATTEMPTS})
            row = row_of(
                connection.execute(SQL["take_import"], {"lease": lease, "seconds": LEASE}), TakenImportRow
            )
            if row is None:
                return None
            id_, members = str(row.id), self._members(connection, row.scope)
            try:
                secret = self._seal.secret(connection)
                content = self._seal.opened(id_, "file", row.sealed_by, row.file)
            except SealBrokenError:
                gone = ImportProblem(
                    "file", "keys", bilingual("the keys under which the file was kept are gone")
                )
                connection.execute(SQL["fail_import"], {"id": id_, "lease": lease, "problem": _encode(gone)})
                return None
        return TakenImport(
            id_, lease, row, msgspec.json.decode(row.asked, type=AskedImport), content, members, secret
        )

    def _members(self, connection: Connection, scope: str) -> list[RosterMember]:
        found: Any = connection.execute(SQL["enrolments"], {"scope": scope})
        return members_of(bytes(body) for (body,) in found)

    def is_enrolled(self, scope: str, staff: str) -> bool:
        """Whether anybody of this id was ever enrolled in the scope."""
        with self._database.connection() as connection:
            return any(one.staff == staff for one in self._members(connection, scope))

    def prepare(self) -> None:
        """Have the secret of the ids from the beginning on, so that every backup holds it."""
        with self._database.connection() as connection:
            self._seal.secret(connection)

    def recorded(self, ids: list[str]) -> dict[str, tuple[str, int]]:
        """Which of these ids stand in the journal, in which scope and at which place."""
        with self._database.connection() as connection:
            rows = connection.execute(SQL["recorded_already"], {"ids": ids}).fetchall()
        return {str(row[0]): (str(row[1]), int(str(row[2]))) for row in rows}

    def put_sheet(self, taken: TakenImport, sheet: ImportedSheet) -> None:
        with self._database.connection() as connection:
            connection.execute(
                SQL["put_sheet"], {"id": taken.id, "lease": taken.lease, "sheet": _encode(sheet)}
            )

    def hold(self, taken: TakenImport, tally: RowTally) -> bool | None:
        """Whether it goes on: False where it is to be cancelled, None where it is another's now."""
        asked = {**_counts(tally), "id": taken.id, "lease": taken.lease, "seconds": LEASE}
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["hold_import"], asked).fetchone()
        return None if row is None else not row[0]

    def done(
        self, taken: TakenImport, tally: RowTally, rejections: list[ImportRejection], rows: bytes | None,
        preview: bytes | None,
    ) -> None:  # fmt: skip
        self._end(
            taken,
            state="done",
            rejections=_encode(rejections),
            sealed_by=self._seal.key,
            rejected_rows=self._seal.sealed(taken.id, "rejected_rows", rows),
            preview=self._seal.sealed(taken.id, "import_preview", preview),
            **_counts(tally),
        )

    def failed(self, taken: TakenImport, problem: ImportProblem) -> None:
        self._end(taken, state="failed", problem=_encode(problem))

    def cancelled(self, taken: TakenImport) -> None:
        self._end(taken, state="cancelled")

    def leave(self, taken: TakenImport) -> None:
        """Give it back: this process stops."""
        with self._database.connection() as connection:
            connection.execute(SQL["leave_import"], {"id": taken.id, "lease": taken.lease})

    def clean(self) -> tuple[int, int]:
        """Delete what was kept long enough; how many wait, and how many run."""
        with self._database.connection() as connection:
            connection.execute(SQL["delete_old_imports"], {"days": self.bounds.days})
            there = the_row(connection.execute(SQL["imports_by_state"]), ImportsByState)
        return there.waiting, there.running

    def _end(self, taken: TakenImport, **told: Any) -> None:
        nothing = dict.fromkeys(
            ("problem", "rejections", "sealed_by", "rejected_rows", "preview", "read", "accepted", "duplicates",
             "rejected")
        )  # fmt: skip
        with self._database.connection() as connection:
            connection.execute(SQL["end_import"], {**nothing, "id": taken.id, "lease": taken.lease, **told})

    def _job(self, row: ImportRow) -> ImportJob:
        told = msgspec.json.decode(row.asked, type=AskedImport)
        rejections = b"[]" if row.rejections is None else row.rejections
        return ImportJob(
            id=str(row.id),
            scope=row.scope,
            office=row.office,
            kind=row.kind,
            state=row.state,
            asked_by=row.login,
            file=told.file,
            dry_run=told.dry_run,
            attested_by=told.attested_by,  # type: ignore[arg-type]
            counts=ImportCounts(row.read, row.accepted, row.duplicates, row.rejected),
            rejections=msgspec.json.decode(rejections, type=list[ImportRejection]),
            created_at=format_instant(row.created_at),
            started_at=_instant(row.started_at),
            ended_at=_instant(row.ended_at),
            deleted_at=_instant(row.ended_at and row.ended_at + timedelta(days=self.bounds.days)),
            sheet=UNSET if row.sheet is None else msgspec.json.decode(row.sheet, type=ImportedSheet),
            problem=UNSET if row.problem is None else msgspec.json.decode(row.problem, type=ImportProblem),
        )


def _counts(tally: RowTally) -> dict[str, int]:
    return {
        "read": tally.read, "accepted": tally.accepted, "duplicates": tally.duplicates, "rejected": tally.rejected,
    }  # fmt: skip


def _instant(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)
