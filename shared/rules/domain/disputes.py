"""Disputes that a person opens, supports and rules on (procedure.md#disputes)."""

from __future__ import annotations

from msgspec.structs import replace

from shared.ids import CustomerId, DisputeId
from shared.rules.domain import events as e
from shared.rules.domain.authority import approved, rank, role_of
from shared.rules.domain.case import Case, standing
from shared.rules.domain.dispute_opening import open_dispute
from shared.rules.domain.facts import DisputeOpening, EvidenceAdding, Ruling
from shared.rules.domain.identity import file_record, identify, is_taken, take_id, touch
from shared.rules.domain.recognition import join_recognised
from shared.rules.domain.shares import set_shares
from shared.rules.domain.state import ClaimOrigin, Deal, Dispute, RulingMade, Shares


def dispute(case: Case, opening: DisputeOpening) -> None:
    """Somebody disputes whose the customer is, or a deal of the customer."""
    duplicate = case.slice.dispute(opening.dispute) is not None or is_taken(case, "dispute", opening.dispute)
    customer = identify(case, opening.customer)
    if duplicate:
        case.flag("duplicate_dispute")
        return
    if customer is None:
        take_id(case, "dispute", opening.dispute)
        return
    if opening.deal is not None and case.slice.pointed("deal", opening.deal) != customer:
        case.flag("unknown_deal")
        return
    open_by_person(case, opening, customer)


def open_by_person(case: Case, opening: DisputeOpening, customer: CustomerId) -> None:
    """Open the dispute that somebody asks for (procedure.md#disputes-open)."""
    deals = (opening.deal,) if opening.deal is not None else ()
    clause = case.book.disputes.clause
    open_dispute(case, opening.dispute, opening.opened_by, [customer], clause, deals)


def add_evidence(case: Case, adding: EvidenceAdding) -> None:
    """Something that a ruling can rest on was put on the dispute."""
    found = known_dispute(case, adding.dispute)
    if found is not None:
        case.emit(e.DisputeChanged(replace(found, evidence=(*found.evidence, *adding.evidence))))


def known_dispute(case: Case, name: DisputeId) -> Dispute | None:
    """The dispute that a record names, once what it is about is as it stands at that time."""
    file_record(case)
    found = case.slice.dispute(name)
    if found is None:
        case.flag("unknown_dispute")
        return None
    for customer in found.customers:
        touch(case, customer)
        case.settle(customer)
    return found


def rule(case: Case, ruling: Ruling) -> None:
    """A person with authority rules: on the owner, on the shares, or on both."""
    found = known_dispute(case, ruling.dispute)
    if found is None:
        return
    refused = refusal(case, ruling, found)
    if refused is not None:
        case.flag(refused)
        return
    for customer in _homes(case, found, rule_owners(case, ruling, found)):
        _rule_shares(case, customer, ruling, found)


def rule_owners(case: Case, ruling: Ruling, found: Dispute) -> tuple[CustomerId, ...]:
    """Let the ruling stand, and decide whose the customers are over whom it is made (procedure.md#disputes)."""
    role = role_of(case, ruling.ruled_by) or ""
    made = RulingMade(case.id, role, ruling.owner, ruling.shares)
    case.emit(e.DisputeChanged(replace(found, ruling=made)))
    customers = _recognised_as_one(case, ruling, found)
    for customer in customers:
        _rule_owner(case, customer, ruling)
    return customers


def refusal(case: Case, ruling: Ruling, found: Dispute) -> str | None:
    """Why a ruling does not count, or None (procedure.md#fine-reasons-order)."""
    rules = case.book.disputes
    role = role_of(case, ruling.ruled_by)
    own = rank(rules, role)
    before = rank(rules, found.ruling.role) if found.ruling is not None else None
    if own is None or role not in _authority(case, ruling, found) or (before is not None and own < before):
        return "no_authority"
    if not approved(case, rules.approved_by, ruling.approved_by):
        return "unapproved"
    nothing_said = ruling.owner is None and ruling.shares is None
    if nothing_said or (rules.evidence == "required" and not found.evidence):
        return "unsupported"
    if ruling.owner is not None and case.scope.departed(ruling.owner):
        return "unsupported"
    barred = {staff for c in _ruled_over(case, ruling, found) for staff in case.customer(c).barred}
    return "barred" if ruling.owner in barred else None


def _authority(case: Case, ruling: Ruling, found: Dispute) -> tuple[str, ...]:
    """Who may make this ruling: after a deal it may be fewer (procedure.md#disputes-after-deal)."""
    rules = case.book.disputes
    if rules.authority_after_deal is None or found.opened_by == "system":
        return rules.authority
    homes = _homes(case, found, _ruled_over(case, ruling, found))
    deals = [deal for home in homes for deal in case.customer(home).deals if not deal.cancelled]
    held = frozenset(found.deals)
    sets = any(_shares_for(ruling, held, deal) is not None for deal in deals)
    return rules.authority_after_deal if sets else rules.authority


def _homes(case: Case, found: Dispute, customers: tuple[CustomerId, ...]) -> tuple[CustomerId, ...]:
    """The customers ruled over, and those with whom a deal is that the dispute names."""
    pointed = (case.slice.pointed("deal", deal) for deal in found.deals)
    return tuple(dict.fromkeys((*customers, *(home for home in pointed if home is not None))))


def _ruled_over(case: Case, ruling: Ruling, found: Dispute) -> tuple[CustomerId, ...]:
    """The customers of the dispute, and the earlier one of a recogniser for whom it is ruled."""
    if found.other is None or ruling.owner != found.recogniser or not case.knows(found.other):
        return found.customers
    return tuple(dict.fromkeys((*found.customers, found.other)))


def _recognised_as_one(case: Case, ruling: Ruling, found: Dispute) -> tuple[CustomerId, ...]:
    """A ruling for who recognised makes the two customers one (procedure.md#recognition-ruling)."""
    customers = _ruled_over(case, ruling, found)
    if customers == found.customers:
        return customers
    earlier = customers[-1]
    case.settle(earlier)
    return (join_recognised(case, case.customer(customers[0]), earlier),)


def _rule_owner(case: Case, customer: CustomerId, ruling: Ruling) -> None:
    """Decide `ruled`: a new claim for the owner named, or the standing one (procedure.md#fine-shares-ruled)."""
    clause = case.book.disputes.clause
    known = case.customer(customer).claim
    before = standing(known)
    because = (case.id,) if before is None else (before.registration.event, case.id)
    claim = known
    if ruling.owner is not None:
        registration = ClaimOrigin(case.id, case.effective, "ruling", seq=case.seq)
        claim = case.new_claim(ruling.owner, "ruling", registration)
    case.decide(customer, "ruled", claim, clause, because)


def _rule_shares(case: Case, customer: CustomerId, ruling: Ruling, found: Dispute) -> None:
    """With shares, on the deals named or on every one unsigned; with the owner alone, all of the deals named."""
    clause = case.book.disputes.clause
    held = frozenset(found.deals)
    deals = case.customer(customer).deals
    for deal in [deal for deal in deals if deal.deal in held] if held else deals:
        shares = _shares_for(ruling, held, deal)
        if shares is not None and not deal.cancelled:
            set_shares(case, customer, replace(deal, moved=()), shares, clause)


def _shares_for(ruling: Ruling, held: frozenset[str], deal: Deal) -> Shares | None:
    """What a ruling gives of a deal; `held` are those that the dispute names."""
    named = deal.deal in held
    if ruling.shares is not None:
        shares = {staff: points for staff, points in ruling.shares.items() if points}
        return shares if named or (not held and not deal.signed) else None
    return {ruling.owner: 10000} if named and ruling.owner is not None else None
