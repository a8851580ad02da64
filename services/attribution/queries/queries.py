"""What the desk and the office ask of the stored state in the shapes of contract.md#result.

One snapshot of the database answers a question whole; a list costs its page, whatever the scope holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from services.attribution.queries.decisions_page import (
    DECISIONS,
    DecisionsPage,
    decisions_page,
    first_decisions,
    from_micros,
    last_clause,
    micros,
)
from services.attribution.replays.historic import ScopeFacts
from services.attribution.store.batch import SQL
from services.attribution.store.store import ScopeState, Seen, Store, book_id, nobody_asks
from shared.platform.postgres.database import Database
from shared.rules.domain.case import book_at
from shared.rules.domain.rulebook import Clause, Rulebook
from shared.rules.domain.state import SCOPE, BookId, Customer, Key, Scope, taken_key
from shared.rules.judge.result import (
    Json,
    board_json,
    customer_json,
    deal_json,
    dispute_json,
    in_order,
    instant,
)

Row = tuple[Any, ...]
SHOWN = 20
"""Names and contacts that are shown of a customer who is listed for having too many."""


class UnknownNameError(LookupError):
    """Nothing of that name is known."""


@dataclass(frozen=True, slots=True)
class FoldedHead:
    """How far a scope is folded; `behind_since` is set while it waits in quarantine."""

    scope: str
    seq: int
    partition: int
    book: BookId
    behind_since: datetime | None = None
    behind_seq: int | None = None

    def answer_head(self) -> Json:
        """What every answer says of itself."""
        told: Json = {"as_of_seq": self.seq}
        if self.behind_since is not None:
            told["behind_since"] = instant(self.behind_since)
        return told


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the place of its last item; `nth` for customers, of whom one record may name several."""

    born: int = 0
    after: str = ""
    nth: int = 0

    def __str__(self) -> str:
        place = f"{self.born}.{self.nth}" if self.nth else str(self.born)
        return f"{place}~{self.after}"

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        if text is None:
            return cls()
        place, tilde, after = text.partition("~")
        born, _, nth = place.partition(".")
        if not tilde or not _is_number(born, 18) or not _is_number(nth or "0", 9):
            raise ValueError("not a cursor of a page")
        return cls(int(born), after, int(nth or "0"))


def _is_number(text: str, digits: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= digits


class Snapshot:
    """Questions to one moment of one scope."""

    def __init__(
        self,
        connection: psycopg.Connection[Row],
        scope: str,
        books: Mapping[BookId, Rulebook],
        opening: BookId | None = None,
        seen: Seen = nobody_asks,
    ) -> None:
        self._connection = connection
        self._books = books
        self._seen = seen
        self.head = self._head(scope, opening)
        self.work = ScopeState(scope, self.head.partition, self.head.book)
        self._store = Store(self)
        self._load({SCOPE})
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
        rows = self._rows("watermark_of", [self.head.partition])
        return rows[0][0] if rows else None

    def customer_of(self, contact: str) -> str | None:
        """The customer that a contact belongs to."""
        return self._pointed("contact", contact)

    def _pointed(self, kind: str, name: str) -> str | None:
        """The customer that a contact or a visit belongs to, which is loaded then."""
        slice_ = self.work.slice
        self._load({Key(kind, name)})
        found = slice_.pointed(kind, name)
        if found is None:
            return None
        self._load({Key("customer", found)})
        if slice_.find_customer(found) is None:  # it was joined to a smaller one that was first
            self._load({Key("joined", found)})
            found = slice_.pointed(kind, name)
            self._load({Key("customer", str(found))})
        return found

    def receiver_of(self, visit: str) -> str | None:
        """Who received a visit by its first record, which may name nobody."""
        self._load({taken_key("visit", visit)})
        slice_ = self.work.slice
        taken = slice_.taken("visit", visit)
        if taken is not None:
            self._load({Key("record", taken)})
            filed = slice_.filed(taken)
            return getattr(filed.fact.matter, "received_by", None) if filed is not None else None
        home = self._pointed("visit", visit)
        if home is None:
            return None
        return next((r.receiver for r in slice_.customer(home).receptions if r.visit == visit), None)

    def pointed(self, kind: str, id_: str) -> str | None:
        """The customer that a contact, a visit or a deal belongs to."""
        self._load({Key(kind, id_)})
        return self.work.slice.pointed(kind, id_)

    def find(self, name: str) -> Customer:
        """A customer by id; one that was joined is found as what it went into."""
        self._load_customers([name])
        found = self.work.slice.find_customer(name)
        if found is not None:
            return found
        rows = self._rows("joined_into", [self.head.scope, name])
        if not rows:
            raise UnknownNameError(name)
        return self.find(str(rows[0][0]))

    def standing_of(self, name: str) -> Json:
        """A customer as it stands, without its decisions."""
        customer = self.find(name)
        shown = customer_json(self.work.slice, customer, [])
        return shown | {"clause": last_clause(self.ask, self.head.scope, customer.id)}

    def customer(self, name: str, cursor: Cursor | None = None, limit: int = DECISIONS) -> Json:
        """A customer with a page of its decisions; `cursor` is there while more follow."""
        shown = self.standing_of(name)
        after = from_micros(cursor.born if cursor is not None else 0)
        page = decisions_page(self.ask, self.head.scope, shown["customer"], after, limit)
        return shown | _paged(page)

    def of_case(self, digest: bytes) -> Json:
        """The customer whom alerts call by a case number."""
        given = {"scope": self.head.scope, "digest": digest}
        row = self._connection.execute(SQL["customers_of_case"], given).fetchone()
        if row is None:
            raise UnknownNameError("case")
        return self.customer(str(row[0]))

    def customers(self, names: Sequence[str]) -> list[Json]:
        """These customers, each with the first page of its decisions."""
        self._load_customers(names)
        pages = first_decisions(self.ask, self.head.scope, names, DECISIONS)
        told = []
        for name in names:
            customer = self.work.slice.find_customer(name)
            if customer is not None:
                shown, page = customer_json(self.work.slice, customer, []), pages[name]
                clause = page.decisions[-1]["clause"] if page.made else None
                if page.following is not None:
                    clause = last_clause(self.ask, self.head.scope, name)
                told.append(shown | {"clause": clause} | _paged(page))
        return told

    def last_decided(self, name: str) -> datetime | None:
        """When the last decision on a customer was made."""
        at: datetime | None = self.ask("last_decided", {"scope": self.head.scope, "customer": name})[0][0]
        return at

    def decisions(self, names: Sequence[str]) -> dict[str, list[tuple[Json, int]]]:
        """The decisions of each customer, with the seq of the fact that brought them."""
        found: dict[str, list[Json]] = defaultdict(list)
        seqs: dict[int, int] = {}
        for customer, body, seq in self.ask(
            "decisions_of", {"scope": self.head.scope, "customers": list(names)}
        ):
            decision: Json = msgspec.json.decode(body)
            found[customer].append(decision)
            seqs[id(decision)] = seq
        told = {customer: in_order(decisions) for customer, decisions in found.items()}
        ordered = {c: [(decision, seqs[id(decision)]) for decision in d] for c, d in told.items()}
        return defaultdict(list, ordered)

    def facts(self, ids: Iterable[str]) -> list[tuple[int, bytes]]:
        """Recorded events by id, in the order of the journal."""
        return [(seq, body) for seq, body in self._rows("facts_by_id", [self.head.scope, list(ids)])]

    def journal(self) -> ScopeFacts:
        """Every fact that was folded."""
        rows = self._rows("facts_of_scope", [self.head.scope])
        contacts = {name: stored for name, _, stored in rows if stored is not None}
        return ScopeFacts([body for _, body, _ in rows], contacts)

    def clause_text(self, clause: str, first: Rulebook | None = None) -> Json | None:
        """The sentence of a clause: from the rulebook that is meant, else from whichever has it."""
        for book in (*([first] if first else ()), *list(self._books.values())):
            text = book.clauses.get(Clause(clause))
            if text is not None:
                return {"zh": text.zh, "en": text.en}
        return None

    def staff_names(self, staff: Iterable[str]) -> dict[str, str]:
        return dict(self._rows("staff_names", [self.head.scope, list(staff)]))

    def page_of_customers(
        self, cursor: Cursor, limit: int, *, owner: str | None, status: str | None, before: datetime | None
    ) -> tuple[list[Json], Cursor | None]:
        name = "page_of_customers" if owner is None else "page_of_customers_of"
        rows = self._page(name, cursor, limit, owner=owner, status=status, before=before)
        return self.customers([str(row[1]) for row in rows[:limit]]), _next_customer(rows, limit)

    def page_of_shared(self, cursor: Cursor, limit: int, most: int) -> tuple[list[Json], Cursor | None]:
        """Customers whose records name more than `most` people: a contact that stands for several has joined them."""
        rows = self._page("page_of_shared", cursor, limit, most=most)
        told = []
        for _, name, _, people in rows[:limit]:
            shown = self.standing_of(str(name))
            kept = {key: shown[key] for key in ("customer", "owner", "status")}
            parts = {key: shown[key][:SHOWN] for key in ("names", "contacts")}
            told.append(kept | {"people": people} | parts | {"contacts_in_all": len(shown["contacts"])})
        return told, _next_customer(rows, limit)

    def page_of_deals(self, cursor: Cursor, limit: int) -> tuple[list[Json], Cursor | None]:
        rows = self._page("page_of_deals", cursor, limit)
        return self.deals(rows[:limit]), _next(rows, limit)

    def deals(self, shown: Sequence[Row]) -> list[Json]:
        """These deals, each by its place, its name and its customer, with all their decisions."""
        self._load_customers([str(customer) for _, _, customer in shown])
        decisions: dict[str, list[Json]] = defaultdict(list)
        names = [deal for _, deal, _ in shown]
        for deal, body in self._rows("decisions_of_deals", [self.head.scope, names]):
            decisions[deal].append(msgspec.json.decode(body))
        told = []
        for _, name, owner in shown:
            customer = self.work.slice.customer(owner)
            deal = next(deal for deal in customer.deals if deal.deal == name)
            told.append(deal_json(self.work.slice, customer, deal, []) | {"decisions": decisions[name]})
        return told

    def page_of_disputes(self, cursor: Cursor, limit: int) -> tuple[list[Json], Cursor | None]:
        rows = self._page("page_of_disputes", cursor, limit)
        names = [str(name) for _, name in rows[:limit]]
        self._load({Key("dispute", name) for name in names})
        found = [dispute for name in names if (dispute := self.work.slice.dispute(name))]
        return [dispute_json(self.work.slice, dispute) for dispute in found], _next(rows, limit)

    def page_of(self, table: str, cursor: Cursor, limit: int) -> tuple[list[Json], Cursor | None]:
        """Flags or penalties, in the order in which they were made."""
        rows = [(version, "", body) for version, body in self._page(f"page_of_{table}", cursor, limit)]
        return [msgspec.json.decode(body) for _, _, body in rows[:limit]], _next(rows, limit)

    def boards(self, office: str) -> Json:
        """Both boards; an office that opened no shift has none."""
        self._load({Key("board", office)})
        board = self.work.slice.board(office)
        nobody: Json = {"queue": [], "next": None}
        return {"visit": nobody, "call": nobody} if board is None else board_json(board)

    def _head(self, scope: str, opening: BookId | None) -> FoldedHead:
        rows = self._rows("head", [scope])
        if not rows:
            self._seen(int(self._rows("count_texts", [])[0][0]))
            if opening is None:
                raise UnknownNameError(scope)
            return FoldedHead(scope, 0, 0, opening)
        seq, partition, book, texts = rows[0]
        self._seen(texts)
        behind = self._rows("behind", [scope])
        behind_seq, since = behind[0] if behind else (None, None)
        return FoldedHead(scope, seq, partition, book_id(book), since, behind_seq)

    def _load(self, keys: set[Key]) -> None:
        self._store.load({self.head.scope: self.work}, {self.head.scope: keys})

    def _load_customers(self, names: Iterable[str]) -> None:
        """The customers and their disputes, which their status needs, and the deals' customers of those."""
        keys = {Key("customer", name) for name in names}
        self._load(keys)
        customers = [self.work.slice.find_customer(key.id) for key in keys]
        self._load({Key("dispute", name) for customer in customers if customer for name in customer.disputes})

    def _page(self, name: str, cursor: Cursor, limit: int, **filters: Any) -> list[Row]:
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
        return self._rows(name, parameters)

    def _rows(self, name: str, parameters: Any) -> list[Row]:
        return self._connection.execute(SQL[name], parameters, binary=True).fetchall()


def _next_customer(rows: Sequence[Row], limit: int) -> Cursor | None:
    return Cursor(*rows[limit - 1][:3]) if len(rows) > limit else None


def _paged(page: DecisionsPage) -> Json:
    told: Json = {"decisions": page.decisions}
    return told if page.following is None else told | {"cursor": str(Cursor(micros(page.following)))}


def _next(rows: Sequence[Row], limit: int) -> Cursor | None:
    return Cursor(int(rows[limit - 1][0]), str(rows[limit - 1][1])) if len(rows) > limit else None


class ScopeReader:
    """Opens snapshots."""

    def __init__(
        self, database: Database, books: Mapping[BookId, Rulebook], seen: Seen = nobody_asks
    ) -> None:
        self._database = database
        self.books = books
        self._seen = seen

    @contextmanager
    def of(self, scope: str, opening: BookId | None = None) -> Iterator[Snapshot]:
        """One scope at one moment; one that nobody ever wrote in begins under `opening`, else `UnknownNameError`."""
        with self._database.connection() as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            try:
                yield Snapshot(connection, scope, self.books, opening, self._seen)
            finally:
                if not connection.closed:  # a server that went away took the transaction with it
                    connection.rollback()
                    connection.isolation_level = None

    def ask(self, name: str, parameters: Any) -> list[Row]:
        """The rows of a named query that is about no one scope."""
        with self._database.connection() as connection:
            return connection.execute(SQL[name], parameters, binary=True).fetchall()

    def folded(self, scope: str) -> int:
        """The last seq of a scope that is folded; 0 for a scope without any."""
        with self._database.connection() as connection:
            row = connection.execute(SQL["head"], [scope]).fetchone()
        return int(row[0]) if row else 0  # type: ignore[call-overload]

    def scope_of(self, office: str) -> str:
        with self._database.connection() as connection:
            row = connection.execute(SQL["scope_of_office"], [office]).fetchone()
        if row is None:
            raise UnknownNameError(office)
        return str(row[0])

    def parked(self) -> tuple[int, datetime | None]:
        """How many scopes wait in quarantine, and since when the first of them."""
        with self._database.connection() as connection:
            row = connection.execute(SQL["oldest_parked"]).fetchone()
        return (int(row[0]), row[1]) if row else (0, None)  # type: ignore[call-overload,return-value]

    def failing(self, scope: str) -> tuple[datetime, str | None]:
        """Since when the scope waits in quarantine, and the event on which it fails.

        Raises `UnknownNameError` if it does not wait.
        """
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["failing"], [scope]).fetchone()
        if row is None:
            raise UnknownNameError(scope)
        return row[0], None if row[1] is None else str(msgspec.json.decode(row[1])["id"])
