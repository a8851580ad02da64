"""One of several processes does a thing, such as relaying: whoever holds the lead, for as long as it holds it.

The lead is a session lock in the database, so who loses the connection has lost it (architecture, choices 3 and
4). A broker or a database that is away is waited for; nothing is lost meanwhile, since the outbox holds it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from prometheus_client import Gauge

from shared.progress import Progress

T = TypeVar("T")


class NotLeading(Exception):
    """Another process leads, or the session that held the lead is gone."""


class Lead(Protocol):
    """Used by one thread at a time."""

    def try_lead(self) -> bool:
        """Take the lead if nobody has it; keep it if we have it already."""

    def close(self) -> None:
        """Give it up."""


class Leader(ABC):
    """Works while it leads, and tries again after whatever `failures` are."""

    failures: tuple[type[Exception], ...] = (NotLeading,)

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
