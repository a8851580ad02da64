"""Who has which part of a subscription (procedure.md#deals)."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from shared.ids import CustomerId, EventId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.calendar import local_day
from shared.rules.domain.case import Case, resting_on, standing
from shared.rules.domain.dispute_opening import open_by_system
from shared.rules.domain.facts import Cancellation, Signing, Subscription
from shared.rules.domain.identity import file_record, identify, is_taken, take_id, touch
from shared.rules.domain.rulebook import Rulebook, Split
from shared.rules.domain.shares import confiscated, deal_status, set_shares
from shared.rules.domain.state import Assist, Claim, Customer, Deal, Moved, Shares


class Row(NamedTuple):
    """What a row of the table of deals says: shares, clause, what supports it, and the dispute that it opens."""

    shares: Shares
    clause: str
    support: tuple[EventId, ...] = ()
    disputed: str | None = None
    moved: tuple[Moved, ...] = ()


def subscribe(case: Case, subscription: Subscription) -> None:
    """A deal was subscribed: fix its shares by the first row that applies."""
    known_deal = case.slice.pointed("deal", subscription.deal) is not None
    duplicate = known_deal or is_taken(case, "deal", subscription.deal)
    customer = identify(case, subscription.customer)
    if duplicate:
        case.flag("duplicate_deal")
        return
    if customer is None:
        take_id(case, "deal", subscription.deal)
        return
    known = case.customer(customer)
    claim = standing(known.claim)
    book = case.book_of(claim)
    row = _without_lost(known, claim, _row(case, known, claim, book, subscription.closed_by))
    founded = (claim.registration.event,) if claim is not None else ()
    deal = Deal(
        deal=subscription.deal,
        event=case.id,
        seq=case.seq,
        at=case.effective,
        book=case.book_id if claim is None else claim.book,
        closed_by=subscription.closed_by,
        amount=subscription.amount,
        shares=dict(sorted(row.shares.items())),
        clause=row.clause,
        because=resting_on(*founded, *row.support, case.id),
        moved=row.moved,
    )
    case.emit(e.DealChanged(customer, deal))
    if row.disputed is not None:
        open_by_system(case, [customer], row.disputed, deals=(deal.deal,))
    status = deal_status(case.slice, case.customer(customer), deal)
    case.emit(e.DealDecided(customer, case.effective, status, deal))


def _row(case: Case, known: Customer, claim: Claim | None, book: Rulebook, closer: StaffId) -> Row:
    """The table of deals, row by row (procedure.md#deals-table)."""
    received = any(reception.receiver == closer for reception in known.receptions)
    if claim is None:
        if received:
            return Row({closer: 10000}, book.registration.first)
        return Row({closer: 10000}, book.deal.unregistered, (), book.deal.unregistered)
    owner = claim.owner
    if closer == owner:
        return Row({owner: 10000}, book.registration.first)
    assists = [a for a in known.assists if a.staff == closer and a.owner == owner]
    for split, supporting in (
        (book.deal.referral_same_day, _referred(case, claim, assists)),
        (book.deal.brochure_only, _brochure(known, owner, assists)),
        (book.deal.assisted, assists[0] if assists else None),
    ):
        if split is not None and supporting is not None:
            return Row(_divided(split, owner, closer), split.clause, (supporting.event,))
    if not received:
        return Row({owner: 10000}, book.deal.clause, (), book.deal.clause)
    return Row({owner: 10000}, book.kept)


def _divided(split: Split, owner: StaffId, closer: StaffId) -> Shares:
    """The parts of the two; a share of nothing is none."""
    return {staff: part for staff, part in ((owner, split.owner), (closer, split.other)) if part}


def _referred(case: Case, claim: Claim, assists: list[Assist]) -> Assist | None:
    """The assist of procedure.md#deals-row-4: at the visit of the referral, without O, on the day of the deal."""
    told = claim.registration
    same_day = local_day(told.at, case.timezone) == local_day(case.effective, case.timezone)
    if not told.referred or not same_day or claim.owner in told.present:
        return None
    return next((a for a in assists if a.event == told.event), None)


def _brochure(known: Customer, owner: StaffId, assists: list[Assist]) -> Assist | None:
    """The assist of procedure.md#deals-row-5: at a visit without O, who gave a brochure at the first one only."""
    granted = [grant.registration for grant in known.grants if grant.owner == owner]
    if not granted:
        return None
    first = min(granted, key=lambda registration: registration.at)
    later = [r for r in known.receptions if r.event != first.event and r.at >= first.at]
    if not first.brochure_only or any(r.receiver == owner for r in later):
        return None
    without = {reception.event for reception in later if owner not in reception.present}
    return next((a for a in assists if a.by_visit and a.event in without), None)


def _without_lost(known: Customer, claim: Claim | None, row: Row) -> Row:
    """The shares without those of barred and forfeited consultants (procedure.md#complaints-closer)."""
    shares, disputed = dict(row.shares), row.disputed
    owner = claim.owner if claim is not None else None
    lost = {f.staff: f.clause for f in known.forfeits if f.cause == "present" and f.staff != owner}
    gone = next((staff for staff in shares if staff in known.barred or staff in lost), None)
    if gone is not None:  # the closer: nobody who is barred owns
        shares = {} if owner is None else {owner: 10000}
        if owner is None and disputed is None:
            disputed = known.bar_clause if gone in known.barred else lost[gone]
    after = confiscated(known, claim, shares)
    if disputed is None and after.stuck is not None:
        disputed = after.stuck.clause
    return row._replace(shares=after.shares, moved=after.moved, disputed=disputed)


def sign(case: Case, signing: Signing) -> None:
    """Signing changes no share; it takes the deal out of what an unnamed dispute holds (procedure.md#deals-signed)."""
    found = _known_deal(case, signing.deal)
    if found is not None and not found[1].cancelled and not found[1].signed:
        case.emit(e.DealChanged(found[0], replace(found[1], signed=True)))


def cancel(case: Case, cancellation: Cancellation) -> None:
    """Empty the shares of a deal; the owner's clock restarts at the cancellation (procedure.md#deals-cancelled)."""
    found = _known_deal(case, cancellation.deal)
    if found is None or found[1].cancelled:
        return
    customer, deal = found
    set_shares(case, customer, replace(deal, cancelled=True), {}, deal.clause)
    claim = standing(case.customer(customer).claim)
    if claim is not None:
        case.emit(e.ClaimChanged(customer, case.contacted(claim)))


def _known_deal(case: Case, name: str) -> tuple[CustomerId, Deal] | None:
    file_record(case)
    customer = case.slice.pointed("deal", name)
    if customer is None:
        case.flag("unknown_deal")
        return None
    touch(case, customer)
    case.settle(customer)
    deal = next(deal for deal in case.customer(customer).deals if deal.deal == name)
    return customer, deal
