"""Runs replays that wait, a few at a time, each in a process of its own; the service itself judges nothing.

What a process says is heard here: how far it is, what came of it. It is ended where the replay is cancelled, where it
takes too long, and where the lease is another's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

import structlog

from services.attribution.replays.jobs import ReplayJobs, TakenReplay
from services.attribution.replays.work import ReplayDone, ReplayOrder, limit_problem, run_order
from shared.contract.answers.replays import ReplayProblem
from shared.i18n import bilingual
from shared.platform.postgres.job_loop import BEAT, JobEvents, JobLoop
from shared.platform.threads import Threads
from shared.rules.domain.case import Books

log = structlog.get_logger()

EVENTS: Final = JobEvents("replays_away", "replays_not_cleaned", "replay_not_left", job="replay")


@dataclass(slots=True)
class _Running:
    """The process of a replay, and what it has said."""

    process: SpawnProcess
    pipe: Connection
    judged: int = 0
    total: int | None = None

    def listen(self) -> ReplayDone | ReplayProblem | None:
        """What comes within a beat; the end, or None."""
        until = time.monotonic() + BEAT
        while (left := until - time.monotonic()) > 0 and self.pipe.poll(left):
            try:
                told = self.pipe.recv()
            except (EOFError, OSError):
                return self._died()
            if isinstance(told, ReplayDone | ReplayProblem):
                return told
            if isinstance(told, tuple):
                self.total = told[1]
            else:
                self.judged += told
        return None

    def _died(self) -> ReplayProblem:
        """Ended by the limit of time on the processor, or of the machine's memory."""
        self.process.join()
        told = bilingual("its process was ended: {code}", code=self.process.exitcode)
        return limit_problem(told)

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()


class ReplayRunner:
    """The part of the service; `told` hears how many wait, and how many run."""

    def __init__(
        self, jobs: ReplayJobs, books: Books, dsn: str, workers: int, told: Callable[[int, int], None]
    ) -> None:
        self._jobs = jobs
        self._books = books
        self._dsn = dsn
        self._workers = workers
        self._threads = Threads("replays", 2 * workers + 1)
        self._loop = JobLoop(jobs, self._threads, self._run, told, EVENTS)

    def wake(self) -> None:
        """One was asked for: it need not wait for the next look."""
        self._loop.wake()

    async def run(self) -> None:
        """Until it is cancelled; what runs then is given back."""
        await self._loop.run(self._workers)

    def close(self) -> None:
        self._threads.close()

    async def _run(self, taken: TakenReplay) -> None:
        log.info("replay_begun", replay=str(taken.id), scope=taken.scope)
        running: _Running | None = None
        try:
            running = await self._threads.run(self._begun, taken)
            await self._until_ended(taken, running)
        finally:
            if running is not None:
                running.end()

    def _begun(self, taken: TakenReplay) -> _Running:
        context = get_context("spawn")  # a fork of a process with threads and connections is not safe
        ours, theirs = context.Pipe()
        limits = self._jobs.bounds.limits
        books = dict(self._books)
        order = ReplayOrder(taken, books, self._dsn, limits.seconds, limits.memory_mib, limits.result_mib)
        process = context.Process(target=run_order, args=(theirs, order), daemon=True)
        process.start()
        theirs.close()
        return _Running(process, ours)

    async def _until_ended(self, taken: TakenReplay, running: _Running) -> None:
        deadline = time.monotonic() + self._jobs.bounds.limits.seconds
        while True:
            ended = await self._threads.run(running.listen)
            if isinstance(ended, ReplayDone):
                await self._threads.run(self._jobs.done, taken, ended.counts, ended.result, ended.judged)
                log.info("replay_done", replay=str(taken.id), facts=ended.judged)
                return
            if ended is None and time.monotonic() > deadline:
                seconds = self._jobs.bounds.limits.seconds
                ended = limit_problem(bilingual("it took more than {seconds} s", seconds=seconds))
            if ended is not None:
                await self._threads.run(self._jobs.failed, taken, ended)
                log.warning("replay_failed", replay=str(taken.id), rule=ended.rule)
                return
            if not await self._threads.run(self._jobs.hold, taken, running.judged, running.total):
                await self._threads.run(self._jobs.cancelled, taken)
                log.info("replay_cancelled", replay=str(taken.id))
                return
