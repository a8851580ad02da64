"""Takes facts back from the topic that the journal has lost, each at its place and as it was answered.

Only what continues the journal is taken: the next seq of a scope, written as this journal writes it, under an id that
stands nowhere else. What contradicts is told and left: neither the journal nor the topic is ever overwritten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from services.intake.admission.admission import readmit
from services.intake.journal.codec import Codec
from services.intake.journal.journal import SQL, Connection, write
from services.intake.journal.numbering import Numbered, Numbering, ScopeHead
from services.intake.journal.topic_tail import Piece, TopicFact
from services.intake.model.submission import JournalPlace
from shared.contract import BadEvent, canonical, stamp_canonical
from shared.contract.topics import encode_contacts
from shared.i18n import bilingual
from shared.platform.postgres.binary_arrays import column


class Left(NamedTuple):
    """A fact of the topic that was not taken, and why."""

    fact: TopicFact
    reason: str
    known: bool
    """Whether its event stands in the journal, at whatever place."""


class RecoveryRefusalError(Exception):
    """Why a fact does not continue the journal."""


@dataclass(slots=True)
class JournalFacts:
    """What the journal has of the scopes, ids and offices that one piece names."""

    heads: dict[str, ScopeHead]
    bodies: dict[tuple[str, int], bytes]
    ids: set[str]
    offices: dict[str, str]
    stored_offices: frozenset[str]


@dataclass(slots=True)
class Recovery:
    """What was taken back so far."""

    connection: Connection
    codec: Codec
    default_rulebook: str
    taken: Counter[str] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)

    def take(self, piece: Piece) -> None:
        """Take what continues the journal, in one transaction; note the rest."""
        with self.connection.transaction():
            if piece.watermark is not None:
                self.connection.execute(SQL["raise_watermark"], {"watermark": piece.watermark})
            if piece.facts:
                self._take(piece, self._known(piece))

    def end(self) -> None:
        """Go on under a new epoch if facts were taken, and have the journal compared again."""
        with self.connection.transaction():
            if self.taken:
                reason = f"{self.taken.total()} facts were taken back from the topic"
                self.connection.execute(SQL["begin_epoch"], {"reason": reason})
            self.connection.execute(SQL["forget_comparison"])

    def _take(self, piece: Piece, known: JournalFacts) -> None:
        plan, books = Numbering(), dict[str, str]()
        for fact in piece.facts:
            place = fact.scope, fact.seq
            head = known.heads.get(fact.scope)
            if head is not None and fact.seq <= head.seq and known.bodies.get(place) == fact.body:
                continue
            try:
                self._place(plan, known, fact)
            except (RecoveryRefusalError, BadEvent) as error:
                self.left.append(Left(fact, str(error), fact.id in known.ids))
                continue
            known.bodies[place] = fact.body
            books.setdefault(fact.scope, fact.headers.default_rulebook or self.default_rulebook)
            self.taken[fact.scope] += 1
        if plan.facts:
            write(self.connection, self.codec, plan, books.__getitem__)

    def _place(self, plan: Numbering, known: JournalFacts, fact: TopicFact) -> None:
        """Put the fact into the plan, or raise `RecoveryRefusalError` or `BadEvent`."""
        head = known.heads.get(fact.scope)
        demand_next(head, fact, known)
        submission, recorded_at = readmit(
            fact.body, encode_contacts(fact.headers.contacts), fact.headers.traceparent
        )
        if stamp_canonical(submission.body, recorded_at) != fact.body:
            raise RecoveryRefusalError(bilingual("not written as the journal writes"))
        if known.offices.setdefault(submission.office, fact.scope) != fact.scope:
            raise RecoveryRefusalError(
                bilingual("office {office} belongs to another scope", office=submission.office)
            )
        if head is not None and recorded_at < head.recorded_at:
            raise RecoveryRefusalError(bilingual("recorded before the fact in front of it"))
        if head is None:
            plan.new_scopes.add(fact.scope)
        if submission.office not in known.stored_offices:
            plan.new_offices[submission.office] = fact.scope
        plan.facts.append(Numbered(submission, JournalPlace(fact.id, fact.scope, fact.seq, recorded_at)))
        known.heads[fact.scope] = plan.heads[fact.scope] = ScopeHead(fact.seq, recorded_at)
        known.ids.add(fact.id)

    def _known(self, piece: Piece) -> JournalFacts:
        run = self.connection.execute
        facts = piece.facts
        scopes, seqs, ids = [f.scope for f in facts], [f.seq for f in facts], [f.id for f in facts]
        heads = run(SQL["lock_heads"], {"scopes": sorted(set(scopes))}).fetchall()
        places = {"scopes": column(scopes), "seqs": column(seqs)}
        stored = run(SQL["facts_at"], places, binary=True).fetchall()
        known_ids = run(SQL["known_ids"], {"ids": column(ids)}).fetchall()
        offices: dict[str, str] = dict(run(SQL["all_offices"]).fetchall())
        return JournalFacts(
            {scope: ScopeHead(seq, recorded_at) for scope, seq, recorded_at in heads},
            {
                (fact.scope, fact.seq): self.codec.open(id_, bytes(body))
                for fact, (_, id_, body) in zip(facts, stored, strict=True)
                if id_ is not None
            },
            {str(id_) for id_, *_ in known_ids},
            offices,
            frozenset(offices),
        )


def demand_next(head: ScopeHead | None, fact: TopicFact, known: JournalFacts) -> None:
    """Raise `RecoveryRefusalError` unless the fact is the next of its scope and new."""
    following = 1 if head is None else head.seq + 1
    if fact.seq < following:
        raise RecoveryRefusalError(bilingual("the journal has another fact under this seq"))
    if fact.seq > following:
        raise RecoveryRefusalError(
            bilingual("seq {following} is missing in front of it", following=following)
        )
    if fact.id in known.ids:
        raise RecoveryRefusalError(bilingual("this id is recorded at another place"))


def resendable(left: Left) -> bytes:
    """The event as its desk sent it, to be recorded anew."""
    return canonical(left.fact.body)
