"""The loop around jobs of a database ends when it is told to, whatever the database does."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field

import psycopg
import pytest

from shared.platform.postgres.job_loop import JobEvents, JobLoop
from shared.platform.runtime import cancelled
from shared.platform.threads import Threads
from tests.support.patience import PATIENCE

EVENTS = JobEvents("away", "not_cleaned", "not_left", "job")


@dataclass(frozen=True)
class NamedJob:
    id: str


@dataclass
class HeldJobs:
    """Jobs whose taking is under way until it is let go, and answers or raises then."""

    answer: NamedJob | psycopg.Error | None
    begun: threading.Event = field(default_factory=threading.Event)
    let: threading.Event = field(default_factory=threading.Event)
    left: list[NamedJob] = field(default_factory=list)

    def take(self) -> NamedJob | None:
        self.begun.set()
        assert self.let.wait(PATIENCE)
        if isinstance(self.answer, psycopg.Error):
            raise self.answer
        return self.answer

    def leave(self, taken: NamedJob) -> None:
        self.left.append(taken)

    def clean(self) -> tuple[int, int]:
        return 0, 0


async def ended_while_taking(jobs: HeldJobs) -> None:
    """The loop, told to end while it takes a job."""
    threads = Threads("jobs", 2)
    loop = JobLoop(jobs, threads, run=never, told=lambda *_: None, events=EVENTS)
    running = asyncio.create_task(loop.run(workers=1))
    try:
        async with asyncio.timeout(PATIENCE):
            assert await asyncio.to_thread(jobs.begun.wait, PATIENCE)
            ending = asyncio.create_task(cancelled([running]))
            await asyncio.sleep(0)  # it is told
            jobs.let.set()
            await ending
    finally:
        jobs.let.set()
        threads.close()
    assert running.cancelled()


async def never(taken: NamedJob) -> None:
    raise AssertionError(f"{taken.id} is run")


@pytest.mark.parametrize(
    "error", [psycopg.OperationalError("the server is away"), psycopg.errors.AdminShutdown()]
)
async def test_told_to_end_it_ends_though_the_database_went_away(error: psycopg.Error) -> None:
    """The error of the taking does not take the place of the end that was told."""
    jobs = HeldJobs(error)
    await ended_while_taking(jobs)
    assert jobs.left == []


async def test_what_is_taken_while_it_ends_is_given_back() -> None:
    jobs = HeldJobs(NamedJob("late"))
    await ended_while_taking(jobs)
    assert jobs.left == [NamedJob("late")]


async def test_nothing_taken_is_nothing_to_give_back() -> None:
    jobs = HeldJobs(None)
    await ended_while_taking(jobs)
    assert jobs.left == []
