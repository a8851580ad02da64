"""One workbook while it is written: its sheets, its formats, and cells that say what was recorded and nothing else.

A text is a cell of text whatever it begins with, and is marked as such where a program could take it for a formula
(CWE-1236). The same rows give the same bytes: nothing says when the file was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import IO, Any, Final, Literal, Self, TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.registers.sheets.limits import cut, keeps_its_digits, sheet_name

Cell: TypeAlias = str | int | Decimal | None
Look: TypeAlias = Literal[
    "text", "mark", "count", "shared", "money", "percent", "title", "under", "table", "heading", "note"
]

LINE: Final = 15.0
HIGHEST: Final = 409.0
"""Points of one line, and of the highest row that there may be."""
SHORT: Final = 16_000
"""Characters that have room in a cell however they are counted."""
RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A text that begins so could be taken for a formula when the cell is edited or exported again."""
_WRITTEN: Final = datetime(2000, 1, 1)
_FONT: Final = {"font_name": "SimSun", "font_size": 10, "valign": "vcenter"}
_BOX: Final = {"border": 1}
_HEAD: Final = {"bold": True, "align": "center", "text_wrap": True, "bg_color": "#DDEBF7", **_BOX}
_LOOKS: Final[Mapping[Look, Mapping[str, Any]]] = {
    "text": {"text_wrap": True, **_BOX},
    "mark": {"align": "center", **_BOX},
    "count": {"num_format": "#,##0", **_BOX},
    "shared": {"num_format": "#,##0.0###", **_BOX},
    "money": {"num_format": "#,##0.00", **_BOX},
    "percent": {"num_format": "0.0%", **_BOX},
    "title": {"bold": True, "font_size": 16, "align": "center"},
    "under": {"text_wrap": True},
    "table": {"bold": True, "font_size": 12},
    "heading": _HEAD,
    "note": {"text_wrap": True, "valign": "top"},
}
_TOTAL: Final = {"bold": True, "bg_color": "#F2F2F2", "top": 6}


class SheetBook:
    """A workbook that is whole when the `with` ends; `streaming` keeps one row in memory, so rows come in order."""

    def __init__(self, file: IO[bytes], *, streaming: bool = False) -> None:
        options = {
            "constant_memory": streaming,
            "in_memory": not streaming,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self._book = Workbook(file, options)
        self._book.set_properties({"created": _WRITTEN})
        self._formats: dict[tuple[Look, bool, bool], Format] = {}
        self._names: list[str] = []
        self.was_cut = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._book.close()

    def sheet(self, name: str) -> Worksheet:
        """A new sheet at the end."""
        self._names.append(sheet_name(name, self._names))
        return self._book.add_worksheet(self._names[-1])

    def chart(self, options: Mapping[str, Any]) -> Any:
        """A chart that a sheet may hold."""
        return self._book.add_chart(dict(options))

    def look(self, look: Look, *, total: bool = False, quoted: bool = False) -> Format:
        """The format of a cell; made once."""
        key = (look, total, quoted)
        if key not in self._formats:
            more = {**(_TOTAL if total else {}), **({"quote_prefix": True} if quoted else {})}
            self._formats[key] = self._book.add_format({**_FONT, **_LOOKS[look], **more})
        return self._formats[key]

    def write(
        self, sheet: Worksheet, row: int, column: int, cell: Cell, look: Look, *, total: bool = False
    ) -> None:
        """Write a cell: a number as a number where it keeps its digits, all else as text."""
        if cell is None or cell == "":
            sheet.write_blank(row, column, None, self.look(look, total=total))
        elif isinstance(cell, str):
            self._text(sheet, row, column, cell, look, total)
        elif isinstance(cell, Decimal) and not keeps_its_digits(cell):
            self._text(sheet, row, column, f"{cell:f}", "mark", total)
        else:
            sheet.write_number(row, column, float(cell), self.look(look, total=total))

    def write_line(self, sheet: Worksheet, row: int, line: Sequence[Cell], looks: Sequence[Look]) -> None:
        """Write a row of a long sheet: empty cells are not written, and get their lines from `outline`."""
        plain = self.look("text")
        for place, cell in enumerate(line):
            if isinstance(cell, str):
                if not cell:
                    continue
                if len(cell) < SHORT and not cell.startswith(RISKY):
                    sheet.write_string(row, place, cell, plain)
                else:
                    self._text(sheet, row, place, cell, "text", False)
            elif cell is not None:
                self.write(sheet, row, place, cell, looks[place])

    def outline(self, sheet: Worksheet, first: int, last: int, columns: int) -> None:
        """Lines around the empty cells of these rows, by one rule instead of a cell each."""
        lines = {"type": "blanks", "format": self._book.add_format(dict(_BOX))}
        sheet.conditional_format(first, 0, last, columns - 1, lines)

    def merged(self, sheet: Worksheet, row: int, across: int, text: str, look: Look, first: int = 0) -> None:
        """Write a text over the cells of a row, from one column up to another."""
        if across > first + 1:
            sheet.merge_range(row, first, row, across - 1, "", self.look(look))
        self._text(sheet, row, first, text, look, False)

    def _text(self, sheet: Worksheet, row: int, column: int, text: str, look: Look, total: bool) -> None:
        kept = cut(text)
        self.was_cut = self.was_cut or kept is not text
        sheet.write_string(row, column, kept, self.look(look, total=total, quoted=kept.startswith(RISKY)))


def width_of(cell: Cell, look: Look) -> float:
    """How wide a cell wants to be, in digits of the font; characters of Chinese are twice as wide as Latin ones."""
    if isinstance(cell, str):
        text = max(cell.split("\n"), key=len) if "\n" in cell else cell
        return len(text) if text.isascii() else len(text.encode("gb18030", "replace"))
    if cell is None:
        return 0
    whole = len(f"{int(cell):,}")
    return whole + {"money": 3, "shared": 5, "percent": 5}.get(look, 0)


def height_of(cells: Sequence[Cell], widths: Sequence[float]) -> float | None:
    """How high a row must be for all of its words to show; None where one line is enough.

    Programs do not fit rows to their words when they open a file, and a row is at most `HIGHEST` points high.
    """
    most = 1
    for cell, width in zip(cells, widths, strict=False):
        if isinstance(cell, str) and (width_of(cell, "text") * 1.1 > width - 1.5 or "\n" in cell):
            most = max(most, lines_of(cell, width - 1.5))
    return min(LINE * most, HIGHEST) if most > 1 else None


def lines_of(text: str, width: float) -> int:
    """How many lines a text takes in so wide a cell."""
    return sum(
        max(1, -(-int(width_of(line, "text") * 1.1) // max(int(width), 1))) for line in text.split("\n")
    )
