"""A service is served until it is told to stop, and then finishes what is in flight."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI
from msgspec import Struct

from shared.platform.http.app import create_app, listen, serve_async


class At(Struct, frozen=True):
    """An ephemeral port on loopback."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: str = ""
    tls_key: str = ""
    tls_proxy: bool = False


async def stopped_while_answering() -> tuple[httpx.Response, list[str]]:
    told: list[str] = []
    begun = asyncio.Event()
    go_on = asyncio.Event()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        told.append("open")
        yield
        told.append("closed")

    app = create_app("desk", "0.1.0", live={}, ready={}, metrics=lambda: b"", lifespan=lifespan)

    @app.get("/slow")
    async def slow() -> dict[str, str]:
        begun.set()
        await go_on.wait()
        told.append("answered")
        return {"said": "in time"}

    bound = listen(At())
    bound.listen()
    host, port = bound.getsockname()
    served = asyncio.create_task(serve_async(app, At(), [bound]))
    async with httpx.AsyncClient(timeout=60) as client:
        asked = asyncio.create_task(client.get(f"http://{host}:{port}/slow"))
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        answer = await asked
    await served
    return answer, told


def test_a_stop_lets_what_is_in_flight_finish() -> None:
    """On SIGTERM a request that has begun is answered, then the lifespan closes and serving returns."""
    answer, told = asyncio.run(stopped_while_answering())
    assert answer.json() == {"said": "in time"}
    assert told == ["open", "answered", "closed"]
