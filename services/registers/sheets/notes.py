"""The last sheet: what a workbook was made from, what each column means, and what the form has no room for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct
from xlsxwriter.worksheet import Worksheet

from services.registers.sheets.book import LINE, SheetBook, lines_of
from services.registers.sheets.frame import Frame, set_print
from services.registers.sheets.limits import in_words
from shared.i18n import Text, translated

_WIDTHS = (22.0, 64.0)


class WorkbookNote(Struct, frozen=True):
    """What is said of something; of a column, with the table in which it stands."""

    of: Text
    said: str | Text
    table: Text | None = None


def write_notes(book: SheetBook, title: Text, notes: Iterable[WorkbookNote], english: bool = False) -> None:
    """Write the sheet; definitions are in Chinese, and in English too where that was asked for."""
    name = translated("explanatory notes")
    sheet = book.sheet(name.zh)
    frame = Frame(Text(f"{title.zh}　{name.zh}", f"{title.en}: {name.en}"), (), english=english)
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width)
    sheet.set_row(0, 27)
    book.merged(sheet, 0, 2, frame.line(frame.title), "title")
    row = 1
    for table, members in groupby(_all(book, notes), key=lambda one: one.table):
        if table is not None:
            row += 1
            book.merged(sheet, row, 2, frame.line(table), "table")
            row += 1
        for note in members:
            _row(book, sheet, row, frame, note)
            row += 1
    sheet.freeze_panes(1, 0)
    set_print(sheet, frame, _WIDTHS)


def _all(book: SheetBook, notes: Iterable[WorkbookNote]) -> Iterator[WorkbookNote]:
    yield from notes
    limits = translated("what the form has no room for")
    for number, limit in enumerate(in_words(), 1):
        yield WorkbookNote(Text(str(number), str(number)), limit, limits)
    if book.was_cut:
        yield WorkbookNote(
            translated("truncated"),
            translated("at least one cell of this workbook was too long, and was cut"),
            limits,
        )


def _row(book: SheetBook, sheet: Worksheet, row: int, frame: Frame, note: WorkbookNote) -> None:
    said = note.said if isinstance(note.said, str) else frame.words(note.said)
    of = frame.words(note.of)
    book.write(sheet, row, 0, of, "text")
    book.write(sheet, row, 1, said, "text")
    sheet.set_row(row, LINE * min(max(lines_of(of, _WIDTHS[0] - 2), lines_of(said, _WIDTHS[1] - 2)), 26))
