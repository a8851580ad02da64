"""What the form XLSX has room for, and what becomes of what is longer: it is cut with a mark, and said in words.

The limits are those of ECMA-376 as spreadsheet programs hold them: rows of a sheet, UTF-16 units of a cell and of
a sheet's name, and the fifteen digits that a number keeps.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Final

from shared.i18n import Text, translated

MOST_ROWS: Final = 1_048_576
LONGEST_TEXT: Final = 32_767
LONGEST_NAME: Final = 31
MOST_DIGITS: Final = 15
CUT: Final = "…[…]"
_FORBIDDEN: Final = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def units(text: str) -> int:
    """How long a spreadsheet program takes a text to be: characters beyond the first plane count twice."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, longest: int = LONGEST_TEXT, mark: str = CUT) -> str:
    """The text, or as much of it as there is room for, with a mark at the end."""
    if len(text) * 2 <= longest or units(text) <= longest:
        return text
    room = longest - units(mark)
    kept = text.encode("utf-16-le", "surrogatepass")[: room * 2].decode("utf-16-le", "ignore")
    return kept + mark


def sheet_name(wanted: str, taken: Collection[str]) -> str:
    """A name for a sheet that programs accept, and that none of the others has."""
    plain = _FORBIDDEN.sub(" ", wanted).strip("' ") or "1"
    held, number = {one.casefold() for one in taken} | {"history"}, 1
    name = cut(plain, LONGEST_NAME, "…")
    while name.casefold() in held:
        number += 1
        end = f" {number}"
        name = cut(plain, LONGEST_NAME - len(end), "…") + end
    return name


def keeps_its_digits(number: Decimal) -> bool:
    """Whether a number has no more digits than a cell keeps; one that has more is written as text."""
    return len(number.normalize().as_tuple().digits) <= MOST_DIGITS


def in_words() -> tuple[Text, ...]:
    """What a workbook says of its limits, on its last sheet."""
    return (
        translated(
            "a sheet has room for {rows} rows; what is more stands on the next", rows=f"{MOST_ROWS:,}"
        ),
        translated(
            "a cell has room for {characters} characters; what is longer is cut, and ends in {mark}",
            characters=f"{LONGEST_TEXT:,}",
            mark=CUT,
        ),
        translated(
            "numbers of more than {digits} digits, phones and ids are text, so that no digit is lost",
            digits=MOST_DIGITS,
        ),
    )
