"""Findings of machines with what people made of them."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.registers.answering.exchange import CallerSight, EncodedAnswer
from services.registers.answering.finding_answers import (
    FindingAnswer,
    FindingPage,
    FindingStepAnswer,
    FoundFinding,
)
from services.registers.answering.presenting import Presenting, both
from services.registers.answering.question import ScopeQuestion, encoded, not_there
from services.registers.findings.finding import (
    FindingState,
    FindingStep,
    MachineFinding,
    by_finding,
    standing,
)
from services.registers.findings.signs import findings, kinds
from services.registers.lists.cursor import written_cursor
from services.registers.lists.selecting import Place
from services.registers.reading.known_scope import KnownScope
from shared.contract import format_instant
from shared.contract.answers.values import BothLanguages
from shared.i18n import bilingual
from shared.ids import CustomerId, StaffId

UNSETTLED: Final[tuple[FindingState, ...]] = ("open", "owned")


class FindingsAsked(Struct, frozen=True):
    """Which findings: the relations at a day (the last whole one unless said), data and signs as they stand."""

    day: date | None = None
    states: tuple[FindingState, ...] = UNSETTLED
    kind: str | None = None
    staff: str | None = None
    after: Place | None = None
    limit: int = 100


class KeptFinding(Struct, frozen=True):
    """A finding as it is kept with a step, in ids."""

    kind: str
    rows: tuple[str, ...]
    customer: CustomerId | None = None
    staff: StaffId | None = None


def findings_page(
    scope: KnownScope, sight: CallerSight, asked: FindingsAsked, steps: list[FindingStep]
) -> EncodedAnswer:
    """What was found, and what of it was kept and is gone."""
    question = ScopeQuestion(scope, sight)
    of, found = by_finding(steps), _found(question, asked.day)
    ids = [*found, *(id_ for id_ in of if id_ not in found)]
    stand = {id_: standing(found.get(id_), of.get(id_, [])) for id_ in ids}
    kept = {id_: found.get(id_) or _as_kept(of[id_][-1]) for id_ in ids}
    order = {kind: place for place, kind in enumerate(kinds())}
    taken = [
        ((f"{order.get(kept[id_].kind, 99):02d}", id_), id_)
        for id_ in ids
        if stand[id_].state in asked.states
        and (id_ in found or "closed" in asked.states)
        and asked.kind in (None, kept[id_].kind)
        and asked.staff in (None, stand[id_].owner, kept[id_].staff)
    ]
    taken.sort()
    behind = [one for one in taken if asked.after is None or one[0] > asked.after]
    page = behind[: asked.limit]
    basis = question.basis()
    shown = question.presenting(basis, (kept[id_].customer for _, id_ in page))
    open_ = (kept[id_].kind for id_ in found if stand[id_].state != "closed")
    body = FindingPage(
        day=_day(question, asked.day).isoformat(),
        findings=[FoundFinding(**_fields_of(shown, id_, kept[id_], found.get(id_), of)) for _, id_ in page],
        counts=dict(Counter(open_)), total=len(taken),
        cursor=written_cursor(page[-1][0] if len(behind) > asked.limit else None, *_times(scope), asked),
        **question.head(),
    )  # fmt: skip
    return encoded(body, count=len(page), detail="findings")


def one_finding(
    scope: KnownScope, sight: CallerSight, finding: str, day: date | None, steps: list[FindingStep]
) -> EncodedAnswer:
    """One finding by its id, whether it stands or was kept; 404 of one that neither does."""
    question = ScopeQuestion(scope, sight)
    of, found = by_finding(steps), _found(question, day).get(finding)
    if found is None and finding not in of:
        raise not_there(bilingual("there is no finding {finding}", finding=finding))
    kept = found or _as_kept(of[finding][-1])
    basis = question.basis()
    shown = question.presenting(basis, [kept.customer])
    return encoded(FindingAnswer(**_fields_of(shown, finding, kept, found, of), **question.head()), count=1)


def body_of(found: FoundFinding) -> bytes:
    """A finding as it is kept with a step."""
    customer = CustomerId(found.customer.customer) if found.customer is not None else None
    staff = StaffId(found.staff.staff) if found.staff is not None else None
    return msgspec.json.encode(KeptFinding(found.kind, tuple(found.rows), customer, staff))


def _found(question: ScopeQuestion, day: date | None) -> dict[str, MachineFinding]:
    on = _day(question, day)
    return {one.id: one for one in findings(question.basis(question.period(on, on)))}


def _day(question: ScopeQuestion, day: date | None) -> date:
    return day or question.period(None, None).last - timedelta(days=1)


def _times(scope: KnownScope) -> tuple[Any, Any]:
    return scope.known.known_at, scope.known.as_of


def _as_kept(step: FindingStep) -> KeptFinding:
    return msgspec.json.decode(step.body, type=KeptFinding)


def _fields_of(
    shown: Presenting,
    id_: str,
    kept: MachineFinding | KeptFinding,
    found: MachineFinding | None,
    of: dict[str, list[FindingStep]],
) -> dict[str, Any]:
    stands = standing(found, of.get(id_, []))
    words = kinds().get(kept.kind)
    return {
        "finding": id_,
        "kind": kept.kind,
        "title": both(words) if words is not None else both(kinds()["data"]),
        "says": _says(shown, found) if found is not None else None,
        "customer": shown.customer(kept.customer),
        "staff": shown.staff(kept.staff),
        "rows": list(kept.rows),
        "state": stands.state,
        "owner": stands.owner,
        "reopened": stands.reopened,
        "stands": found is not None,
        "steps": [
            FindingStepAnswer(one.step, one.owner, one.note, one.by, format_instant(one.at))
            for one in stands.steps
        ],
    }


def _says(shown: Presenting, found: MachineFinding) -> BothLanguages:
    words = both(found.says)
    return BothLanguages(*(shown.said(one, found.customer) for one in (words.zh, words.en)))
