"""Which contacts keep a claim alive (procedure.md#follow-up)."""

from __future__ import annotations

from msgspec.structs import replace

from shared.rules.domain.case import Case
from shared.rules.domain.facts import FollowUp
from shared.rules.domain.identity import identify
from shared.rules.domain.registration import may_revive, renew
from shared.rules.domain.state import Claim


def record_follow_up(case: Case, follow_up: FollowUp) -> None:
    """Renew the claim, or flag every reason against it (procedure.md#follow-up-counts)."""
    customer = identify(case, follow_up.customer)
    if customer is None:
        return
    claim = case.customer(customer).claim
    reasons = _reasons(case, follow_up, claim)
    for reason in reasons:
        case.flag(reason)
    if claim is None or reasons or "backfilled" in case.flags:
        return
    if claim.followed_up is None and case.effective >= claim.since:
        claim = replace(claim, followed_up=case.effective)
    renew(case, customer, claim)


def _reasons(case: Case, follow_up: FollowUp, claim: Claim | None) -> list[str]:
    """Why this follow-up does not count, beside that it was backfilled (procedure.md#follow-up-reasons).

    What does not count for another reason revives nothing either (procedure.md#fine-own-reasons).
    """
    rules = case.book_of(claim).follow_up
    checks = {
        "not_owner": claim is None or claim.owner != follow_up.by,
        "method_not_counted": rules.methods is not None and follow_up.method not in rules.methods,
        "not_reached": rules.must_reach and not follow_up.reached,
    }
    reasons = [reason for reason, holds in checks.items() if holds]
    if claim is None or not claim.lapsed or checks["not_owner"]:
        return reasons
    revives = may_revive(case, claim) and not reasons and "backfilled" not in case.flags
    return reasons if revives else ["after_lapse", *reasons]
