"""Takes the facts of the topic in, in one transaction with the partition's position.

A fact comes once and in the order of its scope: what was taken before is held against what came again and dropped;
what lies behind one that the topic lacks is left until that one comes, for the journal has both and sends them again.
A scope of which the topic has another fact than was taken is not taken any further (ADR 0026, ADR 0059).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from msgspec import Struct

from services.registers.store.intake_record import TakenFact, read_fact
from shared.platform.kafka.kept_positions import KeptPositions
from shared.platform.kafka.record_processor import ConsumedRecord, SourcePartition
from shared.platform.postgres.binary_arrays import columns
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import rows_of, the_row

SQL: Final = queries("services.registers")

Connection = psycopg.Connection[Any]


class TakenFork(Struct, frozen=True):
    """Of which fact the topic has another one than was taken."""

    scope: str
    seq: int


@dataclass(slots=True)
class TakenBatch:
    """What became of a batch."""

    taken: int = 0
    repeated: int = 0
    left: int = 0
    foreign: int = 0
    forks: tuple[TakenFork, ...] = ()
    waiting: tuple[str, ...] = ()


class _ScopeRow(Struct, frozen=True):
    scope: str
    seq: int
    waits: bool
    fork: int | None


@dataclass(slots=True)
class _TakenScope:
    """How far a scope is taken."""

    seq: int = 0
    waits: bool = False
    fork: int | None = None
    begins_under: str | None = None


@dataclass(slots=True)
class _TakingBatch:
    standings: dict[str, _TakenScope]
    facts: list[TakenFact] = field(default_factory=list)
    again: list[TakenFact] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    left: int = 0

    def take(self, fact: TakenFact) -> None:
        """Take it, hold it against what was taken, or leave it."""
        standing = self.standings.setdefault(fact.scope, _TakenScope())
        if fact.seq > standing.seq + 1 or (standing.fork is not None and fact.seq > standing.seq):
            self.left += 1
            if standing.fork is None and not standing.waits:
                standing.waits = True
                self.changed.add(fact.scope)
        elif fact.seq <= standing.seq:
            self.again.append(fact)
        else:
            self.facts.append(fact)
            standing.seq, standing.waits = fact.seq, False
            standing.begins_under = fact.begins_under or standing.begins_under
            self.changed.add(fact.scope)

    def stop(self, forks: Sequence[TakenFork]) -> None:
        """Scopes of which another fact came are not taken any further."""
        for fork in forks:
            if self.standings[fork.scope].fork is None:
                self.standings[fork.scope].fork = fork.seq
                self.changed.add(fork.scope)


class FactTaker:
    """Takes batches of one topic in; `positions` are how far it has come. Synchronous, to be called in a thread."""

    def __init__(self, database: Database, topic: str) -> None:
        self._database = database
        self._offices: set[str] = set()
        self.positions = KeptPositions(database, topic)

    def take(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> TakenBatch:
        """A batch; raises `PositionMovedError` where the position is another one."""
        facts = [fact for record in records if (fact := read_fact(record)) is not None]
        with self._database.connection() as connection:
            self.positions.advance(connection, partition, expected, records[-1].offset + 1)
            batch = _TakingBatch(_standings(connection, {fact.scope for fact in facts}))
            for fact in facts:
                batch.take(fact)
            batch.stop(_forks(connection, batch.again))
            offices = {fact.office: fact.scope for fact in batch.facts if fact.office not in self._offices}
            _put(connection, partition.partition, batch, offices)
        self._offices |= offices.keys()
        return TakenBatch(
            len(batch.facts),
            len(batch.again),
            batch.left,
            len(records) - len(facts),
            tuple(TakenFork(scope, one.fork) for scope, one in _changed(batch) if one.fork is not None),
            tuple(scope for scope, one in _changed(batch) if one.waits),
        )


class _Forgotten(Struct, frozen=True):
    scopes: int
    facts: int


def begin_anew(database: Database) -> tuple[int, int]:
    """Forget all that was taken; of how many scopes how many facts. For the owner of the tables."""
    with database.connection() as connection:
        counted = the_row(connection.execute(SQL["count_facts"]), _Forgotten)
        connection.execute(SQL["empty_facts"])
        connection.execute(SQL["next_edition"])
    return counted.scopes, counted.facts


def _changed(batch: _TakingBatch) -> list[tuple[str, _TakenScope]]:
    return [(scope, batch.standings[scope]) for scope in sorted(batch.changed)]


def _standings(connection: Connection, scopes: Collection[str]) -> dict[str, _TakenScope]:
    if not scopes:
        return {}
    rows = rows_of(connection.execute(SQL["scopes_of"], {"scopes": sorted(scopes)}), _ScopeRow)
    return {row.scope: _TakenScope(row.seq, row.waits, row.fork) for row in rows}


def _forks(connection: Connection, again: Sequence[TakenFact]) -> list[TakenFork]:
    if not again:
        return []
    rows = columns([(fact.scope, fact.seq, fact.body) for fact in again])
    given = dict(zip(("scopes", "seqs", "bodies"), rows, strict=True))
    return rows_of(connection.execute(SQL["other_facts"], given), TakenFork)


def _put(connection: Connection, partition: int, batch: _TakingBatch, offices: Mapping[str, str]) -> None:
    if batch.facts:
        rows = [
            (fact.scope, fact.seq, fact.id, fact.recorded_at, fact.body, fact.contacts)
            for fact in batch.facts
        ]
        names = ("scopes", "seqs", "ids", "recorded", "bodies", "contacts")
        connection.execute(SQL["put_facts"], dict(zip(names, columns(rows), strict=True)))
    if offices:
        given = {"offices": list(offices), "scopes": list(offices.values())}
        connection.execute(SQL["put_offices"], given)
    if batch.changed:
        found = _changed(batch)
        scopes = {
            "scopes": [scope for scope, _ in found], "seqs": [one.seq for _, one in found],
            "rulebooks": [one.begins_under for _, one in found], "waits": [one.waits for _, one in found],
            "forks": [one.fork for _, one in found],
        }  # fmt: skip
        connection.execute(SQL["put_scopes"], scopes | {"partition": partition})
