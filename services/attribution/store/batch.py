"""The rows that one batch writes, gathered while it is folded and written by one statement a table.

Events and projections go in with one `unnest` a table, in the transaction
that moves the position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from psycopg import Cursor

from services.attribution.store.claim_state import ClaimRow
from services.attribution.store.mapper import EventRow
from services.attribution.store.recorder import IntegrityError
from services.attribution.store.table_rows import (
    LIST_OF,
    AboutRecordWritten,
    AboutWritten,
    BearingWritten,
    CancellationWritten,
    ClaimWritten,
    ConcernWritten,
    DeadRecordWritten,
    DealDecisionWritten,
    DealWritten,
    DecisionWritten,
    EpochWritten,
    FactSetAside,
    FactWritten,
    FlagWritten,
    LeafDropped,
    LeafWritten,
    MessageWritten,
    OfFact,
    OfficeWritten,
    ParkedFactWritten,
    ParkedScopeWritten,
    PenaltyWritten,
    PresenceWritten,
    RecordDropped,
    RecordWritten,
    RemarkWritten,
    ScopeWritten,
    SigningWritten,
    StaffWritten,
    TextWritten,
    WarningWritten,
)
from shared.contract.warnings import Warned
from shared.platform.postgres.binary_arrays import columns
from shared.platform.postgres.database import queries

SQL = queries("services.attribution")
OfMember = TypeVar("OfMember", StaffWritten, PresenceWritten)


class StaleScopeError(IntegrityError):
    """A scope is not as it was when it was read; the batch is to be folded again."""


class BeingSetAsideError(Exception):
    """Somebody began to take a fact of the scope out: the journal may leave it out already, so no one folds it."""

    def __init__(self, scope: str, id_: str, by: str, at: datetime) -> None:
        super().__init__(scope, id_, by, at)
        self.scope = scope
        self.id = id_
        self.by = by
        self.at = at


class Released(NamedTuple):
    """Up to where a scope's facts wait no longer, whether that is all, and which event was set aside."""

    scope: str
    folded: int
    wholly: bool
    aside: str | None


@dataclass(slots=True)
class BatchRows:
    """Rows by table. What has a key is a dict, so that the last of several changes is what is written."""

    events: list[EventRow] = field(default_factory=list)
    heads: dict[str, tuple[int, int, int, int, int] | None] = field(default_factory=dict)
    scopes: dict[str, ScopeWritten] = field(default_factory=dict)
    epochs: list[EpochWritten] = field(default_factory=list)
    records: list[RecordWritten] = field(default_factory=list)
    new_records: list[RecordWritten] = field(default_factory=list)
    dropped_records: list[RecordDropped] = field(default_factory=list)
    leaves: list[LeafWritten] = field(default_factory=list)
    dropped_leaves: list[LeafDropped] = field(default_factory=list)
    claims: dict[tuple[str, str], ClaimRow | None] = field(default_factory=dict)
    facts: list[FactWritten] = field(default_factory=list)
    bearings: list[BearingWritten] = field(default_factory=list)
    joined: dict[tuple[str, str], str | None] = field(default_factory=dict)
    moves: dict[tuple[str, str], str] = field(default_factory=dict)
    homes: dict[tuple[str, str], str] = field(default_factory=dict)
    decisions: list[DecisionWritten] = field(default_factory=list)
    deals: dict[tuple[str, str], DealWritten] = field(default_factory=dict)
    signings: list[SigningWritten] = field(default_factory=list)
    cancellations: list[CancellationWritten] = field(default_factory=list)
    deal_decisions: list[DealDecisionWritten] = field(default_factory=list)
    flags: list[FlagWritten] = field(default_factory=list)
    penalties: list[PenaltyWritten] = field(default_factory=list)
    concerned: list[ConcernWritten] = field(default_factory=list)
    about: list[AboutWritten] = field(default_factory=list)
    about_record: list[AboutRecordWritten] = field(default_factory=list)
    staff: list[StaffWritten] = field(default_factory=list)
    presence: list[PresenceWritten] = field(default_factory=list)
    offices: list[OfficeWritten] = field(default_factory=list)
    remarks: list[RemarkWritten] = field(default_factory=list)
    warnings: dict[tuple[str, str, str], WarningWritten] = field(default_factory=dict)
    rulebooks: dict[str, TextWritten] = field(default_factory=dict)
    outbox: list[MessageWritten] = field(default_factory=list)
    watermark: tuple[int, datetime] | None = None
    dead_records: list[DeadRecordWritten] = field(default_factory=list)
    parked_scopes: list[ParkedScopeWritten] = field(default_factory=list)
    parked_facts: list[ParkedFactWritten] = field(default_factory=list)
    released: Released | None = None
    set_aside: list[FactSetAside] = field(default_factory=list)

    def join(self, scope: str, gone: str, into: str) -> None:
        """A customer went into another one, and with it whatever this batch knew of it.

        What is stored of it goes where it went first; it may be parted again, and be another customer then.
        """
        for key, target in self.moves.items():
            if key[0] == scope and target == gone:
                self.moves[key] = into
        for key, pointed in self.joined.items():
            if key[0] == scope and pointed == gone:
                self.joined[key] = into
        self.moves.setdefault((scope, gone), into)
        self.joined[scope, gone] = into
        self.decisions = [moved(row, gone, into) if row.scope == scope else row for row in self.decisions]

    def add(self, rows: Iterable[OfFact]) -> None:
        """More rows, each of its table."""
        for row in rows:
            getattr(self, LIST_OF[type(row)]).append(row)

    def warn(self, scope: str, warned: Warned, seq: int) -> None:
        """Somebody or something that nobody enrolled stands in one more record."""
        path, rule, value = warned
        first = WarningWritten(scope, rule, value, path, seq, seq, 0)
        found = self.warnings.get((scope, rule, value), first)
        self.warnings[scope, rule, value] = found._replace(last_seq=seq, records=found.records + 1)

    def write(self, curs: Cursor[Any], flush: Callable[[], None]) -> None:
        """Everything but the events, which the recorder inserts itself, last.

        `flush` adds the rows of the records, which are put into bytes while the server takes in the facts.
        """
        self._lock_scopes(curs)
        _put(curs, "put_facts", self.facts)
        _put(curs, "put_bearings", self.bearings)
        _put(curs, "put_outbox", self.outbox)
        flush()
        self._write_joins(curs)
        _put(curs, "put_scopes", list(self.scopes.values()))
        _put(curs, "put_epochs", self.epochs)
        _put(curs, "drop_records", self.dropped_records)
        _put(curs, "put_new_records", self.new_records)
        _put(curs, "put_records", self.records)
        _put(curs, "drop_leaves", self.dropped_leaves)
        _put(curs, "put_leaves", self.leaves)
        _put(curs, "drop_claims", [key for key, row in self.claims.items() if row is None])
        _put(curs, "put_claims", [_claim(*key, row) for key, row in self.claims.items() if row is not None])
        _put(curs, "put_decisions", self._decisions_at_home())
        _put(curs, "put_deals", list(self.deals.values()))
        _put(curs, "put_signings", self.signings)
        _put(curs, "put_cancellations", self.cancellations)
        _put(curs, "put_deal_decisions", self.deal_decisions)
        _put(curs, "put_flags", self.flags)
        _put(curs, "put_penalties", self.penalties)
        _put(curs, "put_concerned", self.concerned)
        _put(curs, "put_about", self.about)
        _put(curs, "put_about_record", self.about_record)
        _put(curs, "put_staff", _last_of_each(self.staff))
        _put(curs, "put_presence", _last_of_each(self.presence))
        _put(curs, "put_offices", self.offices)
        _put(curs, "put_remarks", self.remarks)
        _put(curs, "put_warnings", list(self.warnings.values()))
        self._write_texts(curs)
        _put(curs, "put_dead_records", self.dead_records)
        _put(curs, "put_set_aside", self.set_aside)
        self._release(curs)
        _put(curs, "put_parked_scopes", self.parked_scopes)
        _put(curs, "put_parked_facts", self.parked_facts)
        if self.watermark is not None:
            curs.execute(SQL["put_watermark"], self.watermark)

    def _lock_scopes(self, curs: Cursor[Any]) -> None:
        """Nobody else has written to these scopes since they were read: the consumer, or a retry by hand."""
        rows = curs.execute(SQL["lock_scopes"], [sorted(self.heads)]).fetchall()
        counters = itemgetter("received_seq", "folded_seq", "version", "sent_seq", "rebuilt")
        found = {row["scope"]: counters(row) for row in rows}
        for scope, expected in self.heads.items():
            if found.get(scope) != expected:
                raise StaleScopeError(f"scope {scope} was written to by somebody else")

    def _release(self, curs: Cursor[Any]) -> None:
        """Let go of what was folded or set aside, unless somebody began to set another fact aside meanwhile."""
        if self.released is None:
            return
        scope, folded, wholly, aside = self.released
        row = curs.execute(SQL["lock_parked"], [scope]).fetchone()
        if row is not None and row["marked_id"] not in (None, aside):
            raise BeingSetAsideError(scope, row["marked_id"], row["marked_by"], row["marked_at"])
        curs.execute(SQL["drop_parked_facts"], [scope, folded])
        curs.execute(SQL["drop_parked_scope" if wholly else "unmark_done"], [scope])

    def _write_texts(self, curs: Cursor[Any]) -> None:
        """One text for each name and version, also where two processes keep one at the same time."""
        if self.rulebooks:
            curs.execute(SQL["lock_rulebooks"])
            ids = columns([text.named() for text in self.rulebooks.values()])
            if curs.execute(SQL["other_texts"], ids).fetchone() is not None:
                raise StaleScopeError("another text of a rulebook was adopted meanwhile")
            _put(curs, "put_rulebooks", list(self.rulebooks.values()))

    def _write_joins(self, curs: Cursor[Any]) -> None:
        """What was stored of a joined customer moves to the one that stands for it now, but for the largest part."""
        into = {(scope, customer) for (scope, _), customer in self.moves.items()}
        moves = [(scope, gone, self._home(scope, customer)) for (scope, gone), customer in self.moves.items()]
        moves += [(*key, self._home(*key)) for key in into]
        _put(curs, "move_decisions", moves)
        _put(curs, "move_joined", moves)
        joined = [
            (scope, c, self._home(scope, to)) for (scope, c), to in self.joined.items() if to is not None
        ]
        _put(curs, "put_joined", joined)
        _put(curs, "drop_joined", [key for key, into in self.joined.items() if into is None])
        _put(curs, "drop_homes", [*self.moves, *into])
        _put(curs, "put_homes", [(*key, self._home(*key)) for key in into if self._home(*key) != key[1]])

    def _home(self, scope: str, customer: str) -> str:
        """The id under which the rows of a customer stand."""
        return self.homes.get((scope, customer), customer)

    def _decisions_at_home(self) -> list[DecisionWritten]:
        if not self.homes:
            return self.decisions
        return [row._replace(customer=self._home(row.scope, row.customer)) for row in self.decisions]


def moved(row: DecisionWritten, gone: str, into: str) -> DecisionWritten:
    """The decision, of the customer into whom its own went."""
    return row._replace(customer=into) if row.customer == gone else row


def _claim(scope: str, customer: str, row: ClaimRow) -> ClaimWritten:
    standing = row.standing
    return ClaimWritten(
        scope, customer, row.born, row.nth, row.people, row.generation, standing.owner, row.holder,
        standing.status, standing.expires_at, row.due_at,
    )  # fmt: skip


def _last_of_each(rows: Sequence[OfMember]) -> list[OfMember]:
    """Of several rows of one member of staff the last one."""
    return list({(row.scope, row.staff): row for row in rows}.values())


def _put(curs: Cursor[Any], name: str, rows: Sequence[Sequence[Any]]) -> None:
    """One statement for all rows, each column as one array."""
    if rows:
        curs.execute(SQL[name], columns(rows))
