"""Rejected rows as the same sheet with a column 原因, to be mended and sent again (imports.md#rejected).

Every cell is text: what begins with `=` is no formula here, and a phone keeps all its digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from io import BytesIO
from typing import Final

import xlsxwriter

from services.intake.books.grid import Cell, CellError
from services.intake.imports.entries import RejectedRow
from services.intake.imports.headings import LABELS
from services.intake.imports.sheet import ReadSheet
from services.intake.imports.values import MOST_DIGITS
from shared.i18n import translated

REASON: Final = translated("Reason").zh
LINE: Final = translated("Line in the old sheet").zh
_SAFE: Final = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def rejected_workbook(read: ReadSheet, rejected: Sequence[RejectedRow]) -> bytes:
    """The headings and these rows of the sheet, what is wrong with each, its line, and its id where it had a twin."""
    made = BytesIO()
    book = xlsxwriter.Workbook(made, _SAFE)
    sheet = book.add_worksheet(_sheet_name(read.grid.name))
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    bold = book.add_format({"num_format": "@", "bold": True})
    width = max((one.index + 1 for one in read.layout.columns), default=0)
    named: dict[int, str] = {one.index: one.heading for one in read.layout.columns}
    columns = {one.field: one.index for one in read.layout.columns}
    twins = any(one.id for one in rejected) and "record" not in columns
    headings = [
        *(named.get(index, "") for index in range(width)),
        REASON,
        LINE,
        *([LABELS["record"]] if twins else []),
    ]
    for column, heading in enumerate(headings):
        sheet.write_string(0, column, heading, bold)
    for n, one in enumerate(rejected, 1):
        cells = [
            *_cells(read, one.row, width),
            _reason(one),
            str(one.row),
            *([one.id or ""] if twins else []),
        ]
        for column, cell in enumerate(cells):
            sheet.write_string(n, column, cell, text)
    sheet.set_column(0, len(headings) - 1, 16, text)
    sheet.set_column(width, width, 60, text)
    sheet.freeze_panes(1, 0)
    book.close()
    return made.getvalue()


def _cells(read: ReadSheet, number: int, width: int) -> list[str]:
    """What a line says by itself: a day or a mark that looks to the line above is written out."""
    row = list(read.alone(number))[:width]
    return [_written(cell) for cell in [*row, *[None] * (width - len(row))]]


def _reason(one: RejectedRow) -> str:
    return "\n".join(f"{fault.column}: {fault.message}" for fault in one.faults)


def _written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case CellError(code=code):
            return code
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
        case date():
            return cell.isoformat()
        case time():
            return f"{cell:%H:%M:%S}".removesuffix(":00")
        case bool():
            return "√" if cell else ""
        case float() if cell.is_integer() and abs(cell) < MOST_DIGITS:
            return str(int(cell))
        case _:
            return str(cell)


def _sheet_name(name: str) -> str:
    """As Excel takes one."""
    return "".join(sign for sign in name if sign not in "[]:*?/\\'")[:31] or "1"
