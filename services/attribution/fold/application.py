"""One batch of one partition: read, fold, store, all of it in one transaction with the position.

ADR 0004, ADR 0007 and ADR 0008: facts below the scope's `seq` are dropped, one above it stops the partition, a fact
that fails parks its scope, the sweep goes to the watermark.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from psycopg import Connection, Cursor
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from services.attribution.fold.bounds import Bounds
from services.attribution.fold.forks import FactFork, Repeats, note_epoch
from services.attribution.fold.intake_record import (
    ForeignRecord,
    IntakeRecord,
    JournalFact,
    WatermarkRecord,
    read_record,
)
from services.attribution.fold.scope_fold import Rules, ScopeFold
from services.attribution.fold.scopes import ScopeCache
from services.attribution.store.batch import BatchRows
from services.attribution.store.recorder import AttributionRecorder, Tracking
from services.attribution.store.store import ScopeState, Store, opening_book
from services.attribution.store.table_rows import DeadRecordWritten, ParkedFactWritten, ParkedScopeWritten
from shared.contract.topics import encode_contacts
from shared.ids import CustomerId, ScopeId
from shared.platform.kafka.record_processor import RawRecord, SourcePartition
from shared.platform.kafka.watermarks import Mark, Watermarks

UNBOUNDED = Bounds()


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that came before its predecessor: the partition stops here until the relay has sent it again."""

    offset: int
    scope: str
    expected: int
    found: int


@dataclass(slots=True)
class BatchOutcome:
    """What became of a batch: `left` if it ends before its last record, `unswept` if lapses that are due are left."""

    next_offset: int
    gap: Gap | None = None
    fork: FactFork | None = None
    folded: list[JournalFact] = field(default_factory=list)
    parked: list[tuple[JournalFact, str]] = field(default_factory=list)
    waiting: int = 0
    repeated: int = 0
    dead: list[ForeignRecord] = field(default_factory=list)
    watermark: datetime | None = None
    left: bool = False
    unswept: bool = False

    def come_again(self, offset: int) -> None:
        """What lies from this offset on is left for the next batch."""
        if not self.left:
            self.left, self.next_offset = True, offset

    def stop_at(self, offset: int, *, gap: Gap | None = None, fork: FactFork | None = None) -> None:
        """Nothing is read on from here; behind something that is left, this is met again."""
        if not self.left:
            self.gap, self.fork, self.next_offset = gap, fork, offset


class _Turn:
    """One batch in hand: everything of it goes by one connection, which is asked once whether it still answers."""

    def __init__(
        self, source: SourcePartition, connection: Connection[DictRow], store: Store, folder: ScopeFold
    ) -> None:
        self.source = source
        self.connection = connection
        self.store = store
        self.folder = folder
        self.works: dict[str, ScopeState] = {}
        self.batch = BatchRows()

    def write(self, curs: Cursor[DictRow]) -> None:
        """Every row of the batch."""
        self.batch.write(curs, partial(self.folder.flush, self.works.values(), self.batch))


class FoldApplication:
    """Folds batches; safe to be called for several partitions at a time."""

    def __init__(
        self,
        store: Store,
        recorder: AttributionRecorder,
        rules: Rules,
        default_book: str,
        bounds: Bounds = UNBOUNDED,
        watermarks: Watermarks | None = None,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._rules = rules
        self._default_book = default_book
        self._hot: dict[str, ScopeCache] = {}
        self._resent: dict[tuple[str, str], int] = {}
        self._bounds = bounds
        self._watermarks = watermarks or Watermarks()
        self._lock = threading.Lock()

    def positions(self, sources: Sequence[SourcePartition]) -> dict[str, int]:
        """The next offset of each source: 0 for one that was never read."""
        stored = self._store.positions(source.name for source in sources)
        return {source.name: stored.get(source.name, -1) + 1 for source in sources}

    def unswept(self, source: SourcePartition, position: int) -> bool:
        """Whether lapses may be due by a watermark that holds at this position."""
        return self._watermarks.reached(source.name, position) is not None

    def expect_missing_fact(self, source: SourcePartition, scope: str, offset: int) -> None:
        """The missing fact of a gap lies at `offset`: what of its scope stands before it comes again after it."""
        self._resent[source.name, scope] = offset

    def fold_batch(
        self, source: SourcePartition, expected: int, records: Sequence[RawRecord]
    ) -> BatchOutcome:
        """Fold records that begin at the offset `expected`, and commit; raises `StalePositionError` if it moved.

        Without records, lapses are decided alone: by a watermark that came since, or those that an earlier batch left.
        """
        readings = [read_record(record) for record in records]
        outcome = BatchOutcome(records[-1].offset + 1 if records else expected)
        with self._recorder.borrow() as connection:
            store = self._store.by(connection)
            turn = _Turn(source, connection, store, ScopeFold(store, self._rules, self._bounds.step))
            self._states_of(turn, readings)
            turn.folder.prefetch(turn.works, _to_fold(turn.works, readings))
            self._fold(turn, readings, outcome)
            mark = None
            if not (outcome.left or outcome.gap or outcome.fork):
                mark = self._sweep_due(turn, outcome)
            if outcome.next_offset == expected and not _wrote(outcome, turn.batch):
                return outcome
            _add_dead(turn, outcome, records)
            self._commit(turn, expected, outcome)
        self._saved(turn, mark)
        return outcome

    def _saved(self, turn: _Turn, mark: Mark | None) -> None:
        """The database holds everything now."""
        if mark is not None:
            self._watermarks.settle(turn.source.name, mark)
        for work in turn.works.values():
            work.saved()
        self._hot_of(turn.source).keep(turn.works.values())

    def _commit(self, turn: _Turn, expected: int, outcome: BatchOutcome) -> None:
        """Also a part of a fact or of a sweep, by which the position does not move, is fenced by it."""
        turn.folder.count(turn.works.values(), turn.batch)
        moves = outcome.next_offset > 0  # else nothing of the partition was ever consumed
        self._recorder.commit_batch(
            turn.batch.events,
            tracking=Tracking(turn.source.name, outcome.next_offset - 1) if moves else None,
            expected=expected - 1 if expected else None,
            project=turn.write,
            connection=turn.connection,
        )
        self._bounds.step()

    def _hot_of(self, source: SourcePartition) -> ScopeCache:
        with self._lock:
            return self._hot.setdefault(source.name, ScopeCache())

    def _states_of(self, turn: _Turn, readings: Sequence[IntakeRecord]) -> None:
        """Have the scopes of the facts at hand; one that is not known begins with its first fact."""
        facts = [reading for reading in readings if isinstance(reading, JournalFact)]
        works, partition = turn.works, turn.source.partition
        works |= self._hot_of(turn.source).take(turn.store, {fact.scope for fact in facts})
        for fact in facts:
            if fact.scope not in works:
                works[fact.scope] = ScopeState(ScopeId(fact.scope), partition, self._opening_book(fact))
            works[fact.scope].partition = partition

    def _opening_book(self, fact: JournalFact) -> tuple[str, int]:
        """The rulebook that the journal says its scope began under, else the deployment's own."""
        return opening_book(fact.default_rulebook or self._default_book, self._rules.books)

    def _fold(self, turn: _Turn, readings: Sequence[IntakeRecord], outcome: BatchOutcome) -> None:
        source, works = turn.source, turn.works
        last = max((r.offset for r in readings if isinstance(r, WatermarkRecord)), default=None)
        repeats = Repeats(turn.store, works, readings)
        bounds, unfinished = self._bounds, set[str]()
        until = bounds.monotonic() + bounds.seconds
        for number, reading in enumerate(readings):
            if number and bounds.monotonic() > until:
                return outcome.come_again(reading.offset)
            bounds.step()
            match reading:
                case JournalFact():
                    if reading.offset < self._resent.get((source.name, reading.scope), 0):
                        outcome.repeated += 1
                    elif reading.scope in unfinished:
                        continue  # after what is left of an earlier fact of its scope
                    elif fork := repeats.fork(works[reading.scope], reading):
                        return outcome.stop_at(reading.offset, fork=fork)
                    elif self._is_left(turn, works[reading.scope], reading):
                        unfinished.add(reading.scope)
                        outcome.come_again(reading.offset)
                    elif gap := _fold_fact(turn, works[reading.scope], reading, outcome):
                        return outcome.stop_at(reading.offset, gap=gap)
                case WatermarkRecord() if reading.offset == last and not unfinished:
                    self._watermarks.hear(source.name, Mark(reading.until, reading.offset + 1))
                case ForeignRecord() if not unfinished:
                    outcome.dead.append(reading)

    def _is_left(self, turn: _Turn, work: ScopeState, fact: JournalFact) -> bool:
        """Whether a fact reaches too far for one transaction; then one part of it is in this one."""
        if work.parked or fact.seq != work.received + 1:
            return False
        return turn.folder.release_part(work, fact, self._bounds.customers, turn.batch)

    def _sweep_due(self, turn: _Turn, outcome: BatchOutcome) -> Mark | None:
        """Go on to the last watermark that holds here; answers it when nothing is left that is due by it."""
        mark = self._watermarks.reached(turn.source.name, outcome.next_offset)
        if mark is None:
            return None
        if not self._sweep(turn, mark.until):
            outcome.unswept = True
            return None
        turn.batch.watermark = (turn.source.partition, mark.until)
        outcome.watermark = mark.until
        return mark

    def _sweep(self, turn: _Turn, until: datetime) -> bool:
        """Decide what lapsed up to the watermark, in rows as they are stored and as this batch leaves them.

        Answers whether that was all of it.
        """
        works, batch = turn.works, turn.batch
        limit, before = self._bounds.customers, len(batch.events)
        stored = turn.store.due(turn.source.partition, until, limit)
        due = {key for key in stored if key not in batch.claims}
        due |= {
            key for key, row in batch.claims.items() if row is not None and row.due_at and row.due_at <= until
        }
        unknown = {scope for scope, _ in due} - works.keys()
        works |= self._hot_of(turn.source).take(turn.store, unknown)
        due = {(scope, customer) for scope, customer in due if not works[scope].parked}
        turn.folder.load_customers(works, due)
        ordered = sorted(due, key=lambda pair: _order(works, *pair))
        for scope, pairs in itertools.groupby(ordered, key=lambda pair: pair[0]):
            work, customers = works[scope], [CustomerId(customer) for _, customer in pairs]
            error = turn.folder.sweep(work, customers, until, batch)
            if error is not None:
                work.parked = True
                batch.parked_scopes.append(ParkedScopeWritten(scope, work.folded, until, error))
        lapsed = len(batch.events) > before or bool(batch.parked_scopes)
        return len(stored) < limit or not lapsed


def _fold_fact(turn: _Turn, work: ScopeState, fact: JournalFact, outcome: BatchOutcome) -> Gap | None:
    if fact.seq <= work.received:
        outcome.repeated += 1
        return None
    if fact.seq > work.received + 1:
        return Gap(fact.offset, fact.scope, work.received + 1, fact.seq)
    batch = turn.batch
    note_epoch(work, fact, batch)
    if not work.parked:
        error = turn.folder.fold(work, fact, batch)
        if error is None:
            work.received = fact.seq
            outcome.folded.append(fact)
            return None
        work.parked = True
        batch.parked_scopes.append(ParkedScopeWritten(work.scope, fact.seq, fact.recorded_at, error))
        outcome.parked.append((fact, error))
    contacts = encode_contacts(fact.contacts)
    batch.parked_facts.append(
        ParkedFactWritten(work.scope, fact.seq, fact.recorded_at, fact.body, fact.traceparent, contacts)
    )
    work.received = fact.seq
    outcome.waiting += 1
    return None


def _add_dead(turn: _Turn, outcome: BatchOutcome, records: Sequence[RawRecord]) -> None:
    by_offset = {record.offset: record for record in records}
    for dead in outcome.dead:
        record = by_offset[dead.offset]
        headers = Jsonb([[name, (value or b"").hex()] for name, value in record.headers])
        turn.batch.dead_records.append(
            DeadRecordWritten(turn.source.name, dead.offset, record.key, record.value, headers, dead.reason)
        )


def _wrote(outcome: BatchOutcome, batch: BatchRows) -> bool:
    """Whether there is something to commit although the position stays where it is."""
    told = (outcome.folded, outcome.waiting, batch.events, batch.parked_scopes, batch.watermark)
    return any(told)


def _order(works: Mapping[str, ScopeState], scope: str, customer: str) -> tuple[str, tuple[int, int], str]:
    """The lapses of a scope in the order of its customers."""
    found = works[scope].slice.find_customer(CustomerId(customer))
    return scope, found.place if found else (0, 0), customer


def _to_fold(works: Mapping[str, ScopeState], readings: Sequence[IntakeRecord]) -> list[JournalFact]:
    """The facts that are new and whose scope is not parked."""
    return [
        reading
        for reading in readings
        if isinstance(reading, JournalFact)
        and reading.seq > works[reading.scope].received
        and not works[reading.scope].parked
    ]
