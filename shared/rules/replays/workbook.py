"""A replay as a workbook (XLSX): what moves, and every decision beside the one that would have stood in its place.

Written row by row, so that memory does not grow with the rows. Every text is a cell of text, marked as such where a
program could take it for a formula (CWE-1236); counts and basis points are numbers. The same result gives the same
bytes: nothing in it says when it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from xlsxwriter import Workbook
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


def write_workbook(result: ReplayResult, file: IO[bytes]) -> None:
    """Write the result to a file; its customers and deals may be the bytes of theirs."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with Workbook(file, options) as book:
        book.set_properties({"created": _WRITTEN})
        writer = _Writer(book, book.add_format({"bold": True}), book.add_format({"quote_prefix": True}))
        for title, headings, rows in _sheets(result):
            writer.sheet(title, headings, rows(result))


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


def _sheets(result: ReplayResult) -> Iterator[tuple[Text, list[Text], _Rows]]:
    customer = [translated("scope"), translated("customer")]
    deal = [translated("scope"), translated("deal"), translated("customer")]
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
    yield translated("consultants"), [translated("staff"), *gained], _consultants
    yield translated("movements"), [translated("from whom"), translated("to whom"), *gained], _movements
    named = [*customer, translated("id in the replay"), translated("names"), translated("contacts")]
    yield translated("customers"), [*named, *claim], _customers
    yield translated("decisions"), [*customer, *decided], _decisions
    moved = [translated("basis points moved"), translated("amount moved CNY")]
    terms = [*_both(translated("status")), *_both(translated("shares")), *_both(translated("clause"))]
    yield translated("deals"), [*deal, translated("amount CNY"), *moved, *terms], _deals
    yield translated("deal decisions"), [*deal, *shared], _deal_decisions


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


def _consultants(result: ReplayResult) -> Iterator[Row]:
    for one in result.consultants:
        yield one.staff, one.customers, one.basis_points, one.amount


def _movements(result: ReplayResult) -> Iterator[Row]:
    for one in result.movements:
        yield one.giver, one.taker, one.customers, one.basis_points, one.amount


def _customers(result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.customers, ReplayedCustomer):
        was, now = (_claim(side) for side in (one.before, one.after))
        told = (one.scope, one.customer, one.became, "、".join(one.names), "、".join(one.contacts))
        yield *told, *_woven(was, now)


def _claim(claim: ComparedClaim | None) -> list[Cell]:
    if claim is None:
        return [None] * 6
    return [claim.owner, claim.status, claim.basis, claim.since, claim.expires_at, claim.clause]


def _decisions(result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.customers, ReplayedCustomer):
        for pair in one.decisions:
            yield one.scope, one.customer, *_woven(_decision(pair.before), _decision(pair.after))


def _decision(made: OwnershipDecision | None) -> list[Cell]:
    return (
        [None] * 5
        if made is None
        else [made.at, made.decision, made.owner, made.clause, ", ".join(made.because)]
    )


def _deals(result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.deals, ReplayedDeal):
        was, now = (_terms(side) for side in (one.before, one.after))
        told = (one.scope, one.deal, one.customer, one.amount, one.basis_points_moved, one.amount_moved)
        yield *told, *_woven(was, now)


def _terms(deal: ComparedShares | None) -> list[Cell]:
    return [None] * 3 if deal is None else [deal.status, _shares(deal.shares), deal.clause]


def _deal_decisions(result: ReplayResult) -> Iterator[Row]:
    for one in unpacked(result.deals, ReplayedDeal):
        for pair in one.decisions:
            yield one.scope, one.deal, one.customer, *_woven(_on_deal(pair.before), _on_deal(pair.after))


def _on_deal(made: DealDecision | None) -> list[Cell]:
    if made is None:
        return [None] * 5
    return [made.at, made.status, _shares(made.shares), made.clause, ", ".join(made.because)]


def _shares(shares: Any) -> str:
    return " + ".join(f"{staff} {points}" for staff, points in shares.items())


def _woven(was: list[Cell], now: list[Cell]) -> list[Cell]:
    """Each beside its counterpart."""
    return [cell for pair in zip(was, now, strict=True) for cell in pair]
