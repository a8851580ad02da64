"""The loop around jobs that a database keeps: each is taken under a lease, run, and given back where it cannot end.

What runs one, and how it ends, is whoever asks for the loop to say. A database that is away is waited for: a lease that
is not renewed runs out meanwhile, and the job is taken again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import psycopg
import structlog

from shared.platform.threads import Threads

log: Final = structlog.get_logger()

BEAT: Final = 1.0
"""Seconds between two signs of life, and between two looks for what waits."""
CLEANING: Final = 15.0


class LeasedJob(Protocol):
    """A job that was taken."""

    @property
    def id(self) -> Any: ...


Job = TypeVar("Job", bound=LeasedJob)


class LeasedJobs(Protocol[Job]):
    """The jobs of one kind, as the database keeps them."""

    def take(self) -> Job | None:
        """The one that waits longest, under a lease."""

    def leave(self, taken: Job, /) -> None:
        """Give one back."""

    def clean(self) -> tuple[int, int]:
        """Delete what was kept long enough; how many wait, and how many run."""


class JobEvents(NamedTuple):
    """What the log calls it when the database is away, and the field that names a job there."""

    away: str
    not_cleaned: str
    not_left: str
    job: str


class JobLoop(Generic[Job]):
    """Runs what waits, so many at a time; `told` hears how many wait and run."""

    def __init__(
        self,
        jobs: LeasedJobs[Job],
        threads: Threads,
        run: Callable[[Job], Awaitable[None]],
        told: Callable[[int, int], None],
        events: JobEvents,
    ) -> None:
        self._jobs = jobs
        self._threads = threads
        self._run = run
        self._told = told
        self._events = events
        self._asked = asyncio.Event()

    def wake(self) -> None:
        """One was asked for: it need not wait for the next look."""
        self._asked.set()

    async def run(self, workers: int) -> None:
        """Until it is cancelled; what runs then is given back."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._clean())
            for _ in range(workers):
                group.create_task(self._work())

    async def _clean(self) -> None:
        while True:
            try:
                self._told(*await self._threads.run(self._jobs.clean))
            except psycopg.Error as error:
                log.warning(self._events.not_cleaned, error=type(error).__name__)
            await asyncio.sleep(CLEANING)

    async def _work(self) -> None:
        while True:
            try:
                taken = await self._taken()
                if taken is not None:
                    await self._ended(taken)
                    continue
            except psycopg.Error as error:  # the lease runs out, and the job is taken again
                log.warning(self._events.away, error=type(error).__name__)
            await self._wait()

    async def _taken(self) -> Job | None:
        """One to run; what is taken while this is cancelled is given back."""
        taking = asyncio.ensure_future(self._threads.run(self._jobs.take))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            await self._given_back(taking)
            raise

    async def _given_back(self, taking: asyncio.Future[Job | None]) -> None:
        try:
            taken = await taking
        except (
            psycopg.Error
        ):  # nothing was taken; raised in the place of the cancellation it would end nothing
            return
        if taken is not None:
            await asyncio.to_thread(self._left, taken)

    async def _ended(self, taken: Job) -> None:
        try:
            await self._run(taken)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.to_thread(self._left, taken))
            raise

    async def _wait(self) -> None:
        self._asked.clear()
        try:
            async with asyncio.timeout(BEAT):
                await self._asked.wait()
        except TimeoutError:
            pass

    def _left(self, taken: Job) -> None:
        try:
            self._jobs.leave(taken)
        except psycopg.Error as error:  # the lease runs out instead
            named = {self._events.job: str(taken.id)}
            log.warning(self._events.not_left, **named, error=type(error).__name__)
