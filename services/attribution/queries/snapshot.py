"""One moment of one scope: what is stored of it, read as it is asked for.

One snapshot of the database answers a question whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from msgspec import UNSET

from services.attribution.historic.judge import ScopeFacts
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.reach import Reach
from services.attribution.store.batch import SQL
from services.attribution.store.store import ScopeState, Seen, Store, book_id, nobody_asks
from shared.access.extent import EVERYTHING, Sight
from shared.contract import format_instant
from shared.contract.answers import BothBoards, BothLanguages
from shared.contract.answers.values import AnswerHead
from shared.ids import Contact, CustomerId, OfficeId, ScopeId, StaffId, VisitId
from shared.platform.postgres.scoped import see_all, see_only
from shared.rules.domain.case import book_at
from shared.rules.domain.rulebook import Clause, Rulebook
from shared.rules.domain.state import SCOPE, Board, BookId, Customer, Key, Scope, taken_key
from shared.rules.judge.result import both_boards
from shared.sealing.opener import Opener

Row = tuple[Any, ...]


class UnknownNameError(LookupError):
    """Nothing of that name is known."""


@dataclass(frozen=True, slots=True)
class FoldedHead:
    """How far a scope is folded; `behind_since` is set while it waits in quarantine."""

    scope: ScopeId
    seq: int
    partition: int
    book: BookId
    behind_since: datetime | None = None
    behind_seq: int | None = None
    borne: int = 0
    """Up to which fact it is noted what each names."""

    def answer_head(self) -> AnswerHead:
        """What every answer says of itself."""
        since = UNSET if self.behind_since is None else format_instant(self.behind_since)
        return {"as_of_seq": self.seq, "behind_since": since}


class Snapshot:
    """Questions to one moment of one scope."""

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        scope: ScopeId,
        books: Mapping[BookId, Rulebook],
        opening: BookId | None = None,
        seen: Seen = nobody_asks,
        opener: Opener | None = None,
        sight: Sight = EVERYTHING,
    ) -> None:
        self._connection = connection
        self.reach = Reach(sight, lambda name, asked: self.ask(name, {"scope": scope} | asked))
        self.opener = opener or Opener()
        self.names: dict[str, str] | None = None
        self._books = books
        self._seen = seen
        self.head = self._head(scope, opening)
        self.work = ScopeState(scope, self.head.partition, self.head.book)
        self._store = Store(self)
        self.load({SCOPE})
        if SCOPE not in self.work.slice:
            book = books[self.head.book]
            self.work.slice.load(SCOPE, Scope(scope, self.head.book, str(book.timezone)))
        for name in (self.scope.default, *(adopted.book for adopted in self.scope.adoptions)):
            books[name]  # nothing is told of a scope whose rulebook is refused here

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Row]]:
        """The store reads in this snapshot too."""
        yield self._connection

    def faces(self) -> Snapshot:
        """From here on customers are read without the lists of their records, which only their histories tell.

        To be called before the first customer is asked for; nothing may be decided by what is read then.
        """
        self._store = Store(self, faces=True)
        return self

    @property
    def scope(self) -> Scope:
        return self.work.slice.scope

    def book_at(self, at: datetime) -> Rulebook:
        """The rulebook in force."""
        return self._books[book_at(self.scope, at)]

    def book_of(self, clause: str, at: datetime) -> Rulebook:
        """The rulebook whose clause a decision cites: the one in force then, else the first that has it.

        A claim stays under the rulebook that it began under, and may be decided on long after another one came.
        """
        current = self.book_at(at)
        if Clause(clause) in current.clauses:
            return current
        return next((book for book in list(self._books.values()) if Clause(clause) in book.clauses), current)

    def book(self, name: BookId) -> Rulebook:
        return self._books[name]

    def watermark(self) -> datetime | None:
        """Up to where lapses are decided."""
        rows = self.ask("watermark_of", [self.head.partition])
        return rows[0][0] if rows else None

    def begun(self) -> datetime | None:
        """When the first fact of the scope was recorded."""
        rows = self.ask("scope_begun", {"scope": self.head.scope})
        return rows[0][0] if rows else None

    def customer_of(self, contact: Contact) -> CustomerId | None:
        """The customer that a contact belongs to, as it is typed."""
        return self._pointed("contact", self.opener.id_of(self.head.scope, contact))

    def _pointed(self, kind: str, name: str) -> CustomerId | None:
        """The customer that a contact or a visit belongs to, which is loaded then."""
        slice_ = self.work.slice
        self.load({Key(kind, name)})
        found = slice_.pointed(kind, name)
        if found is None:
            return None
        self.load({Key("customer", found)})
        if slice_.find_customer(found) is None:  # it was joined to a smaller one that was first
            self.load({Key("joined", found)})
            found = slice_.pointed(kind, name)
            self.load({Key("customer", str(found))})
        return found

    def receiver_of(self, visit: VisitId) -> StaffId | None:
        """Who received a visit by its first record, which may name nobody."""
        self.load({taken_key("visit", visit)})
        slice_ = self.work.slice
        taken = slice_.taken("visit", visit)
        if taken is not None:
            self.load({Key("record", taken)})
            filed = slice_.filed(taken)
            return getattr(filed.fact.matter, "received_by", None) if filed is not None else None
        home = self._pointed("visit", visit)
        if home is None:
            return None
        return next((r.receiver for r in slice_.customer(home).receptions if r.visit == visit), None)

    def pointed(self, kind: str, id_: str) -> CustomerId | None:
        """The customer that a contact, a visit or a deal belongs to."""
        self.load({Key(kind, id_)})
        return self.work.slice.pointed(kind, id_)

    def find(self, name: str) -> Customer:
        """A customer by id; one that was joined is found as what it went into."""
        self.load_customers([name])
        found = self.work.slice.find_customer(CustomerId(name))
        if found is not None:
            return found
        rows = self.ask("joined_into", [self.head.scope, name])
        if not rows:
            raise UnknownNameError(name)
        return self.find(str(rows[0][0]))

    def last_decided(self, name: str) -> datetime | None:
        """When the last decision on a customer was made."""
        at: datetime | None = self.ask("last_decided", {"scope": self.head.scope, "customer": name})[0][0]
        return at

    def readable(self, name: str) -> Customer:
        """A customer by id that the caller may read; what is out of reach is answered as what is not known."""
        found = self.find(name)
        if not self.reach.customer(found.id):
            raise UnknownNameError(name)
        return found

    def opened(self, facts: Iterable[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
        """Recorded events as they were taken in."""
        kept = list(facts)
        bodies = self.opener.bodies([body for _, body in kept])
        return [(seq, body) for (seq, _), body in zip(kept, bodies, strict=True)]

    def facts(self, ids: Iterable[str]) -> list[tuple[int, bytes]]:
        """Recorded events by id, as they are kept, in the order of the journal."""
        return [(seq, body) for seq, body in self.ask("facts_by_id", [self.head.scope, list(ids)])]

    def journal(self) -> ScopeFacts:
        """Every fact that was folded."""
        rows = self.ask("facts_of_scope", [self.head.scope])
        contacts = {name: stored for name, _, stored in rows if stored is not None}
        return ScopeFacts([body for _, body, _ in rows], contacts)

    def clause_text(self, clause: str, first: Rulebook | None = None) -> BothLanguages | None:
        """The sentence of a clause: from the rulebook that is meant, else from whichever has it."""
        for book in (*([first] if first else ()), *list(self._books.values())):
            text = book.clauses.get(Clause(clause))
            if text is not None:
                return BothLanguages(text.zh, text.en)
        return None

    def staff_names(self, staff: Iterable[str]) -> dict[str, str]:
        """The names under which these were enrolled last; in what is told of an earlier time, by then."""
        if self.names is not None:
            return {name: self.names[name] for name in staff if name in self.names}
        return dict(self.ask("staff_names", [self.head.scope, list(staff)]))

    def boards(self, office: OfficeId) -> BothBoards:
        """Both boards; an office that opened no shift has empty ones."""
        self.load({Key("board", office)})
        return both_boards(self.work.slice.board(office) or Board(office))

    def shift_opened(self, office: OfficeId) -> str | None:
        """When the last shift of an office was recorded; None of one that opened none."""
        rows = self.ask("shift_opened", [self.head.scope, office])
        return format_instant(rows[0][0]) if rows else None

    def _head(self, scope: ScopeId, opening: BookId | None) -> FoldedHead:
        rows = self.ask("head", [scope])
        if not rows:
            self._seen(int(self.ask("count_texts", [])[0][0]))
            if opening is None:
                raise UnknownNameError(scope)
            return FoldedHead(scope, 0, 0, opening)
        seq, partition, book, texts, borne = rows[0]
        self._seen(texts)
        behind = self.ask("behind", [scope])
        behind_seq, since = behind[0] if behind else (None, None)
        return FoldedHead(scope, seq, partition, book_id(book), since, behind_seq, borne)

    def load(self, keys: set[Key]) -> None:
        """Have these records at hand, as far as there are any."""
        self._store.load({self.head.scope: self.work}, {self.head.scope: keys})

    def load_customers(self, names: Iterable[str]) -> None:
        """The customers and their disputes, which their status needs, and the deals' customers of those."""
        keys = {Key("customer", name) for name in names}
        self.load(keys)
        customers = [self.work.slice.find_customer(CustomerId(key.id)) for key in keys]
        self.load({Key("dispute", name) for customer in customers if customer for name in customer.disputes})

    def of_case(self, digest: bytes) -> list[Row]:
        """The customers of a case number, asked as the service itself: row-level security is heard before what a
        function makes of a column, and no index on that would be used."""
        see_all(self._connection)
        try:
            return self.ask("customers_of_case", {"scope": self.head.scope, "digest": digest})
        finally:
            see_only(self._connection, self.head.scope)

    def page(self, name: str, cursor: Cursor, limit: int, **filters: Any) -> list[Row]:
        """One row more than the page holds tells whether there is another one."""
        asked = {
            "scope": self.head.scope,
            "born": cursor.born,
            "nth": cursor.nth,
            "after": cursor.after,
            "limit": limit + 1,
        }
        return self._connection.execute(SQL[name], asked | filters, binary=True).fetchall()

    def ask(self, name: str, parameters: Any) -> list[Row]:
        """The rows of a named query, in this snapshot."""
        return self._connection.execute(SQL[name], parameters, binary=True).fetchall()
