"""One batch of one partition: read, fold, store, all of it in one transaction with the position.

Architecture, "The database holds the position" and choices 3, 4 and 6: facts below the scope's `seq` are
dropped, one above it stops the partition, a fact that fails parks its scope, the sweep goes to the watermark.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from eventsourcing.persistence import Tracking
from psycopg.types.json import Jsonb

from services.attribution.folding.batch import Batch
from services.attribution.folding.folder import Folder, Rules
from services.attribution.folding.forks import Fork, Repeats
from services.attribution.folding.reading import Dead, JournalFact, RawRecord, Reading, Watermark, read_record
from services.attribution.folding.recorder import AttributionRecorder
from services.attribution.folding.scopes import HotScopes
from services.attribution.folding.store import Store, Work, opening_book
from shared.topics import encode_contacts


@dataclass(frozen=True, slots=True)
class Source:
    """A partition of the intake topic; `name` is what its position is stored under."""

    name: str
    partition: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that came before its predecessor: the partition stops here until the relay has sent it again."""

    offset: int
    scope: str
    expected: int
    found: int


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    next_offset: int
    gap: Gap | None = None
    fork: Fork | None = None
    folded: list[JournalFact] = field(default_factory=list)
    parked: list[tuple[JournalFact, str]] = field(default_factory=list)
    waiting: int = 0
    repeated: int = 0
    dead: list[Dead] = field(default_factory=list)
    watermark: datetime | None = None


class Attribution:
    """Folds batches; safe to be called for several partitions at a time."""

    def __init__(self, store: Store, recorder: AttributionRecorder, rules: Rules, default_book: str) -> None:
        self._store = store
        self._recorder = recorder
        self._rules = rules
        self._default_book = default_book
        self._folder = Folder(store, rules)
        self._hot: dict[str, HotScopes] = {}
        self._resent: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def positions(self, sources: Sequence[Source]) -> dict[str, int]:
        """The next offset of each source: 0 for one that was never read."""
        stored = self._store.positions(source.name for source in sources)
        return {source.name: stored.get(source.name, -1) + 1 for source in sources}

    def expect_resent(self, source: Source, scope: str, offset: int) -> None:
        """The missing fact of a gap lies at `offset`: what of its scope stands before it comes again after it."""
        self._resent[source.name, scope] = offset

    def fold_batch(self, source: Source, expected: int, records: Sequence[RawRecord]) -> Outcome:
        """Fold records that begin at the offset `expected`, and commit; raises `StalePosition` if it moved."""
        readings = [read_record(record) for record in records]
        hot = self._hot_of(source)
        works = self._works(hot, source, readings)
        batch = Batch()
        outcome = Outcome(records[-1].offset + 1)
        self._folder.prefetch(works, _to_fold(works, readings))
        self._fold(source, works, readings, batch, outcome)
        if outcome.next_offset == expected:
            return outcome
        self._add_dead(source, outcome, records, batch)
        for work in works.values():
            self._folder.flush(work, batch)
        self._recorder.commit_batch(
            batch.events,
            tracking=Tracking(source.name, outcome.next_offset - 1),
            expected=expected - 1 if expected else None,
            project=batch.write,
        )
        for work in works.values():
            work.saved()
        hot.keep(works.values())
        return outcome

    def _hot_of(self, source: Source) -> HotScopes:
        with self._lock:
            return self._hot.setdefault(source.name, HotScopes(self._store))

    def _works(self, hot: HotScopes, source: Source, readings: Sequence[Reading]) -> dict[str, Work]:
        facts = [reading for reading in readings if isinstance(reading, JournalFact)]
        works = hot.take({fact.scope for fact in facts})
        for fact in facts:
            if fact.scope not in works:
                book = self._opening_book(fact)
                works[fact.scope] = Work(fact.scope, source.partition, book)
            works[fact.scope].partition = source.partition
        return works

    def _opening_book(self, fact: JournalFact) -> tuple[str, int]:
        """The rulebook that the journal says its scope began under, else the deployment's own."""
        return opening_book(fact.default_rulebook or self._default_book, self._rules.books)

    def _fold(
        self,
        source: Source,
        works: dict[str, Work],
        readings: Sequence[Reading],
        batch: Batch,
        outcome: Outcome,
    ) -> None:
        last = max((r.offset for r in readings if isinstance(r, Watermark)), default=None)
        repeats = Repeats(self._store, works, readings)
        for reading in readings:
            match reading:
                case JournalFact():
                    if reading.offset < self._resent.get((source.name, reading.scope), 0):
                        outcome.repeated += 1
                        continue
                    outcome.fork = repeats.fork(works[reading.scope], reading)
                    if outcome.fork is None:
                        outcome.gap = self._fold_fact(works[reading.scope], reading, batch, outcome)
                    if outcome.fork or outcome.gap:
                        outcome.next_offset = reading.offset
                        return
                case Watermark() if reading.offset == last:
                    self._sweep(source, works, reading.until, batch)
                    outcome.watermark = reading.until
                case Dead():
                    outcome.dead.append(reading)

    def _fold_fact(self, work: Work, fact: JournalFact, batch: Batch, outcome: Outcome) -> Gap | None:
        if fact.seq <= work.received:
            outcome.repeated += 1
            return None
        if fact.seq > work.received + 1:
            return Gap(fact.offset, fact.scope, work.received + 1, fact.seq)
        if not work.parked:
            error = self._folder.fold(work, fact, batch)
            if error is None:
                work.received = fact.seq
                outcome.folded.append(fact)
                return None
            work.parked = True
            batch.parked_scopes.append((work.scope, fact.seq, fact.recorded_at, error))
            outcome.parked.append((fact, error))
        contacts = encode_contacts(fact.contacts)
        batch.parked_facts.append(
            (work.scope, fact.seq, fact.recorded_at, fact.body, fact.traceparent, contacts)
        )
        work.received = fact.seq
        outcome.waiting += 1
        return None

    def _sweep(self, source: Source, works: dict[str, Work], until: datetime, batch: Batch) -> None:
        """Decide what lapsed up to the watermark, in rows as they are stored and as this batch leaves them."""
        stored = self._store.due(source.partition, until)
        due = {key for key in stored if key not in batch.claims}
        due |= {
            key for key, row in batch.claims.items() if row is not None and row.due_at and row.due_at <= until
        }
        unknown = {scope for scope, _ in due} - works.keys()
        works |= self._hot_of(source).take(unknown)
        due = {(scope, customer) for scope, customer in due if not works[scope].parked}
        self._folder.load_customers(works, due)
        ordered = sorted(due, key=lambda pair: _order(works, *pair))
        for scope, pairs in itertools.groupby(ordered, key=lambda pair: pair[0]):
            work, customers = works[scope], [customer for _, customer in pairs]
            error = self._folder.sweep(work, customers, until, batch)
            if error is not None:
                work.parked = True
                batch.parked_scopes.append((scope, work.folded, until, error))
        batch.watermark = (source.partition, until)

    def _add_dead(self, source: Source, outcome: Outcome, records: Sequence[RawRecord], batch: Batch) -> None:
        by_offset = {record.offset: record for record in records}
        for dead in outcome.dead:
            record = by_offset[dead.offset]
            headers = Jsonb([[name, (value or b"").hex()] for name, value in record.headers])
            batch.dead_records.append(
                (source.name, dead.offset, record.key, record.value, headers, dead.reason)
            )


def _order(works: Mapping[str, Work], scope: str, customer: str) -> tuple[str, int, str]:
    """The lapses of a scope in the order of its customers, so that a sweep is the same whenever it runs."""
    found = works[scope].slice.find_customer(customer)
    return scope, found.first if found else 0, customer


def _to_fold(works: Mapping[str, Work], readings: Sequence[Reading]) -> list[JournalFact]:
    """The facts that are new and whose scope is not parked."""
    return [
        reading
        for reading in readings
        if isinstance(reading, JournalFact)
        and reading.seq > works[reading.scope].received
        and not works[reading.scope].parked
    ]
