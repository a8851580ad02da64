"""Takes facts back from the topic that the journal has lost, each at its place and as it was answered.

Only what continues the journal is taken, or fills an empty place in it: written as this journal writes it, between what
was recorded before and after it, under an id that stands nowhere else. What contradicts is told and left: neither the
journal nor the topic is ever overwritten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from msgspec.structs import replace
from psycopg.types.json import Jsonb

from services.intake.admission.admission import readmit
from services.intake.journal.damage import Damage
from services.intake.journal.journal import SQL, Connection, known_place, write
from services.intake.journal.numbering import KnownEvent, Numbered, Numbering, ScopeHead
from services.intake.journal.topic_tail import Piece, TopicFact
from services.intake.model.submission import JournalPlace
from services.intake.recovery.checks import (
    Around,
    RecoveryRefusalError,
    demand_form,
    demand_id,
    demand_place,
    demand_time,
)
from services.intake.recovery.mending import mend, rebuild
from shared.access.reports import by_command, done_by_command, put
from shared.contract import BadEvent, canonical
from shared.contract.topics import encode_contacts
from shared.i18n import bilingual
from shared.platform.postgres.binary_arrays import column

DETAIL: Final = 200
"""Characters of what the record of access is told."""


class Left(NamedTuple):
    """A fact of the topic that was not taken, and why."""

    fact: TopicFact
    reason: str
    known: bool
    """Whether its event stands in the journal, at whatever place."""


@dataclass(slots=True)
class JournalFacts:
    """What the journal has of the scopes, ids and offices that one piece names."""

    heads: dict[str, ScopeHead]
    bodies: dict[tuple[str, int], bytes]
    ids: dict[str, KnownEvent]
    around: dict[tuple[str, int], Around]
    offices: dict[str, str]
    stored_offices: frozenset[str]


@dataclass(slots=True)
class Recovery:
    """What was taken back so far."""

    connection: Connection
    default_rulebook: str
    taken: Counter[str] = field(default_factory=Counter)
    spans: dict[str, list[list[int]]] = field(default_factory=dict)
    """By scope the seqs that were taken back, as runs of a first and a last one."""
    left: list[Left] = field(default_factory=list)
    headless: frozenset[str] = frozenset()
    uneven: frozenset[str] = frozenset()

    def begin(self, damage: Damage) -> None:
        """Put heads and ids right by the facts that are there, before others are taken."""
        self.uneven = frozenset(one.scope for one in damage.uneven)
        self.headless = mend(self.connection, damage, self.default_rulebook)

    def take(self, piece: Piece) -> None:
        """Take what continues the journal, in one transaction; note the rest."""
        with self.connection.transaction():
            if piece.watermark is not None:
                self.connection.execute(SQL["raise_watermark"], {"watermark": piece.watermark})
            if piece.facts:
                self._take(piece, self._known(piece))

    def end(self, now: datetime) -> None:
        """Put offices and staff right by all facts, go on under a new epoch if facts were taken, and have the journal
        compared again.
        """
        if self.uneven:
            rebuild(self.connection, self.uneven)
        with self.connection.transaction():
            if self.taken:
                reason = f"{self.taken.total()} facts were taken back from the topic"
                self.connection.execute(SQL["begin_epoch"], {"reason": reason})
                self._note(reason, now)
            self.connection.execute(SQL["forget_comparison"])

    def _note(self, reason: str, now: datetime) -> None:
        """For good: which facts, and by whom; on the record of access too (ADR 0058)."""
        self.connection.execute(SQL["note_taken_back"], {"by": by_command(), "reached": Jsonb(self.spans)})
        spans = "; ".join(f"{scope} {_shown(runs)}" for scope, runs in sorted(self.spans.items()))
        told = f"panke journal recover: {reason}: {spans}"
        self.connection.execute("SET LOCAL search_path TO intake")
        put(self.connection, [done_by_command(told[:DETAIL], now)])

    def _take(self, piece: Piece, known: JournalFacts) -> None:
        plan, books = Numbering(), dict[str, str]()
        for fact in piece.facts:
            self._begin_under(fact)
            place = fact.scope, fact.seq
            if known.bodies.get(place) == fact.body:
                continue
            try:
                self._place(plan, known, fact)
            except (RecoveryRefusalError, BadEvent) as error:
                self.left.append(Left(fact, str(error), fact.id in known.ids))
                continue
            known.bodies[place] = fact.body
            books.setdefault(fact.scope, fact.headers.default_rulebook or self.default_rulebook)
            self.taken[fact.scope] += 1
            _add(self.spans.setdefault(fact.scope, []), fact.seq)
        if plan.facts:
            ids = [fact.place.id for fact in plan.facts]
            self.connection.execute(SQL["forget_ids"], {"ids": column(ids)})
            write(self.connection, plan, books.__getitem__)

    def _begin_under(self, fact: TopicFact) -> None:
        """A head that was lost comes back with the rulebook that its scope began under, as the first fact tells it."""
        rulebook = fact.headers.default_rulebook
        if fact.seq == 1 and rulebook is not None and fact.scope in self.headless:
            self.connection.execute(SQL["begin_under"], {"scope": fact.scope, "rulebook": rulebook})

    def _place(self, plan: Numbering, known: JournalFacts, fact: TopicFact) -> None:
        """Put the fact into the plan, or raise `RecoveryRefusalError` or `BadEvent`."""
        place = fact.scope, fact.seq
        head = known.heads.get(fact.scope)
        fills = head is not None and fact.seq <= head.seq
        demand_place(head, fact, taken=place in known.bodies)
        submission, recorded_at = readmit(
            fact.body, encode_contacts(fact.headers.contacts), fact.headers.traceparent
        )
        demand_form(submission, recorded_at, fact)
        demand_id(known.ids.get(fact.id), submission, fact)
        demand_time(known.around[place], recorded_at)
        if head is not None and not fills:
            demand_time(Around(head.recorded_at), recorded_at)
        if known.offices.setdefault(submission.office, fact.scope) != fact.scope:
            raise RecoveryRefusalError(
                bilingual("office {office} belongs to another scope", office=submission.office)
            )
        if submission.office not in known.stored_offices:
            plan.new_offices[submission.office] = fact.scope
        self._number(
            plan, known, fact, Numbered(submission, _journalled(known, fact, recorded_at)), fills=fills
        )

    @staticmethod
    def _number(
        plan: Numbering, known: JournalFacts, fact: TopicFact, numbered: Numbered, *, fills: bool
    ) -> None:
        submission, place = numbered.submission, numbered.place
        known.ids[fact.id] = KnownEvent(place, submission.digest)
        if fills:  # who is enrolled is known from the facts behind it
            plan.facts.append(Numbered(replace(submission, moves=None), place))
            return
        if fact.scope not in known.heads:
            plan.new_scopes.add(fact.scope)
        plan.facts.append(numbered)
        known.heads[fact.scope] = plan.heads[fact.scope] = ScopeHead(fact.seq, place.recorded_at)

    def _known(self, piece: Piece) -> JournalFacts:
        run = self.connection.execute
        facts = piece.facts
        scopes, seqs, ids = [f.scope for f in facts], [f.seq for f in facts], [f.id for f in facts]
        heads = run(SQL["lock_heads"], {"scopes": sorted(set(scopes))}).fetchall()
        places = {"scopes": column(scopes), "seqs": column(seqs)}
        stored = run(SQL["facts_at"], places, binary=True).fetchall()
        around = run(SQL["recorded_around"], places).fetchall()
        known_ids = run(SQL["known_ids"], {"ids": column(ids)}).fetchall()
        offices: dict[str, str] = dict(run(SQL["all_offices"]).fetchall())
        return JournalFacts(
            {scope: ScopeHead(seq, recorded_at) for scope, seq, recorded_at in heads},
            {
                (fact.scope, fact.seq): bytes(body)
                for fact, (id_, body) in zip(facts, stored, strict=True)
                if id_ is not None
            },
            {str(place[0]): KnownEvent(known_place(*place), bytes(digest)) for *place, digest in known_ids},
            {(fact.scope, fact.seq): Around(*times) for fact, times in zip(facts, around, strict=True)},
            offices,
            frozenset(offices),
        )


def _journalled(known: JournalFacts, fact: TopicFact, recorded_at: datetime) -> JournalPlace:
    """Its place, with what its first answer warned of where the id was kept."""
    kept = known.ids.get(fact.id)
    return JournalPlace(
        fact.id, fact.scope, fact.seq, recorded_at, None if kept is None else kept.place.warnings
    )


def resendable(left: Left) -> bytes:
    """The event as its desk sent it, to be recorded anew."""
    return canonical(left.fact.body)


def _add(runs: list[list[int]], seq: int) -> None:
    if runs and runs[-1][1] == seq - 1:
        runs[-1][1] = seq
    else:
        runs.append([seq, seq])


def _shown(runs: list[list[int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)
