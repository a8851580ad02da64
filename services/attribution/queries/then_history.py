"""The history of one customer as it was known at an earlier time, fact by fact (contract.md#history).

Of each fact: what was decided when it was folded, by which rulebook and in its words of that version, and what later
facts had changed of it by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from services.attribution.historic.fact_history import ChangeSince, FactHistory, HistoryFact, MadeDecision
from services.attribution.queries.decisions_page import from_micros, micros, page_of_explained
from services.attribution.queries.explained import DecisionWords, both, explained
from services.attribution.queries.recorded import recorded
from services.attribution.queries.remarks import with_remarks
from services.attribution.queries.set_asides import set_asides_on
from services.attribution.queries.snapshot import Snapshot, UnknownNameError
from shared.contract import format_instant, parse_instant
from shared.contract.answers import (
    DealDecision,
    FactDecision,
    FactOutcome,
    FlagResult,
    HistoryDecision,
    HistoryEvent,
    LaterChange,
    OwnershipDecision,
    PenaltyResult,
    RulebookDigest,
    SetAsideRecord,
)
from shared.contract.answers.values import extended
from shared.contract.masking import masked_data, wechat_ids
from shared.i18n import Text, translated
from shared.rules.domain.state import BookId

TURNS: Final = "out_of_turn"
"""A flag and a penalty that come of the board, which is the whole office's: they are read off the rows."""
_WORDS: Final[dict[str, Text]] = {
    "corrected": translated("This record was corrected."),
    "approved": translated("A stage of the paper trail was recorded for this record."),
    "joined": translated("The customer of this record and others proved to be one."),
    "parted": translated("This record turned out to be another customer's."),
}
_REFUSED: Final = translated("A correction of this record was asked for and not approved.")


class HistoryPageThen(Struct, frozen=True):
    """A page of it; `following` is where the next one begins: behind a time of decisions and a fact."""

    events: list[HistoryEvent]
    decisions: list[HistoryDecision]
    following: tuple[int, int] | None


def history_then(
    snapshot: Snapshot, found: FactHistory, after: tuple[int, int], limit: int, *, masked: bool
) -> HistoryPageThen:
    """The facts behind a place and the decisions behind a time, as many as a page holds."""
    snapshot.names = found.names
    time, seq = after
    rest = [fact for fact in found.facts if fact.seq > seq]
    told = [made for made in found.decisions if parse_instant(made.decision.at) > from_micros(time)]
    page, following = page_of_explained([_owned(made) for made in told], from_micros(time), limit)
    words = _Words(snapshot, [*_made(rest[:limit]), *told[: len(page)]])
    events = _events(snapshot, found, rest[:limit], words, masked=masked)
    decisions = [_decision(found, made, words) for made in told[: len(page)]]
    if following is None and len(rest) <= limit:
        return HistoryPageThen(events, decisions, None)
    last = following or (parse_instant(told[-1].decision.at) if told else from_micros(time))
    return HistoryPageThen(events, decisions, (micros(last), rest[:limit][-1].seq if rest else seq))


def set_asides_then(snapshot: Snapshot, name: str, known_at: datetime | None) -> list[SetAsideRecord]:
    """What had been set aside by then of the records of a customer who is known today."""
    try:
        customer = snapshot.find(name)
    except UnknownNameError:
        return []
    found = set_asides_on(snapshot, customer)
    return [one for one in found if known_at is None or parse_instant(one.at) <= known_at]


def _owned(made: MadeDecision) -> OwnershipDecision:
    assert isinstance(made.decision, OwnershipDecision), "of a customer"
    return made.decision


def _made(facts: Iterable[HistoryFact]) -> list[MadeDecision]:
    """Every decision that is told of these facts."""
    return [
        made
        for fact in facts
        for made in (*fact.made, *(changed.made for changed in fact.later))
        if made is not None
    ]


class _Words:
    """The words of decisions, each found once."""

    def __init__(self, snapshot: Snapshot, told: Sequence[MadeDecision]) -> None:
        self._snapshot = snapshot
        each = list({id(made): made for made in told}.values())
        books = [snapshot.book(made.book) for made in each]
        words = explained(snapshot, [made.decision for made in each], books=books)
        self._of = {id(made): one for made, one in zip(each, words, strict=True)}

    def of(self, made: MadeDecision) -> DecisionWords:
        return self._of[id(made)]

    def rulebook(self, made: MadeDecision) -> RulebookDigest:
        """The one by whose text it was decided."""
        book: BookId = made.book
        return RulebookDigest(*book, self._snapshot.book(book).sha256)


def _decision(found: FactHistory, made: MadeDecision, words: _Words) -> HistoryDecision:
    own = {fact.seq for fact in found.facts}
    at = found.by[made.seq].recorded_at if made.seq in own else None
    return extended(
        HistoryDecision,
        made.decision,
        **words.of(made),
        seq=made.seq,
        recorded_at=None if at is None else format_instant(at),
        rulebook=words.rulebook(made),
    )


def _events(
    snapshot: Snapshot, found: FactHistory, facts: Sequence[HistoryFact], words: _Words, *, masked: bool
) -> list[HistoryEvent]:
    bodies = snapshot.opened((fact.seq, fact.body) for fact in facts)
    events = with_remarks(snapshot, [(seq, recorded(body)) for seq, body in bodies])
    turns = _turns(snapshot, events)
    every = {fact.seq: fact for fact in found.facts}
    told = []
    ids = {one for event in events for one in wechat_ids(event.type, event.data)} if masked else set[str]()
    for event, fact in zip(events, facts, strict=True):
        flags, penalties = turns.get(event.id, ([], []))
        outcome = FactOutcome(
            [_fact_decision(made, words) for made in fact.made],
            [*flags, *(one.flag for one in fact.flags)],
            [*penalties, *fact.penalties],
        )
        later = [_later(found, every, changed, words) for changed in fact.later]
        shown = replace(event, decided=outcome, later=later)
        told.append(replace(shown, data=masked_data(shown.type, shown.data, ids)) if masked else shown)
    return told


def _turns(
    snapshot: Snapshot, events: Sequence[HistoryEvent]
) -> dict[str, tuple[list[str], list[PenaltyResult]]]:
    """Of records that took somebody else's turn, by id, the flag and the penalty."""
    found: dict[str, tuple[list[str], list[PenaltyResult]]] = {}
    asked = {"scope": snapshot.head.scope, "events": [event.id for event in events]}
    for event, body, kind in snapshot.ask("marked", asked):
        flags, penalties = found.setdefault(event, ([], []))
        if kind == "flag" and msgspec.json.decode(body, type=FlagResult).flag == TURNS:
            flags.append(TURNS)
        if kind == "penalty" and (fined := msgspec.json.decode(body, type=PenaltyResult)).on == TURNS:
            penalties.append(fined)
    return found


def _later(
    found: FactHistory, every: dict[int, HistoryFact], changed: ChangeSince, words: _Words
) -> LaterChange:
    by = None if changed.by is None else found.by[changed.by]
    taken = changed.change != "corrected" or not _unapproved(every.get(changed.by or 0))
    if changed.made is not None:
        explanation = words.of(changed.made)["explanation"]
    else:
        explanation = both(_WORDS[changed.change] if taken else _REFUSED)
    return LaterChange(
        change=changed.change,
        seq=changed.by,
        event=None if by is None else by.event,
        type=None if by is None else by.type,
        recorded_at=None if by is None else format_instant(by.recorded_at),
        explanation=explanation,
        taken=taken if changed.change == "corrected" else UNSET,
        customer=UNSET if changed.customer is None else changed.customer,
        decision=UNSET if changed.made is None else _fact_decision(changed.made, words),
    )


def _unapproved(correction: HistoryFact | None) -> bool:
    return correction is not None and any(one.flag == "unapproved" for one in correction.flags)


def _fact_decision(made: MadeDecision, words: _Words) -> FactDecision:
    decision = made.decision
    of_deal = isinstance(decision, DealDecision)
    return extended(
        FactDecision,
        decision,
        customer=made.customer,
        deal=made.deal if of_deal else UNSET,
        **words.of(made),
        rulebook=words.rulebook(made),
    )
