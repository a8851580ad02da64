"""Holds the journal against its topic: a topic that knows more was written by a journal that this one is a copy of.

A journal that was restored from a backup, or a replica that lagged and took over, would number anew what was numbered:
consumers would drop facts that were answered. So whoever begins to lead compares first, from the offsets on that were
acknowledged as far as this journal knows, and nobody takes a fact before. A journal whose own tables do not agree has
lost what lies below those offsets too: then the topic is read from its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from services.intake.journal.damage import Damage
from services.intake.journal.journal import SQL, Connection
from services.intake.journal.spans import Spans
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
class Findings:
    """What a topic has that its journal has not, what both have, where they differ, and what neither has."""

    ahead: dict[str, Spans] = field(default_factory=dict)
    forks: list[JournalFork] = field(default_factory=list)
    held: dict[str, Spans] = field(default_factory=dict)
    watermark: datetime | None = None
    damage: Damage = field(default_factory=Damage)

    def ahead_of(self, fact: TopicFact) -> None:
        self.ahead.setdefault(fact.scope, Spans()).add(fact.seq, fact.seq)

    def held_of(self, fact: TopicFact) -> None:
        self.held.setdefault(fact.scope, Spans()).add(fact.seq, fact.seq)

    def watermark_until(self, watermark: datetime | None) -> None:
        if watermark is not None and (self.watermark is None or watermark > self.watermark):
            self.watermark = watermark

    @property
    def missing(self) -> int:
        """Facts that the journal lacks, whether its topic has them or not."""
        return sum(spans.number for found in (self.ahead, self.lost) for spans in found.values())

    @property
    def lost(self) -> dict[str, Spans]:
        """Facts that were here once, and that the topic has not either."""
        nothing = Spans()
        left = {s: holes.without(self.ahead.get(s, nothing)) for s, holes in self.damage.holes.items()}
        return {scope: spans for scope, spans in left.items() if spans}

    @property
    def lacks(self) -> str:
        """In words, for a person who was refused; nothing when the journal has all that its topic has."""
        if self.forks:
            places = _listed([f"{fork.scope} {fork.seq}" for fork in self.forks])
            return bilingual("journal and topic have different facts under one seq: {places}", places=places)
        if lost := self.lost:
            return bilingual(
                "the journal has lost facts, and neither it nor its topic has {places}", places=_places(lost)
            )
        if self.ahead:
            return bilingual(
                "the journal is older than its topic and lacks {places}", places=_places(self.ahead)
            )
        return self.changed or self.lost_set_asides or self.unequal

    @property
    def changed(self) -> str:
        """Facts that the topic has as they are, and that are not what was taken all the same."""
        if not self.damage.changed:
            return ""
        return bilingual(
            "facts of the journal were changed since they were taken: {places}",
            places=_places(self.damage.changed),
        )

    @property
    def lost_set_asides(self) -> str:
        """Where it is not known any more what was set aside: the topic does not hold that."""
        places = [f"{one} ({one.there}/{one.kept})" for one in self.damage.uneven if one.lost]
        if not places:
            return ""
        return bilingual("the journal has lost what was set aside: {places}", places=_listed(places))

    @property
    def unequal(self) -> str:
        """Where every fact is there, and another table does not know of it."""
        places = [f"heads {scope}" for scope in self.damage.behind]
        if self.damage.without_id:
            places.append(f"event_ids {self.damage.without_id}")
        places += [str(one) for one in self.damage.uneven if not one.lost]
        if not places:
            return ""
        return bilingual("tables of the journal know less than its facts: {places}", places=_listed(places))


def begin(connection: Connection, place: tuple[str, str], damage: Damage) -> tuple[Findings, dict[int, int]]:
    """What is to be found, and the next offset of each partition, as far as the journal knows this topic of this log
    and may be believed.
    """
    log, topic = place
    findings = Findings(damage=damage)
    connection.execute(SQL["distrust_acknowledged"], {"damaged": bool(findings.damage)})
    rows = connection.execute(SQL["acknowledged"], {"log": log, "topic": topic})
    return findings, {int(partition): int(following) for partition, following in rows}


def hold(connection: Connection, piece: Piece, findings: Findings) -> None:
    """Hold one piece of the topic against the journal."""
    findings.watermark_until(piece.watermark)
    if not piece.facts:
        return
    places = {
        "scopes": column([fact.scope for fact in piece.facts]),
        "seqs": column([fact.seq for fact in piece.facts]),
    }
    rows = connection.execute(SQL["facts_at"], places, binary=True).fetchall()
    for fact, (id_, body) in zip(piece.facts, rows, strict=True):
        if body is None:
            findings.ahead_of(fact)
        elif bytes(body) == fact.body:
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
            held = [(scope, *span) for scope, spans in findings.held.items() for span in spans]
            scopes, first, last = columns(held)
            connection.execute(SQL["drop_sent"], {"scopes": scopes, "first": first, "last": last})
        keep(connection, topic, findings.lacks)


def keep(connection: Connection, topic: str, lacks: str) -> None:
    """Say what the comparison found; it holds for these rows alone, so the caller's transaction has to be one."""
    connection.execute(SQL["put_comparison"], {"topic": topic, "lacks": lacks})
    connection.execute(SQL["sign_comparison"])


def _places(found: Mapping[str, Spans]) -> str:
    return _listed([f"{scope} {spans}" for scope, spans in found.items()])


def _listed(places: Sequence[str]) -> str:
    more = len(places) - NAMED
    return ", ".join(places[:NAMED]) + (f", … +{more}" if more > 0 else "")
