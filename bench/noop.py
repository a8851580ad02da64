"""The limit of the intake benchmark: the same application, decoder and middlewares, and an endpoint that keeps nothing.

Run as `python -m bench.noop PORT`, under the same server, log and collector settings as intake.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from fastapi import FastAPI, Request
from msgspec import Struct
from starlette.responses import Response

from shared.contract import Event, decode_event, format_instant
from shared.platform.http.app import create_app, serve
from shared.platform.http.raw_route import RawRoute
from shared.platform.runtime import spare_collector
from shared.platform.telemetry.telemetry import configure_logging

BATCH_BYTES = 32 * 1024 * 1024


class NoopSettings(Struct, frozen=True):
    """Where to listen."""

    port: int
    host: str = "127.0.0.1"
    tls_cert: str = ""
    tls_key: str = ""
    tls_proxy: bool = False


def create() -> FastAPI:
    """Every answer has the shape and size of intake's."""
    app = create_app(
        "no-op",
        "0",
        live={},
        ready={},
        metrics=lambda: b"",
        lifespan=_nothing,
        body_limit=BATCH_BYTES,
    )

    async def post_event(request: Request) -> Response:
        event = decode_event(await request.body(), recorded=False)
        return Response(_place(event), 202, media_type="application/json")

    async def post_batch(request: Request) -> Response:
        lines = (await request.body()).split(b"\n")
        events = [decode_event(line, recorded=False) for line in lines if line]
        answer = b"".join(_place(event) + b"\n" for event in events)
        return Response(answer, 200, media_type="application/x-ndjson")

    add = partial(app.router.add_api_route, methods=["POST"], route_class_override=RawRoute)
    add("/v1/events", post_event, status_code=202)
    add("/v1/events:batch", post_batch)
    return app


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


def _place(event: Event) -> bytes:
    now = format_instant(datetime.now(UTC))
    told = f'{{"id":"{event.id}","scope":"{event.scope}","seq":1,"recorded_at":"{now}"}}'
    return told.encode()


def main(port: str) -> None:
    configure_logging("noop", "info")
    spare_collector()
    serve(create(), NoopSettings(int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
