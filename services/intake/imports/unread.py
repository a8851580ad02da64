"""Cells of entries that stand under no heading, or under one that means nothing here: counted, so that it is told."""

from __future__ import annotations

from collections.abc import Sequence

from services.intake.books.grid import Cell, is_said
from services.intake.imports.headings import heading_of
from services.intake.imports.mapping import Layout
from services.intake.imports.words import NUMBERS


class UnreadCells:
    """Counts them by heading, or by the letters of their column."""

    def __init__(self, layout: Layout) -> None:
        self._headings = {one.index: one.heading for one in layout.columns}
        self._read = {
            one.index for one in layout.columns if one.field is not None or heading_of(one.heading) in NUMBERS
        }
        self.found: dict[str, int] = {}

    def count(self, row: Sequence[Cell]) -> None:
        for index, cell in enumerate(row):
            if index not in self._read and is_said(cell):
                named = self._headings.get(index) or letters_of(index)
                self.found[named] = self.found.get(named, 0) + 1


def letters_of(index: int) -> str:
    """A column as spreadsheets call it."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
