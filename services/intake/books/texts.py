"""CSV as offices have it: UTF-8 with or without a byte order mark, UTF-16 as Excel saves it, or GB18030."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import Final

from services.intake.books.archive import damaged, wrong_type
from services.intake.books.grid import (
    BookLimits,
    Cell,
    Grid,
    UnreadableBookError,
    demand_size,
    seen,
    without_end,
)
from shared.i18n import bilingual

_MARKS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_binary = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]").search
_page = re.compile(r"\s*<(?:!doctype|html|\?xml|table|head|meta)", re.IGNORECASE).match
_old_xml = re.compile(
    r"urn:schemas-microsoft-com:office:spreadsheet|progid=[\"']Excel\.Sheet", re.IGNORECASE
).search
_text_formula = re.compile(r'="([^"]*)"').fullmatch
_END: Final = "end of the file"
"""A last row of its own: where it is not one, a cell above was never closed."""
_DELIMITERS: Final = ",\t;"
_SEEN: Final = 20
_HEAD: Final = 4_096
"""Within how many characters a file of XML says what it is."""
LONGEST: Final = 65_536


def read_csv(content: bytes, limits: BookLimits, sheet: str | None) -> Grid:
    """The rows; a file of this kind has no sheets. Raises `UnreadableBookError`."""
    if sheet is not None:
        raise UnreadableBookError("sheet", "known_sheet", bilingual("a CSV file has no sheets: leave it out"))
    text = decoded(content)
    if _page(text) and _old_xml(text[:_HEAD]):
        raise UnreadableBookError(
            "file",
            "type",
            bilingual("the file is an XML Spreadsheet of 2003: open it in Excel and save it as .xlsx"),
        )
    if _page(text):
        raise UnreadableBookError(
            "file",
            "type",
            bilingual("the file is a web page by another name: open it in Excel and save it as .xlsx"),
        )
    if _binary(text):
        raise wrong_type()
    csv.field_size_limit(LONGEST)
    rows: list[list[Cell]] = []
    closed = text if text.endswith(("\n", "\r")) else f"{text}\r\n"
    lines = csv.reader(StringIO(f"{closed}{_END}", newline=""), delimiter=_delimiter(text))
    began = ended = 0
    try:
        for row in lines:
            demand_size(limits, len(rows), len(row))
            rows.append([_cell(cell) for cell in row])
            began, ended = ended + 1, lines.line_num
    except csv.Error as error:
        raise _never_closed(ended + 1) if "field larger" in str(error) else damaged() from None
    if rows.pop() != [_END]:
        raise _never_closed(began)
    if not (found := without_end(rows)):
        raise UnreadableBookError("file", "empty", bilingual("no sheet of the file has anything in it"))
    return Grid("", found)


def _cell(said: str) -> Cell:
    """A text that its program wrote as a formula, so that it stays one, is that text."""
    found = _text_formula(said)
    return seen(found[1] if found else said) or None


def _never_closed(line: int) -> UnreadableBookError:
    told = bilingual("a quotation mark that opens in line {line} is never closed", line=line)
    return UnreadableBookError("file", "quote", told)


def decoded(content: bytes) -> str:
    """The text; what begins with no mark and is no UTF-8 is taken for GB18030."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return _strictly(content, encoding)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _strictly(content, "gb18030")


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise wrong_type() from None


def _delimiter(text: str) -> str:
    """What stands most often in the first lines."""
    head = "\n".join(text.split("\n", _SEEN)[:_SEEN])
    return max(_DELIMITERS, key=head.count)
