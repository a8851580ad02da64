"""Server-sent events: whoever has a page of a scope open learns within a second or two that something new was recorded.

The stream says that, and not what: the page asks for its parts again, with the token and the reach of whoever looks.
One look at a scope serves all who have it open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

import structlog
from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServicesAsPerson
from services.console.frame.page import Page
from services.console.frame.parameters import PlaceName
from shared.contract.answers.scopes import ScopeAnswer
from shared.i18n import bilingual
from shared.platform.http.problem import unavailable

log: Final = structlog.get_logger()

BEAT: Final = 15.0
"""Seconds after which a stream says that it is still there; times that are shown are counted down by the page."""
MOST: Final = 500
SHORTEST: Final = 5.0
"""Seconds that a stream lasts at least."""


class _Watch:
    """One scope that somebody has open; it is looked at as the last of those who have, whose token is good longest."""

    def __init__(self) -> None:
        self.seq = -1
        self.moved = asyncio.Event()
        self.lookers: list[ServicesAsPerson] = []
        self.task: asyncio.Task[None] | None = None


class LiveScopes:
    """Looks at each scope that is open, `every` so many seconds, as one of those who have it open."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._watches: dict[str, _Watch] = {}
        self._open = 0

    async def stream(self, scope: str, services: ServicesAsPerson, lasts: float) -> AsyncIterator[bytes]:
        """`moved` with the seq of the last fact, each time that there is another; a comment while there is none.

        It ends after `lasts` seconds, when the token is over, and is begun anew by the browser with the next one.
        """
        watch = self._entered(scope, services)
        clock = asyncio.get_running_loop().time
        told, ends = -1, clock() + max(lasts, SHORTEST)
        try:
            yield b"retry: 2000\n\n"
            while (left := ends - clock()) > 0:
                moved = watch.moved
                if watch.seq not in (told, -1):
                    told = watch.seq
                    yield b"event: moved\ndata: %d\n\n" % told
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(BEAT, left)):
                        await moved.wait()
                        continue
                yield b": here\n\n"
        finally:
            self._left(scope, watch, services)

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

    def _entered(self, scope: str, services: ServicesAsPerson) -> _Watch:
        watch = self._watches.setdefault(scope, _Watch())
        watch.lookers.append(services)
        self._open += 1
        if watch.task is None:
            watch.task = asyncio.create_task(self._look(scope, watch))
        return watch

    def _left(self, scope: str, watch: _Watch, services: ServicesAsPerson) -> None:
        watch.lookers.remove(services)
        self._open -= 1
        if not watch.lookers:
            self._watches.pop(scope, None)
            if watch.task is not None:
                watch.task.cancel()

    async def _look(self, scope: str, watch: _Watch) -> None:
        while True:
            try:
                told = await watch.lookers[-1].get("attribution", f"/v1/scopes/{scope}", ScopeAnswer)
                if told.as_of_seq != watch.seq:
                    watch.seq = told.as_of_seq
                    watch.moved.set()
                    watch.moved = asyncio.Event()
            except ServiceRefusedError as error:
                log.info("scope_unseen", scope=scope, status=error.status)
            await asyncio.sleep(self._every)


def live_routes(live: LiveScopes, seconds: Callable[[], float]) -> APIRouter:
    """The stream of a scope; `seconds` is the time of day as tokens state it."""
    made = APIRouter(include_in_schema=False)

    async def stream(page: Page, scope: PlaceName) -> Response:
        """What moves in a scope."""
        if live.full():
            raise unavailable(bilingual("too many pages are open at once; reload by hand"), 30)
        return StreamingResponse(
            live.stream(scope, page.services, page.caller.expires_at - seconds()),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},
        )

    made.add_api_route("/live/{scope}", stream, methods=["GET"], response_model=None)
    return made
