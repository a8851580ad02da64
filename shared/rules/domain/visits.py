"""What a visit does to a claim, and the table of visits that others receive (procedure.md#visits)."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from shared.ids import CustomerId, EventId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.assignment import Assignment, assign, capacity, look_up_referrers, may_own
from shared.rules.domain.case import Case, standing
from shared.rules.domain.discovery import (
    arrive_late,
    as_of,
    changes_nothing,
    earlier_claim,
    honoured,
    stood_by,
)
from shared.rules.domain.facts import Visit
from shared.rules.domain.identity import identify, take_id
from shared.rules.domain.registration import is_complete, renewal
from shared.rules.domain.rotation import visit_turn
from shared.rules.domain.state import (
    Assist,
    Claim,
    ClaimOrigin,
    Customer,
    Forfeit,
    Outside,
    Reception,
    Records,
)


class VisitOutcome(Struct, frozen=True, gc=False):
    """What a visit did: `gave` the claim to whom, whether it `supersedes`, and whether a turn is used for it."""

    gave: StaffId | None = None
    superseded: Claim | None = None
    new: bool = False


def register_visit(case: Case, visit: Visit) -> None:
    """A visit was registered at the front desk."""
    receive(case, visit, duplicate=not is_first(case.slice, visit, case.record))


def receive(case: Case, visit: Visit, *, duplicate: bool) -> None:
    """Name the customer, and judge the visit unless another record has its id (procedure.md#fine-duplicates)."""
    customer = identify(case, visit.customer)
    if duplicate:
        case.flag("duplicate_visit")
        return
    complete = is_complete(case.book, visit.customer)
    if not complete or customer is None:
        case.flag("incomplete")
    if customer is None:
        take_id(case, "visit", visit.visit)
    else:
        judge_visit(case, visit, customer, complete)


def is_first(records: Records | Outside, visit: Visit, event: EventId) -> bool:
    """Whether no other record has the id of this visit: the first stands, the others are duplicates."""
    if records.taken("visit", visit.visit) not in (None, event):
        return False
    home = records.pointed("visit", visit.visit)
    return home is None or records.received(home, visit.visit, event)


def judge_visit(case: Case, visit: Visit, customer: CustomerId, complete: bool) -> None:
    """Let the visit give, keep, renew or supersede the claim, and take a turn."""
    known = case.customer(customer)
    referrals = look_up_referrers(case, visit)
    assignment = assign(case, visit, known, referrals)
    if complete:
        outcome = _judge_complete(case, visit, known, assignment)
    else:
        outcome = VisitOutcome(new=standing(known.claim) is None)
    reception = Reception(
        visit=visit.visit,
        event=case.record,
        seq=case.seq,
        at=case.effective,
        book=case.book_id,
        receiver=visit.received_by,
        ended_at=visit.ended_at,
        gave=outcome.gave,
        superseded=outcome.superseded,
        present=visit.present,
        referrals=referrals,
    )
    case.emit(e.VisitReceived(customer, reception))
    if outcome.new:
        asked_for = assignment.owner if assignment is not None and assignment.step == 1 else None
        taken = replace(visit, capacity=capacity(case, visit, known))
        visit_turn(case, taken, asked_for, may_receive=may_own(case, known, visit.received_by))


def _judge_complete(case: Case, visit: Visit, known: Customer, assignment: Assignment | None) -> VisitOutcome:
    claim = known.claim
    if claim is None:
        return _first_visit(case, visit, known, assignment)
    if changes_nothing(case, known):
        return VisitOutcome()
    if visit.received_by == claim.owner and (not claim.lapsed or may_own(case, known, claim.owner)):
        return _owners_visit(case, visit, known, claim)
    if case.effective < claim.since:
        return _early_visit(case, visit, known, claim, assignment)
    return _visit_by_another(case, visit, known, claim, assignment)


def _early_visit(
    case: Case, visit: Visit, known: Customer, claim: Claim, assignment: Assignment | None
) -> VisitOutcome:
    """A visit effective before the claim: a discovery, or nothing (procedure.md#fine-earlier-claim)."""
    if assignment is None:
        return VisitOutcome()
    if assignment.owner == claim.owner:
        return _kept(case, visit, known, claim, case.books[claim.book].kept)
    earlier = earlier_claim(case, known)
    if earlier is not None and _left_alone(case, visit, earlier):
        return VisitOutcome()
    first = _visit_claim(case, visit, assignment)
    assist(case, known.id, visit.received_by, assignment.owner)
    won = arrive_late(case, known.id, first)
    return VisitOutcome(gave=assignment.owner if won else None, new=won)


def _left_alone(case: Case, visit: Visit, claim: Claim) -> bool:
    """Whether the visit would have been renewed by or kept for the one whose claim stood then."""
    return visit.received_by == claim.owner or _lost_by(case, visit, claim) is None


def _visit_claim(case: Case, visit: Visit, assignment: Assignment) -> Claim:
    return case.new_claim(assignment.owner, "visit", _registration(case, visit, assignment.step))


def _registration(case: Case, visit: Visit, step: int) -> ClaimOrigin:
    return ClaimOrigin(
        event=case.record,
        at=case.effective,
        basis="visit",
        visit=visit.visit,
        asked=visit.asked,
        named=_consultants_named(visit),
        present=visit.present,
        brochure_only=visit.brochure_only,
        referred=step == 3,
        late="late_entry" in case.flags,
        seq=case.seq,
    )


def _consultants_named(visit: Visit) -> tuple[StaffId, ...]:
    """Whom the customer named, or who says whose the customer is (procedure.md#visits-recognised)."""
    named = [visit.asked.named_consultant, visit.asked.contacted_by, visit.designated]
    if visit.capacity == "assist":
        named.append(visit.on_behalf_of)
    return tuple(dict.fromkeys([staff for staff in named if staff is not None]))


def assist(case: Case, customer: CustomerId, staff: StaffId, owner: StaffId) -> None:
    """The receiver, if another than the owner, assisted (procedure.md#visits-row-6)."""
    if staff != owner:
        case.emit(e.OwnerAssisted(customer, Assist(staff, owner, case.effective, case.record)))


def _first_visit(case: Case, visit: Visit, known: Customer, assignment: Assignment | None) -> VisitOutcome:
    """Nobody has a claim: the steps give it (procedure.md#steps)."""
    if assignment is None:
        return VisitOutcome()
    claim = _visit_claim(case, visit, assignment)
    case.decide(known.id, "established", claim, assignment.clause, (case.record, case.id))
    assist(case, known.id, visit.received_by, assignment.owner)
    return VisitOutcome(gave=assignment.owner, new=True)


def _owners_visit(case: Case, visit: Visit, known: Customer, claim: Claim) -> VisitOutcome:
    """The owner receives the customer: renewed, or begun anew after a lapse (procedure.md#visits-owner)."""
    if claim.lapsed:
        clause = case.books[claim.book].follow_up.clause
        again = case.new_claim(claim.owner, "visit", _registration(case, visit, 4))
        case.decide(known.id, "established", again, clause, (claim.registration.event, case.id))
        return VisitOutcome(gave=claim.owner)
    renewed = _honoured_visit(case, claim)
    case.decide(known.id, "renewed", renewed, *renewal(case, renewed))
    return VisitOutcome()


def _honoured_visit(case: Case, claim: Claim) -> Claim:
    """The claim after a visit that is kept for or renewed by its owner (procedure.md#visits-becomes)."""
    if claim.basis in ("call", "outreach"):
        claim = replace(claim, basis="visit", registered=case.effective, became_visit=case.effective)
    return case.contacted(claim)


def _visit_by_another(
    case: Case, visit: Visit, known: Customer, claim: Claim, assignment: Assignment | None
) -> VisitOutcome:
    """R receives the customer while O has a standing or lapsed claim: the first row that applies.

    The table is procedure.md#visits-table; rows 1 and 2 are decided here.
    """
    book = case.books[claim.book]
    if claim.lapsed:
        if claim.owner in _consultants_named(visit) and may_own(case, known, claim.owner):
            return _kept(case, visit, known, claim, book.follow_up.clause)
        return _superseded(case, visit, known, claim, assignment, book.follow_up.clause)
    lost = _lost_by(case, visit, claim)
    if lost is None:
        return _kept(case, visit, known, claim, book.kept)
    if lost.forfeits:
        return _forfeited(case, visit, known, claim, assignment)
    return _superseded(case, visit, known, claim, assignment, lost.clause)


class Lost(NamedTuple):
    """The row by which a standing claim does not hold at a visit: its clause, and whether shares are lost too."""

    clause: str
    forfeits: bool = False


def _lost_by(case: Case, visit: Visit, claim: Claim) -> Lost | None:
    """Rows 3 to 5 of procedure.md#visits-table for a standing claim, by the basis of that hour; None: it is kept."""
    if claim.owner in _consultants_named(visit):
        return None
    book = case.books[claim.book]
    basis, registered = as_of(claim, case.effective)
    if not honoured(book.honour, basis, registered, case.effective, case.timezone):
        return Lost(book.honour[basis].clause)
    if stood_by(book, claim, visit.present, followed_up=claim.followed_up is not None):
        return Lost(book.present_unrecognised.clause, forfeits=True)
    return None


def _kept(case: Case, visit: Visit, known: Customer, claim: Claim, clause: str) -> VisitOutcome:
    """O keeps the customer, the clock restarts, and R assisted (procedure.md#visits-row-6)."""
    case.decide(known.id, "kept", _honoured_visit(case, claim), clause, (claim.registration.event, case.id))
    assist(case, known.id, visit.received_by, claim.owner)
    return VisitOutcome()


def _superseded(
    case: Case, visit: Visit, known: Customer, claim: Claim, assignment: Assignment | None, clause: str
) -> VisitOutcome:
    """A new owner by rule: whoever steps 1 to 4 give the visit."""
    if assignment is None:
        return VisitOutcome()
    new = _visit_claim(case, visit, assignment)
    case.decide(known.id, "superseded", new, clause, (claim.registration.event, case.id))
    assist(case, known.id, visit.received_by, assignment.owner)
    back = claim.lapsed and assignment.owner == claim.owner
    return VisitOutcome(gave=assignment.owner, superseded=claim, new=not back)


def _forfeited(
    case: Case, visit: Visit, known: Customer, claim: Claim, assignment: Assignment | None
) -> VisitOutcome:
    """The owner stood by unrecognised, and gets no share of a deal (procedure.md#visits-row-5)."""
    clause = case.books[claim.book].present_unrecognised.clause
    outcome = _superseded(case, visit, known, claim, assignment, clause)
    if outcome.gave is not None and outcome.gave != claim.owner:
        case.emit(e.SharesForfeited(known.id, Forfeit(claim.owner, "present", case.id, clause)))
    return outcome
