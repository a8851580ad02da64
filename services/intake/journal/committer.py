"""Group commit: what arrives while a transaction runs goes into the next one (ADR 0003).

One transaction is durable for many requests, so the cost of a sync to disk is shared. The journal is
synchronous and runs in a thread of its own; the queue in front of it is bounded, and what does not fit is
refused at once rather than promised.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

import psycopg
import structlog
from psycopg import errors

from services.intake.journal.heads import WentBackError
from services.intake.model.metrics import IntakeMetrics
from services.intake.model.submission import Duplicate, IntakeUnavailableError, Outcome, Submission
from shared.i18n import bilingual

log = structlog.get_logger()

REST = 30.0
RETRY_AFTER = 2
RETRY_AFTER_DISK = 30

# What is no fault of the submissions: the server is away, full, busy or out of resources.
OUTAGES = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,
    errors.IdleInTransactionSessionTimeout,
)


class Appender(Protocol):
    def append(self, submissions: Sequence[Submission]) -> list[Outcome]: ...

    def rest(self) -> None:
        """Nothing came for a while."""


class Job:
    """The submissions of one request and the future of their outcomes."""

    __slots__ = ("future", "submissions")

    def __init__(self, submissions: Sequence[Submission], future: asyncio.Future[list[Outcome]]) -> None:
        self.submissions = submissions
        self.future = future


class GroupCommitter:
    """Collects submissions into groups and appends one group at a time."""

    def __init__(
        self,
        journal: Appender,
        metrics: IntakeMetrics,
        *,
        group_size: int,
        queue_size: int,
        rest: float = REST,
    ) -> None:
        """`rest`: seconds without an event after which, and again after which, the journal is told so."""
        self._journal = journal
        self._rest = rest
        self._metrics = metrics
        self._group_size = group_size
        self._queue_size = queue_size
        self._queue: deque[Job] = deque()
        self._queued = 0
        self._wake = asyncio.Event()
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._task: asyncio.Task[None] | None = None
        self._committed: list[asyncio.Event] = []

    def start(self, on_end: Callable[[asyncio.Task[None]], None] | None = None) -> None:
        self._task = asyncio.create_task(self._run(), name="group-committer")
        if on_end is not None:
            self._task.add_done_callback(on_end)

    def notify(self, event: asyncio.Event) -> None:
        """Set `event` after each group that wrote something: the relay need not wait for its next look."""
        self._committed.append(event)

    def submit(self, submissions: Sequence[Submission]) -> asyncio.Future[list[Outcome]]:
        """Queue the submissions of one request, which stay together and in order."""
        if self._closing:
            raise IntakeUnavailableError(bilingual("the service is stopping"), RETRY_AFTER)
        if self._queued and self._queued + len(submissions) > self._queue_size:
            raise IntakeUnavailableError(bilingual("too many events are waiting to be stored"), RETRY_AFTER)
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._queue.append(Job(submissions, future))
        self._queued += len(submissions)
        self._wake.set()
        return future

    async def close(self) -> None:
        """Finish everything that was queued, then stop."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        while not (self._closing and not self._queue):
            if not self._queue:
                await self._wait()
                continue
            await self._commit(self._next_group())

    async def _wait(self) -> None:
        """Until something is queued; whoever appends is told each time that nothing was for so long."""
        self._wake.clear()
        try:
            async with asyncio.timeout(self._rest):
                await self._wake.wait()
        except TimeoutError:
            loop = asyncio.get_running_loop()
            with suppress(psycopg.Error):  # told again, and by the next group at the latest
                await loop.run_in_executor(self._thread, self._journal.rest)

    def _next_group(self) -> list[Job]:
        group = [self._queue.popleft()]
        size = len(group[0].submissions)
        while self._queue and size + len(self._queue[0].submissions) <= self._group_size:
            job = self._queue.popleft()
            group.append(job)
            size += len(job.submissions)
        self._queued -= size
        return group

    async def _commit(self, group: list[Job]) -> None:
        try:
            outcomes = await self._append([s for job in group for s in job.submissions])
        except OUTAGES as error:
            self._fail(group, _outage(error))
        except IntakeUnavailableError as error:
            if isinstance(error, WentBackError):
                self._metrics.went_back.inc()
            self._fail(group, error)
        except Exception as error:
            # One submission that the journal chokes on must not take its neighbours with it.
            log.exception("group_failed", jobs=len(group), error=type(error).__name__)
            if len(group) == 1:
                self._fail(group, error)
            else:
                for job in group:
                    await self._commit([job])
        else:
            self._settle(group, outcomes)

    async def _append(self, submissions: list[Submission]) -> list[Outcome]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._journal.append, submissions)

    def _settle(self, group: list[Job], outcomes: list[Outcome]) -> None:
        start = 0
        for job in group:
            end = start + len(job.submissions)
            if not job.future.done():  # a client that went away has cancelled its future
                job.future.set_result(outcomes[start:end])
            start = end
        self._metrics.group(outcomes)
        if not all(isinstance(outcome, Duplicate) for outcome in outcomes):
            for event in self._committed:
                event.set()

    def _fail(self, group: list[Job], error: Exception) -> None:
        self._metrics.failed_groups.inc()
        for job in group:
            if not job.future.done():
                job.future.set_exception(error)


def _outage(error: Exception) -> IntakeUnavailableError:
    """Why the journal cannot be written now, without what the server said: that may hold addresses."""
    log.warning("journal_unavailable", error=type(error).__name__, detail=str(error))
    if isinstance(error, errors.DiskFull):
        return IntakeUnavailableError(bilingual("the journal's disk is full"), RETRY_AFTER_DISK)
    return IntakeUnavailableError(bilingual("the journal cannot be written at present"), RETRY_AFTER)
