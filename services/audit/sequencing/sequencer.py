"""Gives each fact of the topic its one index, in one transaction with the partition's position.

A fact comes once and in the order of its scope: what was logged before is held against what came again and dropped;
what lies behind one that the topic lacks is left until that one comes, for the journal has both and sends them again.
A scope of which the topic has another fact than the log is not taken any further: which of the two is true is for a
person to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from services.audit.sequencing.append import SQL, Connection, LastSigned, NewEntry, append, tree_to_add_to
from services.audit.sequencing.intake_record import SequencedFact, read_fact
from shared.platform.kafka.kept_positions import KeptPositions
from shared.platform.kafka.record_processor import ConsumedRecord, SourcePartition
from shared.platform.postgres.database import Database
from shared.tlog.hashing import leaf_hash
from shared.tlog.leaves import Body, FactLeaf


class ScopeFork(Struct, frozen=True):
    """Of which fact the topic has another one than the log."""

    scope: str
    seq: int


@dataclass(slots=True)
class SequencedBatch:
    """What became of a batch."""

    logged: int = 0
    repeated: int = 0
    left: int = 0
    foreign: int = 0
    forks: tuple[ScopeFork, ...] = ()
    waiting: tuple[str, ...] = ()


_AwaitedText = tuple[str, int, str, int | None]
"""Scope, seq, name and, where the fact says it, version of a rulebook whose text is to become an entry."""


@dataclass(slots=True)
class _Standing:
    """How far a scope is logged."""

    seq: int = 0
    waits: bool = False
    fork: int | None = None


@dataclass(slots=True)
class _FactBatch:
    standings: dict[str, _Standing]
    entries: list[NewEntry] = field(default_factory=list)
    again: list[tuple[str, int, bytes]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    texts: list[_AwaitedText] = field(default_factory=list)
    texts_again: list[_AwaitedText] = field(default_factory=list)
    left: int = 0

    def take(self, fact: SequencedFact) -> None:
        """Log it, hold it against what is logged, or leave it."""
        standing = self.standings.setdefault(fact.scope, _Standing())
        if fact.seq > standing.seq + 1 or (standing.fork is not None and fact.seq > standing.seq):
            self.left += 1
            if standing.fork is None and not standing.waits:
                standing.waits = True
                self.changed.add(fact.scope)
            return
        body = Body.of(fact.body)
        entry = FactLeaf(fact.scope, fact.seq, fact.recorded_at, body).encode()
        if fact.seq <= standing.seq:
            self.again.append((fact.scope, fact.seq, leaf_hash(entry)))
            self.texts_again += _texts_of(fact)
            return
        place = {"scope": fact.scope, "seq": fact.seq, "clear": fact.clear}
        self.entries.append(NewEntry.of("fact", entry, body, fact.body, **place))
        self.texts += _texts_of(fact)
        standing.seq, standing.waits = fact.seq, False
        self.changed.add(fact.scope)


def _texts_of(fact: SequencedFact) -> list[_AwaitedText]:
    """The rulebooks whose texts hold from this fact on."""
    begun = [] if fact.begins_under is None else [(fact.scope, fact.seq, fact.begins_under, None)]
    return begun + ([] if fact.adopts is None else [(fact.scope, fact.seq, *fact.adopts)])


class Sequencer:
    """Takes batches of one topic in; `positions` are how far it has come."""

    def __init__(self, database: Database, topic: str, signed: LastSigned) -> None:
        self._database = database
        self._signed = signed
        self.positions = KeptPositions(database, topic)

    def take(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> SequencedBatch:
        """A batch; raises `PositionMovedError` where the position is another one, and `OlderThanSignedError`."""
        facts = [fact for record in records if (fact := read_fact(record)) is not None]
        with self._database.connection() as connection:
            connection.execute(SQL["without_waiting"])
            self.positions.advance(connection, partition, expected, records[-1].offset + 1)
            return self._log(connection, facts, len(records) - len(facts))

    def _log(self, connection: Connection, facts: Sequence[SequencedFact], foreign: int) -> SequencedBatch:
        if not facts:
            return SequencedBatch(foreign=foreign)
        tree = tree_to_add_to(connection, self._signed)
        batch = _FactBatch(_standings(connection, {fact.scope for fact in facts}))
        for fact in facts:
            batch.take(fact)
        append(connection, tree, batch.entries)
        _await_texts(connection, "await_texts", batch.texts)
        _await_texts(connection, "await_lost_texts", batch.texts_again)
        forks = _forks(connection, batch.again)
        for fork in forks:
            if batch.standings[fork.scope].fork is None:
                batch.standings[fork.scope].fork = fork.seq
                batch.changed.add(fork.scope)
        _put(connection, {scope: batch.standings[scope] for scope in batch.changed})
        waiting = tuple(sorted(scope for scope in batch.changed if batch.standings[scope].waits))
        return SequencedBatch(len(batch.entries), len(batch.again), batch.left, foreign, forks, waiting)


def _await_texts(connection: Connection, query: str, texts: Sequence[_AwaitedText]) -> None:
    if texts:
        scopes, seqs, names, versions = (list(column) for column in zip(*texts, strict=True))
        given = {"scopes": scopes, "seqs": seqs, "names": names, "versions": versions}
        connection.execute(SQL[query], given)


def _standings(connection: Connection, scopes: set[str]) -> dict[str, _Standing]:
    rows = connection.execute(SQL["scopes_of"], {"scopes": sorted(scopes)})
    return {scope: _Standing(seq, waits, fork) for scope, seq, waits, fork in rows}


def _forks(connection: Connection, again: Sequence[tuple[str, int, bytes]]) -> tuple[ScopeFork, ...]:
    if not again:
        return ()
    scopes, seqs, leaves = zip(*again, strict=True)
    given = {"scopes": list(scopes), "seqs": list(seqs), "leaves": list(leaves)}
    return tuple(ScopeFork(scope, seq) for scope, seq in connection.execute(SQL["other_facts"], given))


def _put(connection: Connection, standings: Mapping[str, _Standing]) -> None:
    if standings:
        found = standings.values()
        given = {
            "scopes": list(standings), "seqs": [one.seq for one in found], "waits": [one.waits for one in found],
            "forks": [one.fork for one in found],
        }  # fmt: skip
        connection.execute(SQL["put_scopes"], given)
