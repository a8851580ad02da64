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
    """Steps 1 to 4: the designated or named, the one on whose behalf, the referrer's consultant, the receiver."""
    book = case.book
    steps = [
        (visit.designated if book.designated.honoured else None, 1, book.designated.clause),
        (_named(visit) if book.named.honoured else None, 1, book.named.clause),
        (_on_behalf(case, visit, customer), 2, book.assist.clause),
        *_referred(case, visit),
    ]
    for owner, step, clause in steps:
        if owner is not None and may_own(case, customer, owner):
            return Assignment(owner, step, clause)
    return None


def _named(visit: Visit) -> StaffId | None:
    """The one consultant whom the customer named when asked (E2), where that is one."""
    asked = {visit.asked.named_consultant, visit.asked.contacted_by} - {None}
    return asked.pop() if len(asked) == 1 else None


def _on_behalf(case: Case, visit: Visit, customer: Customer) -> StaffId | None:
    if capacity(case, visit, customer) != "assist":
        return None
    return visit.on_behalf_of or visit.received_by


def capacity(case: Case, visit: Visit, customer: Customer) -> str:
    """How the visit was received; where nobody receives new customers for others, these are received on turn (B1)."""
    earlier = any(record != case.record for record in customer.records)
    return "on_turn" if case.book.assist.new_customers == "receiver" and not earlier else visit.capacity


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
