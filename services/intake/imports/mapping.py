"""From headings to a mapping: proposed by synonyms, shown, changed by people, kept for each office and kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.intake.books.grid import MOST_ABOVE, Cell, Grid, UnreadableBookError
from services.intake.imports.headings import (
    FIELDS,
    LABELS,
    MANY,
    ImportField,
    ImportKind,
    heading_of,
    meanings,
)
from shared.contract.answers.imports import ImportMapping
from shared.contract.event_parts import OutreachMethod
from shared.i18n import bilingual

LEAST: Final = 2
_FORM: Final = '{"columns": {"heading": "field"}}'
_SOME: Final = ", ".join(LABELS[one] for one in ("date", "name", "phones", "consultant"))


class FoundColumn(Struct, frozen=True, gc=False):
    """A column of a sheet: where it is, what its heading is, what it means."""

    index: int
    heading: str
    field: ImportField | None


class Layout(Struct, frozen=True):
    """Where the headings stand (a row of the sheet, from 1), and what each column means."""

    row: int
    columns: tuple[FoundColumn, ...]
    method: OutreachMethod | None = None

    @property
    def mapping(self) -> ImportMapping:
        return ImportMapping({one.heading: one.field for one in self.columns}, self.method)

    def of(self, wanted: ImportField) -> tuple[FoundColumn, ...]:
        return tuple(one for one in self.columns if one.field == wanted)


def decode_mapping(raw: bytes) -> ImportMapping:
    """A mapping as somebody gives it. Raises `UnreadableBookError` that names what is wrong with it."""
    try:
        found = msgspec.json.decode(raw, type=ImportMapping)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _wrong("mapping", bilingual("is no mapping; it reads {form}", form=_FORM)) from None
    for heading, meant in found.columns.items():
        if meant is not None and meant not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            raise _wrong(
                "known_field",
                bilingual("{heading}: no such field; there are {known}", heading=heading, known=known),
            )
    return found


def layout_of(grid: Grid, kind: ImportKind, given: ImportMapping | None) -> Layout:
    """The columns of a sheet, by the mapping given, else by what headings mean. Raises `UnreadableBookError`."""
    words = None if given is None else {heading_of(name): meant for name, meant in given.columns.items()}
    best: tuple[int, int] = (0, -1)
    for n, row in enumerate(grid.rows[:MOST_ABOVE]):
        score = sum(1 for heading in _headings(row) if (heading in words if words else meanings(heading)))
        if score >= LEAST and (
            score > best[0] or (score == best[0] and n == best[1] + 1)
        ):  # headings of two rows
            best = (score, n)
    if best[1] < 0:
        raise _wrong("headings", bilingual("no row of headings was found, such as {some}", some=_SOME))
    columns = _columns(grid.rows[best[1]], words)
    found = Layout(best[1] + 1, columns, None if given is None else given.method)
    _demand(found, kind)
    return found


def _headings(row: Sequence[Cell]) -> Iterator[str]:
    return (heading for cell in row if (heading := heading_of(cell)))


def _columns(row: Sequence[Cell], words: Mapping[str, str | None] | None) -> tuple[FoundColumn, ...]:
    named = [
        (index, str(cell).strip(), heading_of(cell)) for index, cell in enumerate(row) if heading_of(cell)
    ]
    meant: dict[int, Any]
    if words:
        meant = {index: words.get(heading) for index, _, heading in named}
    else:
        meant = _proposed([(index, heading) for index, _, heading in named])
    return tuple(FoundColumn(index, " ".join(said.split()), meant.get(index)) for index, said, _ in named)


def _proposed(named: Sequence[tuple[int, str]]) -> dict[int, ImportField]:
    """Each field goes to the heading that tells it best; a heading that another took means its next field, if any."""
    wishes = sorted(
        (rank, order, index, field)
        for index, heading in named
        for order, (rank, field) in enumerate(meanings(heading))
    )
    found: dict[int, ImportField] = {}
    for _, _, index, meant in wishes:
        if index not in found and (meant in MANY or meant not in found.values()):
            found[index] = meant
    return _time_beside(found)


def _time_beside(found: dict[int, ImportField]) -> dict[int, ImportField]:
    """A time stands beside a day: the only column of the two is the day."""
    if "date" in found.values() or "time" not in found.values():
        return found
    return {index: "date" if field == "time" else field for index, field in found.items()}


def _demand(layout: Layout, kind: ImportKind) -> None:
    fields = [one.field for one in layout.columns if one.field is not None]
    twice = {one for one in fields if fields.count(one) > 1 and one not in MANY}
    if twice:
        raise _wrong("repeated", bilingual("two columns for {field}", field=LABELS[min(twice)]))
    missing: list[ImportField] = [one for one in ("date", "consultant") if one not in fields]
    if not {"name", "phones"} & set(fields):
        missing.append("name")
    if kind == "outreach" and "method" not in fields and layout.method is None:
        missing.append("method")
    if missing:
        named = ", ".join(LABELS[one] for one in missing)
        raise _wrong("required", bilingual("no column for: {fields}", fields=named))


def _wrong(rule: str, message: str) -> UnreadableBookError:
    return UnreadableBookError("mapping", rule, message)
