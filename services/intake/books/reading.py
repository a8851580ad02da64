"""Which kind of file it is, by its content and not by its name."""

from __future__ import annotations

from typing import Final

from services.intake.books.grid import BookLimits, Grid, UnreadableBookError
from services.intake.books.texts import read_csv
from services.intake.books.workbooks import read_xls, read_xlsx
from shared.i18n import bilingual

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_book(content: bytes, limits: BookLimits, sheet: str | None = None) -> Grid:
    """The sheet that is asked for, or the only one. Raises `UnreadableBookError`."""
    if not content.strip():
        raise UnreadableBookError("file", "empty", bilingual("the file is empty"))
    if content.startswith(_ZIP):
        return read_xlsx(content, limits, sheet)
    return read_xls(content, limits, sheet) if content.startswith(_OLE) else read_csv(content, limits, sheet)
