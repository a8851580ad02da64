"""A register as a workbook: one sheet in the words of its form, one of notes; memory does not grow with rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Final, TypeAlias

from msgspec import Struct
from xlsxwriter.worksheet import Worksheet

from services.registers.reports.report import ReportHead
from services.registers.sheets.book import Cell, SheetBook, height_of, width_of
from services.registers.sheets.form import TICK, FormReader, FormRow, RegisterForm, Said
from services.registers.sheets.frame import Frame, SheetColumn, set_print, widths_of, write_top
from services.registers.sheets.limits import MOST_ROWS
from services.registers.sheets.notes import WorkbookNote, write_notes
from services.registers.sheets.report_book import below_title, foot_of, head_notes
from shared.i18n import Text, translated
from shared.platform.place_names import PlaceNames

SAMPLE: Final = 500
"""Rows by which the widths of columns are chosen; words of later ones go over more lines."""


class RegisterEdition(Struct, frozen=True):
    """How a register is written: who exported it, whether headings are in English too, and what offices are called."""

    exported_by: str = ""
    english: bool = False
    names: PlaceNames = PlaceNames()


def write_register(
    form: RegisterForm,
    reader: FormReader,
    file: IO[bytes],
    edition: RegisterEdition | None = None,
    *,
    rows: Iterable[FormRow] | None = None,
    most_rows: int = MOST_ROWS,
) -> int:
    """Write the rows of a form (by default those of office and period); answers how many there were."""
    how = edition or RegisterEdition()
    head = reader.basis.head()
    frame = _frame(form, head, how)
    lines = (_line(form, frame, row) for row in (form.rows(reader) if rows is None else rows))
    sample = list(islice(lines, SAMPLE))
    with SheetBook(file, streaming=True) as book:
        pages = _Pages(book, form, frame, sample, most_rows)
        for line in chain(sample, lines):
            pages.add(line)
        pages.end()
        write_notes(book, form.title, _notes(form, head, how, pages.count), how.english)
    return pages.count


def _frame(form: RegisterForm, head: ReportHead, edition: RegisterEdition) -> Frame:
    return Frame(form.title, below_title(head, edition.names), None, foot_of(head), edition.english)


Line: TypeAlias = list[Cell]


class _Pages:
    """The sheets of a register while rows come: a full one is followed by another."""

    def __init__(
        self, book: SheetBook, form: RegisterForm, frame: Frame, sample: Sequence[Line], most_rows: int
    ) -> None:
        self.book, self.title, self.frame, self.room = book, form.title, frame, most_rows
        self.columns = [SheetColumn(one.heading, one.look) for one in form.columns]
        wanted = [
            max((width_of(line[at], column.look) for line in sample), default=0.0)
            for at, column in enumerate(self.columns)
        ]
        self.widths = widths_of(frame, self.columns, wanted)
        self.looks = [one.look for one in self.columns]
        self.count = 0
        self._begin()

    def add(self, line: Line) -> None:
        """Write a row."""
        if self.at >= self.room:
            self._finish()
            self._begin()
        high = height_of(line, self.widths)
        if high is not None:
            self.sheet.set_row(self.at, high)
        self.book.write_line(self.sheet, self.at, line, self.looks)
        self.at += 1
        self.count += 1

    def end(self) -> None:
        """Finish the last sheet; one without rows says so."""
        if not self.count:
            nothing = self.frame.line(translated("nothing to show"))
            self.book.write(self.sheet, self.at, 0, nothing, "under")
        self._finish()

    def _begin(self) -> None:
        self.sheet: Worksheet = self.book.sheet(self.title.zh)
        widths = list(self.widths)
        self.first = self.at = write_top(self.book, self.sheet, self.frame, self.columns, widths)

    def _finish(self) -> None:
        if self.at > self.first:
            self.book.outline(self.sheet, self.first, self.at - 1, len(self.columns))
            self.sheet.autofilter(self.first - 1, 0, self.at - 1, len(self.columns) - 1)
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{self.at + 1}"})
        set_print(self.sheet, self.frame, self.widths)


def lines_of_form(form: RegisterForm, reader: FormReader) -> list[Line]:
    """All cells of a form, without a file."""
    frame = _frame(form, reader.basis.head(), RegisterEdition())
    return [_line(form, frame, row) for row in form.rows(reader)]


def _line(form: RegisterForm, frame: Frame, row: FormRow) -> Line:
    return [_cell(row.shown(column), frame, row) for column in form.columns]


def _cell(said: Said, frame: Frame, row: FormRow) -> Cell:
    if said is None or isinstance(said, str):
        return said
    if isinstance(said, bool):
        return TICK if said else None
    if isinstance(said, Text):
        return frame.line(said)
    if isinstance(said, datetime):
        return f"{said.astimezone(row.basis.time.info):%Y-%m-%d %H:%M}"
    if isinstance(said, date):
        return said.isoformat()
    return said if isinstance(said, Decimal) else int(said)


def _notes(
    form: RegisterForm, head: ReportHead, edition: RegisterEdition, count: int
) -> Iterator[WorkbookNote]:
    yield WorkbookNote(translated("register"), form.title)
    yield from head_notes(head, edition.names)
    yield WorkbookNote(translated("rows in all"), f"{count:,}")
    if edition.exported_by:
        yield WorkbookNote(translated("exported by"), edition.exported_by)
    yield WorkbookNote(translated("forms of the documents"), form.documents)
    table = translated("where each column comes from")
    for column in form.columns:
        yield WorkbookNote(column.heading, column.source, table)
