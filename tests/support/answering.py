"""A service inside the process of the test, and a client that asks it: no port, no process to wait for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import httpx
from fastapi import FastAPI

from tests.support.contract import JSON_BODY
from tests.support.tokens import admission


class Service(Protocol):
    """What a composition root makes."""

    app: FastAPI


@asynccontextmanager
async def answering(service: Service, auth: httpx.Auth | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """All parts of the service run inside; the client may do everything unless another is given."""
    app = service.app
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport,
            base_url="http://127.0.0.1",
            timeout=60,
            headers=JSON_BODY,
            auth=auth or admission().bearer(),
        ) as client,
    ):
        yield client
