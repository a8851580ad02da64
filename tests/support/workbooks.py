"""Workbooks as they are read: sheets, cells, merged ranges, without a spreadsheet program."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass, field
from xml.etree import ElementTree

_NAMES = {
    "m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
}
_PLACE = re.compile(r"([A-Z]+)(\d+)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass
class ReadSheet:
    """One sheet: its rows as texts and numbers, an empty cell as None; and what of it is no cell."""

    name: str
    rows: list[list[str | float | None]]
    merged: list[str]
    formulas: int
    xml: str
    charts: int = 0
    repeated: str = ""
    looks: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def texts(self) -> list[str]:
        return [cell for row in self.rows for cell in row if isinstance(cell, str)]

    def styles(self, text: str) -> list[str]:
        """The formats, as XML, of the cells that say that."""
        return [look for place, look in self.looks.items() if self._at(place) == text]

    def _at(self, place: str) -> str | float | None:
        read = _PLACE.fullmatch(place)
        assert read is not None
        return self.rows[int(read[2]) - 1][_column(place)]

    def row_of(self, text: str) -> int:
        """The first row in which a cell says that."""
        return next(at for at, row in enumerate(self.rows) if text in row)

    def below(self, heading: str) -> list[str | float | None]:
        """What stands below a heading, as far down as the rows go."""
        at = self.row_of(heading)
        place = self.rows[at].index(heading)
        return [row[place] if place < len(row) else None for row in self.rows[at + 1 :]]


def read_workbook(data: bytes) -> list[ReadSheet]:
    """Every sheet of a workbook, in order."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        names = [
            one.get("name", "") for one in _xml(packed, "xl/workbook.xml").iterfind(".//m:sheet", _NAMES)
        ]
        shared: list[str] = []
        if "xl/sharedStrings.xml" in packed.namelist():
            items = _xml(packed, "xl/sharedStrings.xml").iterfind("m:si", _NAMES)
            shared = ["".join(part.text or "" for part in one.iterfind(".//m:t", _NAMES)) for one in items]
        styles = _xml(packed, "xl/styles.xml").findall(".//m:cellXfs/m:xf", _NAMES)
        looks = [ElementTree.tostring(one).decode() for one in styles]
        found = [_sheet(packed, number, name, shared, looks) for number, name in enumerate(names, 1)]
        for one in _xml(packed, "xl/workbook.xml").iterfind(".//m:definedName", _NAMES):
            if one.get("name") == "_xlnm.Print_Titles":
                found[int(one.get("localSheetId", "0"))].repeated = one.text or ""
        return found


def _xml(packed: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(packed.read(name))


def _sheet(packed: zipfile.ZipFile, number: int, name: str, shared: list[str], looks: list[str]) -> ReadSheet:
    path = f"xl/worksheets/sheet{number}.xml"
    root = _xml(packed, path)
    found = ReadSheet(
        name,
        [],
        [one.get("ref", "") for one in root.iterfind(".//m:mergeCell", _NAMES)],
        len(root.findall(".//m:f", _NAMES)),
        packed.read(path).decode(),
        _charts(packed, number),
    )
    for row in root.iterfind(".//m:row", _NAMES):
        at = int(row.get("r", "1"))
        while len(found.rows) < at:
            found.rows.append([])
        for cell in row.iterfind("m:c", _NAMES):
            place = cell.get("r", "A1")
            column = _column(place)
            cells = found.rows[at - 1]
            cells += [None] * (column + 1 - len(cells))
            cells[column], found.kinds[place] = _value(cell, shared), cell.get("t", "n")
            found.looks[place] = looks[int(cell.get("s", "0"))]
    return found


def _charts(packed: zipfile.ZipFile, number: int) -> int:
    rels = f"xl/worksheets/_rels/sheet{number}.xml.rels"
    if rels not in packed.namelist():
        return 0
    drawings = re.findall(r"drawings/(drawing\d+)\.xml", packed.read(rels).decode())
    return sum(packed.read(f"xl/drawings/{one}.xml").decode().count("<c:chart ") for one in drawings)


def _column(place: str) -> int:
    read = _PLACE.fullmatch(place)
    assert read is not None
    number = 0
    for letter in read[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element, shared: list[str]) -> str | float | None:
    kind, value = cell.get("t"), cell.find("m:v", _NAMES)
    if kind == "inlineStr":
        text = "".join(part.text or "" for part in cell.iterfind(".//m:t", _NAMES))
    elif value is None or value.text is None:
        return None
    elif kind == "s":
        text = shared[int(value.text)]
    else:
        return float(value.text)
    return _ESCAPED.sub(lambda read: chr(int(read[1], 16)), text)
