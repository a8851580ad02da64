"""Stored facts as a historic question reads them: all of a scope, or those that bear on what is asked (ADR 0052)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.attribution.store.bearings import digest
from shared.contract import Event, decode_event
from shared.contract.topics import decode_contacts
from shared.ids import EventId, ScopeId
from shared.rules.domain.bearing import HEADER, bearing
from shared.rules.domain.facts import Fact
from shared.rules.domain.state import SCOPE, BookId, Key
from shared.rules.judge.translate import to_fact


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A fact as it was folded, and what its phones were read as when it was recorded."""

    seq: int
    body: bytes
    contacts: bytes | None = None


@dataclass(frozen=True, slots=True)
class KnownFact:
    """The same with what it says."""

    stored: StoredFact
    event: Event
    fact: Fact


@dataclass(frozen=True, slots=True)
class ScopeMoment:
    """What is asked for: how a scope stood at `as_of`, by the facts up to `seq` that were recorded by `known_at`."""

    scope: ScopeId
    book: BookId
    seq: int
    as_of: datetime
    known_at: datetime | None = None


class ReadsFacts(Protocol):
    """Where stored facts are read, of one scope, in the order of the journal."""

    def whole(self, moment: ScopeMoment) -> Iterable[StoredFact]:
        """Every fact that is known at the moment."""

    def naming(
        self,
        moment: ScopeMoment,
        names: Iterable[int],
        ids: Iterable[EventId],
        seqs: Iterable[int],
        most: int,
    ) -> list[StoredFact]:
        """The known facts that name one of these, or are one of them; so many at most, and one more."""


class TooManyFactsError(Exception):
    """More facts bear on what is asked than may be read here."""


class NothingNamesItError(Exception):
    """No fact is known by the index to have begun what is asked: all of the scope may bear on it."""


def read(stored: StoredFact) -> KnownFact:
    """What a stored fact says."""
    event = decode_event(stored.body, recorded=True)
    return KnownFact(stored, event, to_fact(event, stored.seq, decode_contacts(stored.contacts)))


def whole(source: ReadsFacts, moment: ScopeMoment) -> Iterator[KnownFact]:
    """Every fact that is known at a moment, each as it is asked for."""
    return map(read, source.whole(moment))


def bearing_on(
    source: ReadsFacts, moment: ScopeMoment, begin: Iterable[Key], seqs: Iterable[int] = (), most: int = 10**9
) -> list[KnownFact]:
    """The known facts that hang together with what these keys name, and those that make the header of the scope.

    Raises `NothingNamesItError` where none names it, and `TooManyFactsError` where there are more than `most`.
    """
    search = _Search(source, moment, most)
    search.look({digest(key) for key in begin}, set(), set(seqs))
    if not search.found:
        raise NothingNamesItError
    return [search.found[seq] for seq in sorted(search.found)]


class _Search:
    """Goes from facts to what they name, and from there to all that name it too, until nothing new is met."""

    def __init__(self, source: ReadsFacts, moment: ScopeMoment, most: int) -> None:
        self._source = source
        self._moment = moment
        self._most = most
        self._asked: set[int] = set()
        self.found: dict[int, KnownFact] = {}

    def look(self, names: set[int], ids: set[EventId], seqs: set[int]) -> None:
        """Find these, and what hangs together with them."""
        while names or ids or seqs:
            rows = self._source.naming(self._moment, names, ids, seqs, self._most)
            new = [read(row) for row in rows if row.seq not in self.found]
            self.found |= {fact.stored.seq: fact for fact in new}
            if len(rows) > self._most or len(self.found) > self._most:
                raise TooManyFactsError
            names, ids, seqs = self._following(new), set(_records(new)), set()

    def _following(self, new: list[KnownFact]) -> set[int]:
        """What these facts name, and who may name them, that was not asked for yet; with the first the header."""
        if not new:
            return set()
        keys = {key for known in new for each in bearing(known.fact) for key in each}
        keys |= {SCOPE} | {
            Key("record", known.fact.id) for known in new if not isinstance(known.fact.matter, HEADER)
        }
        names = {digest(key) for key in keys} - self._asked
        self._asked |= names
        return names


def _records(facts: Iterable[KnownFact]) -> Iterator[EventId]:
    """The facts that these name by their ids."""
    for known in facts:
        for key in bearing(known.fact).names:
            if key.kind == "record":
                yield EventId(key.id)
