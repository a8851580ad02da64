"""What a row says that its event has no field for: into the notes, under its heading."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from services.intake.books.grid import Cell, is_said
from services.intake.imports.faults import RowFaultError
from services.intake.imports.headings import ImportField, ImportKind, heading_of, in_ten_thousands
from services.intake.imports.mapping import FoundColumn, Layout
from services.intake.imports.values import amount_of, text_of, yes_of
from services.intake.imports.words import YUAN
from shared.i18n import translated

NO_TIME: Final = translated("the old book names no time: 12:00 was set").zh
_ALWAYS: Final[frozenset[ImportField]] = frozenset(
    {"wanted", "unit", "area", "price", "amount", "subscribed_on", "signed_on", "payment", "ordered"}
)
_OUTREACH: Final[frozenset[ImportField]] = frozenset(
    {"channel", "level", "project", "next_on", "purpose", "party_size", "times", "category", "referrer"}
)
_CALLS: Final[frozenset[ImportField]] = frozenset({"purpose", "party_size", "referrer", "method"})
_HOMELESS: Final[Mapping[ImportKind, frozenset[ImportField]]] = {
    "outreach": _OUTREACH, "calls": _CALLS, "visits": frozenset({"method"}),
}  # fmt: skip


class _NoteError(RowFaultError):
    """A cell of which the notes cannot be made, with its heading."""

    def __init__(self, error: RowFaultError, heading: str) -> None:
        super().__init__(error.rule, error.message)
        self.args = (error.rule, heading)


def notes_of(row: Sequence[Cell], layout: Layout, kind: ImportKind, *, category: bool, referrer: bool) -> str:
    """The notes of a row: its own first, then what has no field, each under its heading. Raises `RowFaultError`."""
    own = layout.of("notes")
    told = [_plain(row, one, alone=len(own) == 1) for one in own]
    homeless: set[ImportField] = {*_ALWAYS, *_HOMELESS.get(kind, ())}
    if category:
        homeless.add("category")
    if referrer:
        homeless.add("referrer")
    told += [f"{one.heading}：{said}" for one, said in _others(row, layout, homeless)]
    return "；".join(one for one in told if one)


def _plain(row: Sequence[Cell], column: FoundColumn, *, alone: bool) -> str:
    try:
        said = text_of(_at(row, column))
    except RowFaultError as error:
        raise _NoteError(error, column.heading) from None
    return said if alone or not said else f"{column.heading}：{said}"


def _others(
    row: Sequence[Cell], layout: Layout, homeless: Collection[ImportField]
) -> Iterator[tuple[FoundColumn, str]]:
    for one in layout.columns:
        if one.field in homeless and is_said(cell := _at(row, one)):
            try:
                said = _said(one, cell)
            except RowFaultError as error:
                raise _NoteError(error, one.heading) from None
            if said:
                yield one, said


def _said(column: FoundColumn, cell: Cell) -> str:
    if column.field == "ordered":
        return "√" if yes_of(cell) else ""
    said = text_of(cell)
    if column.field in ("amount", "price") and said:
        found = amount_of(cell, ten_thousands=in_ten_thousands(heading_of(column.heading)))
        return f"{found.quantize(Decimal('0.01')):f} {YUAN}"
    return said


def _at(row: Sequence[Cell], column: FoundColumn) -> Cell:
    return row[column.index] if column.index < len(row) else None
