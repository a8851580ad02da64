"""A receiver of webhooks on this machine: a real HTTP server that verifies each call and answers as told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

SECRET = "whsec_cGFua2UtdGVzdC1zZWNyZXQtb2YtMzItYnl0ZXM="


@dataclass
class Receiver:
    """What arrived, in order; `statuses` are the answers to come, then 200. While `hold` is set, it answers
    nothing."""

    server: ThreadingHTTPServer
    secret: str
    taken: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hold: threading.Event | None = None
    # Goes with every answer but 200.
    retry_after: str | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.server_address[1]}/alerts?from=panke"

    def answer(self, handler: BaseHTTPRequestHandler) -> int:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        told = Webhook(self.secret).verify(body, dict(handler.headers))
        self.headers.append(dict(handler.headers))
        self.taken.append(told)
        self.ids.append(handler.headers["webhook-id"])
        if self.hold is not None:
            self.hold.wait(120)
        return self.statuses.pop(0) if self.statuses else 200


def notified_by(receiver: Receiver) -> dict[str, str]:
    """The settings of a deployment whose notifier calls this receiver alone."""
    return {
        "PANKE_NOTIFIER_CHANNELS": "webhook",
        "PANKE_NOTIFIER_WEBHOOK_URL": receiver.url,
        "PANKE_NOTIFIER_WEBHOOK_SECRET": receiver.secret,
        "PANKE_NOTIFIER_WEBHOOK_HOSTS": "localhost",
        "PANKE_NOTIFIER_ALLOW_LOOPBACK": "true",
        # What falls due at a full hour is called then, and a receiver on a slow machine is waited for.
        "PANKE_NOTIFIER_SPREAD": "0",
        "PANKE_NOTIFIER_TIMEOUT": "60",
    }


@contextmanager
def receiving(secret: str = SECRET) -> Iterator[Receiver]:
    """A receiver on a free port, stopped at the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status = kept.answer(self)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", kept.url)
            if status != 200 and kept.retry_after is not None:
                self.send_header("retry-after", kept.retry_after)
            self.send_header("content-length", "5")
            self.end_headers()
            self.wfile.write(b"taken")

        def log_message(self, format: str, *args: object) -> None:
            """The test says what arrived."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A caller that was killed does not wait for its answer."""

    server = Server(("127.0.0.1", 0), Handler)
    kept = Receiver(server, secret)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield kept
    finally:
        if kept.hold is not None:
            kept.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()
