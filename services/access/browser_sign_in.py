"""A sign-in at a provider for commands: a browser does it, and comes back to a port of this machine."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from services.access.openid.flow import PATH
from shared.access.challenge import challenge_of
from shared.access.client import AccessClient, CallRefusedError
from shared.i18n import bilingual, translated

WAIT: Final = 300.0


def tokens_by_browser(client: AccessClient, provider: str, say: Callable[[str], None]) -> Any:
    """Say which address to open, wait until the browser comes back, and have the tokens."""
    verifier, way = secrets.token_urlsafe(32), f"/{secrets.token_urlsafe(16)}"
    with HTTPServer(("127.0.0.1", 0), _handler(way)) as server:
        server.timeout = WAIT
        asked = {
            "return_to": f"http://127.0.0.1:{server.server_port}{way}",
            "challenge": challenge_of(verifier),
        }
        say(f"{translated('open in a browser').beside}: {client.address}{PATH}/{provider}?{urlencode(asked)}")
        grants: list[str] = []
        server.grants = grants  # type: ignore[attr-defined]
        server.handle_request()
    if not grants:
        raise CallRefusedError(bilingual("nobody came back from the provider"))
    if not grants[0]:
        raise CallRefusedError(bilingual("the provider let nobody in, or no account here is linked with it"))
    return client.call("POST", f"{PATH}/tokens", {"grant": grants[0], "verifier": verifier}, signed=False)


def _handler(way: str) -> type[BaseHTTPRequestHandler]:
    """Takes one request, at an address that nobody else knows."""

    class ReturningBrowser(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = parse_qs(parts.query)
            grant = asked.get("grant", [""])[0]
            right = parts.path == way and bool(grant or asked.get("error"))
            if right:
                self.server.grants.append(grant)  # type: ignore[attr-defined]
            if not right:
                said = translated("not found")
            elif grant:
                said = translated("signed in: return to the terminal")
            else:
                said = translated("nobody was let in: return to the terminal")
            self.send_response(200 if right else 404)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(said.beside.encode())

        def log_message(self, *_: object) -> None:
            """What stands in the address is in no log."""

    return ReturningBrowser
