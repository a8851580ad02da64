"""Tells a decision of the contract in a sentence or two, Chinese and English: who, what, when, why, on what.

The words are data (`explain_words`). What stood behind a clause is found by asking the rulebook which of its
values cite it; where several do and the decision does not tell them apart, the words do not pretend to know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from services.attribution.explanations.words import (
    BASIS,
    BASIS_UNKNOWN,
    DEAL,
    NOBODY,
    OWNERSHIP,
    RECORDS,
)
from shared.contract.answers import DealDecision, OwnershipDecision
from shared.i18n import Text, listed
from shared.i18n.times import dated
from shared.ids import EventId, StaffId
from shared.rules.domain.rulebook import Clause, Discovery, Rulebook, Split

AnyDecision: TypeAlias = OwnershipDecision | DealDecision


def explain(
    decision: AnyDecision,
    rulebook: Rulebook,
    staff_names: Mapping[str, str],
    records: Mapping[EventId, Text] | None = None,
) -> Text:
    """A decision of a customer or of a deal, as contract.md#result has it, in words.

    `rulebook` is the one that decided. Names that `staff_names` lacks are told by their id, and so are
    records that `records` has no words for.
    """
    clause = Clause(decision.clause)
    at = dated(datetime.fromisoformat(decision.at), rulebook.timezone)
    filled = _filled(_template(decision, rulebook, clause), decision, staff_names, at).ended()
    basis = _basis(rulebook, clause)
    resting = _records(decision.because, records or {})
    return Text(f"{filled.zh}{basis.zh}{resting.zh}", f"{filled.en} {basis.en} {resting.en}".rstrip())


def _template(decision: AnyDecision, rulebook: Rulebook, clause: Clause) -> Text:
    """The template of the one value that made the decision, as far as that can be told."""
    if isinstance(decision, OwnershipDecision):
        templates = OWNERSHIP[decision.decision]
        behind = _behind_ownership(decision, rulebook, clause)
    else:
        templates = DEAL[decision.status]
        behind = _behind_deal(decision, rulebook, clause)
    known = {family for key in templates for family in key.split("|")}
    return templates.get("|".join(sorted(behind & known)), templates["*"])


def _behind_ownership(decision: OwnershipDecision, book: Rulebook, clause: Clause) -> set[str]:
    """The values that cite the clause and can make a decision about a customer."""
    honour = {f"honour.{basis}": h.clause for basis, h in book.honour.items() if h.by != "none"}
    lapses = any(days is not None for days in book.follow_up.every.values())
    referred = book.referral.single.effect == "referrer_consultant"
    recognised = "ruling" if decision.decision == "disputed" else "return"
    cited: dict[str, Clause | None] = {
        "registration.first": book.registration.first,
        "designated": book.designated.clause if book.designated.honoured else None,
        "named": book.named.clause if book.named.honoured else None,
        "assist": book.assist.clause,
        "referral.single": book.referral.single.clause if referred else None,
        "referral.joint": book.referral.joint.clause,
        **honour,
        "kept": book.kept,
        "follow_up": book.follow_up.clause if lapses else None,
        "recognition": book.recognition.clause if book.recognition.effect == recognised else None,
        "present_unrecognised": book.present_unrecognised.clause,
        "household": book.household.clause,
        "deal": book.deal.clause,
        "deal.unregistered": book.deal.unregistered,
        "complaint": book.complaint,
        "concealment": book.concealment,
        "disputes": book.disputes.clause,
        "corrections": book.corrections.clause,
        "departed": book.departed,
    }
    found = {family for family, its in cited.items() if its == clause}
    found |= {"honour"} if clause in {h.clause for h in book.honour.values()} else set()
    discovery = book.discovery
    cases = (discovery.before_deal, discovery.after_deal, discovery.concealed)
    return found | ({"discovery"} if clause in {case.clause for case in cases} else set())


def _behind_deal(decision: DealDecision, book: Rulebook, clause: Clause) -> set[str]:
    """The values that cite the clause and can fix these shares: a split only where the shares are its own."""
    points = sorted(decision.shares.values())
    cited: dict[str, Clause | None] = {
        "deal": book.deal.clause,
        "deal.unregistered": book.deal.unregistered,
        "deal.assisted": _clause_of(book.deal.assisted, points),
        "deal.brochure_only": _clause_of(book.deal.brochure_only, points),
        "deal.referral_same_day": _clause_of(book.deal.referral_same_day, points),
        "household": book.household.clause,
        "concealment": book.concealment,
        "disputes": book.disputes.clause,
    }
    found = {family for family, its in cited.items() if its == clause}
    after = (book.discovery.after_deal, book.discovery.concealed)
    return found | (
        {"discovery"} if clause in {_clause_found(book, case, points) for case in after} else set()
    )


def _clause_found(book: Rulebook, case: Discovery, points: list[int]) -> Clause | None:
    """The clause of a discovery that moved shares, unless the owner who has them all rests on it as well."""
    if case.effect == "split":
        return _clause_of(case.split, points)
    whole = (book.kept, book.registration.first)
    return case.clause if case.effect == "first" and case.clause not in whole else None


def _clause_of(split: Split | None, points: list[int]) -> Clause | None:
    if split is None:
        return None
    parts = sorted(part for part in (split.owner, split.other) if part)
    return split.clause if parts == points else None


def _filled(template: Text, decision: AnyDecision, names: Mapping[str, str], at: Text) -> Text:
    if isinstance(decision, DealDecision):
        return template.format(at=at, shares=_shares(decision.shares, names))
    owner, previous = (_name(staff, names) for staff in (decision.owner, decision.previous))
    return template.format(at=at, owner=owner, previous=previous)


def _name(staff: str | None, names: Mapping[str, str]) -> str | Text:
    return NOBODY if staff is None else names.get(staff, staff)


def _shares(shares: Mapping[StaffId, int], names: Mapping[str, str]) -> Text:
    parts = [f"{names.get(staff, staff)} {points / 100:g}%" for staff, points in shares.items()]
    return listed(parts) if parts else NOBODY


def _basis(rulebook: Rulebook, clause: Clause) -> Text:
    sentence = rulebook.clauses.get(clause)
    if sentence is None:
        return BASIS_UNKNOWN.format(clause=clause)
    return BASIS.format(clause=clause, sentence=sentence.ended())


def _records(because: Sequence[EventId], words: Mapping[EventId, Text]) -> Text:
    if not because:
        return Text("", "")
    return RECORDS.format(records=listed(words.get(event, event) for event in because))
