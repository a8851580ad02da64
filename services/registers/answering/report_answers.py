"""What the calls about reports answer: the document of `panke report --json`, and the rows behind a figure."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from services.registers.answering.answers import DayText, RegisterRow
from shared.contract.answers.values import CURSOR, BothLanguages, Count, InstantText, Seq

LineKeyText = Annotated[list[str], Meta(description="the line's key, by which it is asked for")]


class NamedReport(Struct, frozen=True):
    """A report that may be asked for, and what its lines may be counted by."""

    report: str
    code: str
    grains: list[str]


class KnownReportList(Struct, frozen=True):
    """The reports that the caller may read."""

    reports: list[NamedReport]


class ReportFigure(Struct, frozen=True):
    """A figure as it is written, and the rows behind it: their ids, or how many they are, as was asked for."""

    value: str
    ids: list[str] | UnsetType = UNSET
    rows: Count | UnsetType = UNSET


class AnsweredLine(Struct, frozen=True):
    """One line of a table, with its figures by column."""

    line: LineKeyText
    figures: dict[str, ReportFigure]


class AnsweredColumn(Struct, frozen=True):
    """One heading, what stands below it, and how it is counted."""

    column: str
    heading: BothLanguages
    definition: BothLanguages
    kind: Annotated[str, Meta(description="text, count, money, percent or mean")]


class AnsweredTable(Struct, frozen=True):
    """Lines below common headings; `total` is counted over all rows."""

    table: str
    title: BothLanguages
    columns: list[AnsweredColumn]
    lines: list[AnsweredLine]
    total: AnsweredLine | None


class DifferenceReason(Struct, frozen=True):
    """Why a row counts otherwise than before."""

    reason: str
    title: BothLanguages


class DifferingRow(Struct, frozen=True):
    """What one row adds to a difference, why, and by which facts."""

    row: str
    amount: str
    reasons: list[DifferenceReason]
    facts: list[str]


class DifferingFigure(Struct, frozen=True):
    """A figure that differs from the run that was issued; the amounts of its rows sum to the difference."""

    table: str
    line: LineKeyText
    column: str
    issued: str
    later: str
    rows: list[DifferingRow]


class ReportAnswer(Struct, frozen=True, kw_only=True):
    """A report: what it was asked, what it was made by, and its tables; `differences` where `issued` was given."""

    report: str
    title: BothLanguages
    scope: str
    office: str | None
    from_: DayText = field(name="from")
    to: DayText
    as_of: InstantText
    known_at: InstantText
    zone: str
    rulebook: str
    scheme: str
    remarks: list[BothLanguages]
    tables: list[AnsweredTable]
    differences: list[DifferingFigure] | UnsetType = UNSET


class FigureRow(Struct, frozen=True):
    """What a row adds to a figure; `row` is null where the id is no row of its own."""

    id: str
    amount: str
    row: RegisterRow | None


class ReportRows(Struct, frozen=True, kw_only=True):
    """The rows behind a figure, in the order of the report."""

    report: str
    table: str
    column: str
    heading: BothLanguages
    definition: BothLanguages
    rows: list[FigureRow]
    total: Count
    known_at: InstantText
    cursor: Annotated[str | None, Meta(description=CURSOR)]
    as_of_seq: Seq
