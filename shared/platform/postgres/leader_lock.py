"""One of several processes does a thing, such as relaying: whoever holds the lead, for as long as it holds it.

The lead is a session lock in the database, so who loses the connection has lost it
(hazards.md#the-lead-of-a-lost-connection). A broker or a database that is away is waited for; nothing is lost
meanwhile, since the outbox holds it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import psycopg
from prometheus_client import Gauge

from shared.platform.liveness import Progress
from shared.platform.postgres.dedicated import Connection, Link

T = TypeVar("T")

_TRY: Final = b"SELECT pg_try_advisory_lock(%s)"
# An advisory lock of one bigint is shown as its two halves, with 1 as the third number.
_LED: Final = b"""
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = %s::oid AND objid = %s::oid AND objsubid = 1
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    )
"""


class NotLeadingError(Exception):
    """Another process leads, or the session that held the lead is gone."""


class Lead(Protocol):
    """Used by one thread at a time."""

    def try_lead(self) -> bool:
        """Take the lead if nobody has it; keep it if we have it already."""

    def close(self) -> None:
        """Give it up."""


class SessionLead:
    """The lead of an advisory lock, and the connection that holds it, for whoever may use it only while it leads.

    Used by one thread at a time. Who loses the connection finds out at the next statement.
    """

    def __init__(self, dsn: str, key: int, name: str) -> None:
        self._dsn = dsn
        self._key = key
        self._link = Link(dsn, name)
        self._leader: Connection | None = None

    def try_lead(self) -> bool:
        connection = self._link.get()
        if self._leader is connection:
            return True
        row = connection.execute(_TRY, [self._key]).fetchone()
        self._leader = connection if row is not None and row[0] else None
        return self._leader is not None

    def close(self) -> None:
        self._leader = None
        self._link.close()

    def led_by_any(self) -> bool:
        """Whether some session holds the lead, here or in another process; asked by a connection of its own."""
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            row = connection.execute(_LED, [self._key >> 32, self._key & 0xFFFFFFFF]).fetchone()
        return row is not None and bool(row[0])

    def leading(self) -> Connection:
        """The connection that holds the lead, or `NotLeadingError`."""
        if self._leader is None or self._link.get() is not self._leader:
            self._leader = None
            raise NotLeadingError
        return self._leader


class Leader(ABC):
    """Works while it leads, and tries again after whatever `failures` are."""

    failures: tuple[type[Exception], ...] = (NotLeadingError,)

    def __init__(
        self, lead: Lead, gauge: Gauge, progress: Progress, *, lead_retry: float, failure_pause: float
    ) -> None:
        self._lead = lead
        self._gauge = gauge
        self._lead_retry = lead_retry
        self._failure_pause = failure_pause
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="leader")
        self.progress = progress
        self.stopping = asyncio.Event()
        self.tried = asyncio.Event()
        """Set once it is known whether this process leads."""
        self.leads = False

    @abstractmethod
    async def work(self) -> None:
        """Work until `stopping`, with the lead."""

    @abstractmethod
    def failed(self, error: Exception) -> None:
        """Note one of `failures`."""

    async def run(self) -> None:
        """Lead when nobody else does, until `stop`."""
        try:
            while not self.stopping.is_set():
                try:
                    await self._try()
                except self.failures as error:
                    self.failed(error)
                    await self.pause(self._failure_pause)
        finally:
            self._led(False)
            await self.in_thread(self._lead.close)
            self._thread.shutdown()

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self.stopping.set()

    async def _try(self) -> None:
        self._led(False)
        self._led(await self.in_thread(self._lead.try_lead))
        self.tried.set()
        if self.leads:
            await self.work()
        else:
            self.progress.moved()
            await self.pause(self._lead_retry)

    def _led(self, leads: bool) -> None:
        self.leads = leads
        self._gauge.set(int(leads))

    async def pause(self, seconds: float) -> None:
        """Wait, but not past `stop`."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return

    async def in_thread(self, call: Callable[..., T], *arguments: object) -> T:
        """The lead's connection is for one thread: always the same one."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)
