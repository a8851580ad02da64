"""A receiver of alerts as an office would run one: each call's signature is verified (Standard Webhooks)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from deploy.demo.providers.message import DeliveredMessage, ProviderRefusal, ProviderRequest, paragraphs

PATH = "/alerts"


class DemoReceiver:
    """The office's own system; what it is told in both languages it shows in its reader's."""

    channel = "webhook"
    answer: Mapping[str, Any] = {"status": "ok"}

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def hears(self, path: str) -> bool:
        return path == PATH

    def take(self, call: ProviderRequest, now: datetime) -> DeliveredMessage | ProviderRefusal:
        try:
            Webhook(self.secret).verify(call.body, dict(call.headers))
        except WebhookVerificationError as error:
            return ProviderRefusal("401", str(error), {"error": "signature"}, 401)
        data = json.loads(call.body)["data"]
        words = data["en" if data["language"] == "en" else "zh"]
        key = call.headers["webhook-id"]
        lines = tuple(paragraphs(words["text"]))
        return DeliveredMessage(now, self.channel, data["to"], f"@{data['to']}", words["subject"], lines, key)
