"""The lists of a scope as it stood at a moment, and pages of them as far as the caller reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from services.attribution.historic.refold import FoldedFact, Refolded
from services.attribution.store.whom import consultant_of, recorded
from shared.contract import parse_instant
from shared.contract.answers import (
    BothBoards,
    CustomerResult,
    DealResult,
    DisputeResult,
    FlagResult,
    PenaltyResult,
)
from shared.ids import DealId
from shared.rules.domain import events as e
from shared.rules.domain.facts import Cancellation, Signing
from shared.rules.domain.state import Board, Customer, Dispute
from shared.rules.judge.result import (
    both_boards,
    customer_judged,
    deal_judged,
    dispute_result,
    flag_result,
    penalty_result,
)

ListName: TypeAlias = Literal["customers", "deals", "disputes", "flags", "penalties"]
Item: TypeAlias = "CustomerResult | DatedDeal | DisputeResult | Marked"


@dataclass(frozen=True, slots=True)
class DatedDeal:
    """A deal, and the facts that subscribed, signed and cancelled it."""

    deal: DealResult
    subscribed: bytes | None
    signed: bytes | None = None
    cancelled: bytes | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """A flag or a penalty, and the record that it is about."""

    mark: FlagResult | PenaltyResult
    record: bytes | None


@dataclass(frozen=True, slots=True)
class Reached:
    """Whom the caller reaches today, where that is not all of the scope: these items, or what concerns these."""

    ids: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    offices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """What a page of customers is narrowed to."""

    owner: str | None = None
    status: str | None = None
    before: datetime | None = None


EVERY_CUSTOMER: Final = CustomerFilter()


@dataclass(frozen=True, slots=True)
class PageThen:
    """Items of a page, whether more follow, and by which names people were known."""

    items: list[Any]
    more: bool
    names: dict[str, str]


@dataclass(slots=True)
class Lists:
    """Every list of a scope, each in its order."""

    items: dict[str, list[Any]]
    boards: dict[str, BothBoards]
    names: dict[str, str] = field(default_factory=dict)


def is_dated(folded: FoldedFact) -> bool:
    """Whether a fact is one of those that date a deal, which are all that is kept for lists."""
    return isinstance(folded.known.fact.matter, Signing | Cancellation)


def lists_of(found: Refolded) -> Lists:
    """The lists of a scope, as its facts up to the moment give them."""
    slice_, history = found.slice, found.history
    customers = sorted((r for r in slice_.values() if isinstance(r, Customer)), key=lambda c: c.place)
    disputes = sorted((r for r in slice_.values() if isinstance(r, Dispute)), key=lambda d: d.seq)
    return Lists(
        {
            "customers": [customer_judged(slice_, history, one) for one in customers],
            "deals": list(_deals(found, customers)),
            "disputes": [dispute_result(slice_, one) for one in disputes],
            "flags": [_marked(found, flag_result(made)) for _, made in history.flags],
            "penalties": [_marked(found, penalty_result(made)) for _, made in history.penalties],
        },
        {r.office: both_boards(r) for r in slice_.values() if isinstance(r, Board)},
        found.names,
    )


def dated_deal(found: Refolded, name: str) -> DatedDeal | None:
    """One deal as it was then."""
    home = found.slice.pointed("deal", name)
    customer = found.slice.find_customer(home) if home is not None else None
    return next(_deals(found, [customer], name), None) if customer is not None else None


def _deals(found: Refolded, customers: Sequence[Customer], name: str | None = None) -> Iterator[DatedDeal]:
    dates: dict[tuple[DealId, type], bytes] = {}
    for folded in found.facts:
        matter = folded.known.fact.matter
        if isinstance(matter, Signing | Cancellation) and _changed(folded, matter.deal):
            dates[matter.deal, type(matter)] = folded.known.stored.body
    bodies = {stored.seq: stored.body for stored in found.stored.values()}
    each = ((customer, deal) for customer in customers for deal in customer.deals)
    for customer, deal in sorted(each, key=lambda pair: pair[1].seq):
        if name in (None, deal.deal):
            yield DatedDeal(
                deal_judged(found.slice, found.history, customer, deal),
                bodies.get(deal.seq),
                dates.get((deal.deal, Signing)),
                dates.get((deal.deal, Cancellation)),
            )


def _changed(folded: FoldedFact, deal: DealId) -> bool:
    """Whether the fact signed or cancelled the deal; one that changed nothing did neither."""
    return any(
        isinstance(event, e.DealChanged | e.DealDecided) and event.deal.deal == deal
        for event in folded.events
    )


def _marked(found: Refolded, mark: FlagResult | PenaltyResult) -> Marked:
    stored = found.stored.get(mark.event)
    return Marked(mark, None if stored is None else stored.body)


def page_of(
    lists: Lists, name: ListName, offset: int, limit: int, filter_: CustomerFilter, reached: Reached | None
) -> PageThen:
    """Items of a list from behind so many that the caller reaches."""
    keep = _WITHIN[name]
    items = (
        item
        for item in lists.items[name]
        if (reached is None or keep(item, reached)) and _fits(item, filter_)
    )
    page: list[Any] = []
    for number, item in enumerate(items):
        if number >= offset:
            page.append(item)
        if len(page) > limit:
            break
    return PageThen(page[:limit], len(page) > limit, lists.names)


def _fits(item: Item, filter_: CustomerFilter) -> bool:
    if not isinstance(item, CustomerResult):
        return True
    if filter_.owner is not None and item.owner != filter_.owner:
        return False
    if filter_.status is not None and item.status != filter_.status:
        return False
    if filter_.before is None:
        return True
    return item.expires_at is not None and parse_instant(item.expires_at) < filter_.before


def _mark_within(item: Marked, reached: Reached) -> bool:
    people = {getattr(item.mark, "staff", None)}
    if item.record is None:
        return not people.isdisjoint(reached.people)
    event = recorded(item.record)
    people.add(consultant_of(event))
    return event.office in reached.offices or not people.isdisjoint(reached.people)


_WITHIN: Final[dict[str, Callable[[Any, Reached], bool]]] = {
    "customers": lambda item, reached: item.customer in reached.ids,
    "deals": lambda item, reached: item.deal.deal in reached.ids,
    "disputes": lambda item, reached: item.dispute in reached.ids,
    "flags": _mark_within,
    "penalties": _mark_within,
}
