"""An application served on a loopback port, within the test's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from msgspec import Struct

from shared.platform.http.app import listen, server
from shared.platform.http.connections import BoundedServer, Limits
from tests.support.patience import PATIENCE


class At(Struct, frozen=True):
    """An ephemeral port on loopback."""

    host: str = "127.0.0.1"
    port: int = 0
    tls_cert: str = ""
    tls_key: str = ""
    tls_proxy: bool = False


@asynccontextmanager
async def running(app: FastAPI, limits: Limits) -> AsyncIterator[tuple[tuple[str, int], BoundedServer]]:
    """The address on which the application is served meanwhile, and its server."""
    bound = listen(At())
    bound.listen()
    one = server(app, limits)
    served = asyncio.create_task(one.serve(sockets=[bound]))
    await until(lambda: one.started)
    try:
        yield bound.getsockname()[:2], one
    finally:
        one.should_exit = True
        one.force_exit = True
        await served


async def until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Look again and again until it is so."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is looked at sets no event
            await asyncio.sleep(0.01)
