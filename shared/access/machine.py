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

from shared.access.tokens import TokenRefusedError, demand_machine_token
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
            credentials = self._read()
            if isinstance(credentials, str):
                return credentials
            given = self._signed_in(credentials, self._address())
            self._known = (given.access_token, self._now() + given.expires_in - _SOON)
            return given.access_token

    def _read(self) -> MachineCredentials | str:
        """What the file holds: by what the machine signs in, or a token."""
        path = Path(self._path or "")
        try:
            text = path.read_bytes().strip()
        except OSError as error:
            raise MachineTokenError(f"{variable('machine')}: {error}") from None
        try:
            if text.startswith(b"{"):
                return msgspec.json.decode(text, type=MachineCredentials)
            token = text.decode("ascii")
            demand_machine_token(token)
        except (TokenRefusedError, ValueError):
            told = bilingual(
                "{file} holds no token of a machine: it must be one that access signed, or client_id and "
                "client_secret as JSON",
                file=path,
            )
            raise MachineTokenError(told) from None
        return token

    def _address(self) -> str:
        """Where access answers."""
        if self._access is not None:
            return self._access
        told = bilingual(
            "{file} holds an id and a secret, which are shown to access alone: {setting} must be its address",
            file=self._path,
            setting=variable("tokens_from"),
        )
        raise MachineTokenError(told)

    def _signed_in(self, credentials: MachineCredentials, access: str) -> _Given:
        try:
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
