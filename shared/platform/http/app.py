"""What every service does alike over HTTP: problems, health, readiness, metrics, and how it is served."""

from __future__ import annotations

import asyncio
import inspect
import os
import socket
import ssl
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Protocol

import msgspec
import structlog
import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.contract import BadEvent
from shared.platform.http import ANSWERED_BY
from shared.platform.http.answer_headers import OVER_TLS, AnswerHeaders
from shared.platform.http.connections import BoundedServer, Limits, bounded_by
from shared.platform.http.docs_page import add_docs
from shared.platform.http.middleware import AccessLog, BodyLimit
from shared.platform.http.openapi import DescribedApp, Document
from shared.platform.http.origin import MEDIA, OriginGuard
from shared.platform.http.problem import FieldError, ProblemError, bad_event, problem
from shared.platform.http.query_names import refuse_unknown
from shared.platform.http.tls import tls_context
from shared.platform.http.validation_words import validation_message
from shared.platform.service import Check
from shared.platform.settings import Bindable, SettingsError, check_bind, is_loopback, port_variable
from shared.platform.telemetry.log_stream import log_problem
from shared.platform.telemetry.telemetry import METRICS_TYPE

__all__ = ["Check", "Served", "create_app", "listen", "serve", "serve_async", "server"]

MIB: Final = 1024 * 1024
CHECK_TIMEOUT: Final = 2.0

"""Answers None when all is well, else what is wrong."""

_log: Final = structlog.get_logger("http")
_LIMITS: Final = Limits()


class Served(Bindable, Protocol):
    """The settings that serving needs."""

    @property
    def port(self) -> int: ...


def create_app(
    title: str,
    version: str,
    *,
    live: Mapping[str, Check],
    ready: Mapping[str, Check],
    metrics: Callable[[], bytes],
    notes: Mapping[str, Check] | None = None,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    body_limit: int = MIB,
    any_query: bool = False,
    hosts: Collection[str] = (),
    forms: Collection[str] = (),
    public: bool = False,
    examples: Mapping[str, Document] | None = None,
    schemas: Mapping[str, Document] | None = None,
    door: Door | None = None,
    media: Collection[str] = MEDIA,
    pages: Callable[[ASGIApp], ASGIApp] | None = None,
) -> FastAPI:
    """A FastAPI application with the common routes, problem documents and middlewares.

    `any_query` is for addresses that others call with a query of their own making; `hosts` are the names under which
    it may be reached besides addresses and `localhost`. A `public` one is reached from outside: it has its own routes
    and its liveness, and neither figures nor a description of itself. `examples` are shown with each call, `schemas`
    are those of its own answers, by name. `notes` are told with readiness, and make nothing unready. `door` is what
    stands before every route and lets in who may. `forms` are the paths that take files, `media` the media types of
    bodies elsewhere. `pages` stands outermost of what answers, and shows refusals to people.
    """
    app = DescribedApp(
        closed=None if door is None else door.closed,
        examples=examples,
        schemas=schemas,
        title=title,
        version=version,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        openapi_url=None if public else "/openapi.json",
        dependencies=[] if any_query else [Depends(refuse_unknown)],
    )
    _handle_problems(app)
    if public:
        _add_liveness(app, live)
    else:
        _add_probes(app, live, ready, metrics, notes or {})
        add_docs(app)
    if door is not None:
        app.add_middleware(_Behind, door=door.before)
    app.add_middleware(BodyLimit, limit=body_limit)
    app.add_middleware(OriginGuard, hosts=hosts, media=media, forms=forms)
    app.add_middleware(AccessLog)  # it also logs what the limit refuses
    if pages is not None:
        app.add_middleware(pages)
    app.add_middleware(AnswerHeaders)  # added last, so outermost: refusals say as much as answers
    return app


@dataclass(frozen=True, slots=True)
class Door:
    """What stands before an application, and which of its calls (method, path) it asks for a token."""

    before: Callable[[ASGIApp], ASGIApp]
    closed: Callable[[str, str], bool]


class _Behind:
    """The application behind its door, in the place of a middleware."""

    def __init__(self, app: ASGIApp, door: Callable[[ASGIApp], ASGIApp]) -> None:
        self._app = door(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def _handle_problems(app: FastAPI) -> None:
    app.add_exception_handler(BadEvent, _on_bad_event)
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_request_validation)


async def _on_bad_event(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadEvent)
    return bad_event(error)


async def _on_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem(error.status, error.detail, errors=error.errors, headers=error.headers)


async def _on_http_exception(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), headers=error.headers)


async def _on_request_validation(_request: Request, error: Exception) -> Response:
    """FastAPI's own findings, without the value that it refused."""
    assert isinstance(error, RequestValidationError)
    errors = [_field_error(found) for found in error.errors()]
    detail = "; ".join(f"{item['path']}: {item['message']}" for item in errors)
    return problem(422, detail, errors=errors)


def _field_error(found: Mapping[str, Any]) -> FieldError:
    path = ""
    for part in found.get("loc", ()):
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return {"path": path.removeprefix("."), "rule": str(found["type"]), "message": validation_message(found)}


def _add_liveness(app: FastAPI, live: Mapping[str, Check]) -> None:
    async def healthz() -> Response:
        return await _probe(live)

    app.add_api_route("/healthz", healthz, tags=["operation"], summary="Whether the service moves")


def _add_probes(
    app: FastAPI,
    live: Mapping[str, Check],
    ready: Mapping[str, Check],
    metrics: Callable[[], bytes],
    notes: Mapping[str, Check],
) -> None:
    _add_liveness(app, live)

    async def readyz() -> Response:
        answer = await _probe(ready, notes)
        answer.headers[ANSWERED_BY] = str(os.getpid())
        return answer

    async def metrics_page() -> Response:
        return Response(await asyncio.to_thread(metrics), media_type=METRICS_TYPE)

    app.add_api_route("/readyz", readyz, tags=["operation"], summary="Whether it can do its work now")
    app.add_api_route("/metrics", metrics_page, tags=["operation"], summary="Prometheus metrics")


async def _probe(checks: Mapping[str, Check], notes: Mapping[str, Check] = MappingProxyType({})) -> Response:
    """200 when every check is well; else 503 that says which is not, and why.

    A log that cannot be written is told with a 200: a new process would not write it either. So are notes.
    """
    failing = await _against(checks)
    if failing:
        return problem(503, "; ".join(f"{k}: {v}" for k, v in failing.items()), failing=failing)
    document = {"status": "ok"} | ({"log": unwritten} if (unwritten := log_problem()) else {})
    document |= await _against(notes)
    return Response(msgspec.json.encode(document), media_type="application/json")


async def _against(checks: Mapping[str, Check]) -> dict[str, str]:
    """What they say, of those that say anything."""
    told = await asyncio.gather(*(_ask(check) for check in checks.values()))
    return {name: reason for name, reason in zip(checks, told, strict=True) if reason is not None}


async def _ask(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            answer = check()
            return await answer if inspect.isawaitable(answer) else answer
    except TimeoutError:
        return f"no answer in {CHECK_TIMEOUT:g} s"
    except Exception as error:  # whatever a check meets is its answer: not well
        return type(error).__name__


def listen(settings: Served) -> socket.socket:
    """The bound socket; a port in use or an address that is not allowed is told by its setting."""
    check_bind(settings)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Event loops switch Nagle's delay off only where the protocol is named.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((settings.host, settings.port))
    except OSError as error:
        sock.close()
        raise SettingsError(
            f"cannot listen on {settings.host}:{settings.port} ({error.strerror}); "
            f"set {port_variable(settings)} to a port that is free"
        ) from None
    return sock


async def serve_async(
    app: FastAPI,
    settings: Served,
    sockets: Sequence[socket.socket] = (),
    limits: Limits = _LIMITS,
    proxies: Sequence[str] = (),
) -> None:
    """Serve until a signal, within the limits of connections; what is in flight is finished first."""
    bound = list(sockets) or [listen(settings)]
    tls = tls_context(settings)
    host, port = bound[0].getsockname()[:2]
    where = "loopback only" if is_loopback(host) else "every machine that reaches it"
    spoken = "https" if tls else "http, behind a proxy" if settings.tls_proxy else "http"
    _log.info("http.listening", host=host, port=str(port), reachable_by=where, speaks=spoken)
    secure = tls is not None or settings.tls_proxy
    await server(app, limits, tls, secure=secure, proxies=proxies).serve(sockets=bound)


def server(
    app: FastAPI,
    limits: Limits = _LIMITS,
    tls: ssl.SSLContext | None = None,
    *,
    secure: bool = False,
    proxies: Sequence[str] = (),
) -> BoundedServer:
    """The server of an application, not yet started.

    `secure`: it is reached over TLS alone. `proxies` are the addresses and networks of which it is believed for whom
    they ask; whoever else says so is taken for the caller.
    """
    return BoundedServer(
        uvicorn.Config(
            app,
            http=bounded_by(limits),
            ssl_context_factory=None if tls is None else lambda *_: tls,
            ws="none",
            loop="uvloop",
            lifespan="on",
            access_log=False,
            log_config=None,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            headers=[OVER_TLS] if secure else [],
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=30,
        )
    )


def serve(app: FastAPI, settings: Served, proxies: Sequence[str] = ()) -> None:
    """As `serve_async`, on an event loop of its own."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_async(app, settings, proxies=proxies))
