"""Sheets of workbooks as grids: XLSX by calamine, XLS by xlrd (ADR 0061)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from typing import Any, Final

import xlrd
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum
from xlrd import biffh, xldate

from services.intake.books.archive import (
    WorkbookArchive,
    damaged,
    protected,
    with_macros,
    wrong_type,
)
from services.intake.books.grid import (
    BookLimits,
    Cell,
    CellError,
    Grid,
    UnreadableBookError,
    demand_size,
    seen,
    spread,
    without_end,
)
from shared.i18n import bilingual, translated

NOTES: Final = translated("explanatory notes")
"""What the last sheet of an export is called; it has no rows."""
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_MACROS: Final = "_VBA_PROJECT_CUR".encode("utf-16-le")
_open: Any = xlrd.open_workbook
_as_datetime: Any = xldate.xldate_as_datetime
_ERRORS: Final = biffh.error_text_from_code


def read_xlsx(content: bytes, limits: BookLimits, sheet: str | None) -> Grid:
    """The sheet that is named, or the only one. Raises `UnreadableBookError`."""
    archive = WorkbookArchive(content, limits)
    try:
        book = CalamineWorkbook.from_filelike(BytesIO(content))
        sheets = [one for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
        shown = [one.name for one in sheets if one.visible == SheetVisibleEnum.Visible]
        hidden = [one.name for one in sheets if one.visible != SheetVisibleEnum.Visible]
        held = {one: archive.errors(one) for one in ([sheet] if sheet in (*shown, *hidden) else shown)}
        filled = [one for one in shown if book.get_sheet_by_name(one).end is not None] if not sheet else []
        name = chosen(sheet, shown, hidden, filled)
        errors = held[name]
        found = book.get_sheet_by_name(name)
        rows: list[list[Cell]] = [
            [_cell(cell) for cell in row] for row in found.to_python(skip_empty_area=False)
        ]
        merged = found.merged_cell_ranges or []
    except CalamineError:
        raise damaged() from None
    for (row, column), error in errors.items():
        if row < len(rows) and column < len(rows[row]):
            rows[row][column] = error
    spread(rows, merged)
    return Grid(name, without_end(rows), archive.since_1904, tuple(hidden))


def _cell(cell: Any) -> Cell:
    if isinstance(cell, str):
        return seen(cell) or None
    return float(cell) if type(cell) is int else cell


def read_xls(content: bytes, limits: BookLimits, sheet: str | None) -> Grid:
    """The sheet that is named, or the only one. Raises `UnreadableBookError`."""
    if _ENCRYPTED in content:
        raise protected()
    if _MACROS in content:
        raise with_macros()
    try:
        book = _open(
            file_contents=content, formatting_info=True, on_demand=True, logfile=_Silent(), ragged_rows=True
        )
        sheets = [book.sheet_by_name(name) for name in book.sheet_names()]
    except biffh.XLRDError as error:
        raise protected() if "encrypted" in str(error) else wrong_type() from None
    except MemoryError:
        raise
    except Exception:  # a damaged file makes its reader fail in any way
        raise damaged() from None
    shown = [one.name for one in sheets if one.visibility == 0]
    hidden = [one.name for one in sheets if one.visibility != 0]
    filled = [one.name for one in sheets if one.visibility == 0 and one.nrows]
    name = chosen(sheet, shown, hidden, filled)
    found = next(one for one in sheets if one.name == name)
    demand_size(limits, found.nrows, found.ncols)
    rows = [[_old_cell(cell, book.datemode) for cell in found.row(n)] for n in range(found.nrows)]
    spread(rows, [((top, left), (bottom - 1, right - 1)) for top, bottom, left, right in found.merged_cells])
    return Grid(name, without_end(rows), book.datemode == 1, tuple(hidden))


class _Silent:
    """Takes what the reader has to say of a file."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        return


def _old_cell(cell: Any, mode: int) -> Cell:
    match cell.ctype:
        case biffh.XL_CELL_TEXT:
            return seen(str(cell.value)) or None
        case biffh.XL_CELL_NUMBER:
            return float(cell.value)
        case biffh.XL_CELL_BOOLEAN:
            return bool(cell.value)
        case biffh.XL_CELL_ERROR:
            return CellError(str(_ERRORS.get(cell.value, "#")))
        case biffh.XL_CELL_DATE:
            return _old_day(float(cell.value), mode)
        case _:
            return None


def _old_day(serial: float, mode: int) -> Cell:
    try:
        at = _as_datetime(serial, mode)
    except (xldate.XLDateError, OverflowError, ValueError):
        return serial
    if serial < 1:
        return datetime.time(at)
    return at if serial % 1 else datetime.date(at)


def chosen(sheet: str | None, shown: Sequence[str], hidden: Sequence[str], filled: Sequence[str]) -> str:
    """Which sheet is read. Raises `UnreadableBookError` where it is named wrongly, or one of several is to be named."""
    if sheet is not None:
        if sheet in shown or sheet in hidden:
            return sheet
        there = ", ".join(shown) or "-"
        raise UnreadableBookError(
            "sheet", "known_sheet", bilingual("there is no such sheet; there are: {names}", names=there)
        )
    if len(filled) > 1:  # an export says on a last sheet what it was made from
        filled = [one for one in filled if one != NOTES.zh] or filled
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise UnreadableBookError("file", "empty", bilingual("no sheet of the file has anything in it"))
    raise UnreadableBookError(
        "sheet",
        "several_sheets",
        bilingual("name the sheet to be read; there are: {names}", names=", ".join(filled)),
    )
