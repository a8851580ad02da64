"""How many rows an old book may have: those below its headings, whatever title stands above them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from services.intake.books.grid import MOST_ABOVE, BookLimits, UnreadableBookError
from services.intake.imports.sheet import ReadSheet
from tests.support import old_books
from tests.support.old_books import csv_of, old_excel_of, sheet_of

HEADS = ["日期", "姓名", "电话", "业务员"]
TOTAL = ["小计", "3"]
WRITERS = {"csv": csv_of, "xlsx": sheet_of, "xls": old_excel_of}


def book_of(rows: int, *, above: int = 0) -> list[list[str]]:
    """Headings below so many rows of a title, then so many rows, each of another customer."""
    told = [["2026-03-05", "甲", f"139{n:08}", "李娜"] for n in range(rows)]
    return [["来访登记表"]] * above + [HEADS, *told]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("above", [0, MOST_ABOVE - 1])
def test_a_title_and_headings_are_none_of_the_rows_that_a_sheet_may_have(
    write: Callable[[list[list[str]]], bytes], above: int
) -> None:
    """So many rows as may be are read, whatever stands above them; one more is refused in words."""

    def opened(rows: int) -> ReadSheet:
        order = old_books.order(write(book_of(rows, above=above)))
        return ReadSheet(replace(order, limits=BookLimits(rows=40)))

    assert len(opened(40).entries) == 40
    with pytest.raises(UnreadableBookError, match="more than 40 rows below its headings") as refused:
        opened(41)
    assert (refused.value.path, refused.value.rule) == ("file", "too_large")


def test_a_book_of_100_000_rows_is_read_with_its_headings_and_one_more_is_refused() -> None:
    """As many as an import is said to take; most of them are totals here, which are counted."""
    whole = csv_of([*book_of(1), *[TOTAL] * 99_999])
    assert old_books.read(whole).summary.skipped["total"] == 99_999
    with pytest.raises(UnreadableBookError, match="100,000") as refused:
        old_books.read(whole + b"\r\n" + csv_of([TOTAL]))
    assert (refused.value.path, refused.value.rule) == ("file", "too_large")


def test_headings_that_stand_further_below_than_a_title_reaches_are_missed_in_words() -> None:
    """They are looked for in the first thirty rows; the refusal says what was looked for."""
    assert old_books.read(csv_of(book_of(1, above=29))).layout.row == 30
    with pytest.raises(UnreadableBookError, match="no row of headings") as refused:
        old_books.read(csv_of(book_of(1, above=30)))
    assert (refused.value.path, refused.value.rule) == ("mapping", "headings")
