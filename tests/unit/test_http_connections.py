"""A connection costs a service little until its request is whole, and never more than is set."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from shared.platform.http.app import create_app
from shared.platform.http.connections import Limits
from tests.support.patience import PATIENCE
from tests.support.serving import running, until

BRIEF = Limits(
    connections=3,
    header_bytes=2000,
    header_time=0.3,
    body_grace=0.3,
    body_rate=10**9,
    idle_time=0.3,
    drain_time=2,
)
PATIENT = Limits(header_bytes=2000, header_time=600, body_grace=600, drain_time=600, idle_time=600)
UNHURRIED = Limits(connections=3, header_bytes=2000)
GET = b"GET /said HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST = b"GET /said HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
POST = b"POST /take HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"

BEGUN = POST + b"Content-Length: 2\r\nConnection: close\r\n\r\n{"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def desk() -> FastAPI:
    app = create_app("desk", "0.1.0", live={}, ready={}, metrics=lambda: b"", body_limit=100_000)

    @app.get("/said")
    async def said() -> dict[str, str]:
        return {"said": "yes"}

    @app.post("/take")
    async def take(request: Request) -> Response:
        return Response(str(len(await request.body())))

    @app.post("/names")
    async def names(request: Request) -> list[str]:
        await request.body()
        return request.headers.keys()

    @app.get("/much")
    async def much() -> Response:
        return Response(b"x" * 50_000_000)

    return app


@asynccontextmanager
async def served(limits: Limits) -> AsyncIterator[tuple[str, int]]:
    async with running(desk(), limits) as (address, _server):
        yield address


async def said(address: tuple[str, int], sent: bytes) -> bytes:
    """All that the service says to these bytes until it ends the connection."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(sent)
            await writer.drain()
        async with asyncio.timeout(PATIENCE):
            return await everything(reader)
    finally:
        writer.close()


async def everything(reader: asyncio.StreamReader) -> bytes:
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := await reader.read(65536):
            got += part
    return got


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", b""),
        (b"GET /said HT", b"HTTP/1.1 408"),
        (b"GET /said HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ", b"HTTP/1.1 408"),
        (b"\r\n\r\n\r\n", b""),
        (POST + b"Content-Length: 50\r\n\r\n{", b""),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", b""),
        (GET, b"HTTP/1.1 200"),
        (GET + b"\r\n\r\n", b"HTTP/1.1 200"),
    ],
)
async def test_what_does_not_go_on_is_ended(sent: bytes, answer: bytes) -> None:
    """A connection without a request, half a header, half a body, and silence after an answer all end."""
    async with served(BRIEF) as address:
        assert (await said(address, sent)).startswith(answer)


async def test_bytes_that_trickle_keep_no_connection() -> None:
    """One header byte after another does not put the deadline off."""
    async with served(BRIEF) as address:
        reader, writer = await asyncio.open_connection(*address)

        async def trickle() -> None:
            with contextlib.suppress(ConnectionError):
                writer.write(b"GET /said HTTP/1.1\r\nX-A: ")
                while not writer.is_closing():
                    writer.write(b"a")
                    await writer.drain()
                    await asyncio.sleep(0)

        sending = asyncio.create_task(trickle())
        async with asyncio.timeout(PATIENCE):
            assert (await everything(reader)).startswith((b"HTTP/1.1 408", b"HTTP/1.1 431"))
        writer.close()
        await sending


@pytest.mark.parametrize(
    "header",
    [
        b"X-A: " + b"a" * 3000 + b"\r\n\r\n",
        b"".join(b"X-%d: a\r\n" % n for n in range(900)) + b"\r\n",
        b"X: " + b"a" * 900_000,
    ],
)
async def test_a_header_past_its_limit_is_refused(header: bytes) -> None:
    """431, whether it came in one piece, in many fields or without an end."""
    async with served(UNHURRIED) as address:
        answer = await said(address, b"GET /said HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431")  # a reset may overtake the answer
        assert (await said(address, LAST)).startswith(b"HTTP/1.1 200")


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"


@pytest.mark.parametrize(
    "rest",
    [b"0\r\nX-A: " + b"a" * 900_000, b"0\r\n" + b"X-A: b\r\n" * 200_000, b"2;a=" + b"a" * 900_000],
    ids=["long trailer", "many trailers", "chunk extension"],
)
async def test_what_stands_beside_a_chunked_body_is_bounded(rest: bytes) -> None:
    """Trailers and chunk extensions grow no further than a header may."""
    async with served(PATIENT) as address:
        answer = await said(address, CHUNKED + rest)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431")  # a reset may overtake the answer
        assert (await said(address, LAST)).startswith(b"HTTP/1.1 200")


async def test_a_long_conversation_costs_no_later_body_its_place() -> None:
    """What came with requests that were answered does not count for the next: a client that keeps its connection, with
    a token in each header, may ask as often as it likes and then send something."""
    async with served(PATIENT) as address:
        reader, writer = await asyncio.open_connection(*address)
        try:
            for _ in range(60):
                writer.write(GET)
                assert b" 200 " in await reader.readline()
                await reader.readuntil(b'{"said":"yes"}')
            writer.write(POST + b"Content-Length: 2\r\nConnection: close\r\n\r\n")
            await writer.drain()
            await said(address, LAST)  # the header is read by then, without its body
            writer.write(b"{}")
            assert b" 200 " in await everything(reader)
        finally:
            writer.close()


async def test_trailers_of_a_body_are_no_headers_of_the_request() -> None:
    """What follows the body was not there when the header was checked."""
    async with served(PATIENT) as address:
        seen = await said(address, CHUNKED.replace(b"/take", b"/names") + b"0\r\nX-Late: a\r\n\r\n" + LAST)
        assert seen.startswith(b"HTTP/1.1 200")
        assert b"content-type" in seen
        assert b"x-late" not in seen


async def test_requests_that_are_sent_ahead_are_bounded() -> None:
    """A few are answered in their order; a crowd ends the connection instead of waiting in memory."""
    async with served(PATIENT) as address:
        assert (await said(address, GET * 99 + LAST)).count(b"HTTP/1.1 200") == 100
        assert (await said(address, GET * 5000 + LAST)).count(b"HTTP/1.1 200") < 5000


OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b"Content-Length: 2\r\n\r\n{}", b"2"),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\n{ }\r\n0\r\n\r\n", b"3"),
        (b"Content-Length: 0\r\n\r\n", b"0"),
    ],
)
async def test_an_upgrade_that_is_offered_is_ignored(body: bytes, size: bytes) -> None:
    """The body behind the offer is read as any other, and so are the requests behind it (RFC 9110, 7.8)."""
    async with served(UNHURRIED) as address:
        got = await said(address, (POST + OFFER + body) * 2 + GET[:-2] + OFFER + b"\r\n" + LAST)
        assert got.count(b"HTTP/1.1 200") == 4
        assert got.count(b"\r\n\r\n" + size) == 2
        assert got.count(b"yes") == 2


async def test_an_upgrade_is_ignored_where_the_connection_is_to_end_too() -> None:
    """It is answered, whole with its body, and then the connection ends."""
    offer = b"Connection: Upgrade, close\r\nUpgrade: h2c\r\n"
    async with served(UNHURRIED) as address:
        for asked in (GET[:-2] + offer + b"\r\n", POST + offer + b"Content-Length: 2\r\n\r\n{}"):
            got = await said(address, asked)
            assert got.startswith(b"HTTP/1.1 200") and b"connection: close" in got.lower()


async def test_an_upgrade_is_ignored_however_the_request_arrives() -> None:
    """Cut anywhere, by the network or the client, it is the same request."""
    whole = POST + OFFER + b"Content-Length: 2\r\n\r\n{}"
    async with served(PATIENT) as address:
        for cut in range(len(POST), len(whole)):
            reader, writer = await asyncio.open_connection(*address)
            writer.write(whole[:cut])
            await writer.drain()
            writer.write(whole[cut:] + LAST)
            got = await everything(reader)
            writer.close()
            assert got.count(b"HTTP/1.1 200") == 2, whole[:cut]


async def test_a_tunnel_is_not_made() -> None:
    """`CONNECT` asks for another protocol by its method, which is answered and ends the connection."""
    async with served(UNHURRIED) as address:
        got = await said(address, b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" + GET)
        assert got.startswith(b"HTTP/1.1 4")
        assert got.count(b"HTTP/1.1") == 1


async def test_a_newcomer_takes_the_place_of_who_has_waited_longest() -> None:
    """Half requests take all places; whoever comes with a whole one is served."""
    async with served(UNHURRIED) as address, contextlib.AsyncExitStack() as held:
        half = [await opened(held, address, b"GET /said HT") for _ in range(UNHURRIED.connections)]
        assert (await said(address, LAST)).startswith(b"HTTP/1.1 200")
        assert await everything(half[0][0]) == b""


async def test_where_every_place_has_a_request_in_hand_a_newcomer_is_refused() -> None:
    """503, and whoever is being served is served."""
    async with running(desk(), UNHURRIED) as (address, server), contextlib.AsyncExitStack() as held:
        busy = [await opened(held, address, BEGUN) for _ in range(UNHURRIED.connections)]
        await until(lambda: len(server.server_state.tasks) == UNHURRIED.connections)
        assert (await said(address, LAST)).startswith(b"HTTP/1.1 503")
        for _reader, writer in busy:
            writer.write(b"}")
        assert [(await everything(reader))[-1:] for reader, _writer in busy] == [b"2"] * len(busy)


async def opened(held: contextlib.AsyncExitStack, address: tuple[str, int], sent: bytes) -> Stream:
    reader, writer = await asyncio.open_connection(*address)
    held.callback(writer.close)
    writer.write(sent)
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
@pytest.mark.parametrize("size", [100_001, 9_000_000])
async def test_a_body_past_its_limit_meets_an_answer_and_no_reset(size: int, more: bytes) -> None:
    """A client that sends all before it reads learns that it was too much."""
    async with served(UNHURRIED) as address:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(POST + more + b"Content-Length: %d\r\n\r\n" % size)
        for sent in range(0, size, 65536):  # and no more: what follows a body is another request
            writer.write(b"x" * min(65536, size - sent))
            await writer.drain()
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")
        writer.close()


async def test_a_client_that_does_not_read_its_answer_is_left() -> None:
    """What waits in memory for a client that has stopped reading is dropped after a while."""
    async with running(desk(), Limits(stall_time=0.3)) as (address, server):
        with socket.create_connection(address) as client:
            client.sendall(b"GET /much HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await until(lambda: bool(server.server_state.connections))
            await until(lambda: not server.server_state.connections)
