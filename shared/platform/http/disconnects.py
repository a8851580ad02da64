"""A client that leaves before its answer is there gives up its place at once.

The framework lets a handler run to its end for nobody, and whoever waits behind it waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

LEFT: Final = 499
"""The status that the log tells of an answer that nobody waited for; no client reads it."""


class LeavingRoute(APIRoute):
    """A route without a body, whose work is cancelled when its client leaves."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.methods != {"GET"}:
            return handle  # who reads a body hears from there that the client left

        async def watched(request: Request) -> Response:
            return await until_gone(request, handle(request))

        return watched


async def until_gone(request: Request, answer: Coroutine[Any, Any, Response]) -> Response:
    """The answer, or none where the client left: then the work was cancelled."""
    work = asyncio.ensure_future(answer)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        work.cancel()
        await asyncio.wait((work,))
        return Response(status_code=LEFT)
    finally:
        work.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
