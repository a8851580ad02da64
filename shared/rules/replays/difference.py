"""One scope judged twice, and what is different: customers, deals, and what moves between consultants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec.structs import replace

from shared.contract.answers.replays import (
    ComparedClaim,
    ComparedDealDecisions,
    ComparedDecisions,
    ComparedShares,
    ReplayedCustomer,
    ReplayedDeal,
)
from shared.contract.answers.result import CustomerResult, DealResult, OwnershipDecision
from shared.ids import CustomerId, DealId, StaffId
from shared.rules.judge.amounts import by_shares, cents_of, flows, in_yuan
from shared.rules.replays.decisions import side_by_side

Pair: TypeAlias = tuple[CustomerResult | None, CustomerResult | None]
Way: TypeAlias = tuple[StaffId | None, StaffId | None]


@dataclass(slots=True)
class MovedSum:
    """What moves on one way, from one consultant to another."""

    customers: int = 0
    basis_points: int = 0
    cents: int = 0


@dataclass(slots=True)
class ScopeDifference:
    """What is different in a scope; `customers` and `deals` in the order of their first records."""

    customers: list[ReplayedCustomer] = field(default_factory=list)
    deals: list[ReplayedDeal] = field(default_factory=list)
    moved: dict[Way, MovedSum] = field(default_factory=dict)
    owners_changed: int = 0

    def on(self, giver: StaffId | None, taker: StaffId | None) -> MovedSum:
        return self.moved.setdefault((giver, taker), MovedSum())


def compare_customers(
    difference: ScopeDifference,
    before: Sequence[CustomerResult],
    after: Sequence[CustomerResult],
    only: frozenset[CustomerId] | None,
) -> None:
    """Note each customer whose claim or decisions differ by more than a clause, and who gains it from whom."""
    for old, new in _paired(before, after):
        if only is not None and not {one.customer for one in (old, new) if one is not None} & only:
            continue
        changed = _customer(old, new)
        if changed is None:
            continue
        difference.customers.append(changed)
        was, now = (one.owner if one is not None else None for one in (old, new))
        if was != now:
            difference.owners_changed += 1
            difference.on(was, now).customers += 1


def _paired(before: Sequence[CustomerResult], after: Sequence[CustomerResult]) -> Iterator[Pair]:
    """Each customer with what it is on the other side: the one of its id, else the first left that shares a contact."""
    left = {one.customer: one for one in after}
    same = {old.customer: left.pop(old.customer, None) for old in before}
    by_contact: dict[str, CustomerResult] = {}
    for new in left.values():
        for contact in new.contacts:
            by_contact.setdefault(contact, new)
    for old in before:
        found = same[old.customer] or next(_still(old.contacts, by_contact, left), None)
        if found is not None:
            left.pop(found.customer, None)
        yield old, found
    yield from ((None, new) for new in left.values())


def _still(
    contacts: Iterable[str],
    by_contact: Mapping[str, CustomerResult],
    left: Mapping[CustomerId, CustomerResult],
) -> Iterator[CustomerResult]:
    for contact in contacts:
        found = by_contact.get(contact)
        if found is not None and found.customer in left:
            yield found


def _customer(old: CustomerResult | None, new: CustomerResult | None) -> ReplayedCustomer | None:
    was, now = _claim(old), _claim(new)
    pairs = list(side_by_side(_made(old), _made(new)))
    if _same_claim(was, now) and all(_same_decision(*pair) for pair in pairs):
        return None
    known = old if old is not None else new
    assert known is not None, "a pair has at least one side"
    became = new.customer if old is not None and new is not None and new.customer != old.customer else None
    return ReplayedCustomer(
        known.scope, known.customer, became, known.contacts, known.names, was, now,
        [ComparedDecisions(*pair) for pair in pairs],
    )  # fmt: skip


def _made(one: CustomerResult | None) -> list[OwnershipDecision]:
    return [] if one is None else one.decisions


def _claim(one: CustomerResult | None) -> ComparedClaim | None:
    if one is None:
        return None
    return ComparedClaim(one.owner, one.status, one.basis, one.since, one.expires_at, one.clause)


def _same_claim(was: ComparedClaim | None, now: ComparedClaim | None) -> bool:
    if was is None or now is None:
        return was is now
    return was == replace(now, clause=was.clause)


def _same_decision(was: OwnershipDecision | None, now: OwnershipDecision | None) -> bool:
    """Whether they decide the same, by whichever clause and on whichever records."""
    if was is None or now is None:
        return was is now
    return (was.decision, was.owner, was.previous) == (now.decision, now.owner, now.previous)


def compare_deals(
    difference: ScopeDifference,
    before: Sequence[DealResult],
    after: Sequence[DealResult],
    amounts: Mapping[DealId, str],
    only: frozenset[CustomerId] | None,
) -> None:
    """Note each deal whose shares or status differ, and what of it moves from whom to whom."""
    then = {deal.deal: deal for deal in after}
    pairs: list[tuple[DealResult | None, DealResult | None]]
    pairs = [(old, then.pop(old.deal, None)) for old in before]
    pairs += [(None, new) for new in then.values()]
    for old, new in pairs:
        if only is not None and not {deal.customer for deal in (old, new) if deal is not None} & only:
            continue
        was, now = _shares(old), _shares(new)
        if was is None or now is None or (was.shares, was.status) != (now.shares, now.status):
            known = old if old is not None else new
            assert known is not None, "a pair has at least one side"
            difference.deals.append(_deal(difference, known, (old, new), amounts.get(known.deal)))


def _shares(deal: DealResult | None) -> ComparedShares | None:
    return None if deal is None else ComparedShares(deal.shares, deal.status, deal.clause)


def _deal(
    difference: ScopeDifference,
    known: DealResult,
    sides: tuple[DealResult | None, DealResult | None],
    amount: str | None,
) -> ReplayedDeal:
    old, new = sides
    was, now = ({} if deal is None else deal.shares for deal in sides)
    points = cents = 0
    for giver, taker, much in flows(was, now):
        difference.on(giver, taker).basis_points += much
        points += much
    if amount is not None:
        whole = cents_of(amount)
        for giver, taker, much in flows(by_shares(whole, was), by_shares(whole, now)):
            difference.on(giver, taker).cents += much
            cents += much
    before, after = ([] if deal is None else deal.decisions for deal in sides)
    return ReplayedDeal(
        known.scope, known.deal, known.customer, amount, _shares(old), _shares(new), points,
        None if amount is None else in_yuan(cents),
        [ComparedDealDecisions(*pair) for pair in side_by_side(before, after)],
    )  # fmt: skip
