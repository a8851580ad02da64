"""Threads of one kind of work, and clients that leave."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from shared.platform.http.disconnects import LeavingRoute
from shared.platform.threads import Threads, ThreadsBusyError
from tests.support.patience import PATIENCE


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


async def until(true: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - threads tell no loop
            await asyncio.sleep(0.01)


async def test_a_call_behind_too_many_is_refused_at_once(stop: threading.Event) -> None:
    """What may wait waits and is answered; what is more is told how many wait, and nothing of it is begun."""
    threads = Threads("reads", 1, waiting=2)
    begun: list[int] = []
    try:
        calls = [asyncio.create_task(threads.run(lambda: stop.wait(PATIENCE))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(ThreadsBusyError) as refused:
            await threads.run(begun.append, 1)
        assert (refused.value.waiting, begun) == (2, [])
        stop.set()
        assert await asyncio.gather(*calls) == [True] * 3
        assert await threads.run(lambda: "again") == "again"
    finally:
        stop.set()
        threads.close()


async def test_threads_of_one_kind_are_free_however_many_wait_for_another(stop: threading.Event) -> None:
    """A pool that is full holds up nobody who asks another one."""
    full, free = Threads("lists", 1, waiting=50), Threads("fold", 1)
    try:
        calls = [asyncio.create_task(full.run(stop.wait, PATIENCE)) for _ in range(50)]
        assert await free.run(lambda: "folded") == "folded"
        stop.set()
        await asyncio.gather(*calls)
    finally:
        stop.set()
        full.close()
        free.close()


async def test_whoever_is_cancelled_while_waiting_gives_up_the_place(stop: threading.Event) -> None:
    """The next one takes it, and what was cancelled is never begun."""
    threads, begun = Threads("reads", 1, waiting=1), list[str]()
    try:
        running = asyncio.create_task(threads.run(stop.wait, PATIENCE))
        waiting = asyncio.create_task(threads.run(begun.append, "cancelled"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        following = asyncio.create_task(threads.run(begun.append, "next"))
        await asyncio.sleep(0)
        stop.set()
        await asyncio.gather(running, following)
        assert begun == ["next"]
    finally:
        stop.set()
        threads.close()


async def test_a_client_that_leaves_has_its_work_cancelled() -> None:
    """The handler is cancelled where it stands, and gives back what it holds."""
    held: list[str] = []
    router = APIRouter(route_class=LeavingRoute)

    @router.get("/long")
    async def long() -> None:
        held.append("place")
        try:
            await asyncio.Event().wait()
        finally:
            held.remove("place")

    app = FastAPI()
    app.include_router(router)
    left, sent = asyncio.Event(), list[Any]()

    async def receive() -> Any:
        if not held:
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/long", "raw_path": b"/long", "query_string": b"",
        "headers": [], "http_version": "1.1", "scheme": "http", "server": ("desk", 80), "root_path": "",
    }  # fmt: skip
    served = asyncio.create_task(app(scope, receive, send))
    await until(lambda: held)
    left.set()
    async with asyncio.timeout(PATIENCE):
        await served
    assert held == []
