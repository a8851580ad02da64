"""A receiver of alerts as an office would run one: real HTTP, each call's signature verified (Standard Webhooks)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.local.ports import HOST


@dataclass
class Receiver:
    """The alerts that arrived, each once by its webhook id; calls whose signature was wrong are only counted."""

    secret: str
    port: int = 0
    refused: int = 0
    alerts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/alerts"

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        """The status to answer with."""
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError:
            self.refused += 1
            return 401
        lower = {name.lower(): value for name, value in headers.items()}
        self.alerts.setdefault(lower["webhook-id"], json.loads(body))
        return 204

    def told(self) -> list[dict[str, Any]]:
        """The alerts in the order of their due times, not in the chance order of their arrival."""
        alerts = [alert["data"] for alert in self.alerts.values()]
        return sorted(alerts, key=lambda data: (data["due_at"], data["alert"]))


@contextmanager
def receiving(secret: str) -> Iterator[Receiver]:
    """A receiver on a free port of this machine, until the end of the block."""
    receiver = Receiver(secret)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            self.send_response(receiver.take(body, dict(self.headers)))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """What arrived is told by the demonstration itself."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
