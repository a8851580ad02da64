"""The steps: whom a visit goes to where nobody has a claim, or the claim does not hold (procedure.md#steps)."""

from __future__ import annotations

from typing import NamedTuple

from shared.ids import Contact, EventId, StaffId
from shared.rules.domain.case import Case, standing
from shared.rules.domain.facts import Party, Visit
from shared.rules.domain.identity import known_customers
from shared.rules.domain.state import Customer, ReferralAtVisit


class Assignment(NamedTuple):
    """Whom steps 1 to 4 give a visit, by which step and clause."""

    owner: StaffId
    step: int
    clause: str


def assign(
    case: Case, visit: Visit, customer: Customer, referrals: tuple[ReferralAtVisit, ...]
) -> Assignment | None:
    """The first step that gives the visit to somebody who may own (procedure.md#steps)."""
    book = case.book
    steps = [
        (visit.designated if book.designated.honoured else None, 1, book.designated.clause),
        (_named(visit) if book.named.honoured else None, 1, book.named.clause),
        (_on_behalf(case, visit, customer), 2, book.assist.clause),
        *_referred(case, visit, referrals),
    ]
    for owner, step, clause in steps:
        if owner is not None and may_own(case, customer, owner):
            return Assignment(owner, step, clause)
    return None


def _named(visit: Visit) -> StaffId | None:
    """The one consultant whom the customer named when asked, where that is one (procedure.md#step-1-named)."""
    asked = {visit.asked.named_consultant, visit.asked.contacted_by} - {None}
    return asked.pop() if len(asked) == 1 else None


def _on_behalf(case: Case, visit: Visit, customer: Customer) -> StaffId | None:
    if capacity(case, visit, customer) != "assist":
        return None
    return visit.on_behalf_of or visit.received_by


def capacity(case: Case, visit: Visit, customer: Customer) -> str:
    """How the visit was received; where nobody receives new customers for others, on turn (procedure.md#step-2-new)."""
    if case.book.assist.new_customers != "receiver" or _has_other(customer, case.record):
        return visit.capacity
    return "on_turn"


def _has_other(customer: Customer, record: EventId) -> bool:
    """Whether the customer has a record besides this one."""
    return any(each != record for each in customer.records)


def _referred(
    case: Case, visit: Visit, referrals: tuple[ReferralAtVisit, ...]
) -> list[tuple[StaffId | None, int, str]]:
    """Step 3, where the customers of exactly one consultant brought this one, and step 4 (procedure.md#step-3)."""
    book = case.book
    consultants = _referrers(visit, referrals)
    first = book.registration.first
    if len(consultants) > 1:
        return [(visit.received_by, 4, book.referral.joint.clause)]
    steps: list[tuple[StaffId | None, int, str]] = [(visit.received_by, 4, first)]
    if consultants and book.referral.single.effect == "referrer_consultant":
        steps.insert(0, (consultants[0], 3, book.referral.single.clause))
    return steps


def _referrers(visit: Visit, referrals: tuple[ReferralAtVisit, ...]) -> list[StaffId]:
    """The different consultants whom the referrers name, or whose customers they are (procedure.md#step-referrers)."""
    owners = {referral.contact: referral.owner for referral in referrals}
    named = [r.consultant or (owners.get(r.contact) if r.contact else None) for r in visit.referred_by]
    return list(dict.fromkeys(staff for staff in named if staff is not None))


def look_up_referrers(case: Case, visit: Visit) -> tuple[ReferralAtVisit, ...]:
    """Whose customer each referrer is whom the visit names by a contact only."""
    contacts = [r.contact for r in visit.referred_by if r.consultant is None and r.contact is not None]
    return tuple(_referral(case, contact) for contact in dict.fromkeys(contacts))


def _referral(case: Case, contact: Contact) -> ReferralAtVisit:
    """The customer with this contact, and the owner."""
    for customer in known_customers(case, Party(None, (contact,))):
        case.settle(customer)
        claim = standing(case.customer(customer).claim)
        return ReferralAtVisit(contact, customer, claim.owner if claim is not None else None)
    return case.precedent.referral(case.record, contact)


def may_own(case: Case, customer: Customer, staff: StaffId) -> bool:
    """Whether this consultant is neither gone nor barred from the customer (procedure.md#step-passed-over)."""
    return staff not in customer.barred and not case.scope.departed(staff)
