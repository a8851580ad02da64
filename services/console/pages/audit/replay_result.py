"""What a replay came to, as its page tells it: who gains, whose it would be, decisions side by side."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from services.console.frame.place_facts import SeenScope
from shared.contract.answers.replays import (
    ComparedDealDecisions,
    ComparedDecisions,
    ReplayCounts,
    ReplayedConsultant,
    ReplayedCustomer,
    ReplayedDeal,
    ReplayedMovement,
    ReplayResult,
)
from shared.contract.case_numbers import case_number
from shared.i18n import Text, translated

MOST: Final = 100
"""Customers and deals on the page; the workbook has all."""


class ReplayedSide(Struct, frozen=True):
    """One of two decisions that stand beside each other; None of nothing."""

    at: str
    what: str
    who: Text | str
    clause: str


class SideBySide(Struct, frozen=True):
    """What was decided, and what would be."""

    before: ReplayedSide | None
    after: ReplayedSide | None

    @property
    def differs(self) -> bool:
        """Whether more than the clause is another one."""
        if self.before is None or self.after is None:
            return True
        return (self.before.what, self.before.who) != (self.after.what, self.after.who)


class ReplayedLine(Struct, frozen=True, kw_only=True):
    """A customer or a deal whose claim or shares differ; `moved` is the money, where the deal says an amount."""

    name: str
    case: str
    customer: str
    before: Text | str
    after: Text | str
    before_status: str
    after_status: str
    moved: str = ""
    points: int = 0
    decisions: list[SideBySide]


class WordedResult(Struct, frozen=True, kw_only=True):
    """A result with names; `left` are the customers and deals that the workbook has besides."""

    counts: ReplayCounts
    as_of: str | None
    consultants: list[ReplayedConsultant]
    movements: list[ReplayedMovement]
    customers: list[ReplayedLine]
    deals: list[ReplayedLine]
    left: int


def result_in_words(result: ReplayResult, facts: SeenScope) -> WordedResult:
    """The result for people: whoever's customers change owner first, then the others."""
    changed = sorted(result.customers, key=lambda one: _owner(one.before) == _owner(one.after))
    names = {one.customer: one.names[0] for one in result.customers if one.names}
    return WordedResult(
        counts=result.counts, as_of=result.as_of,
        consultants=sorted(result.consultants, key=lambda one: (-float(one.amount), -one.customers)),
        movements=sorted(result.movements, key=lambda one: (-float(one.amount), -one.customers)),
        customers=[_customer(one, facts) for one in changed[:MOST]],
        deals=[_deal(one, facts, names) for one in result.deals[:MOST]],
        left=max(len(changed) - MOST, 0) + max(len(result.deals) - MOST, 0),
    )  # fmt: skip


def _owner(claim: Any) -> str | None:
    return claim.owner if claim is not None else None


def _customer(one: ReplayedCustomer, facts: SeenScope) -> ReplayedLine:
    return ReplayedLine(
        name=one.names[0] if one.names else "", case=case_number(one.customer), customer=one.customer,
        before=_who(_owner(one.before), facts), after=_who(_owner(one.after), facts),
        before_status=one.before.status if one.before is not None else "",
        after_status=one.after.status if one.after is not None else "",
        decisions=[_decisions(each, facts) for each in one.decisions],
    )  # fmt: skip


def _deal(one: ReplayedDeal, facts: SeenScope, names: dict[Any, str]) -> ReplayedLine:
    return ReplayedLine(
        name=names.get(one.customer, ""), case=case_number(one.customer), customer=one.customer,
        before=_shares(one.before.shares if one.before is not None else {}, facts),
        after=_shares(one.after.shares if one.after is not None else {}, facts),
        before_status=one.before.status if one.before is not None else "",
        after_status=one.after.status if one.after is not None else "",
        moved=one.amount_moved or "", points=one.basis_points_moved,
        decisions=[_deal_decisions(each, facts) for each in one.decisions],
    )  # fmt: skip


def _who(staff: str | None, facts: SeenScope) -> Text | str:
    return translated("nobody") if staff is None else facts.name(staff)


def _shares(shares: Any, facts: SeenScope) -> Text | str:
    """Each with their part, as people say it."""
    if not shares:
        return translated("nobody")
    parts = [(facts.name(staff), f"{part / 100:g}%") for staff, part in shares.items()]
    return Text("、".join(f"{n} {p}" for n, p in parts), ", ".join(f"{n} {p}" for n, p in parts))


def _decisions(pair: ComparedDecisions, facts: SeenScope) -> SideBySide:
    sides = [
        ReplayedSide(one.at, one.decision, _who(one.owner, facts), one.clause) if one is not None else None
        for one in (pair.before, pair.after)
    ]
    return SideBySide(*sides)


def _deal_decisions(pair: ComparedDealDecisions, facts: SeenScope) -> SideBySide:
    sides = [
        ReplayedSide(one.at, one.status, _shares(one.shares, facts), one.clause) if one is not None else None
        for one in (pair.before, pair.after)
    ]
    return SideBySide(*sides)
