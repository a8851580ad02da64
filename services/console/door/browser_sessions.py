"""The session of a browser: a sealed cookie with the refresh token, and in memory the token that is good now.

A refresh token is good once, and one that is shown again ends the session (docs/access.md): of requests that come
together one asks for the next token, and the others wait for it. A cookie from before that, sent meanwhile by another
tab, is answered with what the session has now. After a restart the cookie is all there is, and is enough.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServiceClients
from services.console.door.key_file import SessionSeal

SOON: Final = 30.0
"""Seconds before its end at which a token is taken for over."""
REMEMBERED: Final = 10_000
_ENDED: Final = (400, 401, 403, 422)


class TokensGiven(Struct, frozen=True):
    """What access answers to whoever was let in."""

    access_token: str
    expires_in: int
    login: str
    refresh_token: str
    refresh_expires_in: int
    second_factor_needed: bool = False


class BrowserCookie(Struct, frozen=True):
    """What a browser keeps, sealed. The id is drawn anew at each sign-in."""

    id: str
    refresh_token: str


class SessionTurn(Struct, frozen=True):
    """The token of a request, and the cookie that its answer sets where there is another one."""

    token: str
    cookie: str | None = None
    lasts: int = 0


class _OpenSession:
    """A session as this process knows it."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.token = ""
        self.until = 0.0
        self.refresh_token = ""
        self.cookie = ""
        self.lasts = 0


class BrowserSessions:
    """The sessions of browsers; `monotonic` is a clock that never goes back."""

    def __init__(self, seal: SessionSeal, clients: ServiceClients, monotonic: Callable[[], float]) -> None:
        self._seal = seal
        self._clients = clients
        self._monotonic = monotonic
        self._kept: OrderedDict[str, _OpenSession] = OrderedDict()

    def begin(self, given: TokensGiven) -> SessionTurn:
        """Somebody was let in: a new session under a new id, whatever the browser sent before."""
        key = secrets.token_urlsafe(16)
        kept = self._keep(key)
        self._renewed(key, kept, given)
        return SessionTurn(kept.token, kept.cookie, kept.lasts)

    async def turn(self, cookie: str, address: str | None) -> SessionTurn | None:
        """The token of a request that came with this cookie; None where the session is over.

        Raises `ServiceRefusedError` where access does not answer: the session stands, and is asked for again.
        """
        opened = self._opened(cookie)
        if opened is None:
            return None
        kept = self._keep(opened.id)
        async with kept.turn:
            if not kept.refresh_token:
                kept.refresh_token = opened.refresh_token
            over = kept.until - SOON <= self._monotonic()
            if over and not await self._renew(opened.id, kept, address):
                self._kept.pop(opened.id, None)
                return None
            changed = kept.cookie and kept.refresh_token != opened.refresh_token
            return SessionTurn(kept.token, kept.cookie if changed else None, kept.lasts)

    def renew_soon(self, cookie: str) -> None:
        """Have the next token at the next request: roles are other ones now."""
        opened = self._opened(cookie)
        if opened is not None and opened.id in self._kept:
            self._kept[opened.id].until = 0.0

    def forget(self, cookie: str) -> None:
        """The session is over."""
        opened = self._opened(cookie)
        if opened is not None:
            self._kept.pop(opened.id, None)

    def _opened(self, cookie: str) -> BrowserCookie | None:
        content = self._seal.open(cookie)
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=BrowserCookie)
        except msgspec.MsgspecError:
            return None

    async def _renew(self, key: str, kept: _OpenSession, address: str | None) -> bool:
        asked = {"refresh_token": kept.refresh_token}
        try:
            given = await self._clients.asked_by(None, address).post(
                "access", "/v1/access/refresh", asked, TokensGiven
            )
        except ServiceRefusedError as error:
            if error.status in _ENDED:
                return False
            raise
        self._renewed(key, kept, given)
        return True

    def _renewed(self, key: str, kept: _OpenSession, given: TokensGiven) -> None:
        kept.token = given.access_token
        kept.until = self._monotonic() + given.expires_in
        kept.refresh_token = given.refresh_token
        kept.lasts = given.refresh_expires_in
        kept.cookie = self._seal.seal(msgspec.json.encode(BrowserCookie(key, given.refresh_token)))

    def _keep(self, key: str) -> _OpenSession:
        kept = self._kept.setdefault(key, _OpenSession())
        self._kept.move_to_end(key)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return kept
