"""Where a record is judged again, the rules that go by what was decided then (procedure.md#corrections).

All others judge a record again as they judged it first. Shares stay as they were, and a dispute stands again where
one had been opened, for the rulings on it to count as they did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from shared.ids import DisputeId
from shared.rules.domain import events as e
from shared.rules.domain import facts as f
from shared.rules.domain.case_again import CaseAgain
from shared.rules.domain.conduct import forfeit
from shared.rules.domain.dispute_opening import open_by_system
from shared.rules.domain.disputes import known_dispute, open_by_person, refusal, rule_owners
from shared.rules.domain.household import members_linked, unite
from shared.rules.domain.identity import identify, touch
from shared.rules.domain.recognition import Recognised, answer, look_up
from shared.rules.domain.visits import is_first, receive


def judge_by_precedent(case: CaseAgain) -> None:
    """Judge a record by the rule for its kind, or by the one that has judged it first."""
    rule = _RULES.get(type(case.fact.matter))
    if rule is None:
        case.judge(case)
    else:
        rule(case, case.fact.matter)


def _visit(case: CaseAgain, visit: f.Visit) -> None:
    """A record is the duplicate that it was (procedure.md#fine-duplicates)."""
    first = all(is_first(known, visit, case.record) for known in (case.earlier.outside, case.slice))
    receive(case, visit, duplicate=not first)


def _household(case: CaseAgain, household: f.HouseholdLink) -> None:
    """A dispute is over these members, if one was opened over all."""
    customers = members_linked(case, household)
    rules = case.book.household
    if customers and rules.effect == "ruling":
        open_by_system(case, customers, rules.clause)
    elif len(customers) > 1:
        unite(case, customers)


def _subscription(case: CaseAgain, subscription: f.Subscription) -> None:
    """Keep the shares of a deal (procedure.md#correction-shares)."""
    name, earlier = subscription.deal, case.earlier
    duplicate = case.slice.pointed("deal", name) is not None or earlier.is_taken("deal", name, case.record)
    customer = identify(case, subscription.customer)
    kept = None if duplicate else earlier.deal(name)
    if customer is None or kept is None:
        return
    case.emit(e.DealChanged(customer, replace(kept, cancelled=False)))
    dispute = earlier.opened(case.record, DisputeId(f"system:{case.record}"))
    if dispute is not None:
        open_by_system(case, [customer], dispute.clause, deals=(kept.deal,))


def _concealment(case: CaseAgain, concealment: f.Concealment) -> None:
    """The finding counts, and moves nothing of a deal again."""
    found = forfeit(case, concealment)
    before = case.earlier.opened(case.record, DisputeId(f"system:{case.record}"))
    if found is not None and before is not None:
        open_by_system(case, [found.customer], before.clause, deals=before.deals)


def _recognition(case: CaseAgain, recognition: f.Recognition) -> None:
    """A recognition is what it was: it gave back, opened a dispute, or did nothing (procedure.md#fine-judged-again)."""
    found = look_up(case, recognition)
    if found is None:
        return
    if found.other is not None and not _has_joined(case, recognition, found):
        found = found._replace(claim=None, other=None)
    if case.books[found.reception.book].recognition.effect == "ruling":
        _ask_again(case, recognition, found)
    else:
        answer(case, recognition, found)


def _has_joined(case: CaseAgain, recognition: f.Recognition, found: Recognised) -> bool:
    """Whether it made two customers one: what was flagged did not happen."""
    outside, reception = case.earlier.outside, found.reception
    home = outside.pointed("visit", reception.visit)
    if home is None:
        return False
    known = outside.customer(home)
    gave = any(r.event == reception.event and r.gave is not None for r in known.receptions)
    helped = any(a.event == reception.event and a.owner == recognition.by for a in known.assists)
    return gave and (helped or reception.receiver == recognition.by)


def _ask_again(case: CaseAgain, recognition: f.Recognition, found: Recognised) -> None:
    """Open the dispute that it opened, if it did."""
    before = case.earlier.opened(case.record, DisputeId(f"system:{case.record}"))
    if found.other is not None:
        touch(case, found.other)
    if before is None:
        return
    other = found.named if before.other is not None and found.named != found.customer else None
    open_by_system(
        case,
        [found.customer],
        before.clause,
        evidence=recognition.evidence,
        recogniser=before.recogniser,
        other=other,
    )


def _dispute(case: CaseAgain, opening: f.DisputeOpening) -> None:
    """A dispute stands again if this record opened it, whosever a deal is that it names."""
    name, earlier = opening.dispute, case.earlier
    duplicate = case.slice.dispute(name) is not None or earlier.is_taken("dispute", name, case.record)
    customer = identify(case, opening.customer)
    if customer is not None and not duplicate and earlier.opens(case.record, name):
        open_by_person(case, opening, customer)


def _ruling(case: CaseAgain, ruling: f.Ruling) -> None:
    """What was refused, as all after the ruling that stands, is refused again (procedure.md#fine-judged-again)."""
    found = known_dispute(case, ruling.dispute)
    if found is None:
        return
    stands = case.earlier.ruling(found.dispute)
    if stands != case.record:
        is_over = stands is None or (found.ruling is not None and found.ruling.event == stands)
        if is_over or refusal(case, ruling, found) is not None:
            return
    rule_owners(case, ruling, found)


_RULES: dict[type, Callable[[CaseAgain, Any], None]] = {
    f.Visit: _visit,
    f.HouseholdLink: _household,
    f.Subscription: _subscription,
    f.Concealment: _concealment,
    f.Recognition: _recognition,
    f.DisputeOpening: _dispute,
    f.Ruling: _ruling,
}
