"""`panke judge`: decide a file of events offline, as the live system decides them (contract, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from services.attribution.domain.case import Books
from services.attribution.domain.decide import decide, new_scope, sweep
from services.attribution.domain.facts import Fact
from services.attribution.domain.rulebook import Rulebook
from services.attribution.domain.state import BookId, Customer
from services.attribution.judging.history import History
from services.attribution.judging.result import Judged, result
from services.attribution.judging.translate import StoredContacts, to_fact
from shared.contract import (
    BadEvent,
    Event,
    RulebookAdopted,
    decode_event,
    decode_set_aside,
)


class BadInput(ValueError):
    """A line of the input is not what the contract says; the message names the line and the field."""

    def __init__(self, line: int, path: str, message: str) -> None:
        super().__init__(f"line {line}: {path}: {message}" if path else f"line {line}: {message}")


@dataclass(slots=True)
class Reading:
    """Reads events line by line, and refuses what only shows across lines."""

    books: Books
    seen: dict[str, Event] = field(default_factory=dict)
    scopes: dict[str, str] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    failed: list[tuple[str, BadInput]] = field(default_factory=list)

    def events(self, lines: Iterable[bytes]) -> list[Event]:
        """The events that count; a copy of one comes too, since it may have been recorded earlier.

        A fact that was set aside may be one that cannot be read, and the line that says so comes after it: so
        what is wrong with an event is told at the end, unless it was set aside.
        """
        events = list(self._events(lines))
        self._raise_first()
        known = self.seen.keys() | {id_ for id_, _ in self.failed}
        for id_, number in self.aside.items():
            if id_ not in known:
                raise BadInput(number, "set_aside", f"no event {id_} stands in the input")
        return [event for event in events if event.id not in self.aside] if self.aside else events

    def _events(self, lines: Iterable[bytes]) -> Iterator[Event]:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                event = decode_event(line.rstrip(b"\r\n"), recorded=True)
            except BadEvent as error:
                self._no_event(number, line, error)
                continue
            try:
                self._check(number, event)
            except BadInput as error:
                self.failed.append((event.id, error))
                continue
            yield event

    def _no_event(self, number: int, line: bytes, refusal: BadEvent) -> None:
        """A line that is no event says that one is set aside, or is bad input."""
        told = _members_of(line)
        if "set_aside" in told:
            try:
                self.aside.setdefault(decode_set_aside(line.rstrip(b"\r\n")).set_aside, number)
            except BadEvent as error:
                raise BadInput(number, error.path, error.message) from error
            return
        id_ = told.get("id")
        self.failed.append((str(id_), BadInput(number, refusal.path, refusal.message)))
        if not isinstance(id_, str):
            self._raise_first()  # no line to come can excuse it

    def _raise_first(self) -> None:
        for id_, error in self.failed:
            if id_ not in self.aside:
                raise error

    def _check(self, number: int, event: Event) -> None:
        first = self.seen.setdefault(event.id, event)
        if first is not event and not _same_content(first, event):
            raise BadInput(number, "id", f"{event.id} stands twice with different content")
        scope = self.scopes.setdefault(event.office, event.scope)
        if scope != event.scope:
            message = f"{event.office} belongs to scope {scope}, not to {event.scope}"
            raise BadInput(number, "office", message)
        data = event.data
        if isinstance(data, RulebookAdopted) and (data.rulebook, data.version) not in self.books:
            message = f"unknown rulebook {data.rulebook} version {data.version}"
            raise BadInput(number, "data.rulebook", message)


def _same_content(first: Event, other: Event) -> bool:
    """Equal envelopes but for `recorded_at` (contract, section 1)."""
    return msgspec.structs.replace(first, recorded_at=None) == msgspec.structs.replace(
        other, recorded_at=None
    )


def _members_of(line: bytes) -> dict[str, Any]:
    """The members of a line that may be anything; none of one that is no object."""
    try:
        told = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def in_order(events: Iterable[Event], known_at: datetime | None) -> list[Event]:
    """What was recorded by `known_at`, in recorded order; of the same instant, as they stand in the file.

    An id counts once, as it was recorded first.
    """
    known = [event for event in events if known_at is None or _recorded(event) <= known_at]
    known.sort(key=_recorded)  # one pass where they are in order already
    if len({event.id for event in known}) == len(known):
        return known
    first: dict[str, Event] = {}
    for event in known:
        first.setdefault(event.id, event)
    return list(first.values())


def _recorded(event: Event) -> datetime:
    assert event.recorded_at is not None
    return event.recorded_at


def latest(events: Iterable[Event]) -> datetime | None:
    """The greatest `occurred_at` or `recorded_at`: the `as_of` of who gives none."""
    return max((max(event.occurred_at, _recorded(event)) for event in events), default=None)


@dataclass(slots=True)
class Judging:
    """Folds facts of any number of scopes in memory."""

    book: Rulebook
    books: Books
    as_of: datetime | None
    contacts: Mapping[str, StoredContacts] = field(default_factory=dict)
    scopes: dict[str, Judged] = field(default_factory=dict)
    last: dict[str, Fact] = field(default_factory=dict)
    count: int = 0

    @property
    def default(self) -> BookId:
        return (self.book.name, self.book.version)

    def judge(self, event: Event) -> None:
        """Fold one event into its scope."""
        scope = self.scopes.get(event.scope)
        if scope is None:
            slice_ = new_scope(event.scope, self.default, self.book.timezone.key)
            scope = self.scopes[event.scope] = Judged(slice_, History(), [])
        scope.places.append(self.count)
        fact = to_fact(event, len(scope.places), self.contacts.get(event.id))
        scope.history.add(self.count, decide(scope.slice, fact, self.books, self.as_of))
        self.last[event.scope] = fact
        self.count += 1

    def finish(self) -> dict[str, Any]:
        """Let what is due by `as_of` lapse, and tell the result."""
        if self.as_of is not None:
            for name, scope in self.scopes.items():
                customers = [record.id for record in scope.slice.values() if isinstance(record, Customer)]
                swept = sweep(scope.slice, self.last[name], self.books, customers, self.as_of)
                scope.history.add(self.count, swept)
        return result(self.book, self.as_of, self.scopes.values())


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
) -> dict[str, Any]:
    """Judge the lines of an NDJSON file. Raises `BadInput`.

    `book` is in force where no adoption says otherwise; `books` are those that an adoption may name.
    `contacts` holds, by id of an event, what its phones were read as when it was recorded, where that is known.
    """
    books = with_book(books, book)
    events = in_order(Reading(books).events(lines), known_at)
    judging = Judging(book, books, as_of if as_of is not None else latest(events), contacts or {})
    for event in events:
        judging.judge(event)
        if progress is not None and judging.count % 1000 == 0:
            progress(judging.count, len(events))
    return judging.finish()
