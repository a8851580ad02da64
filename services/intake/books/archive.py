"""The zip that an XLSX file is, looked through before anything reads it: its size unpacked, macros, passwords, and the
cells that its reader would not tell (ADR 0061)."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from html import unescape
from io import BytesIO
from typing import Final

from services.intake.books.grid import BookLimits, CellError, UnreadableBookError, demand_size, too_large
from shared.i18n import bilingual

_PIECE: Final = 1024 * 1024
_cells = re.compile(rb"<(?:\w+:)?c\s([^>]*)>").finditer
_error = re.compile(rb"""\bt=["']e["']""").search
_place = re.compile(rb"""(?:^|\s)r=["']([A-Z]{1,3})([0-9]{1,7})["']""").search
_attributes = re.compile(r"""(?:\w+:)?(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""").findall
_ELEMENTS: Final = {
    "sheet": re.compile(r"<(?:\w+:)?sheet\s([^>]*)>").findall,
    "workbookPr": re.compile(r"<(?:\w+:)?workbookPr\s([^>]*)>").findall,
    "Relationship": re.compile(r"<(?:\w+:)?Relationship\s([^>]*)>").findall,
}


class SheetPart:
    """A sheet of a workbook: what it is called, and in which part of the archive it stands."""

    def __init__(self, name: str, part: str) -> None:
        self.name = name
        self.part = part


class WorkbookArchive:
    """An XLSX file whose every part was unpacked once, within limits."""

    def __init__(self, content: bytes, limits: BookLimits) -> None:
        """Raises `UnreadableBookError`."""
        self._limits = limits
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
            self._unpack(len(content))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
            raise damaged() from None
        self._names = set(self._zip.namelist())
        self._demand_workbook()
        self.since_1904, self._sheets = self._workbook()

    def _unpack(self, packed: int) -> None:
        """Hold what each part unpacks to against the limits; what a part says of itself is not believed."""
        members = self._zip.infolist()
        if len(members) > self._limits.members:
            raise too_large(bilingual("the file has too many parts"))
        if any(member.flag_bits & 1 for member in members):
            raise protected()
        unpacked = 0
        for member in members:
            with self._zip.open(member) as part:
                while piece := part.read(_PIECE):
                    unpacked += len(piece)
                    if unpacked > min(self._limits.unpacked, self._limits.ratio * packed + _PIECE):
                        raise too_large(bilingual("the file unpacks to more than it may"))

    def _demand_workbook(self) -> None:
        """Macros are refused wherever they stand; so is what is no workbook of this kind."""
        if any(name.lower().endswith(("vbaproject.bin", "vbadata.xml")) for name in self._names):
            raise with_macros()
        if "xl/workbook.xml" not in self._names or "[Content_Types].xml" not in self._names:
            raise wrong_type()
        if b"macroEnabled" in self._read("[Content_Types].xml"):
            raise with_macros()

    def _workbook(self) -> tuple[bool, list[SheetPart]]:
        """By patterns: a part of an archive that somebody made is read by no parser of XML here."""
        try:
            book = self._xml("xl/workbook.xml").decode()
            relations = self._xml("xl/_rels/workbook.xml.rels").decode()
        except (UnicodeDecodeError, KeyError):
            raise damaged() from None
        parts = {one.get("Id", ""): one.get("Target", "") for one in _elements("Relationship", relations)}
        properties = next(iter(_elements("workbookPr", book)), {})
        since_1904 = properties.get("date1904") in ("1", "true")
        sheets = _elements("sheet", book)
        return since_1904, [
            SheetPart(one.get("name", ""), _member(parts.get(one.get("id", ""), ""))) for one in sheets
        ]

    def _xml(self, name: str) -> bytes:
        text = self._read(name)
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            raise damaged()
        return text

    def _read(self, name: str) -> bytes:
        return self._zip.read(name)

    def errors(self, name: str) -> dict[tuple[int, int], CellError]:
        """The cells of a sheet, by row and column, in which a formula came to no value. Raises `UnreadableBookError`
        for a sheet that is larger than may be."""
        part = next((one.part for one in self._sheets if one.name == name), "")
        if part not in self._names:
            raise damaged()
        found, rows, columns = {}, 0, 0
        for row, column, attributes in _placed(self._xml(part)):
            if attributes.endswith(b"/"):  # formatted, and empty
                continue
            rows, columns = max(rows, row + 1), max(columns, column + 1)
            if _error(attributes):
                found[row, column] = CellError("#")
        demand_size(self._limits, rows, columns)
        return found


def _placed(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each cell with its row and column, from 0; raises `UnreadableBookError` for one that says of no place."""
    for cell in _cells(text):
        place = _place(cell[1])
        if place is None:
            raise damaged()
        yield int(place[2]) - 1, _column(place[1]), cell[1]


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _elements(name: str, text: str) -> list[dict[str, str]]:
    """The attributes of each such element, without their prefixes."""
    return [
        {key: unescape(double or single) for key, double, single in _attributes(found)}
        for found in _ELEMENTS[name](text)
    ]


def _member(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def damaged() -> UnreadableBookError:
    return UnreadableBookError(
        "file", "damaged", bilingual("the file is damaged: open it in Excel or WPS and save it anew")
    )


def protected() -> UnreadableBookError:
    return UnreadableBookError("file", "protected", bilingual("the file has a password: save it without one"))


def with_macros() -> UnreadableBookError:
    return UnreadableBookError(
        "file", "macros", bilingual("the file has macros, which are never run here: save it as .xlsx")
    )


def wrong_type() -> UnreadableBookError:
    return UnreadableBookError(
        "file", "type", bilingual("the file is neither XLSX nor XLS nor CSV, by what is in it")
    )
