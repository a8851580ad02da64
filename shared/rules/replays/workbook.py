"""A replay as a workbook (XLSX): what moves, and every decision beside the one that would have stood in its place.

Written row by row, so that memory does not grow with the rows. Every text is a cell of text, marked as such where a
program could take it for a formula (CWE-1236); counts and basis points are numbers. The same result gives the same
bytes: nothing in it says when it was written. Staff are called by their names, where these are given, with the id
behind; customers by their case number beside the id, since by it people find them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO, Any, Final

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from shared.contract.answers.replays import (
    ComparedClaim,
    ComparedShares,
    ReplayedCustomer,
    ReplayedDeal,
    ReplayResult,
)
from shared.contract.answers.result import DealDecision, OwnershipDecision
from shared.contract.case_numbers import case_number
from shared.i18n import Text, translated
from shared.rules.judge.encoding import unpacked

MOST_ROWS: Final = 1_000_000
"""Rows of a sheet; what is more stands on the next one."""
LONGEST: Final = 32_000
"""Characters of a cell; the form has room for 32,767."""
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")
_WRITTEN: Final = datetime(2000, 1, 1)

Cell = str | int | None
Row = Sequence[Cell]


def write_workbook(result: ReplayResult, file: IO[bytes], names: Mapping[str, str] | None = None) -> None:
    """Write the result to a file; its customers and deals may be the bytes of theirs. `names` are those of staff.

    Raises OSError where the file, or one that the library makes on the way, cannot be written.
    """
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    failed: OSError | None = None
    try:
        with Workbook(file, options) as book:
            book.set_properties({"created": _WRITTEN})
            writer = _Writer(book, book.add_format({"bold": True}), book.add_format({"quote_prefix": True}))
            for title, headings, rows in _sheets(_StaffNames(names or {})):
                writer.sheet(title, headings, rows(result))
    except FileCreateError as error:  # the disk of its own temporary files is full
        failed = OSError(error.args[0].errno, error.args[0].strerror)
    if failed is not None:
        raise failed  # behind the handler: what the library left open has ended by now, while the file is open


@dataclass(frozen=True, slots=True)
class _Writer:
    book: Workbook
    bold: Format
    quoted: Format

    def sheet(self, title: Text, headings: Sequence[Text], rows: Iterable[Row]) -> None:
        """One sheet, or as many as the rows need."""
        sheet, at, nth = self._begun(title, headings, 1), 1, 1
        for row in rows:
            if at > MOST_ROWS:
                nth += 1
                sheet, at = self._begun(title, headings, nth), 1
            for column, cell in enumerate(row):
                self._put(sheet, at, column, cell)
            at += 1

    def _begun(self, title: Text, headings: Sequence[Text], nth: int) -> Worksheet:
        sheet = self.book.add_worksheet(title.beside if nth == 1 else f"{title.beside} {nth}")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(headings) - 1, 0), 22)
        for column, heading in enumerate(headings):
            sheet.write_string(0, column, heading.beside, self.bold)
        return sheet

    def _put(self, sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
        if cell is None:
            return
        if isinstance(cell, int):
            sheet.write_number(row, column, cell)
        else:
            text = cell if len(cell) <= LONGEST else f"{cell[:LONGEST]}…"
            sheet.write_string(row, column, text, self.quoted if text.startswith(_RISKY) else None)


_Rows = Callable[[ReplayResult], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class _StaffNames:
    names: Mapping[str, str]

    def of(self, staff: str | None) -> str | None:
        """The name with the id behind it; the id where there is no name."""
        name = self.names.get(staff) if staff is not None else None
        return staff if name is None else f"{name} ({staff})"

    def shares(self, shares: Any) -> str:
        return " + ".join(f"{self.of(staff)} {points}" for staff, points in shares.items())


def _sheets(staff: _StaffNames) -> Iterator[tuple[Text, list[Text], _Rows]]:
    customer = [translated("scope"), translated("case number"), translated("customer")]
    deal = [translated("scope"), translated("deal"), *customer[1:]]
    decided = [
        *_both(translated("time")),
        *_both(translated("decision")),
        *_both(translated("owner")),
        *_both(translated("clause")),
        *_both(translated("records")),
    ]
    shared = [
        *_both(translated("time")),
        *_both(translated("status")),
        *_both(translated("shares")),
        *_both(translated("clause")),
        *_both(translated("records")),
    ]
    claim = [
        *_both(translated("owner")),
        *_both(translated("status")),
        *_both(translated("basis")),
        *_both(translated("since")),
        *_both(translated("expires")),
        *_both(translated("clause")),
    ]
    yield translated("summary"), [translated("what"), translated("value")], _summary
    gained = [translated("customers"), translated("basis points"), translated("amount CNY")]
    yield translated("consultants"), [translated("staff"), *gained], partial(_consultants, staff)
    yield (
        translated("movements"),
        [translated("from whom"), translated("to whom"), *gained],
        partial(_movements, staff),
    )
    named = [*customer, translated("id in the replay"), translated("names"), translated("contacts")]
    yield translated("customers"), [*named, *claim], partial(_customers, staff)
    yield translated("decisions"), [*customer, *decided], partial(_decisions, staff)
    moved = [translated("basis points moved"), translated("amount moved CNY")]
    terms = [*_both(translated("status")), *_both(translated("shares")), *_both(translated("clause"))]
    yield translated("deals"), [*deal, translated("amount CNY"), *moved, *terms], partial(_deals, staff)
    yield translated("deal decisions"), [*deal, *shared], partial(_deal_decisions, staff)


def _both(what: Text) -> list[Text]:
    """Two columns of the same: as it was decided, and in the replay."""
    before, after = translated("decided"), translated("replayed")
    return [Text(f"{side.zh}：{what.zh}", f"{side.en}: {what.en}") for side in (before, after)]


def _summary(result: ReplayResult) -> Iterator[Row]:
    counts, changed = result.counts, result.changed
    book = changed.rulebook
    yield translated("rulebook in force").beside, _book(result.rulebook)
    yield (
        translated("replayed under").beside,
        translated("as adopted").beside if book is None else _book(book),
    )
    yield translated("as of").beside, result.as_of
    yield translated("known at").beside, changed.known_at
    yield translated("facts left out").beside, ", ".join(changed.drop)
    yield translated("facts put in").beside, ", ".join(changed.add)
    for word, value in (
        (translated("facts"), counts.facts),
        (translated("customers"), counts.customers),
        (translated("customers changed"), counts.customers_changed),
        (translated("owners changed"), counts.owners_changed),
        (translated("deals"), counts.deals),
        (translated("deals changed"), counts.deals_changed),
        (translated("basis points moved"), counts.basis_points_moved),
        (translated("amount moved CNY"), counts.amount_moved),
    ):
        yield word.beside, value


def _book(book: Any) -> str:
    return f"{book.name} {book.version} {book.sha256}"


def _consultants(staff: _StaffNames, result: ReplayResult) -> Iterator[Row]:
    for one in result.consultants:
        yield staff.of(one.staff), one.customers, one.basis_points, one.amount


def _movements(staff: _StaffNames, result: ReplayResult) -> Iterator[Row]:
    for one in result.movements:
        yield staff.of(one.giver), staff.of(one.taker), one.customers, one.basis_points, one.amount


def _customers(staff: _StaffNames, result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.customers, ReplayedCustomer):
        was, now = (_claim(staff, side) for side in (one.before, one.after))
        told = (one.scope, *_customer(one), one.became, "、".join(one.names), "、".join(one.contacts))
        yield *told, *_woven(was, now)


def _customer(one: ReplayedCustomer | ReplayedDeal) -> tuple[str, str]:
    return case_number(one.customer), one.customer


def _claim(staff: _StaffNames, claim: ComparedClaim | None) -> list[Cell]:
    if claim is None:
        return [None] * 6
    return [staff.of(claim.owner), claim.status, claim.basis, claim.since, claim.expires_at, claim.clause]


def _decisions(staff: _StaffNames, result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.customers, ReplayedCustomer):
        for pair in one.decisions:
            sides = (_decision(staff, side) for side in (pair.before, pair.after))
            yield one.scope, *_customer(one), *_woven(*sides)


def _decision(staff: _StaffNames, made: OwnershipDecision | None) -> list[Cell]:
    if made is None:
        return [None] * 5
    return [made.at, made.decision, staff.of(made.owner), made.clause, ", ".join(made.because)]


def _deals(staff: _StaffNames, result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.deals, ReplayedDeal):
        was, now = (_terms(staff, side) for side in (one.before, one.after))
        told = (one.scope, one.deal, *_customer(one), one.amount, one.basis_points_moved, one.amount_moved)
        yield *told, *_woven(was, now)


def _terms(staff: _StaffNames, deal: ComparedShares | None) -> list[Cell]:
    return [None] * 3 if deal is None else [deal.status, staff.shares(deal.shares), deal.clause]


def _deal_decisions(staff: _StaffNames, result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.deals, ReplayedDeal):
        for pair in one.decisions:
            sides = (_on_deal(staff, side) for side in (pair.before, pair.after))
            yield one.scope, one.deal, *_customer(one), *_woven(*sides)


def _on_deal(staff: _StaffNames, made: DealDecision | None) -> list[Cell]:
    if made is None:
        return [None] * 5
    return [made.at, made.status, staff.shares(made.shares), made.clause, ", ".join(made.because)]


def _woven(was: list[Cell], now: list[Cell]) -> list[Cell]:
    """Each beside its counterpart."""
    return [cell for pair in zip(was, now, strict=True) for cell in pair]
