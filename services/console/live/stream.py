"""Server-sent events: whoever has a page of a scope open learns within a second or two that something new was recorded.

The stream says that, and not what: the page asks for its parts again, with the token and the reach of whoever looks.
One look at a scope serves all who have it open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Path
from starlette.responses import Response, StreamingResponse

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServicesAsPerson
from services.console.frame.page import Page
from shared.contract.answers.scopes import ScopeAnswer
from shared.i18n import bilingual
from shared.platform.http.problem import unavailable

log: Final = structlog.get_logger()

ScopeName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
BEAT: Final = 15.0
"""Seconds after which a stream says that it is still there; times that are shown are counted down by the page."""
MOST: Final = 500
TURNED: Final = 900.0
"""Seconds after which a stream ends, and is begun anew by the browser with the token of then."""


class _Watch:
    """One scope that somebody has open; it is looked at as the one who opened it last, whose token is good longest."""

    def __init__(self) -> None:
        self.seq = -1
        self.moved = asyncio.Event()
        self.open = 0
        self.task: asyncio.Task[None] | None = None
        self.asked_by: ServicesAsPerson | None = None


class LiveScopes:
    """Looks at each scope that is open, `every` so many seconds, as one of those who have it open."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._watches: dict[str, _Watch] = {}
        self._open = 0

    async def stream(self, scope: str, services: ServicesAsPerson) -> AsyncIterator[bytes]:
        """`moved` with the seq of the last fact, each time that there is another; a comment while there is none."""
        watch = self._watches.setdefault(scope, _Watch())
        watch.open += 1
        watch.asked_by = services
        self._open += 1
        if watch.task is None:
            watch.task = asyncio.create_task(self._look(scope, watch))
        told = -1
        ends = asyncio.get_running_loop().time() + TURNED
        try:
            yield b"retry: 2000\n\n"
            while asyncio.get_running_loop().time() < ends:
                moved = watch.moved
                if watch.seq not in (told, -1):
                    told = watch.seq
                    yield b"event: moved\ndata: %d\n\n" % told
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT):
                        await moved.wait()
                        continue
                yield b": here\n\n"
        finally:
            self._left(scope, watch)

    @property
    def open_scopes(self) -> frozenset[str]:
        """The scopes that somebody has open."""
        return frozenset(self._watches)

    def full(self) -> bool:
        """Whether as many look as may."""
        return self._open >= MOST

    async def close(self) -> None:
        for watch in self._watches.values():
            if watch.task is not None:
                watch.task.cancel()

    def _left(self, scope: str, watch: _Watch) -> None:
        watch.open -= 1
        self._open -= 1
        if watch.open == 0:
            self._watches.pop(scope, None)
            if watch.task is not None:
                watch.task.cancel()

    async def _look(self, scope: str, watch: _Watch) -> None:
        while True:
            assert watch.asked_by is not None
            try:
                told = await watch.asked_by.get("attribution", f"/v1/scopes/{scope}", ScopeAnswer)
                if told.as_of_seq != watch.seq:
                    watch.seq = told.as_of_seq
                    watch.moved.set()
                    watch.moved = asyncio.Event()
            except ServiceRefusedError as error:
                log.info("scope_unseen", scope=scope, status=error.status)
            await asyncio.sleep(self._every)


def live_routes(live: LiveScopes) -> APIRouter:
    """The stream of a scope."""
    made = APIRouter(include_in_schema=False)

    async def stream(page: Page, scope: ScopeName) -> Response:
        """What moves in a scope."""
        if live.full():
            raise unavailable(bilingual("too many pages are open at once; reload by hand"), 30)
        return StreamingResponse(
            live.stream(scope, page.services),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},
        )

    made.add_api_route("/live/{scope}", stream, methods=["GET"], response_model=None)
    return made
