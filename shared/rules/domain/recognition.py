"""The former owner recognises a customer after another registered the visit (procedure.md#recognition)."""

from __future__ import annotations

from typing import NamedTuple

from shared.ids import CustomerId, EventId, StaffId, VisitId
from shared.rules.domain import events as e
from shared.rules.domain.authority import approved, supervisor_or_above
from shared.rules.domain.calendar import local_day
from shared.rules.domain.case import Case, book_at, standing
from shared.rules.domain.dispute_opening import open_by_system
from shared.rules.domain.facts import Correction, Party, Recognition
from shared.rules.domain.identity import file_record, known_customers, merge, touch
from shared.rules.domain.state import Assist, Claim, Customer, FiledRecord, Reception


class Recognised(NamedTuple):
    """What a recognition is about: the visit, the claim that is asserted, and the other customer that it is of.

    `named` is the customer of the earlier record that the recogniser names.
    """

    customer: CustomerId
    reception: Reception
    claim: Claim | None
    other: CustomerId | None
    named: CustomerId | None


def recognise(case: Case, recognition: Recognition) -> None:
    """Give the customer back, or open a dispute, where the recogniser has the right and is in time."""
    found = look_up(case, recognition)
    if found is not None:
        answer(case, recognition, found)


def look_up(case: Case, recognition: Recognition) -> Recognised | None:
    """What the recognition is about, unless nobody knows the visit."""
    file_record(case)
    customer = case.slice.pointed("visit", recognition.visit)
    reception = _reception(case, customer, recognition.visit)
    if customer is None or reception is None:
        case.flag("unknown_visit")
        return None
    touch(case, customer)
    case.settle(customer)
    named = _registered_as(case, recognition, reception)
    if named is not None:
        case.settle(named)
    another = named if named != customer else None
    return Recognised(
        customer, reception, *_recognised_claim(case, recognition.by, reception, another), named
    )


def answer(case: Case, recognition: Recognition, found: Recognised) -> None:
    """Flag every reason against a recognition, or do what the rulebook of the visit says."""
    if found.other is not None:
        touch(case, found.other)
    rules = case.books[found.reception.book].recognition
    known, claim, reception = case.customer(found.customer), found.claim, found.reception
    if claim is None or (rules.evidence == "required" and not _supported(case, recognition, reception)):
        case.flag("unsupported")
    elif case.scope.departed(recognition.by) or recognition.by in known.barred:
        case.flag("barred")
    elif not _in_time(case, known, reception, rules.until):
        case.flag("too_late")
    elif rules.effect == "return":
        _give_back(case, known, reception, claim, found.other, rules.clause)
    else:
        _dispute(case, recognition, known, claim, found.other, rules.clause)


def _reception(case: Case, customer: CustomerId | None, visit: VisitId) -> Reception | None:
    if customer is None:
        return None
    return next((r for r in case.customer(customer).receptions if r.visit == visit), None)


def _registered_as(case: Case, recognition: Recognition, reception: Reception) -> CustomerId | None:
    """The customer of the earlier record that the recogniser names (procedure.md#recognition-registration)."""
    filed = case.slice.filed(recognition.registration) if recognition.registration else None
    if filed is not None and filed.effective >= reception.at:
        return None
    party = _party_named(case, filed) if filed is not None else None
    known = known_customers(case, party) if party is not None and party.contacts else []
    return known[0] if known else None


def _party_named(case: Case, filed: FiledRecord) -> Party | None:
    """The party of a record; that of a correction names nobody until it is approved (procedure.md#identity-flagged)."""
    matter = filed.fact.matter
    if isinstance(matter, Correction):
        needed = case.books[book_at(case.scope, filed.effective)].corrections.approved_by
        if not approved(case, needed, matter.approved_by, filed.effective):
            return None
    return getattr(matter, "customer", None)


def _recognised_claim(
    case: Case, by: StaffId, reception: Reception, other: CustomerId | None
) -> tuple[Claim | None, CustomerId | None]:
    """The claim that the recogniser asserts, and the other customer that it is of.

    The one that the visit ended comes first; else that of the earlier record, if it still stands.
    """
    if reception.superseded is not None and reception.superseded.owner == by:
        return reception.superseded, None
    claim = standing(case.customer(other).claim) if other is not None else None
    return (claim, other) if claim is not None and claim.owner == by else (None, None)


def _supported(case: Case, recognition: Recognition, reception: Reception) -> bool:
    """Whether there is evidence that somebody of rank confirms (procedure.md#recognition-evidence)."""
    book = case.books[reception.book]
    return bool(recognition.evidence) and supervisor_or_above(case, recognition.confirmed_by, book)


def _in_time(case: Case, known: Customer, reception: Reception, until: str) -> bool:
    """Whether the visit's claim is still the customer's, and the time of `recognition.until` has not passed.

    A claim that has lapsed meanwhile is given back all the same (procedure.md#recognition-until).
    """
    claim = known.claim
    if reception.gave is None or claim is None or claim.registration.event != reception.event:
        return False
    if until == "deal":
        return not any(not deal.cancelled and deal.at >= reception.at for deal in known.deals)
    if reception.ended_at is not None:
        return case.effective <= reception.ended_at
    return local_day(case.effective, case.timezone) == local_day(reception.at, case.timezone)


def _give_back(
    case: Case, known: Customer, reception: Reception, claim: Claim, other: CustomerId | None, clause: str
) -> None:
    """O owns again, the clock restarts, and R assisted (procedure.md#recognition-return)."""
    customer = known.id
    if other is not None:
        customer = join_recognised(case, known, other)
    back = case.contacted(claim)
    because: tuple[EventId, ...] = (claim.registration.event, reception.event, case.id)
    case.decide(customer, "returned", back, clause, because)
    if reception.receiver != claim.owner:
        assist = Assist(reception.receiver, claim.owner, reception.at, reception.event)
        case.emit(e.OwnerAssisted(customer, assist))


def join_recognised(case: Case, known: Customer, other: CustomerId) -> CustomerId:
    """Make the visit's customer and the recogniser's earlier one the same, without a discovery."""
    parts = sorted((known, case.customer(other)), key=lambda part: part.place)
    merge(case, parts, known.claim)
    return parts[0].id


def _dispute(
    case: Case, recognition: Recognition, known: Customer, claim: Claim, other: CustomerId | None, clause: str
) -> None:
    """The recognition goes to a ruling; R keeps the customer until then."""
    open_by_system(
        case,
        [known.id],
        clause,
        evidence=recognition.evidence,
        recogniser=claim.owner,
        other=other,
    )
