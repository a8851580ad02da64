"""A report as a workbook: a sheet for each of its tables in the office's form, charts below, and a sheet of notes.

A figure is a number as it is printed: percent rounded half up to 0.1, money to 0.01. A ratio with nothing to
divide by is a dash.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import IO, Final

from msgspec import Struct
from xlsxwriter.worksheet import Worksheet

from services.registers.model.periods import LocalTime
from services.registers.reports import numbers
from services.registers.reports.report import (
    OfficeReport,
    ReportColumn,
    ReportHead,
    ReportLine,
    ReportTable,
)
from services.registers.sheets.book import LINE, Cell, Look, SheetBook, height_of, lines_of, width_of
from services.registers.sheets.charts import ChartPlace, insert_charts
from services.registers.sheets.figures import figure_said
from services.registers.sheets.frame import (
    Frame,
    across_of,
    set_print,
    widths_of,
    write_top,
)
from services.registers.sheets.groups import grouped
from services.registers.sheets.limits import MOST_ROWS
from services.registers.sheets.notes import WorkbookNote, write_notes
from shared.i18n import Text, translated
from shared.platform.place_names import PlaceNames

_TOP: Final = 8
"""Rows that title and headings take at most."""
_STAGES: Final = {
    "reviewed": translated("reviewed by: {name}"),
    "approved": translated("approved by: {name}"),
    "filed": translated("filed by: {name}"),
    "returned": translated("returned by: {name}"),
}
_STAGE_NAMES: Final = {
    "reviewed": translated("reviewed by"),
    "approved": translated("approved by"),
    "filed": translated("filed by"),
    "returned": translated("returned by"),
}
OFFICE: Final = "office"
"""The column in which the offices of a scope stand."""
_TENTH, _CENT, _HUNDRED = Decimal("0.1"), Decimal("0.01"), Decimal(100)


class ReportIssue(Struct, frozen=True):
    """Who issued a report, and when."""

    by: str
    at: datetime


class ReportStage(Struct, frozen=True):
    """A stage that an issued report was taken to: which, by whom, when, and what was remarked."""

    stage: str
    by: str
    at: datetime
    remark: str | None = None


class ReportEdition(Struct, frozen=True):
    """How a report is written: its code, who issued it, and whether headings are in English too.

    Of an issued one, the stages behind it in their order, and the digest of the bytes that are kept. `names` is what
    offices and scopes are called.
    """

    code: str = ""
    issued: ReportIssue | None = None
    english: bool = False
    stages: tuple[ReportStage, ...] = ()
    digest: str = ""
    names: PlaceNames = PlaceNames()


def write_report(
    report: OfficeReport,
    file: IO[bytes],
    edition: ReportEdition | None = None,
    *,
    most_rows: int = MOST_ROWS,
) -> None:
    """Write a report to a file; a table with more lines than a sheet has room for goes on on another."""
    how = edition or ReportEdition()
    with SheetBook(file) as book:
        for table in report.tables:
            room = most_rows - _TOP - len(report.remarks) - 1
            for begin in range(0, max(len(table.lines), 1), room):
                whole = begin + room >= len(table.lines)
                part = table.lines[begin : begin + room]
                _TableSheet(book, report, table, part, how, whole).write()
        write_notes(book, report.title, _notes(report, how), how.english)


class _TableSheet:
    """One sheet: a table, or a part of one that is too long."""

    def __init__(
        self,
        book: SheetBook,
        report: OfficeReport,
        table: ReportTable,
        lines: Sequence[ReportLine],
        edition: ReportEdition,
        whole: bool,
    ) -> None:
        self.book, self.report, self.table, self.lines = book, report, table, lines
        self.edition, self.whole = edition, whole
        self.columns = grouped(report.name, table)
        name = None if table.title == report.title else table.title
        head = report.head
        self.frame = Frame(
            report.title,
            below_title(head, edition.names),
            name,
            foot_of(head),
            edition.english,
            tuple(_signed(edition)),
        )

    def write(self) -> None:
        """The lines, what they come to, the remarks, the charts."""
        cells = [self._cells(line) for line in self.lines]
        total = self._total() if self.whole and self.lines and self.table.total is not None else None
        widths = widths_of(self.frame, self.columns, self._wanted([*cells, *([total] if total else [])]))
        sheet = self.book.sheet(self.table.title.zh)
        first = write_top(self.book, sheet, self.frame, self.columns, widths)
        for row, line in enumerate(cells, first):
            high = height_of([cell for cell, _ in line], widths)
            if high is not None:
                sheet.set_row(row, high)
            self._row(sheet, row, line)
        row = first + len(cells)
        if total is not None:
            self._total_row(sheet, row, total)
            row += 1
        if not cells:
            nothing = self.frame.line(translated("nothing to show"))
            self.book.merged(sheet, row, across_of(widths), nothing, "mark")
            row += 1
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{row + 1}"})
        row = self._remarks(sheet, row, widths)
        if self.whole and cells:
            place = ChartPlace(sheet, self.frame, (first, first + len(cells)), row + 1, widths)
            insert_charts(self.book, self.report.name, self.table, place)
        set_print(sheet, self.frame, widths)

    def _cells(self, line: ReportLine) -> list[tuple[Cell, Look]]:
        return [self._cell(line, column) for column in self.table.columns]

    def _cell(self, line: ReportLine, column: ReportColumn) -> tuple[Cell, Look]:
        if column.kind != "text":
            return figure_of(line, column)
        said = line.texts.get(column.key, numbers.NONE)
        if isinstance(said, Text):
            return self.frame.line(said), "text"
        if said == numbers.NONE:
            return said, "mark"
        if column.key == OFFICE:
            return self.frame.line(self.edition.names.office(said)), "text"
        return figure_said(self.report.name, column.key, said) or (said, "text")

    def _total(self) -> list[tuple[Cell, Look]]:
        total = self.table.total
        assert total is not None, "asked where there is one"
        return [
            self._cell(total, column)
            if column.kind != "text" or column.key in total.texts
            else (None, "text")
            for column in self.table.columns
        ]

    def _wanted(self, rows: Sequence[Sequence[tuple[Cell, Look]]]) -> list[float]:
        columns = range(len(self.columns))
        return [max((width_of(*row[at]) for row in rows), default=0) for at in columns]

    def _row(
        self, sheet: Worksheet, row: int, cells: Sequence[tuple[Cell, Look]], total: bool = False
    ) -> None:
        for place, (cell, look) in enumerate(cells):
            self.book.write(sheet, row, place, cell, look, total=total)

    def _total_row(self, sheet: Worksheet, row: int, cells: list[tuple[Cell, Look]]) -> None:
        """The word stands over the words of the line, which have no sum."""
        words = next((at for at, (cell, _) in enumerate(cells) if cell is not None), len(cells))
        if not words:
            self._row(sheet, row, cells, total=True)
            return
        self._row(sheet, row, cells, total=True)
        word, look = self.frame.line(translated("total")), self.book.look("mark", total=True)
        if words > 1:
            sheet.merge_range(row, 0, row, words - 1, word, look)
        else:
            sheet.write_string(row, 0, word, look)

    def _remarks(self, sheet: Worksheet, row: int, widths: list[float]) -> int:
        for remark in self.report.remarks:
            text = f"{translated('remark').zh}：{self.frame.line(remark)}"
            sheet.set_row(row, LINE * lines_of(text, sum(widths)))
            self.book.merged(sheet, row, across_of(widths), text, "note")
            row += 1
        return row


def figure_of(line: ReportLine, column: ReportColumn) -> tuple[Cell, Look]:
    """A figure as the number that is printed, and how it looks."""
    if column.of is not None:
        part, whole = (line.amount(key) for key in column.of)
        if not whole:
            return numbers.NONE, "mark"
        if column.kind == "percent":
            return numbers.half_up(part * _HUNDRED / whole, _TENTH) / _HUNDRED, "percent"
        return numbers.half_up(part / whole, _CENT), "money"
    if column.kind in ("percent", "mean"):  # of a report that was kept: as it was printed
        if column.key not in line.figures:
            return numbers.NONE, "mark"
        return line.amount(column.key), "percent" if column.kind == "percent" else "money"
    amount = line.amount(column.key)
    if column.kind == "money":
        return numbers.half_up(amount, _CENT), "money"
    return amount, "count" if amount == amount.to_integral_value() else "shared"


def below_title(head: ReportHead, names: PlaceNames) -> tuple[Text, ...]:
    """What stands below the title of every form: whose, of when, known when."""
    return (
        translated("scope: {scope}", scope=names.scope(head.scope))
        if head.office is None
        else translated("office: {office}", office=names.office(head.office)),
        translated("period: {first} to {last}", first=head.period.first, last=head.period.last),
        translated("known at: {time}", time=local_time(head.known_at, head.zone)),
    )


def foot_of(head: ReportHead) -> str:
    """What stands at the foot of every page: by which rulebook and scheme it was made."""
    return f"{translated('rulebook').zh} {head.rulebook}  {translated('scheme').zh} {head.scheme}"


def _signed(edition: ReportEdition) -> Iterator[Text]:
    if edition.issued is not None:
        yield translated("issued by: {name}", name=edition.issued.by)
    for one in edition.stages:
        yield _STAGES[one.stage].format(name=one.by)


def _notes(report: OfficeReport, edition: ReportEdition) -> Iterator[WorkbookNote]:
    head, issued = report.head, edition.issued
    yield WorkbookNote(translated("report"), f"{edition.code} {report.title.zh} {report.title.en}".strip())
    yield from head_notes(head, edition.names)
    by = (
        f"{issued.by}  {local_time(issued.at, head.zone)}" if issued is not None else translated("not issued")
    )
    yield WorkbookNote(translated("issued by"), by)
    for one in edition.stages:
        at = f"{one.by}  {local_time(one.at, head.zone)}"
        yield WorkbookNote(_STAGE_NAMES[one.stage], f"{at}  {one.remark}" if one.remark else at)
    if edition.digest:
        yield WorkbookNote(translated("digest of the kept document (SHA-256)"), edition.digest)
    for remark in report.remarks:
        yield WorkbookNote(translated("remark"), remark)
    for table in report.tables:
        for column in table.columns:
            yield WorkbookNote(column.heading, column.definition, table.title)


def head_notes(head: ReportHead, names: PlaceNames) -> Iterator[WorkbookNote]:
    """What a workbook was made from; places with their ids, by which the records name them."""
    whole = translated("the whole scope")
    yield WorkbookNote(
        translated("office"), whole if head.office is None else names.office_with_id(head.office)
    )
    yield WorkbookNote(translated("scope"), names.scope_with_id(head.scope))
    yield WorkbookNote(translated("period"), f"{head.period.first} – {head.period.last}")
    yield WorkbookNote(translated("as of"), local_time(head.as_of, head.zone))
    yield WorkbookNote(translated("known at"), local_time(head.known_at, head.zone))
    yield WorkbookNote(translated("time zone"), head.zone)
    yield WorkbookNote(translated("rulebook"), head.rulebook)
    yield WorkbookNote(translated("scheme"), head.scheme)


def local_time(at: datetime, zone: str) -> str:
    """A time by the clock on the office's wall."""
    return f"{at.astimezone(LocalTime(zone).info):%Y-%m-%d %H:%M:%S}"
