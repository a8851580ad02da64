"""How everything is asked of the registers: after the reader's own write, at a moment, where the scope is held.

    answered = await reader.ask(scope, AskedMoment(known_at=then, min_seq=7), make_report, "daily", office)

calls `make_report(known_scope, "daily", office)` beside the registers (see `KnownScope`), and answers what it returns
with the last fact that it knows. The function and what it is given must be importable there: a function of a module,
plain values. What it raises is raised here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import psycopg
import structlog
from msgspec import Struct

from services.registers.model.metrics import RegistersMetrics
from services.registers.reading.held import TakenHead, UnknownRulebookError
from services.registers.reading.known_scope import Answered, AskedMoment, KnownScope
from services.registers.reading.worker import AskedScope, ReadPiece, WorkerGoneError
from services.registers.reading.workers import ScopeWorkers
from services.registers.store.taking import SQL
from shared.ids import OfficeId, ScopeId
from shared.platform.postgres.database import Database
from shared.platform.postgres.rows import row_of

log: Final = structlog.get_logger()

P = ParamSpec("P")
T = TypeVar("T")

SEQ_WAIT: Final = 2.0
"""Seconds that a reader's own write is waited for (ADR 0029)."""
STEP: Final = 0.02


class ScopeNotTakenError(LookupError):
    """No fact of the scope was taken."""


class OfficeNotTakenError(LookupError):
    """No fact of the office was taken."""


class SeqNotTakenError(Exception):
    """The fact that the answer must know has not come yet."""

    def __init__(self, wanted: int, taken: int) -> None:
        super().__init__(wanted, taken)
        self.wanted = wanted
        self.taken = taken


class ScopeBusyError(Exception):
    """The question was not answered in its time, and may be asked again; `reading` where its scope is being read."""

    def __init__(self, reading: bool) -> None:
        super().__init__(reading)
        self.reading = reading


class DatabaseAwayError(Exception):
    """The database does not answer."""


class ReaderBounds(Struct, frozen=True):
    """Seconds that a question may take, its scope's reading among them; and how many questions may be under way."""

    wait: float = 60.0
    most: int = 32


class TakenScopeRow(Struct, frozen=True):
    """How a scope is taken."""

    scope: str
    seq: int
    partition: int
    rulebook: str | None
    edition: int


class RegistersReader:
    """Asks the registers of any scope; safe to be used by many at once, on one event loop."""

    def __init__(
        self,
        database: Database,
        workers: ScopeWorkers,
        now: Callable[[], datetime],
        whole_until: Callable[[int], datetime | None],
        metrics: RegistersMetrics,
        bounds: ReaderBounds | None = None,
    ) -> None:
        self._database = database
        self._workers = workers
        self._now = now
        self._whole_until = whole_until
        self._metrics = metrics
        self._bounds = bounds or ReaderBounds()
        self._under_way = 0
        self._partitions: dict[ScopeId, int] = {}

    async def ask(
        self,
        scope: ScopeId,
        asked: AskedMoment,
        work: Callable[Concatenate[KnownScope, P], T],
        *given: P.args,
        **named: P.kwargs,
    ) -> Answered[T]:
        """What `work` returns of the scope at the moment.

        Raises `ScopeNotTakenError`, `SeqNotTakenError`, `ScopeBusyError`, `DatabaseAwayError`,
        `UnknownRulebookError`, and what `work` raises.
        """
        if self._under_way >= self._bounds.most:
            self._metrics.refused.labels("busy").inc()
            raise ScopeBusyError(reading=False)
        self._under_way += 1
        try:
            head, whole_until = await self._head_and_whole_until(scope, asked.min_seq)
            return await self._answer(self._meant(head, asked, whole_until), work, given, named)
        finally:
            self._under_way -= 1

    async def _head_and_whole_until(
        self, scope: ScopeId, min_seq: int | None
    ) -> tuple[TakenHead, datetime | None]:
        """How far the scope is taken, and up to when no fact is missing there: what is whole is looked up first, since
        what was taken while it came about is part of it."""
        known = self._partitions.get(scope) if min_seq is None else None
        whole_until = self._whole_until(known) if known is not None else None
        head = await self._head(scope, min_seq)
        if head.partition != known:
            self._partitions[scope] = head.partition
            whole_until = self._whole_until(head.partition)
            if whole_until is not None:
                head = await self._head(scope, None)
        return head, whole_until

    async def warm(self, head: TakenHead) -> None:
        """Read a scope up to this head, whatever that takes."""
        while not (await self._read_on(head)).there:
            pass

    async def scope_of(self, office: str) -> ScopeId:
        """The scope of an office. Raises `OfficeNotTakenError`, `DatabaseAwayError`."""
        rows = await self._rows("scope_of_office", {"office": office})
        if not rows:
            raise OfficeNotTakenError(office)
        return ScopeId(str(rows[0][0]))

    async def offices_of(self, scope: ScopeId) -> list[OfficeId]:
        """The offices of a scope that facts were taken of. Raises `DatabaseAwayError`."""
        rows = await self._rows("offices_of_scope", {"scope": scope})
        return [OfficeId(str(office)) for (office,) in rows]

    async def heads(self) -> list[TakenHead]:
        """Every scope that facts were taken of, and how far. Raises `DatabaseAwayError`."""
        return [_head_of(TakenScopeRow(*row)) for row in await self._rows("heads", {"scopes": None})]

    def _meant(self, head: TakenHead, asked: AskedMoment, whole_until: datetime | None) -> AskedScope:
        known_at = asked.known_at or self._now()
        return AskedScope(head, known_at, asked.as_of or known_at, whole_until)

    async def _answer(self, asked: AskedScope, work: Callable[..., T], given: Any, named: Any) -> Answered[T]:
        begun, held = time.monotonic(), True
        try:
            async with asyncio.timeout(self._bounds.wait):
                # Asked at once, since most often the scope is held as it was taken: a question that has it read on
                # first crosses to its process twice (`bench console`: 1 ms of the 5 that a question costs in itself).
                found = await self._ask(asked, work, given, named)
                while found is None:
                    piece = await self._read_on(asked.head)
                    held = held and piece.was_held
                    if piece.there:
                        found = await self._ask(asked, work, given, named)
        except TimeoutError:
            self._metrics.refused.labels("time").inc()
            raise ScopeBusyError(reading=not held) from None
        self._metrics.answers.labels("yes" if held else "no").observe(time.monotonic() - begun)
        return found

    async def _ask(
        self, asked: AskedScope, work: Callable[..., T], given: Any, named: Any
    ) -> Answered[T] | None:
        return await self._answered(self._workers.answer(asked, work, given, named))

    async def _read_on(self, head: TakenHead) -> ReadPiece:
        return await self._answered(self._workers.read_on(head))

    async def _answered(self, work: Awaitable[T]) -> T:
        try:
            return await work
        except psycopg.OperationalError:
            raise DatabaseAwayError from None
        except WorkerGoneError:
            self._metrics.refused.labels("gone").inc()
            raise ScopeBusyError(reading=False) from None

    async def _head(self, scope: ScopeId, min_seq: int | None) -> TakenHead:
        """How far the scope is taken, once it is as far as is asked for."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SEQ_WAIT
        while True:
            row = await self._ask_database(lambda: self._row(scope))
            taken = row.seq if row is not None else 0
            if row is not None and taken >= (min_seq or 0):
                return _head_of(row)
            if min_seq is None:
                raise ScopeNotTakenError(scope)
            if loop.time() >= deadline:
                self._metrics.refused.labels("seq").inc()
                raise SeqNotTakenError(min_seq, taken)
            await asyncio.sleep(STEP)

    def _row(self, scope: str) -> TakenScopeRow | None:
        with self._database.connection() as connection:
            return row_of(connection.execute(SQL["heads"], {"scopes": [scope]}), TakenScopeRow)

    async def _rows(self, name: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
        def read() -> list[tuple[Any, ...]]:
            with self._database.connection() as connection:
                return connection.execute(SQL[name], asked).fetchall()

        return await self._ask_database(read)

    async def _ask_database(self, read: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(read)
        except psycopg.OperationalError:
            raise DatabaseAwayError from None


def _head_of(row: TakenScopeRow) -> TakenHead:
    return TakenHead(ScopeId(row.scope), row.seq, row.partition, row.rulebook, row.edition)


async def hold_what_fits(reader: RegistersReader, most: int) -> None:
    """Read scopes one after another, so that they are held when they are asked for; those of fewest facts first."""
    try:
        for head in sorted(await reader.heads(), key=lambda one: one.seq):
            most -= head.seq
            if most < 0:
                return
            await _warm(reader, head)
    except (DatabaseAwayError, ScopeBusyError) as error:
        log.warning("scopes_not_held", error=type(error).__name__)


async def _warm(reader: RegistersReader, head: TakenHead) -> None:
    try:
        await reader.warm(head)
    except UnknownRulebookError as error:
        log.error("scope_not_held", scope=head.scope, rulebook=str(error))
