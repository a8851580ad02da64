"""How requests share transactions, and what happens to them when one fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg import errors

from services.intake.journal.committer import GroupCommitter
from services.intake.model.submission import (
    Accepted,
    IntakeUnavailableError,
    JournalPlace,
    Outcome,
    Submission,
)
from tests.support.intake import NOON, new_metrics, submission


class MemoryJournal:
    """Numbers submissions in memory; a test may hold it up or make it fail."""

    def __init__(self) -> None:
        self.groups: list[list[Submission]] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()
        self.failure: Exception | None = None
        self.poison: str | None = None

    def append(self, submissions: Sequence[Submission]) -> list[Outcome]:
        self.entered.set()
        assert self.open.wait(90)
        if self.failure is not None:
            raise self.failure
        if any(entry.id == self.poison for entry in submissions):
            raise ValueError("cannot be stored")
        start = sum(map(len, self.groups))
        self.groups.append(list(submissions))
        return [Accepted(JournalPlace(s.id, s.scope, start + n, NOON)) for n, s in enumerate(submissions, 1)]


@asynccontextmanager
async def committing(
    journal: MemoryJournal, group_size: int = 100, queue_size: int = 1000
) -> AsyncIterator[GroupCommitter]:
    committer = GroupCommitter(journal, new_metrics(), group_size=group_size, queue_size=queue_size)
    committer.start()
    try:
        yield committer
    finally:
        journal.open.set()
        await committer.close()


async def begun(journal: MemoryJournal) -> None:
    """Wait until a transaction has begun with what was queued so far."""
    assert await asyncio.to_thread(journal.entered.wait, 90)


async def test_what_arrives_while_a_transaction_runs_shares_the_next_one() -> None:
    """One request alone, then ten together; each gets its own outcome."""
    journal = MemoryJournal()
    async with committing(journal) as committer:
        journal.open.clear()
        first = committer.submit([submission()])
        await begun(journal)
        later = [submission() for _ in range(10)]
        futures = [committer.submit([entry]) for entry in later]
        journal.open.set()
        await first
        outcomes = [outcome for future in futures for outcome in await future]
    assert [len(group) for group in journal.groups] == [1, 10]
    assert [outcome.place.id for outcome in outcomes if isinstance(outcome, Accepted)] == [
        s.id for s in later
    ]


async def test_a_group_has_a_size_but_a_request_is_never_split() -> None:
    """Requests are taken whole and in order until the next one would not fit."""
    journal = MemoryJournal()
    async with committing(journal, group_size=5) as committer:
        sizes = (3, 2, 7, 4)
        await asyncio.gather(*(committer.submit([submission() for _ in range(size)]) for size in sizes))
    assert [len(group) for group in journal.groups] == [5, 7, 4]


async def test_a_full_queue_refuses_and_promises_nothing() -> None:
    """What does not fit is refused at once; what was queued before is stored."""
    journal = MemoryJournal()
    async with committing(journal, queue_size=3) as committer:
        journal.open.clear()
        running = committer.submit([submission()])
        await begun(journal)
        queued = committer.submit([submission() for _ in range(3)])
        with pytest.raises(IntakeUnavailableError):
            committer.submit([submission()])
        journal.open.set()
        await asyncio.gather(running, queued)
    assert [len(group) for group in journal.groups] == [1, 3]


@pytest.mark.parametrize("failure", [psycopg.OperationalError("gone"), errors.DiskFull("no space")])
async def test_an_outage_is_unavailable_and_passes(failure: Exception) -> None:
    """While the journal cannot be written every request is told to come again; afterwards it is stored."""
    journal = MemoryJournal()
    async with committing(journal) as committer:
        journal.failure = failure
        entry = submission()
        with pytest.raises(IntakeUnavailableError) as refused:
            await committer.submit([entry])
        assert refused.value.retry_after > 0
        journal.failure = None
        (outcome,) = await committer.submit([entry])
    assert isinstance(outcome, Accepted)


async def test_one_bad_submission_does_not_fail_its_neighbours() -> None:
    """A defect that one request meets is its own; the others of the group are stored."""
    journal = MemoryJournal()
    bad, good = submission(), submission()
    journal.poison = bad.id
    async with committing(journal) as committer:
        journal.open.clear()
        running = committer.submit([submission()])
        await begun(journal)
        futures = [committer.submit([entry]) for entry in (bad, good)]
        journal.open.set()
        results = await asyncio.gather(running, *futures, return_exceptions=True)
    assert isinstance(results[1], ValueError)
    assert [entry.id for group in journal.groups for entry in group][1:] == [good.id]


async def test_closing_finishes_what_was_queued() -> None:
    """Everything that was taken is stored before the committer ends, and nothing is taken after."""
    journal = MemoryJournal()
    async with committing(journal) as committer:
        journal.open.clear()
        futures = [committer.submit([submission()]) for _ in range(20)]
        closing = asyncio.create_task(committer.close())
        journal.open.set()
        await closing
        outcomes = [outcome for future in futures for outcome in await future]
        with pytest.raises(IntakeUnavailableError):
            committer.submit([submission()])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)


async def test_a_client_that_went_away_does_not_hurt_the_others() -> None:
    """Its event is stored all the same, for it may have been promised by the transaction already."""
    journal = MemoryJournal()
    async with committing(journal) as committer:
        journal.open.clear()
        gone, stays = committer.submit([submission()]), committer.submit([submission()])
        gone.cancel()
        journal.open.set()
        (outcome,) = await stays
    assert isinstance(outcome, Accepted)
