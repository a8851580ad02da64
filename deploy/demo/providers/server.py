"""The providers at one address of this machine: real HTTP, each call to whom its path belongs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from deploy.demo.providers.mail import mailing
from deploy.demo.providers.message import Arrivals, DeliveredMessage, ProviderRefusal, ProviderRequest
from deploy.demo.providers.robots import DingTalk, Feishu, RateWindow, WeCom
from deploy.demo.providers.secrets import Secrets
from deploy.demo.providers.sms import DemoSms
from deploy.demo.providers.webhook import DemoReceiver
from deploy.local.ports import HOST


class Provider(Protocol):
    """One of those who are called over HTTP; `answer` is what it says when it has taken a message."""

    @property
    def channel(self) -> str: ...
    @property
    def answer(self) -> Mapping[str, Any]: ...
    def hears(self, path: str) -> bool: ...
    def take(self, call: ProviderRequest, now: datetime) -> DeliveredMessage | ProviderRefusal: ...


@dataclass
class Providers:
    """All of them, and what has come to them."""

    known: Sequence[Provider]
    arrivals: Arrivals
    http_port: int = 0
    mail_port: int = 0

    @property
    def base(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    def take(self, call: ProviderRequest) -> tuple[int, Mapping[str, Any]]:
        """Status and body of the answer to a call."""
        provider = next((one for one in self.known if one.hears(call.path)), None)
        if provider is None:
            return 404, {"message": "not found"}
        found = provider.take(call, self.arrivals.now())
        if isinstance(found, ProviderRefusal):
            self.arrivals.refused(provider.channel, found)
            return found.status, found.answer
        self.arrivals.took(found)
        return 200, provider.answer


@contextmanager
def providing(
    secrets: Secrets, now: Callable[[], datetime], wecom_absent: date | None = None
) -> Iterator[Providers]:
    """The providers on free ports, until the end of the block."""
    arrivals = Arrivals(now)
    known: list[Provider] = [
        DingTalk(secrets.token, secrets.key, (RateWindow(20, 60.0),)),
        WeCom(secrets.token, "", (RateWindow(20, 60.0),), wecom_absent),
        Feishu(secrets.token, secrets.key, (RateWindow(5, 1.0), RateWindow(100, 60.0))),
        DemoSms(secrets.key_id, secrets.key),
        DemoReceiver(secrets.webhook),
    ]
    providers = Providers(known, arrivals)
    with _serving(providers), mailing(arrivals) as providers.mail_port:
        yield providers


@contextmanager
def _serving(providers: Providers) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, body = providers.take(_call(self))
            raw = json.dumps(body, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: object) -> None:
            """What arrived is told by the demonstration itself."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    server.daemon_threads = True
    providers.http_port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _call(request: BaseHTTPRequestHandler) -> ProviderRequest:
    parts = urlsplit(request.path)
    query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    headers = {name.lower(): value for name, value in request.headers.items()}
    return ProviderRequest(
        parts.path, query, headers, request.rfile.read(int(headers.get("content-length", "0")))
    )
