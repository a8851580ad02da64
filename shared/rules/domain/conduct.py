"""Complaints, concealments and transfers (procedure.md#complaints and what follows)."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from shared.ids import CustomerId, StaffId, VisitId
from shared.rules.domain import events as e
from shared.rules.domain.authority import approved, manager_or_above
from shared.rules.domain.case import Case, standing
from shared.rules.domain.dispute_opening import open_by_system
from shared.rules.domain.facts import Complaint, Concealment, Transfer
from shared.rules.domain.identity import file_record, identify, touch
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.shares import moved, receiver_of, set_shares
from shared.rules.domain.state import ClaimOrigin, Customer, Deal, Forfeit, Moved


def uphold_complaint(case: Case, complaint: Complaint) -> None:
    """A complaint against the owner ends the claim and bars that consultant (procedure.md#complaints-owner)."""
    customer = identify(case, complaint.customer)
    if customer is None:
        return
    if not manager_or_above(case, complaint.decided_by, case.book):
        case.flag("unapproved")
        return
    claim = standing(case.customer(customer).claim)
    if claim is None or claim.owner != complaint.against:
        case.flag("not_owner")
    else:
        case.emit(e.ConsultantBarred(customer, complaint.against, case.book.complaint))
        case.decide(customer, "revoked", None, case.book.complaint, (claim.registration.event, case.id))
    case.penalise("complaint", complaint.against, case.book)


def find_concealment(case: Case, concealment: Concealment) -> None:
    """The receiver hid whose customer it was and loses every share of it (procedure.md#concealment-found)."""
    found = forfeit(case, concealment)
    if found is not None:
        _confiscate(case, case.customer(found.customer), found.forfeit)
        case.penalise("concealment", found.forfeit.staff, found.book)


class ForfeitFound(NamedTuple):
    """A concealment that counts: what is forfeited with which customer, by the book of the visit."""

    customer: CustomerId
    forfeit: Forfeit
    book: Rulebook


def forfeit(case: Case, concealment: Concealment) -> ForfeitFound | None:
    """What the receiver may have no share of any more, unless the finding does not count."""
    file_record(case)
    customer = case.slice.pointed("visit", concealment.visit)
    if customer is None:
        case.flag("unknown_visit")
        return None
    touch(case, customer)
    case.settle(customer)
    known = case.customer(customer)
    reception = next(r for r in known.receptions if r.visit == concealment.visit)
    book = case.books[reception.book]
    if not manager_or_above(case, concealment.decided_by, book):
        case.flag("unapproved")
        return None
    lost = Forfeit(
        staff=reception.receiver,
        cause="concealment",
        event=case.id,
        clause=book.concealment,
        to=concealment.rightful,
        superseded=reception.superseded.owner if reception.superseded is not None else None,
        visit=concealment.visit,
    )
    case.emit(e.SharesForfeited(customer, lost))
    return ForfeitFound(customer, lost, book)


def _confiscate(case: Case, known: Customer, forfeit: Forfeit) -> None:
    """Move what the receiver has in the deals that stand; with nobody to receive it, a ruling must say.

    What an earlier finding on the same visit moved goes where this one says.
    """
    deals = [deal for deal in known.deals if not deal.cancelled]
    taker = receiver_of(known, standing(known.claim), forfeit)
    if taker is None:
        held = tuple(deal.deal for deal in deals if forfeit.staff in deal.shares)
        if held:
            open_by_system(case, [known.id], forfeit.clause, deals=held)
        return
    for deal in deals:
        shares, points = dict(deal.shares), 0
        for giver, part in _concealed(deal, forfeit):
            part = min(part, shares.get(giver, 0))
            if part:
                shares, points = moved(shares, giver, taker, part), points + part
        if shares != deal.shares:
            others = tuple(each for each in deal.moved if each.visit != forfeit.visit)
            told = replace(deal, moved=(*others, Moved(forfeit.visit or VisitId(""), taker, points)))
            set_shares(case, known.id, told, shares, forfeit.clause)


def _concealed(deal: Deal, forfeit: Forfeit) -> list[tuple[StaffId, int]]:
    """Who has what of a deal by the concealment, an earlier finding included (procedure.md#concealment-again)."""
    held = [(forfeit.staff, deal.shares.get(forfeit.staff, 0))]
    return held + [(each.to, each.points) for each in deal.moved if each.visit == forfeit.visit]


def transfer(case: Case, wish: Transfer) -> None:
    """Give the claim to another consultant, with the approvals that it takes (procedure.md#transfers-approved)."""
    customer = identify(case, wish.customer)
    if customer is None:
        return
    if not approved(case, case.book.transfers.approved_by, wish.approved_by):
        case.flag("unapproved")
        return
    known = case.customer(customer)
    if case.scope.departed(wish.to):
        case.flag("unsupported")
        return
    if wish.to in known.barred:
        case.flag("barred")
        return
    before = standing(known.claim)
    claim = case.new_claim(
        wish.to, "transfer", ClaimOrigin(case.id, case.effective, "transfer", seq=case.seq)
    )
    because = (case.id,) if before is None else (before.registration.event, case.id)
    case.decide(customer, "transferred", claim, case.book.transfers.clause, because)
