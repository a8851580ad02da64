"""Where providers report deliveries: an address of its own, with nothing else behind it.

It must be reached from outside, which the notifier's other routes must not. The secret stands in the query,
since providers can be given an address and nothing more: queries reach no log.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib import metadata

import psycopg
from fastapi import FastAPI, Request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.responses import JSONResponse, Response

from services.notifier.history.receipts import READERS, BadReportError, Receipts, Report, webhook
from services.notifier.http import database_away
from shared.platform.clock import BusinessClock, MachineClock
from shared.platform.http.app import create_app
from shared.platform.http.origin import ANY_HOST
from shared.platform.http.problem import ProblemError
from shared.platform.postgres.database import Database

# What each provider wants to hear; anything else makes it send the report again.
_TAKEN = {"aliyun": {"code": 0, "msg": "成功"}, "tencent": {"result": 0, "errmsg": "OK"}}


def receipts_app(database: Database, clock: BusinessClock, secret: str, hooks: Mapping[str, str]) -> FastAPI:
    """The application; `hooks` are the secrets of the receivers of webhooks by channel: each may report too, signed as
    it verifies, and of what went to it alone."""
    version = metadata.version("panke")
    receipts, machine = Receipts(database), MachineClock()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        database.open()
        yield
        await asyncio.to_thread(database.close)

    async def take(reports: list[Report]) -> None:
        await asyncio.to_thread(receipts.put, reports, (clock.now(), machine.now()))

    async def provider_report(provider: str, request: Request, key: str = "") -> Response:
        """A provider's report. Without the key of the settings there is nothing here."""
        reader = READERS.get(provider)
        if reader is None or not hmac.compare_digest(key.encode(), secret.encode()):
            raise ProblemError(404, "Not Found")
        await take(_reading(reader, await request.body()))
        return JSONResponse(_TAKEN[provider])

    async def webhook_report(request: Request) -> Response:
        """A receiver's own report, signed with the secret that its webhooks are signed with."""
        body = await request.body()
        whose = [channel for channel, secret in hooks.items() if _signed(secret, body, request)]
        if not whose:
            raise ProblemError(404, "Not Found")
        for channel in whose:
            await take(_reading(partial(webhook, channel=channel), body))
        return Response(status_code=204)

    app = create_app(
        "Panke receipts 判客回执",
        version,
        live={},
        ready={},
        metrics=bytes,
        lifespan=lifespan,
        any_query=True,  # a provider may add to its query, and without the key there must be nothing here
        public=True,
        hosts=(ANY_HOST,),  # providers come by whatever name the proxy in front has
    )
    app.add_exception_handler(psycopg.OperationalError, database_away)
    app.add_api_route("/receipts/webhook", webhook_report, methods=["POST"], status_code=204)
    app.add_api_route("/receipts/{provider}", provider_report, methods=["POST"])
    return app


def _reading(reader: Callable[[bytes], list[Report]], body: bytes) -> list[Report]:
    try:
        return reader(body)
    except BadReportError as error:
        raise ProblemError(422, str(error)) from None


def _signed(secret: str, body: bytes, request: Request) -> bool:
    try:
        Webhook(secret).verify(body, dict(request.headers))
    except (WebhookVerificationError, ValueError):
        return False
    return True
