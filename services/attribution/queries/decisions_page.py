"""A customer's decisions, a page at a time: what is asked of a customer costs its page, however long its history.

Those of one instant stay on one page, since their order is told among themselves; so a page ends at an instant, and
may be longer than was asked for by its last one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from shared.contract import parse_instant
from shared.contract.answers import OwnershipDecision
from shared.rules.judge.result import StoredDecision, in_order

Rows = Callable[[str, Any], list[tuple[Any, ...]]]
"""Asks a named query with its parameters."""

stored: Final = msgspec.json.Decoder(StoredDecision).decode

DECISIONS = 500
"""Decisions of a customer that one answer holds, where nothing else is asked for."""
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Made:
    """A decision, with the seq of the fact that brought it."""

    decision: OwnershipDecision
    seq: int


@dataclass(frozen=True, slots=True)
class DecisionsPage:
    """Decisions in their order; `following` is where the next page begins, if there is one."""

    made: list[Made]
    following: datetime | None = None

    @property
    def decisions(self) -> list[OwnershipDecision]:
        return [made.decision for made in self.made]


def decisions_page(rows: Rows, scope: str, customer: str, after: datetime, limit: int) -> DecisionsPage:
    """The decisions after an instant."""
    asked = {"scope": scope, "customer": customer, "after": after, "limit": limit, "last": limit - 1}
    bound = rows("decisions_bound", asked)
    until = bound[0][0] if bound else None
    found = rows("decisions_between", asked | {"until": until})
    more = until is not None and rows("decisions_after", asked | {"after": until})
    return DecisionsPage(ordered([(body, seq) for body, seq in found]), until if more else None)


def first_decisions(rows: Rows, scope: str, customers: Sequence[str], limit: int) -> dict[str, DecisionsPage]:
    """The first page of each of these customers, most of whom have no second one."""
    found: dict[str, list[tuple[bytes, int]]] = {customer: [] for customer in customers}
    asked = {"scope": scope, "customers": list(customers), "limit": limit + 1}
    for customer, body, seq in rows("first_decisions", asked):
        found[customer].append((body, seq))
    return {
        customer: DecisionsPage(ordered(listed))
        if len(listed) <= limit
        else decisions_page(rows, scope, customer, BEGIN, limit)
        for customer, listed in found.items()
    }


def page_of_explained(
    decisions: list[OwnershipDecision], after: datetime, limit: int
) -> tuple[list[OwnershipDecision], datetime | None]:
    """The same of decisions that are at hand, in their order; and where the next page begins."""
    rest = [decision for decision in decisions if parse_instant(decision.at) > after]
    if len(rest) <= limit:
        return rest, None
    until = parse_instant(rest[limit - 1].at)
    page = [decision for decision in rest if parse_instant(decision.at) <= until]
    return page, until if len(page) < len(rest) else None


def last_clause(rows: Rows, scope: str, customer: str) -> str | None:
    """The clause of the last decision of a customer."""
    last = last_decision(rows, scope, customer)
    return None if last is None else last.clause


def last_decision(rows: Rows, scope: str, customer: str) -> OwnershipDecision | None:
    """The last decision of a customer, if anything was decided."""
    last = rows("last_decisions", {"scope": scope, "customer": customer})
    return in_order([stored(body) for (body,) in last])[-1].answer() if last else None


def first_of_all(
    rows: Rows, scope: str, customers: Sequence[str], new: Sequence[OwnershipDecision]
) -> tuple[list[OwnershipDecision], datetime | None]:
    """The first page of what was decided of several customers and of what is new, by time; where the next begins."""
    pages = first_decisions(rows, scope, customers, DECISIONS)
    found = [decision for customer in customers for decision in pages[customer].decisions]
    page, following = page_of_explained(sorted([*found, *new], key=_when), BEGIN, DECISIONS)
    left = [page.following for page in pages.values() if page.following is not None]
    return page, following or min(left, default=None)


def _when(decision: OwnershipDecision) -> datetime:
    return parse_instant(decision.at)


def micros(at: datetime) -> int:
    """An instant as a cursor writes it."""
    return (at - BEGIN) // timedelta(microseconds=1)


def from_micros(number: int) -> datetime:
    """Raises `ValueError` for what no cursor says."""
    try:
        return BEGIN + timedelta(microseconds=number)
    except OverflowError:
        raise ValueError("not a cursor of a page") from None


def ordered(listed: Sequence[tuple[bytes, int]]) -> list[Made]:
    """Decisions of one customer by time, as their rows have them, in the order in which they are told."""
    decisions = [stored(body) for body, _ in listed]
    seqs = {id(decision): seq for decision, (_, seq) in zip(decisions, listed, strict=True)}
    return [Made(decision.answer(), seqs[id(decision)]) for decision in in_order(decisions)]
