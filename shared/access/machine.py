"""How a service shows who it is itself, to the other services that it asks.

It signs in as a machine, with a login and a secret from a file; or, where something else renews tokens for it, the file
holds a token.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Final

import httpx
import msgspec
from msgspec import Struct

from shared.i18n import bilingual
from shared.platform.settings import variable

WAIT: Final = 5.0
_SOON: Final = 60.0
"""Seconds before its end at which a token is taken for over."""


class MachineTokenError(Exception):
    """The service has no token of its own; the text says why."""


class MachineCredentials(Struct, frozen=True, forbid_unknown_fields=True):
    """What the file of a machine holds; `panke access bootstrap --services` writes it."""

    client_id: str
    client_secret: str


class _Given(Struct, frozen=True):
    access_token: str
    expires_in: int


class MachineTokens:
    """The own token of a service, asked for again before it expires.

    `path` is the file (None: the service never shows who it is), `access` the address of the access service (None where
    the file holds a token), `now` a clock that never goes back.
    """

    def __init__(self, path: Path | None, access: str | None, now: Callable[[], float]) -> None:
        self._path = path
        self._access = access
        self._now = now
        self._lock = threading.Lock()
        self._known: tuple[str, float] | None = None

    def headers(self) -> dict[str, str]:
        """What a request to another service carries; it may wait for access. Raises `MachineTokenError`."""
        return {} if self._path is None else {"Authorization": f"Bearer {self.token()}"}

    def forget(self) -> None:
        """The token was refused: ask for another one next time."""
        with self._lock:
            self._known = None

    def token(self) -> str:
        """A token that is still good. Raises `MachineTokenError`."""
        with self._lock:
            if self._known is not None and self._now() < self._known[1]:
                return self._known[0]
            try:
                text = Path(self._path or "").read_bytes().strip()
            except OSError as error:
                raise MachineTokenError(f"{variable('machine')}: {error}") from None
            if self._access is None or not text.startswith(b"{"):
                return text.decode("ascii", "replace")
            given = self._signed_in(text, self._access)
            self._known = (given.access_token, self._now() + given.expires_in - _SOON)
            return given.access_token

    def _signed_in(self, text: bytes, access: str) -> _Given:
        try:
            credentials = msgspec.json.decode(text, type=MachineCredentials)
            with httpx.Client(base_url=access, timeout=WAIT, trust_env=False) as client:
                answer = client.post("/v1/access/machine-token", json=msgspec.to_builtins(credentials))
            answer.raise_for_status()
            return msgspec.json.decode(answer.content, type=_Given)
        except (httpx.HTTPError, msgspec.DecodeError) as error:
            raise MachineTokenError(
                bilingual(
                    "access at {address} gives no token: {error}", address=access, error=type(error).__name__
                )
            ) from None


class AsMachine(httpx.Auth):
    """Has a client call as the machine; a call whose token is no longer good is made once more, with another one.

    A call raises `MachineTokenError` where the machine has no token.
    """

    def __init__(self, tokens: MachineTokens) -> None:
        self._tokens = tokens

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.update(self._tokens.headers())
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._tokens.forget()
            request.headers.update(self._tokens.headers())
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        request.headers.update(await asyncio.to_thread(self._tokens.headers))
        answer = yield request
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._tokens.forget()
            request.headers.update(await asyncio.to_thread(self._tokens.headers))
            yield request
