"""One batch of one partition: read, fold, store, all of it in one transaction with the position.

ADR 0004, ADR 0007 and ADR 0008: facts below the scope's `seq` are
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
from services.attribution.folding.bounds import Bounds
from services.attribution.folding.folder import Folder, Rules
from services.attribution.folding.forks import Fork, Repeats, note_epoch
from services.attribution.folding.reading import Dead, JournalFact, RawRecord, Reading, Watermark, read_record
from services.attribution.folding.recorder import AttributionRecorder
from services.attribution.folding.scopes import HotScopes
from services.attribution.folding.store import Store, Work, opening_book
from shared.topics import encode_contacts
from shared.watermarks import Mark, Watermarks

UNBOUNDED = Bounds()


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
    """What became of a batch: `left` if it ends before its last record, `unswept` if lapses that are due are left."""

    next_offset: int
    gap: Gap | None = None
    fork: Fork | None = None
    folded: list[JournalFact] = field(default_factory=list)
    parked: list[tuple[JournalFact, str]] = field(default_factory=list)
    waiting: int = 0
    repeated: int = 0
    dead: list[Dead] = field(default_factory=list)
    watermark: datetime | None = None
    left: bool = False
    unswept: bool = False

    def come_again(self, offset: int) -> None:
        """What lies from this offset on is left for the next batch."""
        if not self.left:
            self.left, self.next_offset = True, offset

    def stop_at(self, offset: int, *, gap: Gap | None = None, fork: Fork | None = None) -> None:
        """Nothing is read on from here; behind something that is left, this is met again."""
        if not self.left:
            self.gap, self.fork, self.next_offset = gap, fork, offset


class Attribution:
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
        self._folder = Folder(store, rules, bounds.step)
        self._hot: dict[str, HotScopes] = {}
        self._resent: dict[tuple[str, str], int] = {}
        self._bounds = bounds
        self._watermarks = watermarks or Watermarks()
        self._lock = threading.Lock()

    def positions(self, sources: Sequence[Source]) -> dict[str, int]:
        """The next offset of each source: 0 for one that was never read."""
        stored = self._store.positions(source.name for source in sources)
        return {source.name: stored.get(source.name, -1) + 1 for source in sources}

    def unswept(self, source: Source, position: int) -> bool:
        """Whether lapses may be due by a watermark that holds at this position."""
        return self._watermarks.reached(source.name, position) is not None

    def expect_resent(self, source: Source, scope: str, offset: int) -> None:
        """The missing fact of a gap lies at `offset`: what of its scope stands before it comes again after it."""
        self._resent[source.name, scope] = offset

    def fold_batch(self, source: Source, expected: int, records: Sequence[RawRecord]) -> Outcome:
        """Fold records that begin at the offset `expected`, and commit; raises `StalePosition` if it moved.

        Without records, lapses are decided alone: by a watermark that came since, or those that an earlier batch left.
        """
        readings = [read_record(record) for record in records]
        hot = self._hot_of(source)
        works = self._works(hot, source, readings)
        batch = Batch()
        outcome = Outcome(records[-1].offset + 1 if records else expected)
        self._folder.prefetch(works, _to_fold(works, readings))
        self._fold(source, works, readings, batch, outcome)
        mark = None
        if not (outcome.left or outcome.gap or outcome.fork):
            mark = self._sweep_due(source, works, batch, outcome)
        if outcome.next_offset == expected and not _wrote(outcome, batch):
            return outcome
        self._add_dead(source, outcome, records, batch)
        for work in works.values():
            self._folder.flush(work, batch)
        self._commit(source, expected, outcome, batch)
        if mark is not None:
            self._watermarks.settle(source.name, mark)
        for work in works.values():
            work.saved()
        hot.keep(works.values())
        return outcome

    def _commit(self, source: Source, expected: int, outcome: Outcome, batch: Batch) -> None:
        """Also a part of a fact or of a sweep, by which the position does not move, is fenced by it."""
        moves = outcome.next_offset > 0  # else nothing of the partition was ever consumed
        self._recorder.commit_batch(
            batch.events,
            tracking=Tracking(source.name, outcome.next_offset - 1) if moves else None,
            expected=expected - 1 if expected else None,
            project=batch.write,
        )
        self._bounds.step()

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
                    elif self._is_left(works[reading.scope], reading, batch):
                        unfinished.add(reading.scope)
                        outcome.come_again(reading.offset)
                    elif gap := self._fold_fact(works[reading.scope], reading, batch, outcome):
                        return outcome.stop_at(reading.offset, gap=gap)
                case Watermark() if reading.offset == last and not unfinished:
                    self._watermarks.hear(source.name, Mark(reading.until, reading.offset + 1))
                case Dead() if not unfinished:
                    outcome.dead.append(reading)

    def _is_left(self, work: Work, fact: JournalFact, batch: Batch) -> bool:
        """Whether a fact reaches too far for one transaction; then one part of it is in this one."""
        if work.parked or fact.seq != work.received + 1:
            return False
        return self._folder.release_part(work, fact, self._bounds.customers, batch)

    def _fold_fact(self, work: Work, fact: JournalFact, batch: Batch, outcome: Outcome) -> Gap | None:
        if fact.seq <= work.received:
            outcome.repeated += 1
            return None
        if fact.seq > work.received + 1:
            return Gap(fact.offset, fact.scope, work.received + 1, fact.seq)
        note_epoch(work, fact, batch)
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

    def _sweep_due(
        self, source: Source, works: dict[str, Work], batch: Batch, outcome: Outcome
    ) -> Mark | None:
        """Go on to the last watermark that holds here; answers it when nothing is left that is due by it."""
        mark = self._watermarks.reached(source.name, outcome.next_offset)
        if mark is None:
            return None
        if not self._sweep(source, works, mark.until, batch):
            outcome.unswept = True
            return None
        batch.watermark = (source.partition, mark.until)
        outcome.watermark = mark.until
        return mark

    def _sweep(self, source: Source, works: dict[str, Work], until: datetime, batch: Batch) -> bool:
        """Decide what lapsed up to the watermark, in rows as they are stored and as this batch leaves them.

        Answers whether that was all of it.
        """
        limit, before = self._bounds.customers, len(batch.events)
        stored = self._store.due(source.partition, until, limit)
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
        lapsed = len(batch.events) > before or bool(batch.parked_scopes)
        return len(stored) < limit or not lapsed

    def _add_dead(self, source: Source, outcome: Outcome, records: Sequence[RawRecord], batch: Batch) -> None:
        by_offset = {record.offset: record for record in records}
        for dead in outcome.dead:
            record = by_offset[dead.offset]
            headers = Jsonb([[name, (value or b"").hex()] for name, value in record.headers])
            batch.dead_records.append(
                (source.name, dead.offset, record.key, record.value, headers, dead.reason)
            )


def _wrote(outcome: Outcome, batch: Batch) -> bool:
    """Whether there is something to commit although the position stays where it is."""
    told = (outcome.folded, outcome.waiting, batch.events, batch.parked_scopes, batch.watermark)
    return any(told)


def _order(works: Mapping[str, Work], scope: str, customer: str) -> tuple[str, tuple[int, int], str]:
    """The lapses of a scope in the order of its customers."""
    found = works[scope].slice.find_customer(customer)
    return scope, found.place if found else (0, 0), customer


def _to_fold(works: Mapping[str, Work], readings: Sequence[Reading]) -> list[JournalFact]:
    """The facts that are new and whose scope is not parked."""
    return [
        reading
        for reading in readings
        if isinstance(reading, JournalFact)
        and reading.seq > works[reading.scope].received
        and not works[reading.scope].parked
    ]
