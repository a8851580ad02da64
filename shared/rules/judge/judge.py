"""`panke judge`: decide a file of events offline, as the live system decides them (contract.md#judging-offline)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TypeAlias

from shared.contract import (
    BadEvent,
    ConcealmentFound,
    Event,
    PersonErased,
    RulebookAdopted,
    VisitRegistered,
    decode_event,
)
from shared.contract.answers.result import JudgementResult
from shared.ids import ScopeId
from shared.rules.domain.case import Books
from shared.rules.domain.decide import decide, new_scope, sweep
from shared.rules.domain.facts import Fact
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId, Customer
from shared.rules.judge.history import DecisionHistory
from shared.rules.judge.lines import HeldLines, NotPlainError, NumberedLine
from shared.rules.judge.reading import EventReader, in_order, latest, recorded
from shared.rules.judge.result import EncodeItem, Judged, ScopeResult, identity, result, scope_result
from shared.rules.judge.translate import StoredContacts, to_fact
from shared.rules.judge.workers import Progress, counted_of, judge_in, worth

PlacedEvent: TypeAlias = tuple[int, Event]
"""An event and its place in the whole order."""


def by_scope(events: Iterable[Event]) -> dict[str, list[PlacedEvent]]:
    """The facts of each scope in their order; no scope touches another."""
    waiting: dict[str, list[PlacedEvent]] = {}
    for placed in enumerate(events):
        waiting.setdefault(placed[1].scope, []).append(placed)
    return waiting


def _popped(events: list[PlacedEvent]) -> Iterator[PlacedEvent]:
    """In order, while each is let go of."""
    events.reverse()
    while events:
        yield events.pop()


def _silent(done: int) -> None:
    """Nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Judging:
    """Folds facts of any number of scopes in memory, one scope after the other.

    Only one scope's records are alive at a time, and they lie together: a fact whose neighbours are in the
    processor's cache is judged quicker than one that comes back to a scope after two hundred others.
    """

    book: Rulebook
    books: Books
    as_of: datetime | None
    contacts: Mapping[str, StoredContacts] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    """Who reads as erased in the result."""

    def judge(
        self,
        waiting: dict[str, list[PlacedEvent]],
        encode_item: EncodeItem = identity,
        progress: Progress = _silent,
    ) -> JudgementResult:
        """Judge what waits, which is let go of on the way."""
        scopes = (
            self.scope(name, _popped(waiting.pop(name)), encode_item, progress) for name in list(waiting)
        )
        return result(self.book, self.as_of, scopes)

    def scope(
        self,
        name: str,
        events: Iterable[PlacedEvent],
        encode_item: EncodeItem = identity,
        progress: Progress = _silent,
    ) -> ScopeResult:
        """Fold one scope, let what is due by `as_of` lapse, and return what came of it."""
        slice_ = new_scope(ScopeId(name), (self.book.name, self.book.version), self.book.timezone.key)
        history, places = DecisionHistory(), array("Q")
        fact: Fact | None = None
        seq = 0
        for seq, (place, event) in enumerate(events, start=1):
            places.append(place)
            fact = to_fact(event, seq, self.contacts.get(event.id))
            decided = decide(slice_, fact, self.books, self.as_of)
            slice_.put(decided.changes)
            history.add(place, decided.events)
            if seq % 1000 == 0:
                progress(1000)
        progress(seq % 1000)
        if self.as_of is not None and fact is not None:
            customers = [record.id for record in slice_.values() if isinstance(record, Customer)]
            swept = sweep(slice_, fact, self.books, customers, self.as_of)
            slice_.put(swept.changes)
            history.add(places[-1], swept.events)
        return scope_result(Judged(slice_, history, places, self.erased), encode_item)


@dataclass(slots=True)
class _PlainScope:
    """The events of a scope whose lines are plain; raises `NotPlainError` where the decoder finds one is not."""

    books: Books
    known_at: datetime | None
    erased: set[str] | None
    receivers: dict[str, str] = field(default_factory=dict)

    def events(self, lines: Iterable[NumberedLine]) -> Iterator[PlacedEvent]:
        for number, line in lines:
            try:
                event = decode_event(line, recorded=True)
            except BadEvent:
                raise NotPlainError from None
            self._check(event)
            if self.known_at is None or recorded(event) <= self.known_at:
                yield number, event

    def _check(self, event: Event) -> None:
        """What `EventReader` refuses although the event by itself is sound."""
        data = event.data
        if isinstance(data, VisitRegistered):
            self.receivers.setdefault(data.visit, data.received_by)
        elif isinstance(data, ConcealmentFound):
            if data.rightful is not None and data.rightful == self.receivers.get(data.visit):
                raise NotPlainError
        elif isinstance(data, RulebookAdopted) and (data.rulebook, data.version) not in self.books:
            raise NotPlainError
        elif isinstance(data, PersonErased) and self.erased is not None:
            self.erased.update(data.people)


def with_book(books: Books, book: Rulebook) -> dict[BookId, Rulebook]:
    """The books that are known, and the one that was named."""
    return {**books, (book.name, book.version): book}


def judge(
    lines: Iterable[bytes],
    book: Rulebook,
    books: Books,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    progress: Callable[[int, int], None] | None = None,
    contacts: Mapping[str, StoredContacts] | None = None,
    encode_item: EncodeItem = identity,
    jobs: int = 1,
    name_erased: bool = False,
) -> JudgementResult:
    """Judge the lines of an NDJSON file. Raises `BadInputError`, and `WorkerDiedError` with more jobs than one.

    `book` is in force where no adoption says otherwise; `books` are those that an adoption may name.
    `contacts` holds, by id of an event, what its phones were read as when it was recorded, where that is known.
    `encode_item` is applied to each item of the result's lists. Up to `jobs` processes judge scopes side by side.
    `name_erased` has those read as erased whom the input says are, whenever that was recorded; whoever opens the
    result, by keys that are gone or not, needs their ids.
    """
    books, erased = with_book(books, book), set[str]()
    source, held = iter(lines), HeldLines(known_at)
    odd = held.read(source)
    if odd is None:
        until = as_of if as_of is not None else held.latest
        judging = Judging(book, books, until, contacts or {}, erased)
        counted = counted_of(progress, held.total)
        try:
            return _judge_plain(judging, held, encode_item, counted, jobs, erased if name_erased else None)
        except NotPlainError:
            source = iter(())
    else:
        source = chain((odd,), source)
    read = EventReader(books)
    events = in_order(read.events(chain(held.given_back(), source)), known_at)
    erased.update(read.erased() if name_erased else ())
    del read
    judging = Judging(book, books, as_of if as_of is not None else latest(events), contacts or {}, erased)
    counted = counted_of(progress, len(events))
    waiting = by_scope(events)
    del events  # so that each is let go of when it was judged
    return judging.judge(waiting, encode_item, counted)


def _judge_plain(
    judging: Judging,
    held: HeldLines,
    encode_item: EncodeItem,
    progress: Progress,
    jobs: int,
    erased: set[str] | None,
) -> JudgementResult:
    """Judge lines that are in recorded order, each as it is decoded; who is erased by then is added to `erased`."""

    def judge_scope(name: str, progress: Progress) -> ScopeResult:
        events = _PlainScope(judging.books, held.known_at, erased).events(held.scopes[name])
        return judging.scope(name, events, encode_item, progress)

    sizes = {name: len(lines) for name, lines in held.scopes.items()}
    jobs = worth(jobs, sizes)
    if jobs == 1:
        return result(judging.book, judging.as_of, (judge_scope(name, progress) for name in sizes))
    return result(judging.book, judging.as_of, judge_in(jobs, judge_scope, sizes, progress))
