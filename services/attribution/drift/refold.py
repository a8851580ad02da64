"""Folds a scope anew beside its live rows, from its facts or from what was decided of them.

Both go through the fold that runs, so that a row is made the same way; only where the events come from differs.
From the facts, the rules decide again (contract.md#g3); from the events, nothing is decided (contract.md#g4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct
from psycopg.rows import dict_row

from services.attribution.drift.shadow import Connection, Step, asking_live, beside
from services.attribution.drift.stream import (
    Lapses,
    StoredRow,
    Stream,
    hold_against,
    lapses,
    own_events,
    stored_events,
)
from services.attribution.fold.intake_record import JournalFact
from services.attribution.fold.scope_fold import Rules, ScopeFold
from services.attribution.store.batch import SQL, BatchRows
from services.attribution.store.mapper import EventRow
from services.attribution.store.store import Lent, ScopeState, Store, book_id
from shared.contract import BadEvent, decode_event
from shared.contract.topics import decode_contacts
from shared.ids import CustomerId, ScopeId
from shared.rules.domain.case import Step as JudgingStep
from shared.rules.domain.case import unheard
from shared.rules.domain.decide import Outcome
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.events import DomainEvent
from shared.rules.domain.facts import Fact
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId, Key, Record, Slice

Source: TypeAlias = Literal["facts", "events"]
AT_ONCE: Final = 500
"""Facts of one batch of rows."""
RECORDS: Final = 50_000
"""Records in memory; beyond them a scope is read from its new rows again."""


class AuditedHead(Struct, frozen=True):
    """How far a scope is folded, at the moment of which its rows are read."""

    scope: ScopeId
    partition: int
    book: BookId
    received: int
    folded: int
    version: int
    sent: int
    rebuilt: int
    parked: bool


class EventDifference(Struct, frozen=True):
    """An event that is stored, and what is given in its place."""

    seq: int
    stored: StoredRow | None
    made: EventRow | None
    given: DomainEvent | None


class CannotFoldError(Exception):
    """A fact, or what was decided of it, cannot be folded."""

    def __init__(self, seq: int, error: str) -> None:
        super().__init__(f"seq {seq}: {error}")
        self.seq = seq
        self.error = error


def head_of(connection: Connection, scope: str) -> AuditedHead | None:
    """The head of a scope, in the live rows."""
    with asking_live(connection):
        row: Any = connection.execute(SQL["audited_head"], {"scope": scope}).fetchone()
    if row is None:
        return None
    partition, book, received, folded, version, sent, rebuilt, parked = row
    return AuditedHead(
        ScopeId(scope), partition, book_id(book), received, folded, version, sent, rebuilt, parked
    )


class Refold:
    """One scope in the making; it may be gone on with when more of it is there."""

    def __init__(
        self, connection: Connection, rules: Rules, source: Source, head: AuditedHead, step: Step
    ) -> None:
        self._connection = connection
        self._store = Store(Lent(connection))
        self._events = _FromStore()
        self._folder = ScopeFold(self._store, rules if source == "facts" else self._events.rules(rules))
        self.source = source
        self._step = step
        self.work = ScopeState(head.scope, head.partition, head.book)
        self.folded = 0
        self.differences: list[EventDifference] = []
        self.late: set[str] = set()

    def go_on(self, head: AuditedHead, watermark: datetime | None = None) -> None:
        """Fold up to a head. Raises `CannotFoldError`; `late` are the customers of facts behind the watermark."""
        beside(self._connection)
        stream = Stream(stored_events(self._connection, head.scope, self.work.version))
        after = self.work.folded
        self._lapse_on(stream.of(after))
        while facts := self._facts(head, after):
            after = facts[-1].seq
            self._fold(facts, stream, watermark)
            self._step()
        for row in stream.rest():
            self.differences.append(EventDifference(row.seq, row, None, None))

    def record(self, key: Key) -> Record | None:
        """A record of the scope, as it is beside the live one."""
        self._store.load({self.work.scope: self.work}, {self.work.scope: {key}})
        return self.work.slice.get(key)

    def _lapse_on(self, stored: Sequence[StoredRow]) -> None:
        """What lapsed behind the last fact since it was folded here."""
        events = [row.event for row in stored]
        behind = lapses(events)
        if behind is not None:
            batch = BatchRows()
            self._events.lapsed = events
            self._let_lapse(self.work.folded, behind, batch)
            hold_against(stored, batch.events, partial(self._differs, self.work.folded))
            self._write(batch)

    def _facts(self, head: AuditedHead, after: int) -> list[JournalFact]:
        given = {"scope": head.scope, "after": after, "last": head.folded, "limit": AT_ONCE}
        rows: Any = self._connection.execute(SQL["some_facts"], given, binary=True).fetchall()
        return [journal_fact(head.scope, *row) for row in rows]

    def _fold(self, facts: Sequence[JournalFact], stream: Stream, watermark: datetime | None) -> None:
        batch, work = BatchRows(), self.work
        works = {str(work.scope): work}
        self._folder.prefetch(works, facts)
        for fact in facts:
            self._fold_one(fact, stream.of(fact.seq), batch)
            if watermark is not None and fact.recorded_at > watermark:
                self.late |= {customer for _, customer in batch.claims}
        self._write(batch)
        self.folded += len(facts)
        if len(work.slice.known) > RECORDS:
            self.work = self._store.known([work.scope])[work.scope]

    def _fold_one(self, fact: JournalFact, stored: Sequence[StoredRow], batch: BatchRows) -> None:
        work = self.work
        first = len(batch.events)
        behind = self._decided(fact, stored, batch)
        if behind is not None:
            self._let_lapse(fact.seq, behind, batch)
        hold_against(stored, batch.events[first:], partial(self._differs, fact.seq))
        if stored:  # what is missing here does not make every later version another one
            work.version = max(work.version, stored[-1].version)
        work.received = fact.seq

    def _differs(
        self, seq: int, row: StoredRow | None, made: EventRow | None, given: DomainEvent | None
    ) -> None:
        self.differences.append(EventDifference(seq, row, made, given))

    def _decided(self, fact: JournalFact, stored: Sequence[StoredRow], batch: BatchRows) -> Lapses | None:
        """Fold the fact; answers what lapsed behind it."""
        events = [row.event for row in stored]
        own = own_events(events, fact.recorded_at if fact.event is None else fact.event.occurred_at)
        self._events.given, self._events.lapsed = events[:own], events[own:]
        error = self._folder.fold(self.work, fact, batch)
        if error is not None:
            raise CannotFoldError(fact.seq, error)
        if self.source == "events":
            return lapses(events[own:])
        return lapses(row.event for row in stored if row.version > self.work.version)

    def _let_lapse(self, seq: int, behind: Lapses, batch: BatchRows) -> None:
        work, customers = self.work, behind.customers
        self._folder.load_customers({work.scope: work}, [(work.scope, one) for one in customers])
        there = [one for one in customers if work.slice.find_customer(one) is not None]
        error = self._folder.sweep(work, there, behind.until, batch)
        if error is not None:
            raise CannotFoldError(seq, error)

    def _write(self, batch: BatchRows) -> None:
        """Into the tables beside the live ones; facts and events are where they are."""
        work = self.work
        self._folder.count([work], batch)
        batch.facts.clear()
        with self._connection.cursor(row_factory=dict_row) as cursor:
            batch.write(cursor, partial(self._folder.flush, [work], batch))
        work.saved()


def journal_fact(
    scope: ScopeId, seq: int, recorded_at: datetime, body: bytes, contacts: bytes | None
) -> JournalFact:
    """A fact as it was folded."""
    event, error = None, ""
    try:
        event = decode_event(bytes(body), recorded=True)
    except BadEvent as refusal:
        error = str(refusal)
    read = None if contacts is None else decode_contacts(bytes(contacts))
    return JournalFact(seq, scope, seq, bytes(body), None, recorded_at, event, error, contacts=read)


class _FromStore:
    """The rules, where everything is decided: what they answer is what the event store has."""

    def __init__(self) -> None:
        self.given: Sequence[DomainEvent] = ()
        self.lapsed: Sequence[DomainEvent] = ()

    def rules(self, rules: Rules) -> Rules:
        return replace(rules, decide=self._decide, sweep=self._sweep)

    def _decide(
        self, slice_: Slice, _fact: Fact, _books: Mapping[BookId, Rulebook], step: JudgingStep = unheard
    ) -> Outcome:
        return _applied(slice_, self.given, step)

    def _sweep(
        self,
        slice_: Slice,
        _fact: Fact,
        _books: Mapping[BookId, Rulebook],
        _customers: list[CustomerId],
        _until: datetime,
    ) -> Outcome:
        return _applied(slice_, self.lapsed)


def _applied(slice_: Slice, events: Sequence[DomainEvent], step: JudgingStep = unheard) -> Outcome:
    draft = SliceDraft(slice_)
    for event in events:
        draft.apply(event)
        step()
    return Outcome(list(events), draft.changes)
