"""Columns of words in which figures stand, since money and counts share them: they become numbers on a sheet."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from services.registers.sheets.book import Cell, Look

FIGURES: Final = frozenset(
    {
        ("daily", "so_far"),
        ("daily", "target"),
        ("daily", "completion"),
        ("targets", "target"),
        ("targets", "actual"),
        ("targets", "rate"),
        ("due", "days"),
        ("overdue", "days"),
        ("conversion", "days"),
        ("satisfaction", "total"),
        ("satisfaction", "score"),
        ("satisfaction", "received"),
        ("satisfaction", "patient"),
        ("satisfaction", "clear"),
        ("satisfaction", "would"),
    }
)
"""Report and column; numbers of customers, phones and units are words and stay so."""
_FIGURE: Final = re.compile(r"-?\d{1,3}(?:,?\d{3})*(\.\d+)?(%)?")


def figure_said(report: str, column: str, said: str) -> tuple[Cell, Look] | None:
    """The number that a text of such a column says; None of any other text."""
    if (report, column) not in FIGURES:
        return None
    read = _FIGURE.fullmatch(said)
    if read is None:
        return None
    number = Decimal(said.rstrip("%").replace(",", ""))
    if read[2]:
        return number / 100, "percent"
    if read[1] is None:
        return number, "count"
    return number, "money" if len(read[1]) == 3 else "shared"
