"""The scopes that a process holds in memory, posted as far as they were read: those asked last, within a bound.

A fact on which posting fails stops its scope there, and no other: answers say since when. It is tried again when what
the journal leaves out has changed, or by another version.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import msgspec
import structlog
from msgspec import Struct

from services.registers.model.registers import KnownRegisters
from services.registers.posting.posting import Posting
from services.registers.store.facts import FactRow
from shared.contract import decode_event, parse_instant
from shared.contract.topics import decode_contacts
from shared.ids import ScopeId
from shared.rules.domain.case import Books
from shared.rules.domain.state import BookId
from shared.rules.rulebooks.registry import named

log: Final = structlog.get_logger()

KEPT_MOMENTS: Final = 4
"""Moments of a scope that are kept with what was looked up for them; each may take as much as the rows themselves."""


class UnknownRulebookError(LookupError):
    """The rulebook that a scope began under is not known here, by name and version."""


class ReadsFactRows(Protocol):
    """Where facts are read."""

    def after(self, scope: str, seq: int, until: int, most: int) -> list[FactRow]:
        """The facts of a scope behind `seq`, up to `until`, in their order, so many at most."""

    def set_asides(self, scope: str) -> frozenset[str]:
        """The ids of the facts that the journal leaves out."""


class TakenHead(Struct, frozen=True):
    """How far a scope is taken, and the rulebook that it began under, as the journal names it.

    `edition` is another one where everything was taken anew.
    """

    scope: ScopeId
    seq: int
    partition: int = 0
    rulebook: str | None = None
    edition: int = 1


class FailingFact(Struct, frozen=True):
    """The fact on which a scope stops."""

    seq: int
    recorded_at: datetime
    error: str


@dataclass(slots=True)
class HeldScope:
    """One scope."""

    scope: ScopeId
    book: BookId
    posting: Posting
    left_out: frozenset[str]
    edition: int = 1
    seq: int = 0
    facts: int = 0
    moments: OrderedDict[tuple[datetime, datetime], KnownRegisters] = field(default_factory=OrderedDict)

    def post(self, fact: FactRow) -> None:
        """Post one fact, which is the next; raises whatever posting raises."""
        if fact.id not in self.left_out:
            event = decode_event(fact.body, recorded=True)
            self.posting.post(event, decode_contacts(fact.contacts), fact.seq)
            self.facts += 1
        self.seq = fact.seq
        self.moments.clear()

    def lapse(self, until: datetime) -> None:
        """Let claims lapse that ended by then; every fact that was recorded by then is posted."""
        if self.posting.lapse(until):
            self.moments.clear()

    def known(self, known_at: datetime, as_of: datetime) -> KnownRegisters:
        """The registers of a moment; the last few are kept with their indices until another fact comes."""
        place = self._settled(known_at, as_of)
        found = self.moments.pop(place, None) or self.posting.registers.known(*place)
        self.moments[place] = found
        while len(self.moments) > KEPT_MOMENTS:
            self.moments.popitem(last=False)
        found.known_at, found.as_of = (
            known_at,
            as_of,
        )  # one question at a time: what was looked up is the same
        return found

    def _settled(self, known_at: datetime, as_of: datetime) -> tuple[datetime, datetime]:
        """Behind all that is posted every moment is the same."""
        settled = self.posting.registers.settled
        return (
            (settled, settled)
            if settled is not None and min(known_at, as_of) >= settled
            else (known_at, as_of)
        )


class HeldScopes:
    """What a process holds: `most` facts of all scopes together, besides those of the scope that is asked."""

    def __init__(self, source: ReadsFactRows, books: Books, default: str, most: int) -> None:
        self._source = source
        self._books = books
        self._default = default
        self._most = most
        self._held: OrderedDict[str, HeldScope] = OrderedDict()
        self.failing: dict[str, FailingFact] = {}
        self._context = 0
        self.posted = 0
        self.evicted = 0
        self.changed = 0

    @property
    def facts(self) -> int:
        """How many facts are held."""
        return sum(held.facts for held in self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, scope: object) -> bool:
        return scope in self._held

    def left_out_anew(self, context: int) -> None:
        """What the journal leaves out may have changed since the last `context`: no scope holds a fact that is left
        out, and what failed is tried again."""
        if context == self._context:
            return
        self._context = context
        self.failing.clear()
        for scope, held in list(self._held.items()):
            now = self._source.set_asides(scope)
            if now != held.left_out:
                del self._held[scope]
                self.changed += 1

    def advance(self, head: TakenHead, most: int) -> bool:
        """Read on, so many facts at most; whether the scope is there: at its head, or before the fact that fails."""
        held = self._of(head)
        until = self._until(head)
        if held.seq < until:
            self._post(held, self._source.after(head.scope, held.seq, until, most))
        self._evict(held.scope)
        return head.scope in self._held and self.is_at(held, head)

    def is_at(self, held: HeldScope, head: TakenHead) -> bool:
        """Whether a scope is read up to its head, or to the fact before the one that fails."""
        return held.seq >= self._until(head) and self._is_of(held, head)

    def _is_of(self, held: HeldScope, head: TakenHead) -> bool:
        """Whether what is held is of the rows that are there: not where everything was taken from the topic anew, or
        where they are those of a backup; whoever asked in between may have had it read further."""
        if held.edition != head.edition:
            return False
        return held.seq <= head.seq or bool(self._source.after(held.scope, held.seq - 1, held.seq, 1))

    def _until(self, head: TakenHead) -> int:
        failing = self.failing.get(head.scope)
        return head.seq if failing is None else min(head.seq, failing.seq - 1)

    def find(self, scope: str) -> HeldScope | None:
        """A scope that is held, which is then the one asked last."""
        held = self._held.get(scope)
        if held is not None:
            self._held.move_to_end(scope)
        return held

    def drop(self, scopes: Collection[str]) -> None:
        """Let go of scopes."""
        for scope in scopes:
            self._held.pop(scope, None)
            self.failing.pop(scope, None)

    def _of(self, head: TakenHead) -> HeldScope:
        held = self.find(head.scope)
        if held is not None and not self._is_of(held, head):
            self.drop([head.scope])
            held = None
        if held is None:
            book = self._opening(head.rulebook)
            if book not in self._books:
                raise UnknownRulebookError(f"{book[0]}@{book[1]}")
            posting = Posting(head.scope, self._books[book], self._books)
            held = HeldScope(head.scope, book, posting, self._source.set_asides(head.scope), head.edition)
            self._held[head.scope] = held
        return held

    def _opening(self, name: str | None) -> BookId:
        said = name or self._default
        plain, _, version = said.partition("@")
        return named(said, self._books) or (plain, int(version) if version.isdecimal() else 1)

    def _post(self, held: HeldScope, facts: Iterable[FactRow]) -> None:
        for fact in facts:
            before = held.posting.seq
            try:
                held.post(fact)
            except Exception as error:  # whatever it is, it must stop this scope and no other
                self._fail(held, fact, error, whole=held.posting.seq == before)
                return
            self.posted += 1

    def _fail(self, held: HeldScope, fact: FactRow, error: Exception, *, whole: bool) -> None:
        """What was posted in part is of no use: the scope is read again, up to the fact before."""
        told = f"{type(error).__name__}: {error}"
        self.failing[held.scope] = FailingFact(fact.seq, _recorded_at(fact.body), told)
        log.error("registers_scope_fails", scope=held.scope, seq=fact.seq, error=type(error).__name__)
        if not whole:
            self._held.pop(held.scope, None)

    def _evict(self, asked: str) -> None:
        """Those asked longest ago go first; the one that is asked stays, however large."""
        while self.facts > self._most and len(self._held) > 1:
            oldest = next(scope for scope in self._held if scope != asked)
            del self._held[oldest]
            self.evicted += 1


class _RecordedTime(Struct, frozen=True):
    recorded_at: str


def _recorded_at(body: bytes) -> datetime:
    return parse_instant(msgspec.json.decode(body, type=_RecordedTime).recorded_at)
