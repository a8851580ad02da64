"""Folds facts into one scope after another, in memory: asks for what a fact needs, decides, projects.

A fact that fails leaves no trace and parks its scope; other scopes go on (ADR 0008, contract.md#g5).
What the rules are is given from outside, so that this file stays the same for every rule.
"""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from services.attribution.fold.intake_record import JournalFact
from services.attribution.fold.notes import note
from services.attribution.fold.projecting import Cause, FactChanges
from services.attribution.fold.warned import warned_of
from services.attribution.store.batch import BatchRows
from services.attribution.store.bearings import names_of
from services.attribution.store.codec import encode_record
from services.attribution.store.store import ScopeState, Store
from services.attribution.store.table_rows import (
    BearingWritten,
    FactWritten,
    LeafDropped,
    LeafWritten,
    RecordDropped,
    RecordWritten,
    ScopeWritten,
)
from services.attribution.store.texts import text_row
from shared.contract import Event, mask
from shared.contract.topics import encode_contacts
from shared.ids import CustomerId, DealId, EventId, OfficeId
from shared.rules.domain.case import Step, unheard
from shared.rules.domain.decide import Outcome
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.facts import (
    Absence,
    Correction,
    Departure,
    Fact,
    Matter,
    Return,
    ShiftOpening,
    Signing,
)
from shared.rules.domain.needs import HELD, leads_on
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import SCOPE, BookId, Customer, Key, Scope, Slice
from shared.rules.judge.translate import StoredContacts
from shared.rules.rulebooks.registry import OtherTextError

ROUNDS = 12
"""How often a fact may ask for more; a rule that asks again without end is a defect."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The pure functions that decide."""

    translate: Callable[[Event, int, StoredContacts | None], Fact]
    needs: Callable[[Fact, Slice], set[Key]]
    decide: Callable[[Slice, Fact, Mapping[BookId, Rulebook], Step], Outcome]
    sweep: Callable[[Slice, Fact, Mapping[BookId, Rulebook], list[CustomerId], datetime], Outcome]
    release_some: Callable[[Slice, Fact, Mapping[BookId, Rulebook], list[CustomerId]], Outcome]
    book_at: Callable[[Scope, datetime], BookId]
    books: Mapping[BookId, Rulebook]
    texts_of: Callable[[BookId], tuple[bytes, ...]]
    engine: str


WIDE = (Departure, Correction)
"""What may ask for thousands of records; it asks when it is folded, since a batch may be cut before it."""


class TooManyRoundsError(Exception):
    """A fact still asked for more after the last round."""


class UnreadableFactError(Exception):
    """A fact of the journal that this version's decoder refuses."""


class ScopeFold:
    """Folds into a batch; nothing is stored here. `step` hears of what moves within a fact."""

    def __init__(self, store: Store, rules: Rules, step: Step = unheard) -> None:
        self._store = store
        self._rules = rules
        self._step = step
        self._translated: dict[tuple[str, int], Fact] = {}
        self._settled: dict[tuple[str, int], set[Key]] = {}

    def prefetch(self, works: Mapping[str, ScopeState], facts: Sequence[JournalFact]) -> None:
        """What the facts of a batch need as far as it can be told before the first is folded."""
        self._store.load(works, {scope: {SCOPE} for scope in works})
        for work in works.values():
            self._open(work, early=True)
        self._translated = {(f.scope, f.seq): made for f in facts if (made := self._try_translate(f))}
        asking = [
            (works[fact.scope], fact)
            for fact in self._translated.values()
            if not isinstance(fact.matter, WIDE) and SCOPE in works[fact.scope].slice
        ]
        self._settled = {}
        for _ in range(ROUNDS):
            wanted: dict[str, set[Key]] = defaultdict(set)
            still = []
            for work, fact in asking:
                needed = self._rules.needs(fact, work.slice)
                missing = work.slice.missing(needed)
                self._settled[fact.scope, fact.seq] = needed
                if missing:
                    wanted[work.scope] |= missing
                    still.append((work, fact, missing))
            if not still:
                return
            self._store.load(works, wanted)
            asking = [(work, fact) for work, fact, missing in still if _leads_on(work, missing)]
        for _, fact in asking:
            del self._settled[fact.scope, fact.seq]

    def fold(self, work: ScopeState, fact: JournalFact, batch: BatchRows) -> str | None:
        """Fold one fact; answers the error if the scope is parked by it, and then nothing of it is kept."""
        try:
            rows = self._folded(work, fact, batch)
        except psycopg.Error:
            raise  # the database is away: the batch comes again, and no fact is to blame
        except Exception as error:  # whatever it is: a defect must stop this scope only, and stand on record
            work.slice.indexes.clear()  # which may know already what did not happen
            return describe(error)
        rows.commit(batch)
        work.folded = fact.seq
        return None

    def release_part(self, work: ScopeState, record: JournalFact, most: int, batch: BatchRows) -> bool:
        """Release the first customers of one who leaves with more than `most`; answers whether that was done.

        The departure itself is folded when no more are left. What fails here fails again, and is told, then.
        """
        fact = self._translated.get((record.scope, record.seq))
        if fact is None or not isinstance(fact.matter, Departure):
            return False
        held = self._store.held_first(work.scope, fact.matter.staff, most + 1)
        if len(held) <= most:
            return False
        self.load_customers({work.scope: work}, [(work.scope, customer) for customer in held[:most]])
        try:
            outcome = self._rules.release_some(work.slice, fact, self._rules.books, held[:most])
            rows = self._changes(work, outcome, fact.occurred_at, record)
        except psycopg.Error:
            raise
        except Exception:
            return False
        rows.commit(batch)
        return bool(outcome.events)

    def sweep(
        self, work: ScopeState, customers: list[CustomerId], until: datetime, batch: BatchRows
    ) -> str | None:
        """Decide the lapses of these customers that are due; answers the error if the scope is parked by it."""
        nobody = Fact(
            EventId(""), work.folded, work.scope, OfficeId(""), until, until, None, Signing(DealId(""))
        )
        try:
            outcome = self._rules.sweep(work.slice, nobody, self._rules.books, customers, until)
            rows = self._changes(work, outcome, until, None)
        except psycopg.Error:
            raise
        except Exception as error:  # as with a fact: a defect stops this scope only
            return describe(error)
        rows.commit(batch)
        return None

    def count(self, works: Iterable[ScopeState], batch: BatchRows) -> None:
        """The rows of the scopes' counters, as they were and as they are."""
        for work in works:
            batch.heads[work.scope] = work.stored
            batch.scopes[work.scope] = ScopeWritten(
                work.scope, work.partition, f"{work.book[0]}@{work.book[1]}",
                work.received, work.folded, work.version, work.sent,
            )  # fmt: skip

    def flush(self, works: Iterable[ScopeState], batch: BatchRows) -> None:
        """The rows of every record that changed."""
        for work in works:
            slice_, customers = work.slice, dict[CustomerId, Customer | None]()
            for key in slice_.unsaved:
                record = slice_.get(key)
                if record is None:
                    batch.dropped_records.append(RecordDropped(work.scope, *key))
                if key.kind == "customer":
                    customers[CustomerId(key.id)] = record if isinstance(record, Customer) else None
                elif record is not None:
                    rows = batch.new_records if key in slice_.new else batch.records
                    rows.append(RecordWritten(work.scope, *key, slice_.born[key], encode_record(record)))
            _flush_customers(work, customers, batch)

    def load_customers(self, works: Mapping[str, ScopeState], due: Iterable[tuple[str, str]]) -> None:
        """What a sweep of these customers looks at."""
        wanted: dict[str, set[Key]] = defaultdict(set)
        for scope, customer in due:
            wanted[scope] |= {SCOPE, Key("customer", customer)}
        self._store.load(works, wanted)
        for work in works.values():
            self._open(work)
        disputes: dict[str, set[Key]] = defaultdict(set)
        for scope, customer in due:
            found = works[scope].slice.find_customer(CustomerId(customer))
            disputes[scope] |= {Key("dispute", name) for name in (found.disputes if found else ())}
        self._store.load(works, disputes)

    def _folded(self, work: ScopeState, record: JournalFact, batch: BatchRows) -> FactChanges:
        if record.event is None:
            raise UnreadableFactError(record.error)
        self._open(work)
        fact = self._translated.pop((record.scope, record.seq), None)
        if fact is None:
            fact = self._rules.translate(record.event, record.seq, record.contacts)
        self._complete(work, fact)
        warned = warned_of(record.event, work.slice.scope)
        outcome = self._rules.decide(work.slice, fact, self._rules.books, self._step)
        events, rows = outcome.events, self._changes(work, outcome, fact.occurred_at, record, fact.office)
        note(rows, fact.matter, events)
        rows.warned = warned
        names = names_of(fact, rows.begun)
        rows.bearings = [BearingWritten(work.scope, name, record.seq) for name in names]
        self._add_texts(rows, batch)
        fact_row = FactWritten(
            work.scope,
            record.seq,
            fact.id,
            record.event.type,
            fact.office,
            fact.recorded_at,
            record.body,
            encode_contacts(record.contacts),
        )
        rows.rows.append(fact_row)
        return rows

    def _complete(self, work: ScopeState, fact: Fact) -> None:
        """Ask until the fact wants nothing new; most of it is there already.

        What it asked for ahead is all that it wants still, unless an earlier fact of the batch changed what leads to
        more. Of the facts of the benchmark `fold` one in five is asked again; to ask each took 7 % of its time.
        """
        settled = self._settled.pop((fact.scope, fact.seq), None)
        if settled is None or leads_on(work.slice, settled & work.slice.unsaved, settled):
            self._ask(work, fact)
        unknown = [staff for staff in _staff_in_messages(fact.matter) if staff not in work.names]
        if unknown:
            for staff, (name, contacts) in self._store.staff(work.scope, unknown).items():
                work.names[staff], work.contacts[staff] = name, contacts

    def _ask(self, work: ScopeState, fact: Fact) -> None:
        for _ in range(ROUNDS + 1):
            missing = work.slice.missing(self._rules.needs(fact, work.slice))
            if not missing:
                break
            self._store.load({work.scope: work}, {work.scope: missing})
            self._step()
        else:
            raise TooManyRoundsError(f"the fact still asks after {ROUNDS} rounds")

    def _try_translate(self, fact: JournalFact) -> Fact | None:
        """For the prefetch only: what fails here fails again, and is told, when it is folded."""
        if fact.event is None:
            return None
        try:
            return self._rules.translate(fact.event, fact.seq, fact.contacts)
        except Exception:
            return None

    def _open(self, work: ScopeState, *, early: bool = False) -> None:
        """A scope begins under its deployment's rulebook, in the local time of that one.

        Without it the scope's first fact fails, and says so when it is folded.
        """
        if SCOPE not in work.slice and not (early and work.book not in self._rules.books):
            book = self._rules.books[work.book]
            work.slice.load(SCOPE, Scope(work.scope, work.book, str(book.timezone)))

    def _changes(
        self,
        work: ScopeState,
        outcome: Outcome,
        at: datetime,
        record: JournalFact | None,
        office: OfficeId | None = None,
    ) -> FactChanges:
        """What the events add, by the text in force when they count; those of a sweep come behind the last fact."""
        records = SliceDraft(work.slice, outcome.changes)
        sha256 = self._rules.books[self._rules.book_at(records.scope, at)].sha256
        seq = work.folded if record is None else record.seq
        cause = Cause(seq, at, self._rules.engine, sha256, record, office)
        rows = FactChanges(work, cause, records)
        rows.project(outcome.events)
        return rows

    def _add_texts(self, rows: FactChanges, batch: BatchRows) -> None:
        """The text of a rulebook that is adopted, or that a scope begins under, is kept by its content.

        From then on every process judges by it; one that has another text refuses the book. What this batch keeps
        already is not asked for again.
        """
        for book in rows.books:
            found = self._rules.books[book]
            if found.sha256 not in batch.rulebooks and found.sha256 not in rows.texts:
                for stored in self._store.adopted_texts(*book):
                    if stored != found.sha256:
                        raise OtherTextError(*book, stored, found.sha256)
                rows.texts[found.sha256] = text_row(found, self._rules.texts_of(book))


def _flush_customers(
    work: ScopeState, changed: Mapping[CustomerId, Customer | None], batch: BatchRows
) -> None:
    """Of long lists those leaves are written that are not stored yet."""
    writing = work.leaves.written(changed)
    batch.leaves += [LeafWritten(work.scope, *row) for row in writing.leaves]
    batch.dropped_leaves += [LeafDropped(work.scope, *row) for row in writing.dropped]
    for id_, customer in changed.items():
        if customer is not None:
            key = Key("customer", id_)
            rows = batch.new_records if key in work.slice.new else batch.records
            state = writing.rows.get(id_) or encode_record(customer)
            rows.append(RecordWritten(work.scope, *key, work.slice.born[key], state))
            if customer.root:
                batch.homes[work.scope, id_] = customer.root


def _staff_in_messages(matter: Matter) -> tuple[str, ...]:
    """Of whom a fact makes a message with their name and contacts, which the state of the rules does not hold."""
    if isinstance(matter, (Departure, Absence, Return)):
        return (matter.staff,)
    return tuple(dict.fromkeys(matter.order)) if isinstance(matter, ShiftOpening) else ()


def _leads_on(work: ScopeState, loaded: Iterable[Key]) -> bool:
    """Whether a fact may want more now: of what turned out to be absent only a customer leads on."""
    return any(key in work.slice or key.kind in (HELD, "customer") for key in loaded)


def describe(error: BaseException) -> str:
    """What went wrong and where, without personal data: for the quarantine's list."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-3:]))
    return mask(f"{type(error).__name__}: {error}")[:500] + f" [{places}]"
