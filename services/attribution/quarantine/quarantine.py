"""Scopes whose fold failed, and what a person can do: try again, or take one fact out (ADR 0008).

The facts wait in their order. A retry folds them as the consumer would have, in one transaction; the consumer
that writes to the same scope meanwhile finds its counters changed and reads again, as does who works here.

Who sets a fact aside marks it before the journal is told: from then on no retry folds it. The mark goes with the fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from services.attribution.fold.intake_record import ForeignRecord, JournalFact, WatermarkRecord, read_record
from services.attribution.fold.scope_fold import Rules, ScopeFold
from services.attribution.quarantine.marks import NotFailingError, NotParkedError, SetAsideMarks
from services.attribution.store.batch import SQL, BatchRows, BeingSetAsideError, Released, StaleScopeError
from services.attribution.store.recorder import AttributionRecorder
from services.attribution.store.store import ScopeState, Store
from services.attribution.store.table_rows import FactSetAside, ParkedScopeWritten
from shared.contract import SetAside
from shared.contract.topics import Headers, decode_contacts, encode_contacts, encode_headers
from shared.platform.postgres.database import Database
from shared.rules.domain.state import SCOPE

T = TypeVar("T")

AT_ONCE: Final = 10_000
"""Facts that one retry folds; what is left waits for the next one."""
AGAIN: Final = 20
"""So often the scope is read again when facts came for it meanwhile."""


class AlreadySetAsideError(Exception):
    """Somebody else was sooner: the fact is out of the judging."""

    def __init__(self, scope: str, by: str, at: datetime) -> None:
        super().__init__(scope, by, at)
        self.scope = scope
        self.by = by
        self.at = at


@dataclass(frozen=True, slots=True)
class Parked:
    """A scope that waits: the fact on which it fails, since when, and how many facts wait."""

    scope: str
    seq: int
    since: datetime
    error: str
    waiting: int


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry brought: facts that were folded, and the error on which it stopped, if it did."""

    folded: int
    left: int
    failed_seq: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class _Stored:
    """A parked fact in the form in which the topic brought it."""

    offset: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]
    timestamp: int = 0


class Quarantine:
    """Lists, retries and sets aside."""

    def __init__(self, database: Database, recorder: AttributionRecorder, rules: Rules) -> None:
        self._database = database
        self._recorder = recorder
        self.marks = SetAsideMarks(database)
        self._store = Store(database)
        self._folder = ScopeFold(self._store, rules)

    def parked(self) -> list[Parked]:
        """Every scope that waits, the longest first."""
        return [Parked(*row) for row in self._rows("parked_list", [])]

    def dead(self, limit: int = 100) -> list[tuple[Any, ...]]:
        """Records that are not of the journal, the last first."""
        return self._rows("dead_list", [limit])

    def show(self, scope: str) -> tuple[Parked, list[bytes]]:
        """A scope that waits, with its first facts as they were recorded."""
        for parked in self.parked():
            if parked.scope == scope:
                return parked, [body for _, body, _, _ in self._rows("parked_facts_of", [scope, 10])]
        raise NotParkedError(scope)

    def retry(self, scope: str) -> Retried:
        """Fold the waiting facts in order, as far as they can be folded; commit what could.

        Raises `BeingSetAsideError` where somebody takes the first of them out.
        """
        self._demand_unmarked(scope)
        return _while_stale(lambda: self._retry(scope))

    def set_aside(self, scope: str, record: SetAside) -> Retried:
        """Take the failing fact out of the judging, as the journal records it, and go on with the rest."""
        return _while_stale(lambda: self._set_aside(scope, record))

    def _retry(self, scope: str) -> Retried:
        work = self._take(scope)
        return self._fold(work, self._facts(work), BatchRows())

    def _demand_unmarked(self, scope: str) -> None:
        """Asked again, under a lock, by whoever commits; here nothing was folded in vain yet."""
        for id_, by, at in self._rows("lock_parked", [scope]):
            if id_ is not None:
                raise BeingSetAsideError(scope, id_, by, at)

    def _set_aside(self, scope: str, record: SetAside) -> Retried:
        for by, at in self._rows("who_set_aside", [scope, record.set_aside]):
            raise AlreadySetAsideError(scope, by, at)
        work, batch = self._take(scope), BatchRows()
        facts = self._facts(work)
        if self._failing(scope, facts) != record.set_aside:
            raise NotFailingError(scope)
        failing = facts.pop(0)
        contacts = encode_contacts(failing.contacts)
        batch.set_aside.append(
            FactSetAside(
                scope, failing.seq, record.set_aside, record.reason, record.by, record.at, failing.body, contacts,
            )
        )  # fmt: skip
        work.folded = failing.seq
        return self._fold(work, facts, batch, record.set_aside)

    def _failing(self, scope: str, facts: list[JournalFact]) -> str:
        """The first fact that waits, unless the scope was parked by its sweep and facts wait for nothing wrong."""
        (seq,) = (parked.seq for parked in self.parked() if parked.scope == scope)
        if not facts or facts[0].seq != seq:
            raise NotFailingError(scope)
        return str(msgspec.json.decode(facts[0].body)["id"])

    def _take(self, scope: str) -> ScopeState:
        work = self._store.known([scope]).get(scope)
        if work is None or not work.parked:
            raise NotParkedError(scope)
        return work

    def _facts(self, work: ScopeState) -> list[JournalFact]:
        found: list[JournalFact] = []
        for seq, body, traceparent, contacts in self._rows("parked_facts_of", [work.scope, AT_ONCE]):
            stored = Headers(seq=seq, traceparent=traceparent, contacts=decode_contacts(contacts))
            headers = encode_headers(stored)
            match read_record(_Stored(seq, work.scope.encode(), body, headers)):
                case JournalFact() as fact:
                    found.append(fact)
                case ForeignRecord() | WatermarkRecord() as other:
                    raise ValueError(f"a parked fact of {work.scope} is no fact any more: {other}")
        return found

    def _fold(
        self, work: ScopeState, facts: list[JournalFact], batch: BatchRows, aside: str | None = None
    ) -> Retried:
        stored = work.stored
        self._store.load({work.scope: work}, {work.scope: {SCOPE}})
        self._folder.prefetch({work.scope: work}, facts)
        error = failed = None
        folded = 0
        for fact in facts:
            error = self._folder.fold(work, fact, batch)
            if error is not None:
                failed = fact
                batch.parked_scopes.append(ParkedScopeWritten(work.scope, fact.seq, fact.recorded_at, error))
                break
            folded += 1
        left = work.received - work.folded
        batch.released = Released(work.scope, work.folded, left == 0, aside)
        self._folder.count([work], batch)
        assert batch.heads[work.scope] == stored
        project = partial(batch.write, flush=partial(self._folder.flush, [work], batch))
        self._recorder.commit_batch(batch.events, tracking=None, expected=None, project=project)
        return Retried(folded, left, failed.seq if failed else None, error)

    def _rows(self, name: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
        with self._database.connection() as connection:
            return connection.execute(SQL[name], parameters).fetchall()


def _while_stale(work: Callable[[], T]) -> T:
    """Do it on what stands now: the consumer, or another person, may have written since it was read."""
    for _ in range(AGAIN):
        try:
            return work()
        except StaleScopeError:
            continue
    return work()
