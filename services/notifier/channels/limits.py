"""The providers' limits, kept before the providers enforce them, over all processes of a deployment.

hazards.md#limits-of-providers: DingTalk and WeCom take 20 messages a minute from a robot, Feishu 100 a minute
and 5 a second; whoever sends more is shut out for longer than the limit is. Each key (a robot, a number) has
one row with the times of its last sendings, so that no window of the given length, wherever it begins, holds
more than it may. Times are the machine's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import psycopg
from msgspec import Struct

from services.notifier.channels import TemporaryError
from shared.platform.clock import MachineClock
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of

ZERO: Final = timedelta(0)
MARGIN: Final = timedelta(seconds=1)
T = TypeVar("T")


@dataclass(frozen=True)
class Limit:
    """At most `count` sendings in any `window`.

    A call reaches the provider later than it is counted here, and not each by as much; so the window that is
    kept is longer than the provider's by `MARGIN`.
    """

    count: int
    window: timedelta

    @property
    def kept(self) -> timedelta:
        return self.window + min(MARGIN, self.window)


class Limiter(Protocol):
    """Who may send, and when."""

    async def take(self, key: str, limits: Sequence[Limit]) -> timedelta:
        """Count one sending and answer zero; or count nothing and answer how long to wait."""

    async def wait(self, key: str, limits: Sequence[Limit]) -> timedelta:
        """How long to wait before the next sending; counts nothing."""

    async def hold(self, key: str, wait: timedelta) -> None:
        """The provider has said that it was too much: nothing more of this key for so long."""


def wait_for(
    stamps: Sequence[datetime], held_until: datetime | None, limits: Sequence[Limit], now: datetime
) -> timedelta:
    """How long from now until one more sending keeps every limit; `stamps` are the last ones, oldest first."""
    free = [held_until] if held_until is not None else []
    free += [stamps[-limit.count] + limit.kept for limit in limits if len(stamps) >= limit.count]
    return max([ZERO, *(moment - now for moment in free)])


class _Sendings(Struct, frozen=True):
    stamps: list[datetime]
    held_until: datetime | None


class DatabaseLimiter:
    """Counts in PostgreSQL: one row a key, locked while it is counted."""

    def __init__(
        self, database: Database, clock: MachineClock, hidden: Callable[[str], str] = lambda key: key
    ) -> None:
        """`hidden` makes of a key, in which a number may stand, what is kept of it."""
        self._database = database
        self._clock = clock
        self._hidden = hidden
        self._sql = queries("services.notifier")

    async def take(self, key: str, limits: Sequence[Limit]) -> timedelta:
        return await self._in_thread(lambda: self._take(self._hidden(key), limits))

    async def wait(self, key: str, limits: Sequence[Limit]) -> timedelta:
        return await self._in_thread(lambda: self._wait(self._hidden(key), limits))

    async def hold(self, key: str, wait: timedelta) -> None:
        await self._in_thread(lambda: self._hold(self._hidden(key), wait))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except psycopg.Error as error:
            # Without the count, a sending might shut the robot out for all: better late.
            raise TemporaryError(f"the limits cannot be read: {type(error).__name__}") from error

    def _take(self, key: str, limits: Sequence[Limit]) -> timedelta:
        now = self._clock.now()
        longest = max(limit.kept for limit in limits)
        with self._database.connection() as connection:
            stamps, held_until = self._row(connection, "lock_limit", {"key": key, "now": now})
            wait = wait_for(stamps, held_until, limits, now)
            if wait == ZERO:
                # A clock that is behind another process's must not bring the times out of order.
                last = max([now, *stamps[-1:]])
                kept = [*stamps, last][-max(limit.count for limit in limits) :]
                given = {"key": key, "stamps": kept, "idle_at": last + longest}
                connection.execute(self._sql["count_sending"], given)
                connection.execute(self._sql["forget_idle_limits"], {"now": now})
        return wait

    def _wait(self, key: str, limits: Sequence[Limit]) -> timedelta:
        with self._database.connection() as connection:
            stamps, held_until = self._row(connection, "read_limit", {"key": key})
        return wait_for(stamps, held_until, limits, self._clock.now())

    def _hold(self, key: str, wait: timedelta) -> None:
        now = self._clock.now()
        with self._database.connection() as connection:
            connection.execute(self._sql["hold_limit"], {"key": key, "until": now + wait, "now": now})

    def _row(
        self, connection: psycopg.Connection[tuple[object, ...]], query: str, given: Mapping[str, object]
    ) -> tuple[list[datetime], datetime | None]:
        row = row_of(connection.execute(self._sql[query], given), _Sendings)
        return (row.stamps, row.held_until) if row is not None else ([], None)


class ProcessLimiter:
    """Counts in this process alone: for one notifier without a database at hand, and for tests."""

    def __init__(self, clock: MachineClock) -> None:
        self._clock = clock
        self._stamps: dict[str, list[datetime]] = {}
        self._held: dict[str, datetime] = {}

    async def take(self, key: str, limits: Sequence[Limit]) -> timedelta:
        wait = await self.wait(key, limits)
        if wait == ZERO:
            most = max(limit.count for limit in limits)
            self._stamps[key] = [*self._stamps.get(key, []), self._clock.now()][-most:]
        return wait

    async def wait(self, key: str, limits: Sequence[Limit]) -> timedelta:
        return wait_for(self._stamps.get(key, []), self._held.get(key), limits, self._clock.now())

    async def hold(self, key: str, wait: timedelta) -> None:
        until = self._clock.now() + wait
        self._held[key] = max(until, self._held.get(key, until))
