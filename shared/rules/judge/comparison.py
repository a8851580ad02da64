"""A rulebook on trial: past facts judged under it, and what would have come out otherwise.

An office tries a rulebook before it adopts it (`panke rulebook try`): the same facts are judged as they were
(adoptions and all) and under the candidate alone; the difference is told by customer, by deal and by consultant,
in basis points and in money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.contract import DealSubscribed, Event, RulebookAdopted
from shared.rules.domain.case import Books
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.judge import Judging, by_scope, with_book
from shared.rules.judge.reading import EventReader, in_order, latest

COMPARED = ("owner", "status", "basis", "since", "expires_at")
"""What of a customer counts as a difference; a clause alone moves nobody's commission."""


@dataclass(frozen=True, slots=True)
class RulebookComparison:
    """What a candidate would change. Shares in basis points; amounts in CNY, of deals that tell theirs."""

    before: dict[str, Any]
    after: dict[str, Any]
    as_of: str | None
    facts: int
    customers: list[dict[str, Any]]
    deals: list[dict[str, Any]]
    consultants: list[dict[str, Any]]
    counts: dict[str, int]


@dataclass(slots=True)
class _Moved:
    """What one consultant gains or loses."""

    customers: int = 0
    basis_points: int = 0
    amount: Decimal = field(default_factory=Decimal)


def try_rulebook(
    lines: Iterable[bytes],
    candidate: Rulebook,
    current: Rulebook,
    books: Books,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
) -> RulebookComparison:
    """Judge the facts twice and compare. Raises `BadInputError`.

    `current` is in force where the facts' own adoptions do not say otherwise; under the candidate no adoption
    counts.
    """
    books = with_book(with_book(books, current), candidate)
    events = in_order(EventReader(books).events(lines), known_at)
    moment = as_of if as_of is not None else latest(events)
    before = _judged(events, current, books, moment)
    alone = [event for event in events if not isinstance(event.data, RulebookAdopted)]
    after = _judged(alone, candidate, books, moment)
    amounts = {
        (event.scope, event.data.deal): Decimal(event.data.amount)
        for event in events
        if isinstance(event.data, DealSubscribed) and event.data.amount is not None
    }
    return compare(before, after, amounts, len(events))


def _judged(events: list[Event], book: Rulebook, books: Books, as_of: datetime | None) -> dict[str, Any]:
    return Judging(book, books, as_of).judge(by_scope(events))


def compare(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    amounts: Mapping[tuple[str, str], Decimal],
    facts: int,
) -> RulebookComparison:
    """The difference between two results over the same facts."""
    moved: dict[str, _Moved] = defaultdict(_Moved)
    customers = _customers(before["customers"], after["customers"], moved)
    deals = _deals(before["deals"], after["deals"], amounts, moved)
    consultants = [
        {
            "staff": staff,
            "customers": change.customers,
            "basis_points": change.basis_points,
            "amount": str(change.amount.quantize(Decimal("0.01"))),
        }
        for staff, change in sorted(moved.items())
        if change.customers or change.basis_points or change.amount
    ]
    counts = {
        "customers": len(before["customers"]),
        "customers_changed": len(customers),
        "deals": len(before["deals"]),
        "deals_changed": len(deals),
        "basis_points_moved": sum(deal["basis_points_moved"] for deal in deals),
    }
    as_of = before["as_of"]
    return RulebookComparison(
        before["rulebook"], after["rulebook"], as_of, facts, customers, deals, consultants, counts
    )


def _contacts(customer: Mapping[str, Any]) -> tuple[str, ...]:
    return (customer["scope"], *sorted(customer["contacts"]))


def _customers(
    before: list[dict[str, Any]], after: list[dict[str, Any]], moved: dict[str, _Moved]
) -> list[dict[str, Any]]:
    """Customers whose ownership differs; two books can form other customers of one household."""
    then = {_contacts(customer): customer for customer in after}
    told = []
    for old in before:
        new = then.pop(_contacts(old), None)
        changed = _change(old, new)
        if changed is not None:
            told.append(changed)
            _count_owner(old, new, moved)
    for new in then.values():
        told.append(_change(None, new) or {})
        _count_owner(None, new, moved)
    return told


def _change(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any] | None:
    known = old or new or {}
    was = {name: old[name] for name in (*COMPARED, "clause")} if old is not None else None
    now = {name: new[name] for name in (*COMPARED, "clause")} if new is not None else None
    if was is not None and now is not None and all(was[name] == now[name] for name in COMPARED):
        return None
    return {"scope": known["scope"], "customer": known["customer"], "before": was, "after": now}


def _count_owner(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, moved: dict[str, _Moved]
) -> None:
    was = old["owner"] if old is not None else None
    now = new["owner"] if new is not None else None
    if was == now:
        return
    if was is not None:
        moved[was].customers -= 1
    if now is not None:
        moved[now].customers += 1


def _deals(
    before: list[dict[str, Any]],
    after: list[dict[str, Any]],
    amounts: Mapping[tuple[str, str], Decimal],
    moved: dict[str, _Moved],
) -> list[dict[str, Any]]:
    then = {(deal["scope"], deal["deal"]): deal for deal in after}
    told = []
    for old in before:
        key = (old["scope"], old["deal"])
        new = then[key]
        if (old["shares"], old["status"]) == (new["shares"], new["status"]):
            continue
        amount = amounts.get(key)
        points = _move(old["shares"], new["shares"], amount, moved)
        told.append(
            {
                "scope": old["scope"],
                "deal": old["deal"],
                "amount": str(amount) if amount is not None else None,
                "before": {name: old[name] for name in ("shares", "status", "clause")},
                "after": {name: new[name] for name in ("shares", "status", "clause")},
                "basis_points_moved": points,
            }
        )
    return told


def _move(
    was: Mapping[str, int], now: Mapping[str, int], amount: Decimal | None, moved: dict[str, _Moved]
) -> int:
    """Credit each consultant with the difference; answers the basis points that changed hands."""
    gained = 0
    for staff in {*was, *now}:
        points = now.get(staff, 0) - was.get(staff, 0)
        gained += max(points, 0)
        moved[staff].basis_points += points
        if amount is not None:
            moved[staff].amount += amount * points / 10000
    return gained
