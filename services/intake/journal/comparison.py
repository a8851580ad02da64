"""Holds the journal against its topic: a topic that knows more was written by a journal that this one is a copy of.

A journal that was restored from a backup, or a replica that lagged and took over, would number anew what was numbered:
consumers would drop facts that were answered. So whoever begins to lead compares first, from the offsets on that were
acknowledged as far as this journal knows, and nobody takes a fact before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from services.intake.journal.codec import Codec
from services.intake.journal.journal import SQL, Connection
from services.intake.journal.topic_tail import Piece, TopicFact
from shared.i18n import bilingual
from shared.platform.postgres.binary_arrays import column, columns

NAMED: Final = 5
"""Scopes that the words name; the log and `panke journal recover` name more."""


class JournalFork(NamedTuple):
    """One seq that holds two facts: the journal's and the topic's."""

    scope: str
    seq: int
    partition: int
    offset: int
    topic_id: str
    journal_id: str


@dataclass(slots=True)
class Span:
    """Facts of one scope that follow one another."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"

    def joined(self, seq: int) -> bool:
        """Whether the span reaches to `seq` now."""
        if seq == self.last + 1:
            self.last = seq
        return self.first <= seq <= self.last


@dataclass(slots=True)
class Findings:
    """What a topic has that its journal has not, what both have, and where they differ."""

    ahead: dict[str, Span] = field(default_factory=dict)
    forks: list[JournalFork] = field(default_factory=list)
    held: dict[str, Span] = field(default_factory=dict)
    watermark: datetime | None = None

    def ahead_of(self, fact: TopicFact) -> None:
        span = self.ahead.setdefault(fact.scope, Span(fact.seq, fact.seq))
        span.first, span.last = min(span.first, fact.seq), max(span.last, fact.seq)

    def held_of(self, fact: TopicFact) -> None:
        span = self.held.setdefault(fact.scope, Span(fact.seq, fact.seq))
        if not span.joined(fact.seq):
            self.held[fact.scope] = Span(fact.seq, fact.seq)

    def watermark_until(self, watermark: datetime | None) -> None:
        if watermark is not None and (self.watermark is None or watermark > self.watermark):
            self.watermark = watermark

    @property
    def missing(self) -> int:
        """Facts that the journal lacks."""
        return sum(span.last - span.first + 1 for span in self.ahead.values())

    @property
    def lacks(self) -> str:
        """In words, for a person who was refused; nothing when the journal has all that its topic has."""
        if self.forks:
            places = _listed([f"{fork.scope} {fork.seq}" for fork in self.forks])
            return bilingual("journal and topic have different facts under one seq: {places}", places=places)
        if self.ahead:
            places = _listed([f"{scope} {span}" for scope, span in self.ahead.items()])
            return bilingual("the journal is older than its topic and lacks {places}", places=places)
        return ""


def acknowledged(connection: Connection, place: tuple[str, str]) -> dict[int, int]:
    """The next offset of each partition, as far as the journal knows this topic of this log and may be believed."""
    log, topic = place
    connection.execute(SQL["distrust_acknowledged"])
    rows = connection.execute(SQL["acknowledged"], {"log": log, "topic": topic})
    return {int(partition): int(following) for partition, following in rows}


def hold(connection: Connection, codec: Codec, piece: Piece, findings: Findings) -> None:
    """Hold one piece of the topic against the journal."""
    findings.watermark_until(piece.watermark)
    if not piece.facts:
        return
    places = {
        "scopes": column([fact.scope for fact in piece.facts]),
        "seqs": column([fact.seq for fact in piece.facts]),
    }
    rows = connection.execute(SQL["facts_at"], places, binary=True).fetchall()
    for fact, (head, id_, sealed) in zip(piece.facts, rows, strict=True):
        if fact.seq > head:
            findings.ahead_of(fact)
        elif codec.open(id_, bytes(sealed)) == fact.body:
            findings.held_of(fact)
        else:
            findings.forks.append(
                JournalFork(fact.scope, fact.seq, fact.partition, fact.offset, fact.id, id_)
            )


def settle(connection: Connection, topic: str, findings: Findings) -> None:
    """Keep what was found: whether facts may be taken, how far the topic is acknowledged, and what need not be sent."""
    with connection.transaction():
        if findings.watermark is not None:
            connection.execute(SQL["raise_watermark"], {"watermark": findings.watermark})
        if findings.held:
            held = [(scope, span.first, span.last) for scope, span in findings.held.items()]
            scopes, first, last = columns(held)
            connection.execute(SQL["drop_sent"], {"scopes": scopes, "first": first, "last": last})
        keep(connection, topic, findings.lacks)


def keep(connection: Connection, topic: str, lacks: str) -> None:
    """Say what the comparison found; it holds for these rows alone, so the caller's transaction has to be one."""
    connection.execute(SQL["put_comparison"], {"topic": topic, "lacks": lacks})
    connection.execute(SQL["sign_comparison"])


def _listed(places: Sequence[str]) -> str:
    more = len(places) - NAMED
    return ", ".join(places[:NAMED]) + (f", … +{more}" if more > 0 else "")
