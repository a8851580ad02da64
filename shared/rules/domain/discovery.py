"""Two registrations by different consultants turn out to be one customer (procedure.md#discovery).

F is the claim that is effective first, S the other. Who keeps the customer, and the shares, depends on whether a
deal came before the discovery and on what S's registration says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from shared.ids import CustomerId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.calendar import local_day
from shared.rules.domain.case import Case
from shared.rules.domain.dispute_opening import open_by_system
from shared.rules.domain.facts import Basis
from shared.rules.domain.rulebook import Clause, Honour, Rulebook, Split
from shared.rules.domain.shares import confiscated, moved, set_shares
from shared.rules.domain.state import Assist, Claim, Customer, Forfeit, Former


def reconcile(case: Case, customer: CustomerId, claims: list[Claim], *, household: bool) -> None:
    """Which claim of a joined customer stands: the earliest against each next (procedure.md#fine-three-claims)."""
    claims = _without_barred(case, customer, claims)
    if not claims:
        return
    stands = claims[0]
    for second in claims[1:]:
        stands = _outcome(case, customer, stands, second, household=household)
    known = case.customer(customer)
    again = any(f.staff == stands.owner and f.cause == "present" for f in known.forfeits)
    if known.claim != stands or again:  # who owns again has lost nothing by standing by
        case.emit(e.ClaimChanged(customer, stands))


def _without_barred(case: Case, customer: CustomerId, claims: list[Claim]) -> list[Claim]:
    """A claim whose owner is barred on the other part is revoked (procedure.md#fine-barred-part)."""
    barred = case.customer(customer).barred
    kept = [claim for claim in claims if claim.owner not in barred]
    left = kept[-1] if kept else None
    for claim in claims:
        if claim in kept:
            continue
        if claim.lapsed:
            case.emit(e.ClaimChanged(customer, left))
        else:
            because = (claim.registration.event, case.id)
            case.decide(customer, "revoked", left, case.book.complaint, because, previous=claim.owner)
    return kept


def _outcome(case: Case, customer: CustomerId, first: Claim, second: Claim, *, household: bool) -> Claim:
    """The claim that stands of two, deciding what there is to decide; who has left gets nothing back."""
    if first.owner == second.owner:
        return _one_of(case, first, second)
    gone = first.lapsed and case.scope.departed(first.owner)
    if gone or (first.lapsed and second.lapsed):
        return second
    at = max(case.effective, second.since)
    return weigh(case, customer, first, second, at, household=household)


def _one_of(case: Case, first: Claim, second: Claim) -> Claim:
    """The same owner twice: one claim, on the terms that expire later (procedure.md#fine-same-owner)."""
    if first.lapsed:
        return second  # a lapsed one adds nothing to a standing one
    if second.lapsed:
        return first
    ends = [claim.expires_at for claim in (first, second)]
    terms = first
    if ends[0] is not None and (ends[1] is None or ends[1] > ends[0]):
        terms = replace(second, became_visit=_terms_since(first, second))
    followed_up = [claim.followed_up for claim in (first, second) if claim.followed_up is not None]
    return replace(
        terms,
        since=first.since,
        registration=first.registration,
        followed_up=min(followed_up, default=None),
        gaps=_gaps_of_both(first, second),
    )


def _terms_since(first: Claim, second: Claim) -> datetime:
    """From when one claim of two has the basis of the second; before, it has that of the first's registration."""
    if first.registration.basis == "visit":
        return second.since
    return first.became_visit or second.became_visit or second.since


def _gaps_of_both(first: Claim, second: Claim) -> tuple[tuple[datetime, datetime], ...]:
    """When neither of two claims stood; the second did not before it began."""
    absent = ((first.since, second.since), *second.gaps)
    found = [(max(one[0], other[0]), min(one[1], other[1])) for one in first.gaps for other in absent]
    return tuple(gap for gap in found if gap[0] < gap[1])


def weigh(
    case: Case, customer: CustomerId, first: Claim, second: Claim, at: datetime, *, household: bool = False
) -> Claim:
    """F against S: a discovery where F's claim still stood when S registered; answers the claim that is left.

    What S's visit says of F counts only while S stands.
    """
    if not second.lapsed:
        if not stood_at(first, second.since) or not _honoured_then(case, first, second):
            return second
        if _stood_by(case, first, second):
            clause = case.books[first.book].present_unrecognised.clause
            case.emit(e.SharesForfeited(customer, Forfeit(first.owner, "present", case.id, clause)))
            return second
    return discover(case, customer, first, second, at, household=household)


def stood_at(claim: Claim, at: datetime) -> bool:
    """Whether the claim had not lapsed at that time; that it lapsed later does not matter."""
    if claim.lapsed and claim.expires_at is not None and claim.expires_at <= at:
        return False
    return not any(lapsed <= at < again for lapsed, again in claim.gaps)


def _honoured_then(case: Case, first: Claim, second: Claim) -> bool:
    """Whether F's claim was to be honoured at S's visit, by the basis that it had then."""
    registration = second.registration
    if registration.basis != "visit" or first.owner in registration.named:
        return True
    basis, registered = as_of(first, second.since)
    honour = case.books[first.book].honour
    return honoured(honour, basis, registered, second.since, case.timezone)


def _stood_by(case: Case, first: Claim, second: Claim) -> bool:
    """Whether F's owner stood by at S's visit, which shows only now (procedure.md#fine-row-5-found-later)."""
    registration = second.registration
    if registration.basis != "visit" or first.owner in registration.named:
        return False
    followed_up = first.followed_up is not None and first.followed_up < second.since
    return stood_by(case.books[first.book], first, registration.present, followed_up=followed_up)


def stood_by(book: Rulebook, claim: Claim, present: tuple[StaffId, ...], *, followed_up: bool) -> bool:
    """Whether an owner whom nobody recognised was present, late or without a follow-up (procedure.md#visits-row-5)."""
    if book.present_unrecognised.effect != "forfeits" or claim.owner not in present:
        return False
    return claim.registration.late or not followed_up


def as_of(claim: Claim, at: datetime) -> tuple[Basis, datetime]:
    """The basis and the registration that a claim had at a time (procedure.md#fine-basis-then)."""
    if claim.became_visit is not None and at < claim.became_visit:
        return claim.registration.basis, claim.since
    return claim.basis, claim.registered


def honoured(
    honour: Mapping[str, Honour], basis: Basis, registered: datetime, at: datetime, timezone: str
) -> bool:
    """Whether a claim that nobody recognised holds by procedure.md#visits-row-3 and procedure.md#visits-row-4."""
    if basis in ("transfer", "ruling"):
        return True
    value = honour[basis]
    if value.by == "named":
        return False
    if value.within is None:
        return True
    return local_day(at, timezone) <= value.within.last_day(local_day(registered, timezone))


def after_deal(customer: Customer, second: Claim) -> bool:
    """Whether a standing deal was subscribed when or after S registered (procedure.md#time-after-deal)."""
    return any(not deal.cancelled and deal.at >= second.since for deal in customer.deals)


def discover(
    case: Case, customer: CustomerId, first: Claim, second: Claim, at: datetime, *, household: bool = False
) -> Claim:
    """Decide a discovery under F's rulebook (procedure.md#discovery-before-deal); returns the claim that stands."""
    book = case.books[first.book]
    late = after_deal(case.customer(customer), second)
    because = (first.registration.event, second.registration.event, case.id)
    if household:
        clause = case.book.household.clause
        return _returned(case, customer, first, second, at, clause, _all_of(clause) if late else None)
    if not late:
        value = book.discovery.before_deal
    elif second.registration.asked.visited_before == "no":
        value = book.discovery.concealed
    else:
        value = book.discovery.after_deal
    if value.effect == "closer" and not second.lapsed:
        case.decide(customer, "kept", second, value.clause, because, at, previous=second.owner)
        return second
    split = _all_of(value.clause) if value.effect == "first" else value.split
    return _returned(case, customer, first, second, at, value.clause, split if late else None)


def _all_of(clause: Clause) -> Split:
    """What S has goes to F whole."""
    return Split(10000, 0, clause)


def _returned(
    case: Case,
    customer: CustomerId,
    first: Claim,
    second: Claim,
    at: datetime,
    clause: str,
    split: Split | None,
) -> Claim:
    """F owns again and S assisted; a split divides what S has in the deals since (procedure.md#discovery-first)."""
    because = (first.registration.event, second.registration.event, case.id)
    claim = case.contacted(first, max(at, case.clock))
    by_visit = second.registration.basis == "visit"
    assist = Assist(second.owner, first.owner, second.since, second.registration.event, by_visit)
    case.decide(customer, "returned", claim, clause, because, at, previous=second.owner)
    case.emit(e.OwnerAssisted(customer, assist))
    if split is not None:
        _share_out(case, customer, claim, second, split, clause, at)
    return claim


def _share_out(
    case: Case, customer: CustomerId, first: Claim, second: Claim, split: Split, clause: str, at: datetime
) -> None:
    """F gets its part of what S has in the deals since (procedure.md#discovery-first, procedure.md#discovery-split).

    What F once concealed goes on (procedure.md#fine-discovery-concealer).
    """
    known, told, stuck = case.customer(customer), [], {}
    for deal in known.deals:
        if deal.cancelled or deal.at < second.since or second.owner not in deal.shares:
            continue
        part = deal.shares[second.owner] * split.owner // 10000
        after = confiscated(known, first, moved(deal.shares, second.owner, first.owner, part))
        told.append((replace(deal, moved=(*deal.moved, *after.moved)), after.shares))
        if after.stuck is not None:
            stuck[deal.deal] = after.stuck.clause
    if stuck:
        open_by_system(case, [customer], next(iter(stuck.values())), deals=tuple(stuck))
    for deal, shares in told:
        if shares == deal.shares:
            continue
        set_shares(case, customer, deal, shares, clause, at)


def arrive_late(case: Case, customer: CustomerId, first: Claim) -> bool:
    """Whether an earlier registration that arrives late gives F the claim (procedure.md#time-late-arrival)."""
    second = case.customer(customer).claim
    assert second is not None
    won = weigh(case, customer, first, second, second.since).owner == first.owner
    if not won:
        case.emit(e.FormerClaimFound(customer, Former(first, second.since)))
    return won


def changes_nothing(case: Case, known: Customer) -> bool:
    """Whether the registration is effective before a turn that the present claim came after.

    A transfer, a ruling, a revocation or a release has said whose the customer is since, so that it was received
    is all that it changes (procedure.md#time-behind-a-turn).
    """
    claim = known.claim
    return claim is not None and any(case.effective < turn <= claim.since for turn in known.turns)


def earlier_claim(case: Case, known: Customer) -> Claim | None:
    """The claim that stood when an earlier registration took effect (procedure.md#fine-earlier-claim)."""
    found = [f.claim for f in known.former if f.claim.since <= case.effective < f.until]
    return max((c for c in found if stood_at(c, case.effective)), key=lambda c: c.since, default=None)
