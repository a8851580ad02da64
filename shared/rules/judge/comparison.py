"""A rulebook on trial: past facts judged under it, and what would have come out otherwise.

An office tries a rulebook before it adopts it (`panke rulebook try`): the same facts are judged as they were
(adoptions and all) and under the candidate alone; the difference is listed by customer, by deal and by consultant,
in basis points and in money.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from shared.contract import DealSubscribed, Event, RulebookAdopted
from shared.contract.answers.replays import ComparedClaim, ComparedShares
from shared.contract.answers.result import CustomerResult, DealResult, JudgementResult, RulebookDigest
from shared.contract.answers.values import InstantText
from shared.ids import DealId, ScopeId, StaffId
from shared.rules.domain.case import Books
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.amounts import by_shares, cents_of, in_yuan
from shared.rules.judge.judge import Judging, by_scope, with_book
from shared.rules.judge.reading import EventReader, in_order, latest


class ChangedCustomer(Struct, frozen=True):
    """A customer whose ownership differs; null where one of the rulebooks forms no such customer."""

    scope: str
    customer: str
    before: ComparedClaim | None
    after: ComparedClaim | None


class ChangedDeal(Struct, frozen=True):
    """A deal whose shares or status differ."""

    scope: str
    deal: str
    amount: str | None
    before: ComparedShares
    after: ComparedShares
    basis_points_moved: int


class ChangedConsultant(Struct, frozen=True):
    """What one consultant gains or loses."""

    staff: str
    customers: int
    basis_points: int
    amount: str


class ComparedCounts(Struct, frozen=True):
    """How many there are, and how many differ."""

    customers: int
    customers_changed: int
    deals: int
    deals_changed: int
    basis_points_moved: int


class RulebookComparison(Struct, frozen=True):
    """What a candidate would change. Shares in basis points; amounts in CNY, of deals that state theirs."""

    before: RulebookDigest
    after: RulebookDigest
    as_of: InstantText | None
    facts: int
    customers: list[ChangedCustomer]
    deals: list[ChangedDeal]
    consultants: list[ChangedConsultant]
    counts: ComparedCounts


@dataclass(slots=True)
class _Moved:
    """What one consultant gains or loses."""

    customers: int = 0
    basis_points: int = 0
    cents: int = 0


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


def _judged(events: list[Event], book: Rulebook, books: Books, as_of: datetime | None) -> JudgementResult:
    return Judging(book, books, as_of).judge(by_scope(events))


def compare(
    before: JudgementResult,
    after: JudgementResult,
    amounts: Mapping[tuple[ScopeId, DealId], Decimal],
    facts: int,
) -> RulebookComparison:
    """The difference between two results over the same facts."""
    moved: dict[str, _Moved] = defaultdict(_Moved)
    customers = _customers(before.customers, after.customers, moved)
    deals = _deals(before.deals, after.deals, amounts, moved)
    consultants = [
        ChangedConsultant(staff, change.customers, change.basis_points, in_yuan(change.cents))
        for staff, change in sorted(moved.items())
        if change.customers or change.basis_points or change.cents
    ]
    counts = ComparedCounts(
        customers=len(before.customers),
        customers_changed=len(customers),
        deals=len(before.deals),
        deals_changed=len(deals),
        basis_points_moved=sum(deal.basis_points_moved for deal in deals),
    )
    return RulebookComparison(
        before.rulebook, after.rulebook, before.as_of, facts, customers, deals, consultants, counts
    )


def _contacts(customer: CustomerResult) -> tuple[str, ...]:
    return (customer.scope, *sorted(customer.contacts))


def _customers(
    before: list[CustomerResult], after: list[CustomerResult], moved: dict[str, _Moved]
) -> list[ChangedCustomer]:
    """Customers whose ownership differs; two books can form other customers of one household."""
    then = {_contacts(customer): customer for customer in after}
    pairs: list[tuple[CustomerResult, CustomerResult | None, CustomerResult | None]]
    pairs = [(old, old, then.pop(_contacts(old), None)) for old in before]
    pairs += [(new, None, new) for new in then.values()]
    changed = []
    for known, old, new in pairs:
        was, now = _compared(old), _compared(new)
        if was is None or now is None or was != replace(now, clause=was.clause):
            changed.append(ChangedCustomer(known.scope, known.customer, was, now))
            _count_owner(was, now, moved)
    return changed


def _compared(one: CustomerResult | None) -> ComparedClaim | None:
    if one is None:
        return None
    return ComparedClaim(one.owner, one.status, one.basis, one.since, one.expires_at, one.clause)


def _count_owner(old: ComparedClaim | None, new: ComparedClaim | None, moved: dict[str, _Moved]) -> None:
    was = old.owner if old is not None else None
    now = new.owner if new is not None else None
    if was == now:
        return
    if was is not None:
        moved[was].customers -= 1
    if now is not None:
        moved[now].customers += 1


def _deals(
    before: list[DealResult],
    after: list[DealResult],
    amounts: Mapping[tuple[ScopeId, DealId], Decimal],
    moved: dict[str, _Moved],
) -> list[ChangedDeal]:
    then = {(deal.scope, deal.deal): deal for deal in after}
    changed = []
    for old in before:
        key = (old.scope, old.deal)
        was, now = (ComparedShares(one.shares, one.status, one.clause) for one in (old, then[key]))
        if (was.shares, was.status) != (now.shares, now.status):
            amount = amounts.get(key)
            points = _move(was.shares, now.shares, amount, moved)
            stated = str(amount) if amount is not None else None
            changed.append(ChangedDeal(*key, stated, was, now, points))
    return changed


def _move(
    was: Mapping[StaffId, int], now: Mapping[StaffId, int], amount: Decimal | None, moved: dict[str, _Moved]
) -> int:
    """Credit each consultant with the difference; returns the basis points that changed hands."""
    gained = 0
    for staff in {*was, *now}:
        points = now.get(staff, 0) - was.get(staff, 0)
        gained += max(points, 0)
        moved[staff].basis_points += points
    if amount is not None:
        cents = cents_of(amount)
        for sign, parts in ((-1, by_shares(cents, was)), (1, by_shares(cents, now))):
            for staff, part in parts.items():
                moved[staff].cents += sign * part
    return gained
