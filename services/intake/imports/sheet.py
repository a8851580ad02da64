"""A whole sheet: what it is laid out as, what is in it, and its rows in the order in which they happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from services.intake.books.grid import BookLimits, Cell, demand_rows, is_said
from services.intake.books.reading import read_book
from services.intake.imports.entries import ImportTerms, ReadEntry, RejectedRow, RowReader
from services.intake.imports.faults import RULES, RowFault
from services.intake.imports.headings import LABELS
from services.intake.imports.ids import RowIds
from services.intake.imports.lines import Skipped, skipped
from services.intake.imports.mapping import layout_of
from services.intake.imports.roster import Roster, RosterMember
from services.intake.imports.unread import UnreadCells
from services.intake.imports.values import is_ditto
from services.intake.imports.years import year_of
from shared.contract.answers.imports import ImportedSheet, ImportMapping

_KNOWN_BY: Final = frozenset({"date", "name", "phones", "wechat", "consultant"})
SKIPPED: Final[tuple[Skipped, ...]] = ("empty", "total", "headings", "remark")


class SheetOrder(Struct, frozen=True):
    """What is to be read, and how."""

    content: bytes
    terms: ImportTerms
    members: list[RosterMember]
    secret: bytes
    sheet: str | None = None
    mapping: ImportMapping | None = None
    limits: BookLimits = BookLimits()


class ReadSheet:
    """A sheet that was read: its grid and layout, its entries by the time at which they happened, its rejected rows."""

    def __init__(self, order: SheetOrder) -> None:
        """Raises `UnreadableBookError`."""
        self.grid = read_book(order.content, order.limits, order.sheet)
        self.layout = layout_of(self.grid, order.terms.kind, order.mapping)
        demand_rows(order.limits, len(self.grid.rows) - self.layout.row)
        year = order.terms.year or self._year()
        self.terms = replace(order.terms, year=year)
        self._skipped: Counter[str] = Counter()
        self._unread = UnreadCells(self.layout)
        self._known_by = {one.index for one in self.layout.columns if one.field in _KNOWN_BY}
        self._ids: set[str] = set()
        self.entries: list[ReadEntry] = []
        self.rejected: list[RejectedRow] = []
        ids = RowIds(order.secret, order.terms.office, order.terms.kind)
        roster = Roster(order.members, order.terms.office)
        reader = RowReader(self.layout, self.terms, roster, ids, since_1904=self.grid.since_1904)
        self._alone: dict[int, tuple[Sequence[Cell], dict[int, str]]] = {}
        for number, row in self._lines():
            read = self._once(reader.read(number, row))
            self._alone[number] = row, reader.days
            if isinstance(read, ReadEntry):
                self.entries.append(read)
            else:
                self.rejected.append(read)
        self.entries.sort(key=lambda one: (one.at, one.row))

    def _once(self, read: ReadEntry | RejectedRow) -> ReadEntry | RejectedRow:
        """A row that has the id of another of this sheet is rejected: only by an id that the sheet itself gives."""
        if isinstance(read, RejectedRow) or read.id not in self._ids:
            self._ids |= {read.id} if isinstance(read, ReadEntry) else set()
            return read
        return RejectedRow(read.row, [RowFault(LABELS["record"], "record_twice", str(RULES["record_twice"]))])

    def _year(self) -> int | None:
        """The one year that the name of the sheet or a title above its headings says."""
        titles = [
            cell for row in self.grid.rows[: self.layout.row - 1] for cell in row if isinstance(cell, str)
        ]
        return year_of(self.grid.name, titles)

    def _lines(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        """The rows that are entries, with their numbers; a mark for the same as above says what stands above."""
        above: Sequence[Cell] | None = None
        for number, row in enumerate(self.grid.rows[self.layout.row :], self.layout.row + 1):
            if (why := skipped(row, self.layout)) is not None:
                self._skipped[why] += 1
                continue
            self._unread.count(row)
            whole = [self._same(cell, index, above) for index, cell in enumerate(row)]
            yield number, whole
            above = whole

    def _same(self, cell: Cell, index: int, above: Sequence[Cell] | None) -> Cell:
        """What a mark stands for; the mark itself where nothing stands above that a row is known by."""
        if above is None or not is_ditto(cell):
            return cell
        over = above[index] if index < len(above) else None
        return over if is_said(over) or index not in self._known_by else cell

    def alone(self, number: int) -> Sequence[Cell]:
        """The cells of a line as they would stand by themselves: days whole, marks written out."""
        row, days = self._alone[number]
        return [days.get(index, cell if is_said(cell) else None) for index, cell in enumerate(row)]

    @property
    def summary(self) -> ImportedSheet:
        return ImportedSheet(
            sheet=self.grid.name,
            hidden_sheets=self.grid.hidden,
            headings_row=self.layout.row,
            mapping=self.layout.mapping,
            year=self.terms.year,
            skipped={why: self._skipped[why] for why in SKIPPED},
            without_time=sum(one.noon for one in self.entries),
            unread=self._unread.found,
        )
