"""Loads what a batch asks for: one `= ANY` a table for all its scopes at once (ADR 0001)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec
import psycopg
from psycopg.rows import tuple_row

from services.attribution.store.batch import SQL
from services.attribution.store.claim_state import ClaimRow, ClaimState
from services.attribution.store.codec import KINDS, decode_face, decode_record
from services.attribution.store.leaves import (
    FACE_LISTS,
    CustomerRow,
    StoredLeaves,
    is_in_leaves,
    put_together,
    read_row,
)
from services.attribution.store.working import WorkingSlice
from shared.ids import CustomerId, ScopeId
from shared.platform.postgres.binary_arrays import columns
from shared.rules.domain.differences import LISTS
from shared.rules.domain.needs import HELD
from shared.rules.domain.state import BookId, Key
from shared.rules.rulebooks.registry import named

Head = tuple[int, int, int, int, int]
"""The counters of a scope: received, folded, version, sent, and how often its rows were put right."""


@dataclass(slots=True)
class ScopeState:
    """One scope in memory: its counters and the part of its state that is loaded."""

    scope: ScopeId
    partition: int
    book: BookId
    received: int = 0
    folded: int = 0
    version: int = 0
    sent: int = 0
    rebuilt: int = 0
    parked: bool = False
    slice: WorkingSlice = field(default_factory=WorkingSlice)
    claims: dict[str, ClaimRow] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    leaves: StoredLeaves = field(default_factory=StoredLeaves)
    stored: Head | None = None
    epochs: list[str] = field(default_factory=list)
    """Under which its facts were numbered, the last one now."""

    @property
    def head(self) -> Head:
        """What changes with every write: a copy in memory is good while the row has the same."""
        return self.received, self.folded, self.version, self.sent, self.rebuilt

    def saved(self) -> None:
        """The store holds every change now."""
        self.slice.saved()
        self.stored = self.head


def book_id(name: str) -> BookId:
    """`base@1` as name and version."""
    book, _, version = name.partition("@")
    return book, int(version or "1")


def opening_book(name: str, books: Iterable[BookId]) -> BookId:
    """The rulebook that a scope begins under, also where this deployment does not know it."""
    return named(name, books) or book_id(name)


class Connects(Protocol):
    """A pool, or one snapshot that lends its own connection."""

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]: ...


@dataclass(frozen=True, slots=True)
class Lent:
    """One connection for all questions: each that is taken from a pool is asked first whether it still answers."""

    one: psycopg.Connection[Any]

    def connection(self) -> AbstractContextManager[psycopg.Connection[Any]]:
        return nullcontext(self.one)


Seen = Callable[[int], None]
"""What is told how many texts of rulebooks are stored, before anything is judged."""


def nobody_asks(_texts: int) -> None:
    """Where the texts are known already."""


class Store:
    """Reads of the fold; what it writes goes by the recorder's one transaction."""

    def __init__(self, database: Connects, seen: Seen = nobody_asks, *, faces: bool = False) -> None:
        self._database = database
        self._seen = seen
        self._decode = decode_face if faces else decode_record
        self._lists = FACE_LISTS if faces else LISTS

    def by(self, connection: psycopg.Connection[Any]) -> Store:
        """The same, which asks by this connection."""
        return Store(Lent(connection), self._seen)

    def positions(self, names: Iterable[str]) -> dict[str, int]:
        """The offset that was consumed last, for those that have one."""
        return {str(name): int(offset) for name, offset in self._rows("positions", [list(names)])}

    def known(self, scopes: Iterable[str]) -> dict[str, ScopeState]:
        """The scopes that are known, with nothing loaded."""
        found = {}
        for (
            scope,
            partition,
            book,
            received,
            folded,
            version,
            sent,
            rebuilt,
            parked,
            epochs,
            texts,
        ) in self._rows("scopes", [list(scopes)]):
            self._seen(texts)
            place = scope, partition, book_id(book)
            work = ScopeState(*place, received, folded, version, sent, rebuilt, parked)
            work.stored = work.head
            work.epochs = epochs
            found[scope] = work
        return found

    def others(self, came: Sequence[tuple[str, int, str, bytes]]) -> frozenset[tuple[str, int, bytes]]:
        """Of facts that come again, by scope, seq, id and digest, those whose seq holds another one."""
        if not came:
            return frozenset()
        rows = self._rows("other_facts", columns(came))
        return frozenset((str(scope), int(seq), bytes(digest)) for scope, seq, digest in rows)

    def staff(self, scope: str, staff: Iterable[str]) -> dict[str, tuple[str, dict[str, str]]]:
        """The names and contacts under which these were enrolled last."""
        rows = self._rows("enrolled_staff", [scope, list(staff)])
        return {member: (name, msgspec.json.decode(contacts)) for member, name, contacts in rows}

    def adopted_texts(self, name: str, version: int) -> list[str]:
        """The digests under which a rulebook was adopted: one, if it was."""
        return [str(sha256) for (sha256,) in self._rows("texts_of_book", [name, version])]

    def due(self, partition: int, until: datetime, limit: int) -> list[tuple[str, str]]:
        """Scope and customer of the claims that lapse up to `until`, those that lapsed first, and so many at most."""
        return [(scope, customer) for scope, customer in self._rows("due", [until, partition, limit])]

    def held_first(self, scope: str, staff: str, limit: int) -> list[CustomerId]:
        """The first customers on whom somebody has a standing claim, in their order."""
        return [CustomerId(customer) for (customer,) in self._rows("held_first", [scope, staff, limit])]

    def load(self, works: Mapping[str, ScopeState], wanted: Mapping[str, Iterable[Key]]) -> None:
        """Put the wanted records into the slices of their scopes, or the knowledge that there are none."""
        asked = {scope: works[scope].slice.missing(keys) for scope, keys in wanted.items()}
        self._add_held(works, asked)
        rows = [(scope, key) for scope, keys in asked.items() for key in keys]
        if not rows:
            return
        for scope, key in rows:
            works[scope].slice.load(key, None)
        self._load_records(works, [(scope, *key) for scope, key in rows if key.kind in KINDS])
        self._load_claims(works, [(scope, key.id) for scope, key in rows if key.kind == "customer"])

    def _add_held(self, works: Mapping[str, ScopeState], asked: dict[str, set[Key]]) -> None:
        pairs = [(scope, key.id) for scope, keys in asked.items() for key in keys if key.kind == HELD]
        if not pairs:
            return
        found: dict[str, set[Key]] = defaultdict(set)
        for scope, customer in self._rows("held_by", columns(pairs)):
            found[scope].add(Key("customer", customer))
        for scope, keys in found.items():
            asked[scope] |= works[scope].slice.missing(keys)

    def _load_records(self, works: Mapping[str, ScopeState], rows: list[tuple[str, str, str]]) -> None:
        """Records, and of large customers the leaves of their lists, which are asked for at once."""
        large: list[tuple[str, int, CustomerRow]] = []
        for scope, kind, name, born, state in self._rows("records", columns(rows)) if rows else ():
            if kind == "customer" and is_in_leaves(state):
                large.append((scope, born, read_row(state)))
            else:
                works[scope].slice.load(Key(kind, name), self._decode(kind, state), born)
        if large:
            self._load_leaves(works, large)

    def _load_leaves(
        self, works: Mapping[str, ScopeState], large: Sequence[tuple[str, int, CustomerRow]]
    ) -> None:
        homes = [(scope, row.customer.home) for scope, _, row in large]
        found: dict[tuple[str, str], dict[tuple[str, int], bytes]] = defaultdict(dict)
        for scope, home, name, leaf, state in self._rows("leaves", [*columns(homes), list(self._lists)]):
            found[scope, home][name, leaf] = state
        for scope, born, row in large:
            customer, numbered = put_together(row, self._lists, found[scope, row.customer.home])
            works[scope].slice.load(Key("customer", customer.id), customer, born)
            works[scope].leaves.loaded(customer, numbered)

    def _load_claims(self, works: Mapping[str, ScopeState], rows: list[tuple[str, str]]) -> None:
        if rows:
            for (
                scope,
                customer,
                born,
                nth,
                people,
                generation,
                owner,
                holder,
                status,
                expires_at,
                due_at,
            ) in self._rows("claims", columns(rows)):
                standing = ClaimState(owner, status, expires_at)
                works[scope].claims[customer] = ClaimRow(
                    born, nth, people, generation, standing, holder, due_at
                )

    def _rows(self, name: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with self._database.connection() as connection, connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(SQL[name], parameters, binary=True).fetchall()
