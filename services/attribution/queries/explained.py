"""Decisions with their words: what the clause says, and the decision told in a sentence, in Chinese and English.

contract.md#history: the words come from the data of the decision, the rulebook that made it and the
records that it rests on; the same words stand in the history, in a preview and on pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypedDict
from zoneinfo import ZoneInfo

from services.attribution.explanations.explain import AnyDecision, explain
from services.attribution.explanations.record_words import OTHER, RECORD
from services.attribution.queries.recorded import recorded
from services.attribution.queries.snapshot import Snapshot
from shared.contract import parse_instant
from shared.contract.answers import BothLanguages, DealDecision
from shared.contract.event_words import KINDS
from shared.i18n import Text
from shared.i18n.times import dated
from shared.ids import EventId
from shared.rules.domain.rulebook import Rulebook

Bodies: TypeAlias = Iterable[bytes]


class DecisionWords(TypedDict):
    """What is said of a decision, by the fields of an answer."""

    clause_text: BothLanguages | None
    explanation: BothLanguages


def explained(
    snapshot: Snapshot,
    decisions: Sequence[AnyDecision],
    bodies: Bodies = (),
    books: Sequence[Rulebook] | None = None,
) -> list[DecisionWords]:
    """The words of each of these decisions of customers or deals.

    `bodies` are records that they may rest on beside those that are stored; `books` the rulebooks by which they were
    made, where that is known.
    """
    names = snapshot.staff_names({staff for one in decisions for staff in _staff(one)})
    stored = (body for _, body in snapshot.facts({id_ for one in decisions for id_ in one.because}))
    records = _records([*stored, *bodies], ZoneInfo(snapshot.scope.timezone))
    if books is None:
        books = [snapshot.book_of(one.clause, parse_instant(one.at)) for one in decisions]
    return [_words(snapshot, *pair, names, records) for pair in zip(decisions, books, strict=True)]


def both(text: Text) -> BothLanguages:
    """A text as it is answered."""
    return BothLanguages(text.zh, text.en)


def _words(
    snapshot: Snapshot,
    decision: AnyDecision,
    book: Rulebook,
    names: Mapping[str, str],
    records: Mapping[EventId, Text],
) -> DecisionWords:
    return {
        "clause_text": snapshot.clause_text(decision.clause, book),
        "explanation": both(explain(decision, book, names, records)),
    }


def _staff(decision: AnyDecision) -> Iterable[str]:
    if isinstance(decision, DealDecision):
        return decision.shares
    return [staff for staff in (decision.owner, decision.previous) if staff is not None]


def _records(bodies: Bodies, zone: ZoneInfo) -> dict[EventId, Text]:
    """Each record by its id, as a sentence names it: what it is, and when it happened."""
    named = {}
    for event in map(recorded, bodies):
        kind, at = KINDS.get(event.type, OTHER), parse_instant(event.occurred_at)
        named[event.id] = RECORD.format(at=dated(at, zone), kind=kind)
    return named
