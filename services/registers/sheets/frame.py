"""What surrounds the rows of a form: title, office and period, headings that stay in sight, and how it is printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from msgspec import Struct
from xlsxwriter.worksheet import Worksheet

from services.registers.sheets.book import LINE, Look, SheetBook, lines_of, width_of
from shared.i18n import Text, translated

A4: Final = 9
NARROWEST, WIDEST, WIDEST_OF_MANY, NUMBER_WIDEST = 6.0, 44.0, 24.0, 22.0
PORTRAIT: Final = 88.0
"""Digits of width that a page upright has room for at full size; what is wider is printed across."""
LANDSCAPE: Final = 130.0
SMALLEST: Final = 215.0
"""Digits of width beyond which a page across could not be read: such a form is printed over more pages."""
REPEATED: Final = 3
"""Columns that stand on every page of a form that is several pages wide: who it is of."""
LEAST_ACROSS: Final = 60.0
"""Title and period need so much room, whatever stands below them."""
MANY_COLUMNS: Final = 9
APART: Final = "　　"
"""Between two things that are said on one line below the title."""


class SheetColumn(Struct, frozen=True):
    """A heading of a form; `group` stands over it and its neighbours of the same group."""

    heading: Text
    look: Look = "text"
    group: Text | None = None


class Frame(Struct, frozen=True):
    """What stands above and below the rows; `english` puts the English of each heading below its Chinese.

    `signed` says who issued, reviewed and approved it.
    """

    title: Text
    under: tuple[Text, ...]
    table: Text | None = None
    foot: str = ""
    english: bool = False
    signed: tuple[Text, ...] = ()

    def words(self, text: Text) -> str:
        """A heading, in the languages that were asked for."""
        return f"{text.zh}\n{text.en}" if self.english and text.en != text.zh else text.zh

    def line(self, text: Text) -> str:
        """The same on one line."""
        return text.beside if self.english and text.en != text.zh else text.zh

    def below_title(self, width: float) -> list[str]:
        """What stands below the title, in lines of this width; who signed, and each language, on lines of their own.

        A line ends between two things that are said, so that no name and no time is broken.
        """
        parts = [part for part in (self.under, self.signed) if part]
        chinese = [line for part in parts for line in _lines([one.zh for one in part], width)]
        if not self.english:
            return chinese
        return chinese + [line for part in parts for line in _lines([one.en for one in part], width)]


def _lines(said: Sequence[str], width: float) -> list[str]:
    lines: list[str] = []
    for one in said:
        longer = f"{lines[-1]}{APART}{one}" if lines else one
        if lines and lines_of(longer, width) == 1:
            lines[-1] = longer
        else:
            lines.append(one)
    return lines


def widths_of(frame: Frame, columns: Sequence[SheetColumn], wanted: Sequence[float]) -> list[float]:
    """The widths of columns whose rows want so much; where there are many, words go over more lines."""
    found = []
    words = WIDEST if len(columns) < MANY_COLUMNS else WIDEST_OF_MANY
    for column, want in zip(columns, wanted, strict=True):
        least = max(map(_least, frame.words(column.heading).split("\n")))
        most = words if column.look == "text" else NUMBER_WIDEST
        found.append(min(max(NARROWEST, least + 2, want * 1.08 + 2), most))
    return found


def _least(heading: str) -> float:
    """How narrow a heading may be: three lines at most, and no Latin word broken."""
    longest = max((width_of(word, "text") for word in heading.split(" ") if word.isascii()), default=0.0)
    return max(width_of(heading, "text") / 3, min(width_of(heading, "text"), 5.0), min(longest, 14.0))


def pages_across(widths: Sequence[float]) -> int:
    """How many pages a form is wide: one, unless it could not be read at that scale."""
    return max(1, math.ceil(sum(widths) / SMALLEST))


def across_of(widths: list[float]) -> int:
    """Over how many columns a title goes: over all of one page; beside a narrow table also over empty ones."""
    while sum(widths) < LEAST_ACROSS:
        widths.append(min(LEAST_ACROSS - sum(widths), 12.0) if LEAST_ACROSS - sum(widths) > 1 else 1.0)
    if pages_across(widths) == 1:
        return len(widths)
    return next(at for at in range(1, len(widths) + 1) if sum(widths[:at]) >= LANDSCAPE)


def first_of(widths: Sequence[float]) -> int:
    """Where a title begins: behind the columns that stand on every page, so that it stands on the first one alone."""
    return REPEATED if pages_across(widths) > 1 else 0


def write_top(
    book: SheetBook, sheet: Worksheet, frame: Frame, columns: Sequence[SheetColumn], widths: list[float]
) -> int:
    """Title, what is under it, and headings; answers the row of the first line."""
    across, row, first = across_of(widths), 0, first_of(widths)
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)
    sheet.set_row(row, 27)
    book.merged(sheet, row, across, frame.line(frame.title), "title", first)
    width = sum(widths[first:across])
    under = "\n".join(frame.below_title(width))
    row += 1
    sheet.set_row(row, LINE * lines_of(under, width))
    book.merged(sheet, row, across, under, "under", first)
    if frame.table is not None:
        row += 1
        sheet.set_row(row, 20)
        book.merged(sheet, row, across, frame.line(frame.table), "table", first)
    last = _headings(book, sheet, frame, columns, row + 1, widths)
    sheet.freeze_panes(last + 1, frozen_columns(columns))
    sheet.repeat_rows(0, last)
    return last + 1


def _headings(
    book: SheetBook,
    sheet: Worksheet,
    frame: Frame,
    columns: Sequence[SheetColumn],
    row: int,
    widths: list[float],
) -> int:
    """The headings in one row, or in two where some of them stand under a common one; answers the last row."""
    head = book.look("heading")
    two = any(column.group is not None for column in columns)
    below = row + 1 if two else row
    need = max(lines_of(frame.words(one.heading), widths[at] - 1.5) for at, one in enumerate(columns))
    if two:
        sheet.set_row(row, LINE * (2 if frame.english else 1) + 3)
    sheet.set_row(below, LINE * need + 3)
    place = 0
    for group, members in groupby(columns, key=lambda one: one.group):
        first, run = place, list(members)
        for column in run:
            if two and group is None:
                sheet.merge_range(row, place, below, place, "", head)
            sheet.write_string(row if group is None else below, place, frame.words(column.heading), head)
            place += 1
        if group is not None:
            if len(run) > 1:
                sheet.merge_range(row, first, row, place - 1, "", head)
            sheet.write_string(row, first, frame.words(group), head)
    return below


def rows_of_a_page(widths: Sequence[float]) -> int:
    """How many rows a printed page has room for, at the scale to which the columns are fitted."""
    wide, across = sum(widths), sum(widths) > PORTRAIT
    return int((32 if across else 48) * max(1.0, wide / (LANDSCAPE if across else PORTRAIT)))


def frozen_columns(columns: Sequence[SheetColumn]) -> int:
    """How many columns stay in sight when one scrolls to the side."""
    return 0 if len(columns) < MANY_COLUMNS else 1


def set_print(sheet: Worksheet, frame: Frame, widths: Sequence[float]) -> None:
    """A4, across where it is wide, fitted to the width, pages numbered."""
    sheet.set_paper(A4)
    if sum(widths) > PORTRAIT:
        sheet.set_landscape()
    pages = pages_across(widths)
    sheet.fit_to_pages(pages, 0)
    if pages > 1:
        sheet.repeat_columns(0, REPEATED - 1)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.center_horizontally()
    numbers = translated("page {page} of {pages}", page="&P", pages="&N")
    title = frame.title.zh.replace("&", "&&")
    foot = frame.foot.replace("&", "&&")
    sheet.set_footer(f"&L&9{title[:60]}&C&9{frame.line(numbers)}&R&9{foot[:90]}")
