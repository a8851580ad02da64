"""Pure ASGI middlewares: the limits of bodies, and the trace and access log of a request.

Starlette's `BaseHTTPMiddleware` runs each request in a task group of its own, which halves the throughput of
a small endpoint, so none is used. Query strings never reach a log or a trace, as they may hold a contact.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.i18n import bilingual
from shared.platform.http.problem import problem
from shared.platform.telemetry.telemetry import next_span, traced

_log: Final = structlog.get_logger("http")
_SMALL: Final = 64 * 1024
"""A body up to this size is read without asking the budget: the number of connections bounds them."""
_BUDGET: Final = 32 * 1024 * 1024
_BUSY: Final = bilingual("too many large bodies at once; come again")
_DISCARD_TIME: Final = 10.0
_CLIENT_LEFT: Final = 499
"""The status, of the log alone, of a request whose client did not wait for the answer."""
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class _TooLargeError(HTTPException):
    """The body went past the limit while it was read; FastAPI lets through no other kind of exception."""


class _BusyError(HTTPException):
    """There was no memory for the body in time; the application answers it as any `HTTPException`."""


class BodyBudget:
    """How many bytes of bodies a service holds at once; who finds none left waits in turn, for a bounded time."""

    def __init__(self, size: int, wait: float = 5.0) -> None:
        self._free = size
        self._size = size
        self._wait = wait
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes of the budget. Raises `TimeoutError` when they are not free in time."""
        size = min(size, self._size)
        await self._take(size)
        try:
            yield
        finally:
            self._free += size
            self._serve()

    async def _take(self, size: int) -> None:
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            async with asyncio.timeout(self._wait):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self._free += size  # served in the moment in which the wait ended
            turn.cancel()
            self._serve()
            raise

    def _serve(self) -> None:
        """Whoever is next and finds enough; who has left the queue is passed over."""
        while self._waiting and (self._waiting[0][0] <= self._free or self._waiting[0][1].done()):
            size, turn = self._waiting.popleft()
            if not turn.done():
                self._free -= size
                turn.set_result(None)


class BodyLimit:
    """Answers 413 to a body past the limit, and 503 where larger bodies would take more memory than there is for them.

    A refused body is still read for a while, so that the client meets the answer and not a reset connection.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._budget = BodyBudget(max(2 * limit, _BUDGET))
        self._detail = bilingual("the body is larger than {limit} bytes", limit=limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = _announced(scope)
        size = self._limit if announced is None else announced
        if size > self._limit:
            await self._refuse(scope, receive, send)
        elif announced is not None and size <= _SMALL:  # the server reads no more than that: nothing to count
            await self._app(scope, receive, send)
        else:
            async with AsyncExitStack() as held:
                await self._counted(size, held, scope, receive, send)

    async def _counted(
        self, size: int, held: AsyncExitStack, scope: Scope, receive: Receive, send: Send
    ) -> None:
        read = 0
        holding = started = False

        async def counting() -> Message:
            nonlocal read, holding
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise _TooLargeError(413, self._detail)
            if read > _SMALL and not holding:  # announced alone, a body takes nothing from others
                holding = True
                await self._hold(size, held)
            return message

        async def watching(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counting, watching)
        except _TooLargeError:
            if started:
                raise
            await self._refuse(scope, receive, send)

    async def _hold(self, size: int, held: AsyncExitStack) -> None:
        try:
            await held.enter_async_context(self._budget.hold(size))
        except TimeoutError:
            raise _BusyError(503, _BUSY, headers={"Retry-After": "2"}) from None

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _closes(scope):
            await _discard(receive)
        await problem(413, self._detail)(scope, receive, send)


def _announced(scope: Scope) -> int | None:
    """The size of the body in bytes; None where it is not announced."""
    if _header(scope, b"transfer-encoding") is not None:
        return None
    length = _header(scope, b"content-length") or b"0"
    return int(length) if length.isdigit() else 0


def _closes(scope: Scope) -> bool:
    """Whether the connection ends with the answer: then what is still under way would turn it into a reset."""
    headers = Headers(scope=scope)
    if "expect" in headers:
        return False
    return scope["http_version"] == "1.0" or "close" in headers.get("connection", "").lower()


async def _discard(receive: Receive) -> None:
    """Read what is left of a body, for a bounded time."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DISCARD_TIME):
            while (await receive()).get("more_body", False):
                pass


class AccessLog:
    """Puts a request under its trace, says in the answer which, and logs it without its query string.

    A defect of ours is logged whole and told as nothing but a 500.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = next_span(_header(scope, b"traceparent"))
        status = 0
        begun = time.perf_counter()

        async def watching(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"traceparent", span.traceparent.encode()),
                ]
            await send(message)

        with traced(span):
            try:
                await self._app(scope, receive, watching)
            except ClientDisconnect:
                status = _CLIENT_LEFT
            except Exception:
                _log.exception("http.defect", method=scope["method"], path=scope["path"])
                if status:
                    raise  # half an answer is out: only closing the connection can say so
                await problem(500, bilingual("internal error"))(scope, receive, watching)
            finally:
                self._log_request(scope, status, time.perf_counter() - begun)

    def _log_request(self, scope: Scope, status: int, seconds: float) -> None:
        level = "debug" if scope["path"] in _PROBES else "warning" if status >= 500 else "info"
        told = {"method": scope["method"], "path": scope["path"], "status": status}
        getattr(_log, level)("http.request", **told, duration_ms=round(seconds * 1000, 2))


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)
