"""Who may ask: a page of another origin in the user's browser may not.

The services listen on loopback, which every page in a browser on that machine reaches too: by a form or a `fetch`
with a plain content type it can write without being asked first, and by a name of its own that it lets point to
127.0.0.1 (DNS rebinding) it can read. So three things are checked before anything else:

- `Host` is an address, `localhost`, or a name that the deployment allows. A rebound name is none of them.
- `Origin`, where a browser sends it, is the origin that was asked.
- `Sec-Fetch-Site`, where a browser sends it, says that the request is of the same origin, was typed, or follows a link.

And a body is JSON or NDJSON by its media type, which no page may send to another origin unasked, and as it is: a
compressed one would be taken for damaged JSON. A form of several parts is taken at the addresses alone that take files;
behind those, as everywhere, a token decides, which no page of another origin has.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.i18n import bilingual
from shared.platform.http.problem import problem

ANY_HOST: Final = "*"
"""For an address that is meant for everybody and keeps others out by a secret."""

Field = tuple[bytes, bytes]
"""A field of the header: its name in lower case, and its value."""

_LOOKED_AT: Final = frozenset(
    {
        b"host",
        b"origin",
        b"sec-fetch-site",
        b"sec-fetch-mode",
        b"sec-fetch-dest",
        b"content-encoding",
        b"content-type",
    }
)
_REMEMBERED: Final = 256
MEDIA: Final = frozenset({"application/json", "application/x-ndjson", "application/ndjson"})
_FORM: Final = "multipart/form-data"


class OriginGuard:
    """Refuses what a page of another origin asks, and bodies that are neither JSON nor NDJSON.

    `hosts` are names, without port, besides `localhost` and addresses, under which the service may be reached; `forms`
    are the paths that take files.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] = (),
        media: Collection[str] = MEDIA,
        forms: Collection[str] = (),
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._media = frozenset(media)
        self._forms = frozenset(forms)
        # A client says the same each time; looking at it anew takes a tenth of a small request (benchmark `intake`).
        self._refusal_of = lru_cache(maxsize=_REMEMBERED)(self._refusal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            refusal = self._refusal_of(*_said(scope), scope["path"] in self._forms)
            if refusal is not None:
                await problem(*refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(
        self, method: str, has_body: bool, said: tuple[Field, ...], form: bool
    ) -> tuple[int, str] | None:
        headers = Headers(raw=list(said))
        if len(headers.getlist("host")) > 1:
            return 400, f"Host: {bilingual('may be given once only')}"
        host = headers.get("host", "")
        if not self._known(host):
            return 421, bilingual("Host is no name of this service; see PANKE_ALLOWED_HOSTS")
        if not all(_of_host(origin, host) for origin in headers.getlist("origin")):
            return 403, bilingual("requests from pages of another origin are refused")
        if not _same_site(headers, method):
            return 403, bilingual("requests from another site are refused")
        if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
            return 415, (bilingual("compressed bodies are not taken; send JSON as it is"))
        stated = _media_type(headers)
        if has_body and stated not in self._media and not (form and stated == _FORM):
            return 415, bilingual("Content-Type must be stated: application/json or application/x-ndjson")
        return None

    def _known(self, host: str) -> bool:
        if ANY_HOST in self._hosts:
            return True
        name = host_name(host)
        return name is not None and (name == "localhost" or name in self._hosts or _is_address(name))


def host_name(host: str) -> str | None:
    """The name or address of a `Host` header, in lower case, without its port; None where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        parts.port  # noqa: B018 - raises where what follows the colon is no port
    except ValueError:
        return None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        return None
    return parts.hostname


def _of_host(origin: str, host: str) -> bool:
    """Whether a page of this origin was served under this `Host`, be it by a proxy that speaks TLS."""
    scheme, separator, rest = origin.lower().partition("://")
    return bool(separator) and scheme in ("http", "https") and rest == host.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same_site(headers: Mapping[str, str], method: str) -> bool:
    """Whether the browser, where one asks, says that no page of another origin is behind the request."""
    site = headers.get("sec-fetch-site", "none")
    follows_link = (
        method in ("GET", "HEAD")
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )
    return site in ("none", "same-origin") or follows_link


def _said(scope: Scope) -> tuple[str, bool, tuple[Field, ...]]:
    """What of a request says who asks: its method, whether it has a body, and the fields that are looked at."""
    looked_at: list[Field] = []
    has_body = False
    for name, value in scope["headers"]:
        if name in _LOOKED_AT:
            looked_at.append((name, value))
        elif name == b"content-length":
            has_body = has_body or value != b"0"
        elif name == b"transfer-encoding":
            has_body = True
    return scope["method"], has_body, tuple(looked_at)


def _media_type(headers: Mapping[str, str]) -> str:
    """The media type as stated; a body without one is of none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()
