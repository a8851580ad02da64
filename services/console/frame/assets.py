"""The files that a browser keeps: styles and scripts, each under an address that holds its digest.

Nothing comes from another host, and nothing is made before it runs: what stands in the folder is what is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from starlette.responses import Response

from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError

PATH: Final = "/assets/{digest}/{name:path}"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_KEPT: Final = "public, max-age=31536000, immutable"


class Asset:
    """One file: its bytes, its media type and its address."""

    def __init__(self, name: str, content: bytes) -> None:
        self.content = content
        self.digest = hashlib.sha256(content).hexdigest()[:16]
        self.media_type = _TYPES["." + name.rpartition(".")[2]]
        self.address = f"/assets/{self.digest}/{name}"


def _read() -> Mapping[str, Asset]:
    folder = files("services.console") / "assets"
    found: dict[str, Asset] = {}
    for one in folder.iterdir():
        inside = one.iterdir() if one.is_dir() else [one]
        for file in inside:
            name = f"{one.name}/{file.name}" if one.is_dir() else file.name
            if "." + name.rpartition(".")[2] in _TYPES:
                found[name] = Asset(name, file.read_bytes())
    return found


ASSETS: Final = _read()


def asset(name: str) -> str:
    """The address of a file, for templates."""
    return ASSETS[name].address


WORKER: Final = "/assets/desk-worker.js"
_WORKER_HEADERS: Final = {
    # The page of a desk is below another address than the worker; what the worker asks for is this console's alone.
    "service-worker-allowed": "/at/",
    "content-security-policy": "default-src 'none'; connect-src 'self'",
    "cache-control": "no-cache",
}


async def send_worker() -> Response:
    """The worker of the desk, under one address for good: a browser looks by itself whether it is another one."""
    found = ASSETS["desk_worker.js"]
    return Response(found.content, media_type=found.media_type, headers=_WORKER_HEADERS)


async def send_asset(digest: str, name: str) -> Response:
    """A file, to be kept for a year: another one has another address."""
    found = ASSETS.get(name)
    if found is None or found.digest != digest:
        raise ProblemError(404, bilingual("there is no such address"))
    return Response(found.content, media_type=found.media_type, headers={"cache-control": _KEPT})
