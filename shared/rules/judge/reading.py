"""Events as an input of any order states them, each once, and what is wrong with it (contract.md#judging-offline)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from shared.contract import (
    MAX_SEALED_BYTES,
    BadEvent,
    ConcealmentFound,
    Event,
    PersonErased,
    RulebookAdopted,
    VisitRegistered,
    bad,
    decode_event,
    decode_set_aside,
)
from shared.i18n import bilingual
from shared.rules.domain.case import Books

MOST_FAILED = 10_000
"""Events that cannot be read, in a file that may say of each that it was set aside."""


class BadInputError(ValueError):
    """A line of the input is not what the contract says; the message names the line and the field.

    `line` counts from 1, and is 0 where what is wrong stands in no one line.
    """

    def __init__(self, line: int, path: str, message: str) -> None:
        at = [f"line {line}"] if line else []
        super().__init__(": ".join([*at, *([path] if path else []), message]))
        self.line, self.path, self.message = line, path, message

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        """It comes whole out of another process."""
        return type(self), (self.line, self.path, self.message)


@dataclass(slots=True)
class EventReader:
    """Reads events line by line, and refuses what only shows across lines."""

    books: Books
    seen: dict[str, int] = field(default_factory=dict)
    kept: list[Event | None] = field(default_factory=list)
    scopes: dict[str, str] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    failed: dict[str, BadInputError] = field(default_factory=dict)
    findings: dict[str, int] = field(default_factory=dict)

    def events(self, lines: Iterable[bytes]) -> list[Event]:
        """The events that count, each once: as it was recorded first. A repetition holds no memory.

        A fact that was set aside may be one that cannot be read, and the line that says so comes after it: so
        what is wrong with an event is told at the end, unless it was set aside.
        """
        self._read(lines)
        self._check_findings([event for event in self.kept if event is not None])
        self._raise_first()
        known = self.seen.keys() | self.failed.keys() if self.aside else ()
        for id_, number in self.aside.items():
            if id_ not in known:
                raise BadInputError(
                    number, "set_aside", bilingual("no event {id} stands in the input", id=id_)
                )
        return [event for event in self.kept if event is not None and event.id not in self.aside]

    def erased(self) -> Iterator[str]:
        """Whom the input says are erased, also where that was set aside: their keys are gone all the same."""
        for event in self.kept:
            if event is not None and isinstance(event.data, PersonErased):
                yield from event.data.people

    def _read(self, lines: Iterable[bytes]) -> None:
        for number, line in enumerate(lines, start=1):
            if len(line) <= MAX_SEALED_BYTES and not line.strip():
                continue
            try:
                event = decode_event(line.rstrip(b"\r\n"), recorded=True)
            except BadEvent as error:
                self._no_event(number, line, error)
                continue
            try:
                self._check(number, event)
            except BadInputError as error:
                self._fail(event.id, error)

    def _no_event(self, number: int, line: bytes, refusal: BadEvent) -> None:
        """A line that is no event says that one is set aside, or is bad input."""
        told = members_of(line)
        if "set_aside" in told:
            try:
                self.aside.setdefault(decode_set_aside(line.rstrip(b"\r\n")).set_aside, number)
            except BadEvent as error:
                raise BadInputError(number, error.path, error.message) from error
            return
        id_ = told.get("id")
        self._fail(str(id_).lower(), BadInputError(number, refusal.path, refusal.message))
        if not isinstance(id_, str):
            self._raise_first()  # no line to come can excuse it

    def _fail(self, id_: str, error: BadInputError) -> None:
        """What is wrong with an event first is told, unless it was set aside; more than that is not kept."""
        self.failed.setdefault(id_, error)
        if len(self.failed) > MOST_FAILED:
            self._raise_first()

    def _raise_first(self) -> None:
        for id_, error in self.failed.items():
            if id_ not in self.aside:
                raise error

    def _check(self, number: int, event: Event) -> None:
        self._keep(number, event)
        scope = self.scopes.setdefault(event.office, event.scope)
        if scope != event.scope:
            message = bilingual(
                "{office} belongs to scope {scope}, not to {other}",
                office=event.office,
                scope=scope,
                other=event.scope,
            )
            raise BadInputError(number, "office", message)
        data = event.data
        if isinstance(data, ConcealmentFound) and data.rightful is not None:
            self.findings.setdefault(event.id, number)
        if isinstance(data, RulebookAdopted) and (data.rulebook, data.version) not in self.books:
            message = bilingual(
                "unknown rulebook {rulebook} version {version}",
                rulebook=data.rulebook,
                version=data.version,
            )
            raise BadInputError(number, "data.rulebook", message)

    def _check_findings(self, events: list[Event]) -> None:
        """Who received a visit and concealed it cannot be the rightful one; the first record of a visit counts."""
        if not self.findings:
            return
        receivers: dict[tuple[str, str], str] = {}
        for event in sorted((e for e in events if e.id not in self.aside), key=recorded):
            found = event.data
            if isinstance(found, VisitRegistered):
                receivers.setdefault((event.scope, found.visit), found.received_by)
            elif event.id in self.findings:
                receiver = receivers.get((event.scope, getattr(found, "visit", "")))
                if receiver is not None and receiver == getattr(found, "rightful", None):
                    refusal = bad("data.rightful", "receiver")
                    number = self.findings[event.id]
                    self._fail(event.id, BadInputError(number, refusal.path, refusal.message))

    def _keep(self, number: int, event: Event) -> None:
        """Each event at its own line; a copy that was recorded earlier takes the place of the one that is held."""
        at = self.seen.setdefault(event.id, len(self.kept))
        if at == len(self.kept):
            self.kept.append(event)
            return
        held = self.kept[at]
        assert held is not None, "`seen` points to what is held"
        if not _same_content(held, event):
            raise BadInputError(
                number, "id", bilingual("{id} stands twice with different content", id=event.id)
            )
        if recorded(event) < recorded(held):
            self.seen[event.id], self.kept[at] = len(self.kept), None
            self.kept.append(event)


def _same_content(first: Event, other: Event) -> bool:
    """Equal envelopes but for `recorded_at` (contract.md#same-content); of sealed ones, equal proofs of the content."""
    if first.sealed is not None and other.sealed is not None and first.sealed.by == other.sealed.by:
        return first.sealed.digest == other.sealed.digest
    return msgspec.structs.replace(first, recorded_at=None) == msgspec.structs.replace(
        other, recorded_at=None
    )


def members_of(line: bytes) -> dict[str, Any]:
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
    known = [event for event in events if known_at is None or recorded(event) <= known_at]
    known.sort(key=recorded)  # one pass where they are in order already
    if len({event.id for event in known}) == len(known):
        return known
    first: dict[str, Event] = {}
    for event in known:
        first.setdefault(event.id, event)
    return list(first.values())


def recorded(event: Event) -> datetime:
    assert event.recorded_at is not None
    return event.recorded_at


def latest(events: Iterable[Event]) -> datetime | None:
    """The greatest `occurred_at` or `recorded_at`: the `as_of` of who gives none."""
    return max((max(event.occurred_at, recorded(event)) for event in events), default=None)
