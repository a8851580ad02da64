"""Deals with what was sold for how much and when, and disputes, a page at a time (contract.md#deals-of-a-result)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from services.attribution.queries.cursor import Cursor, following
from services.attribution.queries.recorded import recorded, times_of
from services.attribution.queries.snapshot import Row, Snapshot, UnknownNameError
from shared.contract.answers import DealDecision, DealResult, DisputeResult, ListedDeal
from shared.contract.answers.values import extended
from shared.ids import DisputeId
from shared.rules.domain.state import Key
from shared.rules.judge.result import deal_result, dispute_result

_decode_decision = msgspec.json.Decoder(DealDecision).decode


def deals_page(snapshot: Snapshot, cursor: Cursor, limit: int) -> tuple[list[ListedDeal], Cursor | None]:
    """Deals in the order of the records that subscribed them."""
    if snapshot.reach.whole:
        rows = snapshot.page("page_of_deals", cursor, limit)
        return _dated(snapshot, _deals(snapshot, rows[:limit])), following(rows, limit)
    rows = snapshot.reach.page("deals", cursor, limit)
    shown = snapshot.ask("these_deals", [snapshot.head.scope, [deal for _, deal in rows[:limit]]])
    return _dated(snapshot, _deals(snapshot, shown)), following(rows, limit)


def deal_of(snapshot: Snapshot, name: str) -> ListedDeal:
    found = snapshot.ask("deal", [snapshot.head.scope, name])
    if not found or not snapshot.reach.item("deals", found[0][0], name):
        raise UnknownNameError(name)
    return _dated(snapshot, _deals(snapshot, found))[0]


def _deals(snapshot: Snapshot, shown: Sequence[Row]) -> list[DealResult]:
    """These deals, each by its place, its name and its customer, with all their decisions."""
    snapshot.load_customers([str(customer) for _, _, customer in shown])
    decisions: dict[str, list[DealDecision]] = defaultdict(list)
    names = [deal for _, deal, _ in shown]
    for deal, body in snapshot.ask("decisions_of_deals", [snapshot.head.scope, names]):
        decisions[deal].append(_decode_decision(body))
    found = []
    for _, name, owner in shown:
        customer = snapshot.work.slice.customer(owner)
        deal = next(deal for deal in customer.deals if deal.deal == name)
        found.append(deal_result(snapshot.work.slice, customer, deal, decisions[name]))
    return found


def _dated(snapshot: Snapshot, deals: Sequence[DealResult]) -> list[ListedDeal]:
    rows = snapshot.ask("facts_of_deals", [snapshot.head.scope, [deal.deal for deal in deals]])
    facts = {name: bodies for name, *bodies in rows}
    return [sold(deal, *facts[deal.deal]) for deal in deals]


def sold(
    deal: DealResult, subscribed: bytes | None, signed: bytes | None, cancelled: bytes | None
) -> ListedDeal:
    """A deal with what the facts say that subscribed, signed and cancelled it."""
    sale = {} if subscribed is None else recorded(subscribed).data
    return extended(
        ListedDeal,
        deal,
        project=sale.get("project"),
        unit=sale.get("unit"),
        amount=sale.get("amount"),
        subscribed_at=_occurred(subscribed),
        signed_at=_occurred(signed),
        cancelled_at=_occurred(cancelled),
    )


def _occurred(body: bytes | None) -> str | None:
    return None if body is None else times_of(recorded(body))[0]


def disputes_page(
    snapshot: Snapshot, cursor: Cursor, limit: int
) -> tuple[list[DisputeResult], Cursor | None]:
    """Disputes in the order of the records that opened them."""
    reach = snapshot.reach
    rows = (
        snapshot.page("page_of_disputes", cursor, limit)
        if reach.whole
        else reach.page("disputes", cursor, limit)
    )
    names = [DisputeId(name) for _, name in rows[:limit]]
    snapshot.load({Key("dispute", name) for name in names})
    found = [dispute for name in names if (dispute := snapshot.work.slice.dispute(name))]
    return [dispute_result(snapshot.work.slice, dispute) for dispute in found], following(rows, limit)
