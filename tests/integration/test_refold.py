"""Historic questions have limits: how many, how long, and what one that is cut off does to the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from services.attribution.historic.judge import (
    HistoricJudge,
    HistoricQuery,
    RefoldUnavailableError,
    ScopeFacts,
)
from shared.rules.rulebooks.registry import Registry
from tests.support.attribution import Journal as Line
from tests.support.patience import PATIENCE

ASKED = HistoricQuery(("shijiazhuang", 1))
BOOKS = Registry().books
QUEUE = 3


@pytest.fixture
async def refolder() -> AsyncIterator[HistoricJudge]:
    made = HistoricJudge(BOOKS, workers=2, wait=60.0, queue=QUEUE)
    yield made
    made.close()


def journal() -> ScopeFacts:
    line = Line()
    line.visit("13800000001", "li")
    line.visit("13800000002", "wang", hours=1)
    return ScopeFacts(line.lines["demo"], {})


async def test_no_more_journals_are_read_than_there_are_workers(refolder: HistoricJudge) -> None:
    """Of fifty questions at once two read theirs, three wait, and the rest is refused before anything is read."""
    go_on, read = asyncio.Event(), list[int]()

    async def ask(number: int) -> str:
        try:
            async with refolder.place():
                read.append(number)
                await go_on.wait()
                return "answered"
        except RefoldUnavailableError:
            return "refused"

    asking = [asyncio.create_task(ask(number)) for number in range(50)]
    async with asyncio.timeout(PATIENCE):
        while sum(task.done() for task in asking) < 50 - 2 - QUEUE:  # noqa: ASYNC110 - many events at once
            await asyncio.sleep(0)
    assert len(read) == 2
    go_on.set()
    told = await asyncio.gather(*asking)
    assert (told.count("answered"), told.count("refused")) == (2 + QUEUE, 50 - 2 - QUEUE)


async def test_one_that_is_cut_off_does_not_cancel_the_others(refolder: HistoricJudge) -> None:
    """Its own process is ended and replaced; who is judged beside it or waits behind it is answered."""
    (first, second), waiting = [ask(refolder) for _ in range(2)], ask(refolder)
    await asyncio.sleep(0)
    first.cancel()
    judged = [json.loads(answer or b"") for answer in await asyncio.gather(second, waiting)]
    assert [len(told["customers"]) for told in judged] == [2, 2]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_question_that_takes_too_long_is_refused_and_frees_its_place() -> None:
    """It says how long it was given, and the next one is answered by a new process."""
    refolder = HistoricJudge(BOOKS, wait=0.0)
    try:
        with pytest.raises(RefoldUnavailableError, match="0 s"):
            await refolder.judge(journal(), ASKED)
    finally:
        refolder.close()


async def test_who_leaves_while_waiting_frees_the_place(refolder: HistoricJudge) -> None:
    """As many are let in again as left."""
    asking = [ask(refolder) for _ in range(2 + QUEUE)]
    await asyncio.sleep(0)
    with pytest.raises(RefoldUnavailableError):
        await refolder.judge(journal(), ASKED)
    asking[-1].cancel()
    await asyncio.gather(asking[-1], return_exceptions=True)
    another = ask(refolder)
    answers = await asyncio.gather(*asking[:-1], another)
    assert all(answers)


async def test_one_customer_is_told_alone(refolder: HistoricJudge) -> None:
    """As the whole judgement tells it; nothing where nobody of that id was known then."""
    whole = json.loads(await refolder.judge(journal(), ASKED) or b"")["customers"]
    name = whole[1]["customer"]
    one = await refolder.judge(journal(), HistoricQuery(ASKED.book, customer=name))
    assert json.loads(one or b"") == whole[1]
    assert await refolder.judge(journal(), HistoricQuery(ASKED.book, customer="nobody")) is None


def ask(refolder: HistoricJudge) -> asyncio.Task[bytes | None]:
    return asyncio.create_task(refolder.judge(journal(), ASKED))
