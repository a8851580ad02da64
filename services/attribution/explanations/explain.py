"""Tells a decision of the contract in a sentence or two, Chinese and English: who, what, when, why, on what.

The words are data (`explain_words`). What stood behind a clause is found by asking the rulebook which of its
values cite it; where several do and the decision does not tell them apart, the words do not pretend to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.attribution.explanations.words import (
    BASIS,
    BASIS_UNKNOWN,
    DEAL,
    NOBODY,
    OWNERSHIP,
    RECORDS,
)
from shared.i18n import Text, listed
from shared.i18n.times import dated
from shared.rules.domain.rulebook import Clause, Discovery, Rulebook, Split

Decision = Mapping[str, object]


def explain(
    decision: Decision,
    rulebook: Rulebook,
    staff_names: Mapping[str, str],
    records: Mapping[str, Text] | None = None,
) -> Text:
    """A decision of a customer or of a deal, as contract.md#result has it, in words.

    `rulebook` is the one that decided. Names that `staff_names` lacks are told by their id, and so are
    records that `records` has no words for.
    """
    clause = Clause(str(decision["clause"]))
    template = _template(decision, rulebook, clause)
    at = datetime.fromisoformat(str(decision["at"]))
    because = _strings(decision.get("because"))
    told = _filled(template, decision, staff_names, dated(at, rulebook.timezone)).ended()
    basis = _basis(rulebook, clause)
    resting = _records(because, records or {})
    return Text(f"{told.zh}{basis.zh}{resting.zh}", f"{told.en} {basis.en} {resting.en}".rstrip())


def _template(decision: Decision, rulebook: Rulebook, clause: Clause) -> Text:
    """The template of the one value that made the decision, as far as that can be told."""
    if "decision" in decision:
        templates = OWNERSHIP[str(decision["decision"])]
        behind = _behind_ownership(decision, rulebook, clause)
    else:
        templates = DEAL[str(decision["status"])]
        behind = _behind_deal(decision, rulebook, clause)
    known = {family for key in templates for family in key.split("|")}
    return templates.get("|".join(sorted(behind & known)), templates["*"])


def _behind_ownership(decision: Decision, book: Rulebook, clause: Clause) -> set[str]:
    """The values that cite the clause and can make a decision about a customer."""
    honour = {f"honour.{basis}": h.clause for basis, h in book.honour.items() if h.by != "none"}
    lapses = any(days is not None for days in book.follow_up.every.values())
    referred = book.referral.single.effect == "referrer_consultant"
    recognised = "ruling" if decision["decision"] == "disputed" else "return"
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


def _behind_deal(decision: Decision, book: Rulebook, clause: Clause) -> set[str]:
    """The values that cite the clause and can fix these shares: a split only where the shares are its own."""
    shares = decision.get("shares")
    points = sorted(int(str(p)) for p in shares.values()) if isinstance(shares, Mapping) else []
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


def _filled(template: Text, decision: Decision, names: Mapping[str, str], at: Text) -> Text:
    shares = decision.get("shares")
    return template.format(
        at=at,
        owner=_name(decision.get("owner"), names),
        previous=_name(decision.get("previous"), names),
        shares=_shares(shares if isinstance(shares, Mapping) else {}, names),
    )


def _name(staff: object, names: Mapping[str, str]) -> str | Text:
    return NOBODY if staff is None else names.get(str(staff), str(staff))


def _shares(shares: Mapping[object, object], names: Mapping[str, str]) -> Text:
    parts = [f"{names.get(str(staff), str(staff))} {_percent(points)}" for staff, points in shares.items()]
    return listed(parts) if parts else NOBODY


def _percent(points: object) -> str:
    return f"{int(str(points)) / 100:g}%"


def _basis(rulebook: Rulebook, clause: Clause) -> Text:
    sentence = rulebook.clauses.get(clause)
    if sentence is None:
        return BASIS_UNKNOWN.format(clause=clause)
    return BASIS.format(clause=clause, sentence=sentence.ended())


def _records(because: list[str], words: Mapping[str, Text]) -> Text:
    if not because:
        return Text("", "")
    return RECORDS.format(records=listed(words.get(event, event) for event in because))


def _strings(items: object) -> list[str]:
    return [str(item) for item in items] if isinstance(items, Iterable) and not isinstance(items, str) else []
