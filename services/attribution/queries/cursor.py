"""Where a page of a list ended, and where the next one begins (contract.md#pages)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

THEN: Final = "@"
"""How the place in a page of an earlier time begins; no id does."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the place of its last item; `nth` for customers, of whom one record may name several."""

    born: int = 0
    after: str = ""
    nth: int = 0

    def __str__(self) -> str:
        place = f"{self.born}.{self.nth}" if self.nth else str(self.born)
        return f"{place}~{self.after}"

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        if text is None:
            return cls()
        place, tilde, after = text.partition("~")
        born, _, nth = place.partition(".")
        if not tilde or not _is_number(born, 18) or not _is_number(nth or "0", 9):
            raise ValueError("not a cursor of a page")
        return cls(int(born), after, int(nth or "0"))


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits


def following(rows: Sequence[Sequence[Any]], limit: int) -> Cursor | None:
    """Where the next page begins: one row more than a page holds was asked for, and each begins with its place."""
    return Cursor(int(rows[limit - 1][0]), str(rows[limit - 1][1])) if len(rows) > limit else None


def written(cursor: Cursor | None) -> str | None:
    """A cursor as an answer has it."""
    return None if cursor is None else str(cursor)
