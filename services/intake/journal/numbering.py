"""Decides what becomes of a group of submissions, before anything is written (ADR 0003).

Pure: the journal loads what is known under its locks and hands it in, so that the rules of numbering can be
tested without a database. Duplicates drop out before numbering, hence no number is ever lost to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from services.intake.journal.registers import NoRegisters, RegisterRules
from services.intake.model.receivers import VISIT, received_in
from services.intake.model.submission import (
    Accepted,
    Conflict,
    Duplicate,
    Finding,
    JournalPlace,
    Outcome,
    RefusedEvent,
    Submission,
)
from services.intake.model.warning import Roll
from shared.contract import CLOCK_TOLERANCE, BadEvent, bad, digest_of
from shared.i18n import bilingual

UNKNOWN_RULEBOOK = bilingual("no rulebook of this name and version is known")

INSTANT = timedelta(microseconds=1)

RANGE = 500
"""Facts in a row of the outbox at most."""

RulebookRegistry = Callable[[str, int], bool]


class ScopeHead(Struct, frozen=True, gc=False):
    """The end of a scope: its last seq and when that was recorded."""

    seq: int
    recorded_at: datetime


class KnownEvent(Struct, frozen=True, gc=False):
    """An id that is taken, by which content, and its place."""

    place: JournalPlace
    digest: bytes


class SeqRange(NamedTuple):
    """Facts of one scope that follow one another: a row of the outbox."""

    scope: str
    first: int
    last: int


def ranges(scope: str, first: int, last: int) -> Iterator[SeqRange]:
    """Facts `first` to `last`, in ranges of which each is sent anew as a whole if its sending is cut off."""
    return (SeqRange(scope, start, min(start + RANGE - 1, last)) for start in range(first, last + 1, RANGE))


class Numbered(Struct, frozen=True, gc=False):
    """A submission with the place that it gets."""

    submission: Submission
    place: JournalPlace


@dataclass(slots=True)
class Numbering:
    """What to write, and an outcome for each submission in the order in which they came."""

    outcomes: list[Outcome] = field(default_factory=list)
    facts: list[Numbered] = field(default_factory=list)
    heads: dict[str, ScopeHead] = field(default_factory=dict)
    firsts: dict[str, int] = field(default_factory=dict)
    new_scopes: set[str] = field(default_factory=set)
    new_offices: dict[str, str] = field(default_factory=dict)

    def ranges(self) -> Iterator[SeqRange]:
        """What of each scope is new, in ranges as the outbox takes them."""
        for scope, first in self.firsts.items():
            yield from ranges(scope, first, self.heads[scope].seq)


class Numberer:
    """Places the submissions of one group, one after another."""

    def __init__(
        self,
        *,
        heads: dict[str, ScopeHead],
        known: Iterable[KnownEvent],
        offices: dict[str, str],
        not_before: datetime,
        knows_rulebook: RulebookRegistry,
        received: Mapping[tuple[str, str], str] | None = None,
        roll: Roll | None = None,
        registers: RegisterRules | None = None,
    ) -> None:
        self._heads = heads
        self._known: dict[str, KnownEvent] = {entry.place.id: entry for entry in known}
        self._offices = offices
        self._not_before = not_before
        self._knows_rulebook = knows_rulebook
        self._received = dict(received or {})
        self._finding = False
        self._roll = roll
        self._registers = registers or NoRegisters()
        self._plan = Numbering()

    def plan(self, submissions: Sequence[Submission]) -> Numbering:
        self._finding = any(submission.finds is not None for submission in submissions)
        for submission in submissions:
            self._plan.outcomes.append(self._place(submission))
        return self._plan

    def _place(self, submission: Submission) -> Outcome:
        known = self._known.get(submission.id)
        if known is not None:
            return Duplicate(known.place) if _same(known.digest, submission) else Conflict(submission.id)
        head = self._heads.get(submission.scope)
        recorded_at = self._not_before if head is None else max(self._not_before, head.recorded_at)
        refusal = self._refusal(submission, recorded_at)
        if refusal is not None:
            return refusal
        seq = 1 if head is None else head.seq + 1
        told = self._warned(submission, begins=head is None)
        return self._number(submission, JournalPlace(submission.id, submission.scope, seq, recorded_at, told))

    def _warned(self, submission: Submission, *, begins: bool) -> bytes | None:
        """What is told of a submission that gets a place; an office is no new one where its scope `begins`."""
        if self._roll is None:
            return None
        told = self._roll.warnings(submission, office=begins or submission.office in self._offices)
        self._roll.move(submission)
        return told

    def _refusal(self, submission: Submission, recorded_at: datetime) -> RefusedEvent | None:
        if submission.occurred_at > recorded_at + CLOCK_TOLERANCE:
            return _refused(bad("occurred_at", "future"))
        scope = self._offices.get(submission.office, submission.scope)
        if scope != submission.scope:
            return RefusedEvent("office", "one_scope", bilingual("this office belongs to another scope"))
        if submission.adopts is not None and not self._knows_rulebook(*submission.adopts):
            return RefusedEvent("data.rulebook", "known_rulebook", UNKNOWN_RULEBOOK)
        if submission.finds is not None and self._names_receiver(submission.scope, submission.finds):
            return _refused(bad("data.rightful", "receiver"))
        return self._registers.refusal(submission, recorded_at)

    def _names_receiver(self, scope: str, finds: Finding) -> bool:
        """Whether a finding gives what was concealed to the receiver of the visit, who concealed it."""
        receiver = finds.receiver or self._received.get((scope, finds.visit))
        return receiver == finds.rightful

    def _number(self, submission: Submission, place: JournalPlace) -> Outcome:
        plan, scope = self._plan, place.scope
        if scope not in self._heads:
            plan.new_scopes.add(scope)
        if submission.office not in self._offices:
            self._offices[submission.office] = plan.new_offices[submission.office] = scope
        if scope not in plan.firsts:
            plan.firsts[scope] = place.seq
        self._heads[scope] = plan.heads[scope] = ScopeHead(place.seq, place.recorded_at)
        self._known[place.id] = KnownEvent(place, submission.digest)
        plan.facts.append(Numbered(submission, place))
        self._registers.note(submission)
        if self._finding and submission.type == VISIT:
            visit, receiver = received_in(submission.body)
            self._received.setdefault((scope, visit), receiver)
        return Accepted(place)


def _same(digest: bytes, submission: Submission) -> bool:
    """Whether a stored digest is of this content; older rows of the journal hold that of the canonical bytes."""
    return digest == submission.digest or digest == digest_of(submission.body)


def _refused(error: BadEvent) -> RefusedEvent:
    return RefusedEvent(error.path, error.rule, error.message)
