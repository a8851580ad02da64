"""What every rule that touches a deal shares: its status, and how its shares are set or moved (section 7)."""

from __future__ import annotations

from datetime import datetime

from services.attribution.domain import events as e
from services.attribution.domain.case import Case, resting_on
from services.attribution.domain.facts import StaffId
from services.attribution.domain.record import replace
from services.attribution.domain.state import (
    Claim,
    Customer,
    CustomerId,
    Deal,
    Dispute,
    Forfeit,
    Shares,
    Slice,
)


def open_disputes(slice_: Slice, customer: Customer) -> list[Dispute]:
    """The disputes about a customer that nobody has ruled on, in the order in which they were opened."""
    if not customer.disputes:
        return []
    return [dispute for dispute in _unruled(slice_, customer) if customer.id in dispute.customers]


def _unruled(slice_: Slice, customer: Customer) -> list[Dispute]:
    """Those, and the ones about another customer that name a deal of this one: a correction can part them."""
    found = [slice_.dispute(dispute) for dispute in customer.disputes]
    return [dispute for dispute in found if dispute is not None and dispute.ruling is None]


def deal_status(slice_: Slice, customer: Customer, deal: Deal) -> str:
    """`cancelled`, `pending_ruling` while an open dispute holds the deal, else `final`."""
    if deal.cancelled:
        return "cancelled"
    held = any(
        deal.deal in dispute.deals
        or (not dispute.deals and not deal.signed and customer.id in dispute.customers)
        for dispute in _unruled(slice_, customer)
    )
    return "pending_ruling" if held else "final"


def set_shares(
    case: Case, customer: CustomerId, deal: Deal, shares: Shares, clause: str, at: datetime | None = None
) -> None:
    """A decision of the deal: its shares from now on, dated no earlier than the deal."""
    when = max(case.effective if at is None else at, deal.at)
    because = resting_on(*deal.because, case.id)
    changed = replace(deal, shares=dict(sorted(shares.items())), clause=clause, because=because)
    status = deal_status(case.slice, case.customer(customer), changed)
    case.emit(e.DealDecided(customer, when, status, changed))


def move_shares(
    case: Case,
    customer: CustomerId,
    deal: Deal,
    giver: StaffId,
    taker: StaffId,
    part: int,
    clause: str,
    at: datetime,
) -> None:
    """Move basis points of a deal from one consultant to another."""
    set_shares(case, customer, deal, moved(deal.shares, giver, taker, part), clause, at)


def moved(shares: Shares, giver: StaffId, taker: StaffId, part: int) -> Shares:
    """The shares with this part of the giver's at the taker."""
    after = dict(shares)
    after[giver] -= part
    after[taker] = after.get(taker, 0) + part
    return {staff: points for staff, points in after.items() if points}


def receiver_of(claim: Claim | None, forfeit: Forfeit) -> StaffId | None:
    """To whom concealed shares go: the rightful, else the owner, or where that is the receiver, the superseded one."""
    if forfeit.to is not None or claim is None:
        return forfeit.to
    return claim.owner if claim.owner != forfeit.staff else forfeit.superseded


def confiscated(known: Customer, claim: Claim | None, shares: Shares) -> tuple[Shares, Forfeit | None]:
    """The shares without what was concealed, and the concealment for which nobody is to receive it."""
    left, stuck = dict(shares), None
    for forfeit in known.forfeits:
        if forfeit.cause != "concealment" or forfeit.staff not in left:
            continue
        taker = receiver_of(claim, forfeit)
        if taker is None:
            stuck = stuck or forfeit
        else:
            left = moved(left, forfeit.staff, taker, left[forfeit.staff])
    return left, stuck
