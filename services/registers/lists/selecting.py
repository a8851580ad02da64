"""Which rows of a register are asked for, in which order, and from where a page begins."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime
from heapq import nlargest, nsmallest
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from services.registers.lists.rows import ListRow
from services.registers.reports.basis import ReportBasis
from shared.contract import BadEvent, contact_of
from shared.contract.case_numbers import case_digest, case_number
from shared.ids import Contact

SortField: TypeAlias = Literal["happened", "recorded", "customer", "number", "staff", "level"]
SORTS: Final = tuple(f"{sign}{field}" for field in get_args(SortField) for sign in ("", "-"))
LEAST: Final = 2
"""Characters below which words find nothing: half an office would have one of them in its name."""

ANY: Final = "any"
"""Whatever was remarked on a record."""

Place: TypeAlias = tuple[str, str]
"""Where a row stands in a list: by what it is sorted, then its id.

A place goes out with a cursor, and a name does not: of a list by customer it is the id alone.
"""


class RowFilter(Struct, frozen=True):
    """What rows must be; what is None or empty asks for nothing."""

    first: date | None = None
    last: date | None = None
    staff: str | None = None
    channel: str | None = None
    level: str | None = None
    customer: str | None = None
    search: str | None = None
    flag: str | None = None


EVERY: Final = RowFilter()


class Selection:
    """Rows of one register by a filter, in an order."""

    def __init__(
        self,
        basis: ReportBasis,
        asked: RowFilter,
        sort: str,
        read: Callable[[str], str],
        contact: Contact | None,
    ) -> None:
        """`read` gives a name as it was typed, `contact` is what stands for the contact that is searched by."""
        self._basis, self._asked, self._read, self._contact = basis, asked, read, contact
        self._field, self._turned = sort.removeprefix("-"), sort.startswith("-")

    def page(
        self, rows: Iterable[ListRow], after: Place | None, limit: int
    ) -> tuple[list[ListRow], Place | None, int]:
        """Up to so many rows from behind a place, where the next page begins, and how many rows there are in all."""
        found = list(rows) if self._asked == EVERY else [one for one in rows if self._takes(one)]
        behind = found if after is None else self._behind(found, after)
        first = (nlargest if self._turned else nsmallest)(limit + 1, behind, key=self._key)
        page = first[:limit]
        following = self._place(page[-1]) if len(first) > limit else None
        if following is not None and self._field == "customer":
            following = ("", following[1])
        return page, following, len(found)

    def _behind(self, found: list[ListRow], after: Place) -> list[ListRow]:
        """What follows a place; of a list by customer, what follows the row, which is in it at the same moment."""
        if self._field == "customer":
            last = next((row for row in found if row.id == after[1]), None)
            if last is None:
                return []
            after = self._place(last)
        placed = [(self._place(row), row) for row in found]
        return [row for place, row in placed if (place < after if self._turned else place > after)]

    def _key(self, row: ListRow) -> tuple[datetime | str, str]:
        """What rows are sorted by, in the order of their places."""
        at = self._instant(row)
        return self._place(row) if at is None else (at, row.id)

    def _instant(self, row: ListRow) -> datetime | None:
        """By which instant a row is sorted; None where it is by a word."""
        if self._field == "happened":
            return row.at
        return (row.recorded_at or row.at) if self._field == "recorded" else None

    def _place(self, row: ListRow) -> Place:
        at = self._instant(row)
        return (self._word(row) if at is None else _sorted_instant(at)), row.id

    def _word(self, row: ListRow) -> str:
        """By which word a row is sorted; by customer, blanks within a name are nobody's, and of several customers of
        one name the rows of each stand together."""
        known = self._basis.known
        if self._field == "staff":
            return known.staff_name(row.staff)
        if self._field == "level":
            return f"{self._level_place(row):04d}"
        found = known.customers.get(row.customer) if row.customer is not None else None
        number = f"{found.number if found is not None else 0:012d}"
        if self._field == "number":
            return number
        return f"{_unspaced(self._read(known.name_of(row.customer, row.name)))} {number}"

    def _level_place(self, row: ListRow) -> int:
        codes = [level.code for level in self._basis.scheme.levels]
        level = row.values.get("level")
        return codes.index(level) if level in codes else len(codes)

    def _takes(self, row: ListRow) -> bool:
        asked = self._asked
        return (
            self._in_days(row)
            and asked.staff in (None, row.staff)
            and (asked.flag is None or self._is_flagged(row, asked.flag))
            and asked.level in (None, row.values.get("level"))
            and (asked.channel is None or self._channel(row) == self._basis.scheme.channel(asked.channel))
            and (asked.customer is None or self._is_of(row, asked.customer))
            and (asked.search is None or self._finds(row))
        )

    def _in_days(self, row: ListRow) -> bool:
        if self._asked.first is None and self._asked.last is None:
            return True
        day = self._basis.time.day(row.at)
        return (self._asked.first or day) <= day <= (self._asked.last or day)

    def _is_flagged(self, row: ListRow, flag: str) -> bool:
        flags = row.entry.flags if row.entry is not None else ()
        return bool(flags) if flag == ANY else flag in flags

    def _channel(self, row: ListRow) -> str:
        if row.entry is not None and row.deal is None:
            return self._basis.channel(row.entry)
        return self._basis.channel_of(row.customer)

    def _is_of(self, row: ListRow, customer: str) -> bool:
        """By id, by number or by case number."""
        if row.customer is None:
            return False
        known = self._basis.known.customers.get(row.customer)
        return (
            customer == row.customer
            or (known is not None and customer == str(known.number))
            or _is_case(row.customer, customer)
        )

    def _finds(self, row: ListRow) -> bool:
        """By part of a name, a whole phone or WeChat id, a case number, a customer number."""
        words = _plain(self._asked.search or "")
        known = self._basis.known.customers.get(row.customer) if row.customer is not None else None
        names = [row.name, *(known.names if known is not None else ())]
        contacts = {*row.contacts, *(known.contacts if known is not None else ())}
        return (
            (
                (len(words) >= LEAST or not words.isascii())
                and any(words in _plain(self._read(name)) for name in names if name)
            )
            or self._contact in contacts
            or self._is_of(row, words)
        )


def contact_searched(text: str | None) -> Contact | None:
    """The contact that words are, if they are one."""
    try:
        return contact_of(text) if text is not None else None
    except BadEvent:
        return None


def _is_case(customer: str, typed: str) -> bool:
    digest = case_digest(typed)
    return digest is not None and digest == case_digest(case_number(customer))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _unspaced(name: str) -> str:
    return "".join(_plain(name).split())


def _sorted_instant(at: datetime) -> str:
    return f"{at.timestamp():020.6f}"
