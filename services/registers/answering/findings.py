"""Findings of machines with what people made of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from heapq import merge
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


class _Found(Struct, frozen=True):
    """What is found at a moment, and the places at which findings are listed."""

    by_id: dict[str, MachineFinding]
    places: list[Place]


def findings_page(
    scope: KnownScope, sight: CallerSight, asked: FindingsAsked, steps: list[FindingStep]
) -> EncodedAnswer:
    """What was found, and what of it was kept and is gone."""
    question = ScopeQuestion(scope, sight)
    of, found = by_finding(steps), _found(question, asked.day)
    listing = _Listing(asked, found.by_id, of)
    taken = [one for one in _places(found, of, asked.states) if listing.takes(one[1])]
    behind = taken if asked.after is None else taken[bisect_right(taken, asked.after) :]
    page = behind[: asked.limit]
    basis = question.basis()
    shown = question.presenting(basis, (listing.kept(id_).customer for _, id_ in page))
    open_ = (one.kind for id_, one in found.by_id.items() if listing.state(id_) != "closed")
    body = FindingPage(
        day=_day(question, asked.day).isoformat(),
        findings=[
            FoundFinding(**_fields_of(shown, id_, listing.kept(id_), found.by_id.get(id_), of)) for _, id_ in page
        ],
        counts=dict(Counter(open_)), total=len(taken),
        cursor=written_cursor(page[-1] if len(behind) > asked.limit else None, *_times(scope), asked),
        **question.head(),
    )  # fmt: skip
    return encoded(body, count=len(page), detail="findings")


@dataclass(frozen=True)
class _Listing:
    """Which findings are asked for, with what people made of them."""

    asked: FindingsAsked
    found: dict[str, MachineFinding]
    of: dict[str, list[FindingStep]]

    def state(self, id_: str) -> FindingState:
        """How it stands; most findings nobody has touched."""
        steps = self.of.get(id_)
        return "open" if steps is None else standing(self.found.get(id_), steps).state

    def kept(self, id_: str) -> MachineFinding | KeptFinding:
        """What is found, else what was kept of it."""
        return self.found.get(id_) or _as_kept(self.of[id_][-1])

    def takes(self, id_: str) -> bool:
        """Whether it is asked for."""
        asked = self.asked
        if self.state(id_) not in asked.states:
            return False
        if asked.kind is None and asked.staff is None:
            return True
        kept, owner = self.kept(id_), standing(self.found.get(id_), self.of.get(id_, [])).owner
        return asked.kind in (None, kept.kind) and asked.staff in (None, owner, kept.staff)


def _places(
    found: _Found, of: dict[str, list[FindingStep]], states: tuple[FindingState, ...]
) -> Iterable[Place]:
    """Where findings stand, by kind; those that are gone only among the closed."""
    gone = [id_ for id_ in of if id_ not in found.by_id] if "closed" in states else []
    return merge(found.places, sorted(_place(id_, _as_kept(of[id_][-1]).kind) for id_ in gone))


def _place(id_: str, kind: str) -> Place:
    return f"{_order().get(kind, 99):02d}", id_


@cache
def _order() -> dict[str, int]:
    return {kind: place for place, kind in enumerate(kinds())}


def one_finding(
    scope: KnownScope, sight: CallerSight, finding: str, day: date | None, steps: list[FindingStep]
) -> EncodedAnswer:
    """One finding by its id, whether it stands or was kept; 404 of one that neither does."""
    question = ScopeQuestion(scope, sight)
    of, found = by_finding(steps), _found(question, day).by_id.get(finding)
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


def _found(question: ScopeQuestion, day: date | None) -> _Found:
    """What is found at a day, once for each moment."""
    on = _day(question, day)
    basis = question.basis(question.period(on, on))
    kept, key = question.known.found, ("findings", basis.office, basis.until)
    if key not in kept:
        by_id = {one.id: one for one in findings(basis)}
        kept[key] = _Found(by_id, sorted(_place(id_, one.kind) for id_, one in by_id.items()))
    made: _Found = kept[key]
    return made


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
