"""What every rule that touches a deal shares: its status, and how its shares are set or moved (procedure.md#deals)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from shared.ids import CustomerId, StaffId, VisitId
from shared.rules.domain import events as e
from shared.rules.domain.case import Case, resting_on
from shared.rules.domain.state import (
    Claim,
    Customer,
    Deal,
    DealStatus,
    Dispute,
    Forfeit,
    Moved,
    Records,
    Shares,
)


def open_disputes(records: Records, customer: Customer) -> list[Dispute]:
    """The disputes about a customer that nobody has ruled on, in the order in which they were opened."""
    if not customer.disputes:
        return []
    return [dispute for dispute in _unruled(records, customer) if customer.id in dispute.customers]


def _unruled(records: Records, customer: Customer) -> list[Dispute]:
    """Those, and the ones about another customer that name a deal of this one: a correction can part them."""
    found = [records.dispute(dispute) for dispute in customer.disputes]
    return [dispute for dispute in found if dispute is not None and dispute.ruling is None]


def deal_status(records: Records, customer: Customer, deal: Deal) -> DealStatus:
    """`cancelled`, `pending_ruling` while an open dispute holds the deal, else `final`."""
    if deal.cancelled:
        return "cancelled"
    held = any(
        deal.deal in dispute.deals
        or (not dispute.deals and not deal.signed and customer.id in dispute.customers)
        for dispute in _unruled(records, customer)
    )
    return "pending_ruling" if held else "final"


def set_shares(
    case: Case, customer: CustomerId, deal: Deal, shares: Shares, clause: str, at: datetime | None = None
) -> None:
    """Decide the shares of a deal, dated no earlier than the deal (procedure.md#discovery-moved-share)."""
    when = max(case.effective if at is None else at, deal.at)
    because = resting_on(*deal.because, case.id)
    changed = replace(deal, shares=dict(sorted(shares.items())), clause=clause, because=because)
    status = deal_status(case.slice, case.customer(customer), changed)
    case.emit(e.DealDecided(customer, when, status, changed))


def moved(shares: Shares, giver: StaffId, taker: StaffId, part: int) -> Shares:
    """The shares with this part of the giver's at the taker."""
    after = dict(shares)
    after[giver] -= part
    after[taker] = after.get(taker, 0) + part
    return {staff: points for staff, points in after.items() if points}


class Confiscated(NamedTuple):
    """The shares of a deal without what was concealed, what each finding moved, and one that found no taker."""

    shares: Shares
    moved: tuple[Moved, ...] = ()
    stuck: Forfeit | None = None


def receiver_of(known: Customer, claim: Claim | None, forfeit: Forfeit) -> StaffId | None:
    """To whom concealed shares go: the rightful, else the owner, or where that is the receiver, the superseded one.

    Who may have no share of the customer's deals gets nothing, as if nobody were there
    (procedure.md#concealment-to-whom).
    """
    taker = forfeit.to
    if taker is None and claim is not None:
        taker = claim.owner if claim.owner != forfeit.staff else forfeit.superseded
    owner = claim.owner if claim is not None else None
    return None if taker is None or has_lost(known, owner, taker) else taker


def has_lost(known: Customer, owner: StaffId | None, staff: StaffId) -> bool:
    """Whether this consultant may have no share of the customer's deals (procedure.md#concealment-unfit)."""
    lost = any(f.staff == staff and (f.cause != "present" or staff != owner) for f in known.forfeits)
    return lost or staff in known.barred


def confiscated(known: Customer, claim: Claim | None, shares: Shares) -> Confiscated:
    """The shares after every finding of a concealment with this customer."""
    left, told, stuck = dict(shares), [], None
    for forfeit in known.forfeits:
        if forfeit.cause != "concealment" or forfeit.staff not in left:
            continue
        taker = receiver_of(known, claim, forfeit)
        if taker is None:
            stuck = stuck or forfeit
        else:
            told.append(Moved(forfeit.visit or VisitId(""), taker, left[forfeit.staff]))
            left = moved(left, forfeit.staff, taker, left[forfeit.staff])
    return Confiscated(left, tuple(told), stuck)
