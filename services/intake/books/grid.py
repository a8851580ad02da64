"""What every kind of file is read into, cells by row and column, and what is said of one that is none (imports.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Final, TypeAlias

from msgspec import Struct

from shared.i18n import bilingual

_unseen = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]").sub
MOST_CELLS: Final = 5_000_000
"""Cells between the first and the last of a sheet, empty or not."""
MOST_ABOVE: Final = 30
"""Rows down to the headings, with those of a title: the headings are looked for among so many."""
MOST_MERGED: Final = 200_000
"""Cells that merged cells may spread over."""


class CellError(Struct, frozen=True, gc=False):
    """What a formula came to that has no value, such as `#REF!`."""

    code: str


Cell: TypeAlias = str | float | bool | datetime | date | time | timedelta | CellError | None
Area: TypeAlias = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last cell of merged ones, each by row and column, from 0."""


class Grid(Struct, frozen=True):
    """One sheet: its rows from the first of the sheet on, and whether its days are counted from 1904."""

    name: str
    rows: list[list[Cell]]
    since_1904: bool = False
    hidden: tuple[str, ...] = ()


class BookLimits(Struct, frozen=True):
    """How much of a file is read."""

    rows: int = 100_000
    columns: int = 200
    members: int = 2_000
    unpacked: int = 512 * 1024 * 1024
    ratio: int = 400


class UnreadableBookError(Exception):
    """A file that is no old book, by the field and the rule."""

    def __init__(self, path: str, rule: str, message: str) -> None:
        super().__init__(path, rule, message)
        self.path = path
        self.rule = rule
        self.message = message


def too_large(what: str) -> UnreadableBookError:
    return UnreadableBookError("file", "too_large", what)


def demand_size(limits: BookLimits, rows: int, columns: int) -> None:
    """Raise `UnreadableBookError` for a sheet that is larger than may be, wherever its headings stand."""
    demand_rows(limits, rows - MOST_ABOVE)
    if columns > limits.columns:
        raise too_large(bilingual("the sheet has more than {limit} columns", limit=limits.columns))
    if rows * columns > MOST_CELLS:
        raise too_large(
            bilingual("the sheet spreads over more than {limit} cells: split it", limit=f"{MOST_CELLS:,}")
        )


def demand_rows(limits: BookLimits, below: int) -> None:
    """Raise `UnreadableBookError` where more rows than may be stand below the headings."""
    if below > limits.rows:
        told = bilingual(
            "the sheet has more than {limit} rows below its headings: split it", limit=f"{limits.rows:,}"
        )
        raise too_large(told)


def spread(rows: list[list[Cell]], merged: Iterable[Area]) -> None:
    """Write what merged cells say into each row over which they stand, in their first column."""
    written = 0
    for (top, left), (bottom, _) in merged:
        if top >= len(rows) or left >= len(rows[top]):
            continue
        value = rows[top][left]
        for row in rows[top + 1 : min(bottom + 1, len(rows))]:
            written += 1
            if written > MOST_MERGED:
                raise too_large(bilingual("merged cells spread over too many rows"))
            row.extend([None] * (left + 1 - len(row)))
            row[left] = value


def without_end(rows: list[list[Cell]]) -> list[list[Cell]]:
    """The rows without the empty ones at the end."""
    last = next((n for n in range(len(rows), 0, -1) if any(is_said(cell) for cell in rows[n - 1])), 0)
    return rows[:last]


def seen(text: str) -> str:
    """A text without what has no width and is nowhere seen."""
    return text if text.isascii() else _unseen("", text)


def is_said(cell: Cell) -> bool:
    """Whether anything stands in a cell."""
    return cell is not None and not (isinstance(cell, str) and not cell.strip())
