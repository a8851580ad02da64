"""Imports of old books (imports.md): what is asked for, how far it is, what came of each row."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from shared.contract.answers.values import Count, InstantText
from shared.contract.event_parts import OutreachMethod
from shared.ids import EventId, OfficeId, ScopeId, StaffId

ImportState = Literal["waiting", "running", "done", "failed", "cancelled"]


class ImportMapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Which heading means which field; a heading that means nothing here is null. `method` is that of an outreach whose
    row says none."""

    columns: dict[str, str | None] = field(default_factory=dict)
    method: OutreachMethod | None = None


class KeptMapping(Struct, frozen=True):
    """The mapping that an office keeps for one kind of book: who kept it, and when."""

    office: OfficeId
    kind: str
    mapping: ImportMapping
    kept_by: str
    kept_at: InstantText


class ImportedSheet(Struct, frozen=True):
    """What of a file was read: the sheet, the row of its headings, how they were taken, the year of days without one,
    lines that are no entries by kind, entries whose row names no time, and cells that nothing is taken of, by the
    heading above them or, where there is none, by the letters of their column."""

    sheet: str
    hidden_sheets: tuple[str, ...]
    headings_row: Count
    mapping: ImportMapping
    year: Count | None
    skipped: dict[str, Count]
    without_time: Count
    unread: dict[str, Count] = field(default_factory=dict)


class ImportCounts(Struct, frozen=True):
    """Rows by what became of them; `read` is the sum once the import is done."""

    read: Count
    accepted: Count
    duplicates: Count
    rejected: Count


class ImportRejection(Struct, frozen=True):
    """One thing that is wrong with a row: the row of the sheet, from 1, the column by its heading, and the rule."""

    row: Count
    column: str
    rule: str
    message: str


class ImportProblem(Struct, frozen=True):
    """Why an import came to nothing: what of its request is wrong, by path and rule."""

    path: str | None
    rule: str
    message: str


class ImportJob(Struct, frozen=True, kw_only=True):
    """An import. `rejections` are the first of them, all of them stand in its rejected rows; the file itself is kept
    until it has ended, what it came to until `deleted_at`."""

    id: str
    scope: ScopeId
    office: OfficeId
    kind: str
    state: ImportState
    asked_by: str
    file: str
    dry_run: bool
    attested_by: StaffId | None
    counts: ImportCounts
    rejections: list[ImportRejection]
    created_at: InstantText
    started_at: InstantText | None
    ended_at: InstantText | None
    deleted_at: InstantText | None
    sheet: ImportedSheet | UnsetType = UNSET
    problem: ImportProblem | UnsetType = UNSET


class ImportsPage(Struct, frozen=True):
    """Imports of an office, newest first."""

    items: list[ImportJob]


class PreviewedRow(Struct, frozen=True):
    """What recording one row would decide: the kinds of decisions, whose the customer is after the last of them, under
    which clause, and the flags of the record."""

    row: Count
    event: EventId
    occurred_at: InstantText
    decisions: list[str]
    owner: StaffId | None
    clause: str | None
    flags: list[str]


class ImportPreview(Struct, frozen=True):
    """The first rows in the order in which they happened, judged after all that is recorded of the scope; `of` is how
    many entries there are. `problem` says why none are judged."""

    items: list[PreviewedRow]
    of: Count
    problem: str | None
