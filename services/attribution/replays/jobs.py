"""Replays as jobs in the database: asked for within limits, taken under a lease, ended, kept for some days.

Whoever runs one holds it by a lease that it renews; a process that is killed lets it run out, and another takes the
replay up from its beginning. One that was left so often is said to have failed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, Struct

from shared.contract import format_instant
from shared.contract.answers.replays import (
    ReplayCounts,
    ReplayJob,
    ReplayLimits,
    ReplayProblem,
    ReplayProgress,
    ReplayState,
)
from shared.contract.answers.result import RulebookDigest
from shared.i18n import bilingual
from shared.ids import CustomerId, EventId, ScopeId
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of, the_row
from shared.rules.domain.state import BookId

SQL: Final = queries("services.attribution")
LEASE: Final = 20.0
"""Seconds that a replay is held without a sign of life."""
MOST_ATTEMPTS: Final = 3
LISTED: Final = 200
_encode = msgspec.json.Encoder().encode


class AskedReplay(Struct, frozen=True, kw_only=True):
    """What a replay changes, as it is stored; `opening` is the book under which the scope began."""

    opening: BookId
    rulebook: RulebookDigest | None
    drop: list[EventId]
    add: list[EventId]
    customers: list[CustomerId] | None
    as_of: datetime | None
    known_at: datetime | None
    watermark: datetime | None


@dataclass(frozen=True, slots=True)
class NewReplay:
    """A replay that was checked, and who asks for it."""

    scope: ScopeId
    caller: str
    login: str
    asked: AskedReplay
    texts: tuple[bytes, ...] | None
    added: tuple[bytes, ...]
    as_of_seq: int


@dataclass(frozen=True, slots=True)
class TakenReplay:
    """A replay that this process runs."""

    id: UUID
    lease: UUID
    scope: ScopeId
    asked: AskedReplay
    texts: tuple[bytes, ...] | None
    added: tuple[bytes, ...]
    as_of_seq: int
    stop: bool


@dataclass(frozen=True, slots=True)
class ReplayBounds:
    """How many may be open, of all callers and of one; what one may take; for how many days it is kept."""

    open: int
    of_caller: int
    limits: ReplayLimits
    days: int


class ReplayRow(Struct, frozen=True):
    """A replay as it is kept; what was asked, its counts and its problem as JSON."""

    id: UUID
    scope: ScopeId
    login: str
    asked: bytes
    as_of_seq: int
    state: ReplayState
    judged: int
    total: int | None
    problem: bytes | None
    counts: bytes | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class TakenRow(Struct, frozen=True):
    """A row of `take_replay`."""

    id: UUID
    scope: ScopeId
    asked: bytes
    texts: tuple[bytes, ...] | None
    added: tuple[bytes, ...]
    as_of_seq: int
    stop: bool


class OpenReplays(Struct, frozen=True):
    """How many wait or run, of all callers and of one."""

    open: int
    of_caller: int


class ReplaysByState(Struct, frozen=True):
    """How many wait, and how many run."""

    waiting: int
    running: int


class TooManyReplaysError(Exception):
    """As many are open as may be."""


class ReplayOpenError(Exception):
    """What it would come to is not known yet."""


class ReplayJobs:
    """Puts, takes, holds and ends replays; each in one transaction."""

    def __init__(self, database: Database, bounds: ReplayBounds) -> None:
        self._database = database
        self.bounds = bounds

    def put(self, new: NewReplay) -> ReplayJob:
        """A replay that waits. Raises `TooManyReplaysError`."""
        row = {
            "id": uuid4(),
            "scope": new.scope,
            "caller": new.caller,
            "login": new.login,
            "asked": _encode(new.asked),
            "texts": None if new.texts is None else list(new.texts),
            "added": list(new.added),
            "as_of_seq": new.as_of_seq,
        }
        with self._database.connection() as connection:
            connection.execute(SQL["lock_replays"])
            self._check(the_row(connection.execute(SQL["open_replays"], {"caller": new.caller}), OpenReplays))
            connection.execute(SQL["put_replay"], row)
            made = the_row(connection.execute(SQL["replay_by_id"], row), ReplayRow)
        return self._job(made)

    def _check(self, there: OpenReplays) -> None:
        if there.of_caller >= self.bounds.of_caller:
            raise TooManyReplaysError(
                bilingual(
                    "{count} replays of yours are open; wait for one, or cancel it", count=there.of_caller
                )
            )
        if there.open >= self.bounds.open:
            raise TooManyReplaysError(
                bilingual("{count} replays are open; come again later", count=there.open)
            )

    def find(self, id_: str) -> ReplayJob | None:
        with self._database.connection() as connection:
            row = row_of(connection.execute(SQL["replay_by_id"], {"id": id_}), ReplayRow)
        return None if row is None else self._job(row)

    def of_scope(self, scope: str) -> list[ReplayJob]:
        """The last ones of a scope, newest first."""
        asked = {"scope": scope, "limit": LISTED}
        with self._database.connection() as connection:
            rows = rows_of(connection.execute(SQL["replays_of_scope"], asked), ReplayRow)
        return [self._job(row) for row in rows]

    def result(self, id_: str) -> bytes:
        """The result, packed by gzip. Raises `ReplayOpenError` where there is none."""
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["result_of_replay"], {"id": id_}).fetchone()
        if row is None:
            raise ReplayOpenError(id_)
        return bytes(row[0])

    def remove(self, id_: str) -> None:
        """Cancel one that is open, delete one that has ended."""
        with self._database.connection() as connection:
            if connection.execute(SQL["cancel_replay"], {"id": id_}).fetchone() is None:
                connection.execute(SQL["delete_replay"], {"id": id_})

    def take(self) -> TakenReplay | None:
        """One to run, under a lease of its own."""
        lease = uuid4()
        left = ReplayProblem(None, "left", bilingual("its process ended {most} times", most=MOST_ATTEMPTS))
        with self._database.connection() as connection:
            connection.execute(SQL["fail_left_replays"], {"problem": _encode(left), "most": MOST_ATTEMPTS})
            row = row_of(connection.execute(SQL["take_replay"], {"lease": lease, "seconds": LEASE}), TakenRow)
        if row is None:
            return None
        told = msgspec.json.decode(row.asked, type=AskedReplay)
        return TakenReplay(row.id, lease, row.scope, told, row.texts, row.added, row.as_of_seq, row.stop)

    def hold(self, taken: TakenReplay, judged: int, total: int | None) -> bool:
        """Whether it is still this process's to run; the lease goes on."""
        asked = {
            "id": taken.id, "lease": taken.lease, "seconds": LEASE, "judged": judged, "total": total,
        }  # fmt: skip
        with self._database.connection() as connection:
            row: Any = connection.execute(SQL["hold_replay"], asked).fetchone()
        return row is not None and not row[0]

    def done(self, taken: TakenReplay, counts: bytes, result: bytes, judged: int) -> None:
        self._end(taken, state="done", counts=counts, result=result, judged=judged)

    def failed(self, taken: TakenReplay, problem: ReplayProblem) -> None:
        self._end(taken, state="failed", problem=_encode(problem))

    def cancelled(self, taken: TakenReplay) -> None:
        self._end(taken, state="cancelled")

    def leave(self, taken: TakenReplay) -> None:
        """Give it back: this process stops."""
        with self._database.connection() as connection:
            connection.execute(SQL["leave_replay"], {"id": taken.id, "lease": taken.lease})

    def clean(self) -> tuple[int, int]:
        """Delete what was kept long enough; how many wait, and how many run."""
        with self._database.connection() as connection:
            connection.execute(SQL["delete_old_replays"], {"days": self.bounds.days})
            there = the_row(connection.execute(SQL["replays_by_state"]), ReplaysByState)
        return there.waiting, there.running

    def _end(self, taken: TakenReplay, **told: Any) -> None:
        nothing = {"problem": None, "counts": None, "result": None, "judged": None}
        with self._database.connection() as connection:
            connection.execute(SQL["end_replay"], {**nothing, "id": taken.id, "lease": taken.lease, **told})

    def _job(self, row: ReplayRow) -> ReplayJob:
        told = msgspec.json.decode(row.asked, type=AskedReplay)
        return ReplayJob(
            id=str(row.id),
            scope=row.scope,
            state=row.state,
            asked_by=row.login,
            rulebook=told.rulebook,
            drop=told.drop,
            add=told.add,
            customers=told.customers,
            as_of=_instant(told.as_of),
            known_at=_instant(told.known_at),
            as_of_seq=row.as_of_seq,
            progress=ReplayProgress(row.judged, row.total),
            limits=self.bounds.limits,
            created_at=format_instant(row.created_at),
            started_at=_instant(row.started_at),
            ended_at=_instant(row.ended_at),
            deleted_at=_instant(row.ended_at and row.ended_at + timedelta(days=self.bounds.days)),
            counts=UNSET if row.counts is None else msgspec.json.decode(row.counts, type=ReplayCounts),
            problem=UNSET if row.problem is None else msgspec.json.decode(row.problem, type=ReplayProblem),
        )


def _instant(at: datetime | None) -> str | None:
    return None if at is None else format_instant(at)
