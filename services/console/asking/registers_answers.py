"""What the pages show of the answers of registers: reports, the rows behind a figure, registers, issued reports."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from shared.contract.answers.values import BothLanguages


class OfferedReport(Struct, frozen=True):
    """A report that may be asked for, and what its lines may be counted by."""

    report: str
    code: str
    grains: list[str]


class OfferedReports(Struct, frozen=True):
    """The reports that the caller may read."""

    reports: list[OfferedReport]


class ShownFigure(Struct, frozen=True):
    """A figure as it is written, and how many rows are behind it; a report that was issued opens none."""

    value: str
    rows: int = 0


class ShownLine(Struct, frozen=True):
    """A line of a table: its key and its figures by column."""

    line: list[str]
    figures: dict[str, ShownFigure]


class ShownColumn(Struct, frozen=True):
    """A heading, what stands below it, and how it is counted."""

    column: str
    heading: BothLanguages
    definition: BothLanguages
    kind: str


class ShownTable(Struct, frozen=True):
    """Lines below common headings; `total` is counted over all rows."""

    table: str
    title: BothLanguages
    columns: list[ShownColumn]
    lines: list[ShownLine]
    total: ShownLine | None


class ShownReason(Struct, frozen=True):
    """Why a row counts otherwise than before."""

    reason: str
    title: BothLanguages


class ShownDifferingRow(Struct, frozen=True):
    """What one row adds to a difference, and why."""

    row: str
    amount: str
    reasons: list[ShownReason]


class ShownDifference(Struct, frozen=True):
    """A figure that differs from the run that was issued."""

    table: str
    line: list[str]
    column: str
    issued: str
    later: str
    rows: list[ShownDifferingRow]


class ShownReport(Struct, frozen=True, kw_only=True):
    """A report: what it was asked, what it was made by, and its tables."""

    report: str
    title: BothLanguages
    first: str = field(name="from")
    last: str = field(name="to")
    as_of: str
    known_at: str
    rulebook: str
    scheme: str
    remarks: list[BothLanguages]
    tables: list[ShownTable]
    differences: list[ShownDifference] = []


class ShownCustomer(Struct, frozen=True):
    """The customer of a row."""

    customer: str
    case: str
    name: str | None
    contacts: list[str]


class ShownStaff(Struct, frozen=True):
    """A member of staff of a row."""

    staff: str
    name: str


class ShownRegisterRow(Struct, frozen=True, kw_only=True):
    """A row of a register: a record, a deal or a customer."""

    row: str
    happened_at: str
    recorded_at: str | None
    customer: ShownCustomer | None
    name: str | None
    staff: ShownStaff | None
    stage: str | None
    late: bool
    carried: bool
    values: dict[str, Any]


class ShownFigureRow(Struct, frozen=True):
    """What a row adds to a figure."""

    id: str
    amount: str
    row: ShownRegisterRow | None


class ShownFigureRows(Struct, frozen=True):
    """The rows behind a figure."""

    heading: BothLanguages
    definition: BothLanguages
    rows: list[ShownFigureRow]
    total: int
    known_at: str
    cursor: str | None


class ShownRegisterColumn(Struct, frozen=True):
    """A heading of a register."""

    column: str
    heading: BothLanguages


class OfferedRegister(Struct, frozen=True):
    """A register that may be asked for."""

    register: str
    title: BothLanguages


class OfferedRegisters(Struct, frozen=True):
    """The registers that the caller may read."""

    registers: list[OfferedRegister]


class ShownRegister(Struct, frozen=True):
    """A page of a register."""

    register: str
    title: BothLanguages
    columns: list[ShownRegisterColumn]
    rows: list[ShownRegisterRow]
    total: int
    known_at: str
    cursor: str | None


class ShownScheme(Struct, frozen=True):
    """By which scheme a register goes, `name version`."""

    scheme: str


class ShownStage(Struct, frozen=True):
    """A stage that was set, by whom and when."""

    stage: str
    by: str
    at: str
    remark: str | None


class ShownIssued(Struct, frozen=True, kw_only=True):
    """An issued report, and how far it has come."""

    id: str
    report: str
    first: str
    last: str
    by: str | None
    known_at: str
    issued_by: str
    issued_at: str
    digest: str
    stage: str
    awaits: str | None
    steps: list[ShownStage] = []


class ShownIssuedPage(Struct, frozen=True):
    """Some issued reports, the latest first."""

    reports: list[ShownIssued]
    cursor: str | None
