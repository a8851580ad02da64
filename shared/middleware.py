"""Pure ASGI middlewares: the limit of a body, and the trace and access log of a request.

Starlette's `BaseHTTPMiddleware` runs each request in a task group of its own, which halves the throughput of
a small endpoint, so none is used. Query strings never reach a log or a trace, as they may hold a contact.
"""

import time
from typing import Final

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problem import problem
from shared.telemetry import next_span, traced

_log: Final = structlog.get_logger("http")
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class _TooLarge(HTTPException):
    """The body went past the limit while it was read; FastAPI lets through no other kind of exception."""


class BodyLimit:
    """Answers 413 to a body past the limit, whether its length was announced or not."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit
        self._detail = f"请求体超过 {limit} 字节 (the body is larger than {limit} bytes)"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if announced.isdigit() and int(announced) > self._limit:
            await self._refuse(scope, receive, send)
            return
        await self._counted(scope, receive, send)

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0
        started = False

        async def counting() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise _TooLarge(413, self._detail)
            return message

        async def watching(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counting, watching)
        except _TooLarge:
            if started:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await problem(413, self._detail, headers={"Connection": "close"})(scope, receive, send)


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
            except Exception:
                _log.exception("http.defect", method=scope["method"], path=scope["path"])
                if status:
                    raise  # half an answer is out: only closing the connection can say so
                await problem(500, "内部错误 (internal error)")(scope, receive, watching)
            finally:
                self._tell(scope, status, time.perf_counter() - begun)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        level = "debug" if scope["path"] in _PROBES else "warning" if status >= 500 else "info"
        told = {"method": scope["method"], "path": scope["path"], "status": status}
        getattr(_log, level)("http.request", **told, duration_ms=round(seconds * 1000, 2))


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)
