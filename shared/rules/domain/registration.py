"""What makes a registration complete, and what a call or an outreach does to a claim (procedure.md#registration)."""

from __future__ import annotations

from shared.ids import CustomerId, EventId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.assignment import may_own
from shared.rules.domain.case import Case, standing
from shared.rules.domain.discovery import arrive_late, changes_nothing, earlier_claim
from shared.rules.domain.facts import Asked, Basis, Call, Outreach, Party, is_phone
from shared.rules.domain.identity import identify
from shared.rules.domain.rotation import call_turn
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import Claim, ClaimOrigin

NOT_ASKED = Asked()


def is_complete(book: Rulebook, party: Party) -> bool:
    """Whether the registration has what the rulebook requires (procedure.md#registration-complete).

    A name that was taken away since was there all the same.
    """
    requires = book.registration.requires
    phone = any(is_phone(contact) for contact in party.contacts)
    has = {"name": party.name is not None, "contact": bool(party.contacts), "phone": phone}
    return all(has[wanted] for wanted in requires)


def renewal(case: Case, claim: Claim) -> tuple[str, tuple[EventId, ...]]:
    """The clause and the events of a renewal (procedure.md#cites-renewed)."""
    book = case.books[claim.book]
    clause = book.registration.first if book.follow_up.days(claim.basis) is None else book.follow_up.clause
    return clause, (claim.registration.event, case.id)


def may_revive(case: Case, claim: Claim) -> bool:
    """Whether a contact after the lapse revives the claim, for who still works (procedure.md#lapse-revive)."""
    return case.books[claim.book].follow_up.revive and not case.scope.departed(claim.owner)


def renew(case: Case, customer: CustomerId, claim: Claim) -> None:
    """A counting contact by the owner that is no visit."""
    case.decide(customer, "renewed", case.contacted(claim), *renewal(case, claim))


def register_call(case: Case, call: Call) -> None:
    """A call was answered."""
    customer = identify(case, call.customer)
    complete = is_complete(case.book, call.customer)
    if not complete or customer is None:
        case.flag("incomplete")
    if customer is not None:
        judge_contact(case, customer, call.answered_by, "call", complete, call.asked)


def register_outreach(case: Case, outreach: Outreach) -> None:
    """A consultant approached somebody by message, in the field or on the web."""
    customer = identify(case, outreach.customer)
    complete = is_complete(case.book, outreach.customer)
    if not complete or customer is None:
        case.flag("incomplete")
    if customer is not None:
        judge_contact(case, customer, outreach.by, "outreach", complete)


def judge_contact(
    case: Case, customer: CustomerId, staff: StaffId, basis: Basis, complete: bool, asked: Asked = NOT_ASKED
) -> None:
    """Let a call or an outreach give or renew the claim; a new customer's call takes a turn."""
    new = not case.customer(customer).registered
    late = "late_entry" in case.flags
    registration = ClaimOrigin(case.record, case.effective, basis, asked=asked, late=late, seq=case.seq)
    gave = complete and _give_by_contact(case, customer, staff, registration)
    if new:
        case.emit(e.CustomerRegistered(customer))
    if basis == "call" and (new or gave):
        call_turn(case, staff)


def _give_by_contact(case: Case, customer: CustomerId, staff: StaffId, registration: ClaimOrigin) -> bool:
    basis = registration.basis
    known = case.customer(customer)
    claim = known.claim
    honour = case.book.honour[basis]
    if changes_nothing(case, known):
        return False
    if claim is not None and staff == claim.owner:
        if basis == "call" and (not claim.lapsed or may_revive(case, claim)):
            renew(case, customer, claim)
        elif claim.lapsed:
            case.flag("after_lapse")
        return False
    if honour.by == "none" or not may_own(case, known, staff):
        return False
    if claim is not None and case.effective < claim.since:
        if earlier_claim(case, known) is not None:  # which stays where another calls
            return False
        return arrive_late(case, customer, case.new_claim(staff, basis, registration))
    if standing(claim) is not None:
        return False
    because = (case.record, case.id) if claim is None else (claim.registration.event, case.record, case.id)
    case.decide(customer, "established", case.new_claim(staff, basis, registration), honour.clause, because)
    return True
