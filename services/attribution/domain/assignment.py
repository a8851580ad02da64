"""Section 3 of the rules, steps 1 to 4: whom a visit goes to where nobody has a claim, or the claim does not hold."""

from __future__ import annotations

from typing import NamedTuple

from services.attribution.domain.case import Case, standing
from services.attribution.domain.facts import Party, StaffId, Visit
from services.attribution.domain.identity import known_customers
from services.attribution.domain.state import Customer


class Assignment(NamedTuple):
    """Whom steps 1 to 4 give a visit, by which step and clause."""

    owner: StaffId
    step: int
    clause: str


def assign(case: Case, visit: Visit, customer: Customer) -> Assignment | None:
    """Steps 1 to 4: the designated, the one on whose behalf, the referrer's consultant, the receiver."""
    book = case.book
    steps = [
        (visit.designated if book.designated.honoured else None, 1, book.designated.clause),
        (_on_behalf(visit), 2, book.assist),
        *_referred(case, visit),
    ]
    for owner, step, clause in steps:
        if owner is not None and may_own(case, customer, owner):
            return Assignment(owner, step, clause)
    return None


def _on_behalf(visit: Visit) -> StaffId | None:
    if visit.capacity != "assist":
        return None
    return visit.on_behalf_of or visit.received_by


def _referred(case: Case, visit: Visit) -> list[tuple[StaffId | None, int, str]]:
    """Step 3, where the customers of exactly one consultant brought this one, and step 4."""
    book = case.book
    consultants = _referrers(case, visit)
    first = book.registration.first
    if len(consultants) > 1:
        return [(visit.received_by, 4, book.referral.joint.clause)]
    steps: list[tuple[StaffId | None, int, str]] = [(visit.received_by, 4, first)]
    if consultants and book.referral.single.effect == "referrer_consultant":
        steps.insert(0, (consultants[0], 3, book.referral.single.clause))
    return steps


def _referrers(case: Case, visit: Visit) -> list[StaffId]:
    """The different consultants whom the referrers name, or whose customers they are."""
    found: dict[StaffId, None] = {}
    for referrer in visit.referred_by:
        if referrer.consultant is not None:
            found[referrer.consultant] = None
        elif referrer.contact is not None:
            owner = _owner_of(case, referrer.contact)
            if owner is not None:
                found[owner] = None
    return list(found)


def _owner_of(case: Case, contact: str) -> StaffId | None:
    """The owner of the customer with this contact."""
    for customer in known_customers(case, Party(None, (contact,))):
        case.settle(customer)
        claim = standing(case.customer(customer).claim)
        return claim.owner if claim is not None else None
    if case.outside is None:
        return None
    pointed = case.outside.pointed("contact", contact)
    claim = standing(case.outside.customer(pointed).claim) if pointed is not None else None
    return claim.owner if claim is not None else None


def may_own(case: Case, customer: Customer, staff: StaffId) -> bool:
    """Whether this consultant is neither gone nor barred from the customer."""
    return staff not in customer.barred and not case.scope.departed(staff)
