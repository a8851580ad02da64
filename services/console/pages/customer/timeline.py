"""A customer's history with both clocks: when each thing happened, and when it was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct, UnsetType

from services.console.frame.customer_words import DECISIONS
from services.console.frame.trade_words import FLAGS, kind_word, word
from services.console.frame.words import instant
from services.console.pages.customer.record_lines import Names, RecordLine, lines_of
from shared.contract.answers.history import (
    FactDecision,
    HistoryAnswer,
    HistoryDecision,
    HistoryEvent,
    SetAsideRecord,
)
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text, translated
from shared.i18n.times import span

AT_ONCE: Final = timedelta(minutes=2)
"""What is recorded so soon after it happened is not told to be late."""
LAPSE: Final = "lapsed"


class DecidedEntry(Struct, frozen=True):
    """What was decided; the explanation has its clause and the words of that."""

    word: Text | str
    explanation: BothLanguages


class TimelineEntry(Struct, frozen=True, kw_only=True):
    """A record, or a lapse that no record brought. `recorded_at` is None of a lapse, and `seq` of what has none."""

    id: str | None
    seq: int | None
    type: str
    title: Text | str
    happened_at: str
    recorded_at: str | None
    later: Text | None
    actor: str | None
    lines: list[RecordLine]
    notes: list[BothLanguages | Text]
    flags: list[Text | str]
    decided: list[DecidedEntry]
    carried: bool


class PointInTime(Struct, frozen=True):
    """A fact that one can step to: what was known when it had been recorded."""

    number: int
    recorded_at: str
    title: Text | str


def timeline(
    pages: Sequence[HistoryAnswer],
    flags: Mapping[str, Iterable[str]],
    names: Names,
    zone: ZoneInfo,
    today: date,
) -> list[TimelineEntry]:
    """Every record, what was set aside and every lapse, the latest that happened first.

    `flags` are those of records by id, where the history does not say them itself.
    """
    events = {one.id: one for page in pages for one in page.events}
    decisions = [one for page in pages for one in page.decisions]
    by_seq = _by_seq(decisions, {one.seq for one in events.values()})
    found = [
        _record(one, by_seq.get(one.seq, []), flags.get(one.id, ()), names, zone, today)
        for one in events.values()
    ]
    found += [_without_record(one) for one in by_seq.get(None, [])]
    found += [
        _set_aside(one, names) for page in pages if not isinstance(page.set_aside, UnsetType)
        for one in page.set_aside
    ]  # fmt: skip
    return sorted(found, key=lambda one: (instant(one.happened_at), one.seq or 0), reverse=True)


def points(pages: Iterable[HistoryAnswer]) -> list[PointInTime]:
    """The facts of a customer in the order in which they were recorded."""
    events = sorted({one.id: one for page in pages for one in page.events}.values(), key=lambda one: one.seq)
    return [
        PointInTime(number, one.recorded_at, kind_word(one.type))
        for number, one in enumerate(events, start=1)
    ]


def point_at(known: Sequence[PointInTime], known_at: datetime | None) -> int:
    """The last fact that was recorded by then; the last of all where no time is asked for, 0 where there is none."""
    if known_at is None:
        return len(known)
    return sum(1 for one in known if instant(one.recorded_at) <= known_at)


def _by_seq(
    decisions: Iterable[HistoryDecision], recorded: set[int]
) -> dict[int | None, list[HistoryDecision]]:
    """Decisions by the fact that brought them; under None what time brought, or another customer's fact."""
    found: dict[int | None, list[HistoryDecision]] = {}
    for one in decisions:
        key = one.seq if one.seq in recorded and one.decision != LAPSE else None
        found.setdefault(key, []).append(one)
    return found


def _record(
    one: HistoryEvent,
    decisions: Iterable[HistoryDecision],
    flags: Iterable[str],
    names: Names,
    zone: ZoneInfo,
    today: date,
) -> TimelineEntry:
    told: list[HistoryDecision | FactDecision] = list(decisions)
    notes: list[BothLanguages | Text] = []
    if not isinstance(one.explanation, UnsetType):
        notes.append(one.explanation)
    if not isinstance(one.decided, UnsetType):
        flags = one.decided.flags
        notes += [Text(penalty.text, penalty.text) for penalty in one.decided.penalties]
    apart = instant(one.recorded_at) - instant(one.occurred_at)
    return TimelineEntry(
        id=one.id, seq=one.seq, type=one.type, title=kind_word(one.type), happened_at=one.occurred_at,
        recorded_at=one.recorded_at,
        later=translated("{span} later", span=span(apart)) if apart > AT_ONCE else None,
        actor=names(one.actor), lines=lines_of(one.data, names, zone, today), notes=notes,
        flags=[word(FLAGS, flag) for flag in flags],
        decided=[_decided(each) for each in told],
        carried=not isinstance(one.carried, UnsetType),
    )  # fmt: skip


def _without_record(one: HistoryDecision) -> TimelineEntry:
    return TimelineEntry(
        id=None, seq=one.seq, type=one.decision, title=word(DECISIONS, one.decision), happened_at=one.at,
        recorded_at=None, later=None, actor=None, lines=[], notes=[], flags=[], decided=[_decided(one)],
        carried=False,
    )  # fmt: skip


def _set_aside(one: SetAsideRecord, names: Names) -> TimelineEntry:
    return TimelineEntry(
        id=one.event, seq=one.seq, type="set_aside",
        title=translated("{kind}, set aside", kind=kind_word(one.type)),
        happened_at=one.occurred_at, recorded_at=one.recorded_at, later=None, actor=names(one.by), lines=[],
        notes=[one.explanation], flags=[], decided=[], carried=False,
    )  # fmt: skip


def _decided(one: HistoryDecision | FactDecision) -> DecidedEntry:
    decision = one.decision if isinstance(one.decision, str) else ""
    return DecidedEntry(word(DECISIONS, decision), one.explanation)
