"""Reports as providers and receivers send them, to the address for reports."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI
from standardwebhooks.webhooks import Webhook

from tests.support.contract import JSON_BODY

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 24 or more").decode()


async def post(
    app: FastAPI, path: str, body: object, headers: dict[str, str] | None = None
) -> httpx.Response:
    """One report."""
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://receipts") as client:
        return await client.post(path, content=json.dumps(body), headers=JSON_BODY | (headers or {}))


def signed(secret: str, body: object) -> dict[str, str]:
    """The headers of a receiver's own report."""
    now = datetime.now(UTC)
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("m1", now, json.dumps(body)),
    }
