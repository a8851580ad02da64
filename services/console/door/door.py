"""What stands before every page: the browser's session becomes the token by which the guard and the services go.

A page that nobody listed in the table of permissions is closed to everybody, as an address of any service is. What
changes something comes from a page of this console: a browser says so itself (`Sec-Fetch-Site`, `Origin`), and what
says neither is refused; no page of another origin can have a form sent here in somebody's name.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.asking.refusals import ServiceRefusedError
from services.console.door.browser_sessions import BrowserSessions, SessionTurn
from services.console.frame.own_page import sign_in_address
from shared.access.table import PermissionTable
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError, problem

_READS: Final = frozenset({"GET", "HEAD"})
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class SessionCookie:
    """The cookie of a session: of this host alone, out of reach of scripts, and sent along by our own pages.

    Over TLS its name says that no other host has set it (`__Host-`).
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self.name = "__Host-panke" if secure else "panke"

    def of(self, request: Request) -> str | None:
        return request.cookies.get(self.name)

    def keep(self, answer: Response, turn: SessionTurn) -> None:
        """Have the browser keep the session."""
        if turn.cookie is not None:
            answer.set_cookie(
                self.name, turn.cookie, max_age=turn.lasts, path="/", secure=self._secure, httponly=True,
                samesite="lax",
            )  # fmt: skip

    def forget(self, answer: Response) -> None:
        """Have the browser forget it."""
        answer.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="lax")


class ConsoleDoor:
    """Before the guard: no session leads to the sign-in, with the page kept for afterwards."""

    def __init__(
        self, guarded: ASGIApp, table: PermissionTable, sessions: BrowserSessions, cookie: SessionCookie
    ) -> None:
        self._guarded = guarded
        self._table = table
        self._sessions = sessions
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._guarded(scope, receive, send)
            return
        request = Request(scope)
        try:
            _refuse_foreign(request)
            turn = await self._turn(request)
        except ProblemError as error:
            await problem(error.status, error.detail, headers=error.headers)(scope, receive, send)
            return
        if turn is None:
            await self._stranger(request, scope, receive, send)
            return
        await self._guarded(_with_token(scope, turn.token), receive, self._keeping(turn, send))

    async def _turn(self, request: Request) -> SessionTurn | None:
        cookie = self._cookie.of(request)
        if cookie is None:
            return None
        client = request.client
        try:
            return await self._sessions.turn(cookie, client.host if client else None)
        except ServiceRefusedError as error:
            raise ProblemError(503, error.detail, headers={"Retry-After": "2"}) from None

    async def _stranger(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        """Nobody is signed in: pages that are open to anybody are shown, every other leads to the sign-in."""
        scope = _without_token(scope)
        if _is_open(request.url.path, self._table, request.method):
            await self._guarded(scope, receive, send)
            return
        if request.method not in _READS or "hx-request" in request.headers or _is_script(request):
            # What was typed stays in the page; its script says that somebody has to sign in again.
            told = bilingual("the session is over; sign in again, nothing typed is lost")
            await problem(401, told)(scope, receive, send)
            return
        answer: Response = RedirectResponse(sign_in_address(_place(request)), 303)
        self._cookie.forget(answer)
        await answer(scope, receive, send)

    def _keeping(self, turn: SessionTurn, send: Send) -> Send:
        if turn.cookie is None:
            return send
        bearer = Response()
        self._cookie.keep(bearer, turn)
        fields = [field for field in bearer.raw_headers if field[0] == b"set-cookie"]

        async def keeping(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                # An answer that signs in or out has the last word.
                if not any(name == b"set-cookie" and self._is_session(value) for name, value in own):
                    message["headers"] = [*own, *fields]
            await send(message)

        return keeping

    def _is_session(self, value: bytes) -> bool:
        return value.startswith(self._cookie.name.encode() + b"=")


def _refuse_foreign(request: Request) -> None:
    """Raises `ProblemError` (403) for what changes something and is not said to come from a page of ours."""
    if request.method in _READS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("host", "")
    of_ours = site == "same-origin" or (site is None and origin in (f"http://{host}", f"https://{host}"))
    if not of_ours:
        raise ProblemError(403, bilingual("forms are taken from pages of this console alone"))


def _is_open(path: str, table: PermissionTable, method: str) -> bool:
    return any(
        of == ("GET" if method == "HEAD" else method)
        and table.actions[action].who == "anyone"
        and (where == path or ("{" in where and path.startswith(where.partition("{")[0])))
        for of, where, action in table.routes("console")
    )


def _is_script(request: Request) -> bool:
    """Whether a script asks, which can show no sign-in: a stream, or something to be sent."""
    return request.headers.get("sec-fetch-mode") in ("cors", "same-origin") and "text/html" not in (
        request.headers.get("accept", "")
    )


def _place(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _without_token(scope: Scope) -> Scope:
    """Whoever looks shows a cookie, and no token of their own."""
    fields = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    return {**scope, "headers": fields}


def _with_token(scope: Scope, token: str) -> Scope:
    fields = [*_without_token(scope)["headers"], (b"authorization", f"Bearer {token}".encode())]
    return {**scope, "headers": fields}
