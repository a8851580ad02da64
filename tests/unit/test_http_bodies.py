"""The bodies that a service holds at once are bounded, and a client that leaves in the middle is no defect."""

from __future__ import annotations

import asyncio
import io
import itertools
import json

import httpx
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from shared.platform.http.app import create_app
from shared.platform.http.connections import Limits
from shared.platform.http.middleware import BodyBudget
from shared.platform.telemetry.telemetry import configure_logging
from tests.support.contract import JSON_BODY
from tests.support.serving import running, until
from tests.unit.test_http import log  # noqa: F401 - a fixture

MIB = 1024 * 1024


async def test_what_is_not_free_is_waited_for_in_turn() -> None:
    """A small one that comes later does not overtake a large one."""
    budget = BodyBudget(10)
    served: list[str] = []

    async def one(name: str, size: int) -> None:
        async with budget.hold(size):
            served.append(name)

    async with budget.hold(8):
        waiting = [asyncio.create_task(one(name, size)) for name, size in (("large", 9), ("small", 1))]
        await asyncio.sleep(0)
        assert served == []
    await asyncio.gather(*waiting)
    assert served == ["large", "small"]


async def test_nobody_waits_for_ever_and_nothing_is_lost_by_waiting() -> None:
    """`TimeoutError` for who waited too long; who gave up or was cancelled holds nothing."""
    budget = BodyBudget(10, wait=0.02)
    async with budget.hold(10):
        with pytest.raises(TimeoutError):
            async with budget.hold(5):
                raise AssertionError
        cancelled = asyncio.create_task(budget.hold(5).__aenter__())
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
    async with budget.hold(10):
        pass


async def test_a_body_larger_than_the_whole_budget_has_it_for_itself() -> None:
    """It is not refused for ever."""
    async with BodyBudget(10).hold(1000):
        pass


def desk(let: asyncio.Event, limit: int = 20 * MIB) -> FastAPI:
    app = create_app("desk", "0.1.0", live={}, ready={}, metrics=lambda: b"", body_limit=limit)

    @app.post("/take")
    async def take(request: Request) -> Response:
        body = await request.body()
        await let.wait()
        return Response(str(len(body)))

    return app


async def test_large_bodies_beyond_what_is_held_at_once_are_told_to_come_again() -> None:
    """503 with Retry-After, while small ones are taken all the same."""
    let = asyncio.Event()
    async with (
        running(desk(let), Limits()) as ((host, port), server),
        httpx.AsyncClient(timeout=60, headers=JSON_BODY) as client,
    ):
        address = f"http://{host}:{port}/take"
        large = [asyncio.create_task(client.post(address, content=b"x" * 20 * MIB)) for _ in range(4)]
        small = asyncio.create_task(client.post(address, content=b"x"))
        for first in itertools.islice(
            asyncio.as_completed(large), 2
        ):  # those that were let in wait for `let`
            refused = await first
            assert refused.status_code == 503
            assert refused.headers["retry-after"]
        let.set()
        assert (await small).status_code == 200
        statuses = sorted(answer.status_code for answer in await asyncio.gather(*large))
        assert statuses == [200, 200, 503, 503]
        await until(lambda: not server.server_state.tasks)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("size", [b"Content-Length: 20000000", b"Transfer-Encoding: chunked"])
async def test_a_body_that_does_not_come_takes_nothing_from_others(size: bytes) -> None:
    """Large bodies that are announced and not sent keep no other from being read, chunked or not."""
    let = asyncio.Event()
    let.set()
    head = b"POST /take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    small = b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with running(desk(let), Limits(body_grace=600)) as (address, server):
        half = [await asyncio.open_connection(*address) for _ in range(5)]
        for _reader, writer in half:
            writer.write(head + size + b"\r\n\r\n")
        await until(lambda: len(server.server_state.tasks) == len(half))
        reader, one = await asyncio.open_connection(*address)
        one.write(head + small)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        for writer in [one, *(writer for _reader, writer in half)]:
            writer.close()


async def test_a_client_that_leaves_is_no_defect() -> None:
    """It is one line of the log, without a traceback."""
    stream = io.StringIO()
    configure_logging("desk", "debug", stream)
    async with running(desk(asyncio.Event()), Limits()) as ((host, port), server):
        _reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n")
        writer.write(b"Content-Length: 1000\r\n\r\n{")
        await until(lambda: bool(server.server_state.tasks))
        writer.close()
        await until(lambda: not server.server_state.tasks)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    requests = [line for line in lines if line["event"] == "http.request"]
    assert [(line["status"], line["level"]) for line in requests] == [(499, "info")]
    assert "http.defect" not in {line["event"] for line in lines}
