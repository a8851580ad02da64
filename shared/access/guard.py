"""The door of a service: who is nobody, may not, or may not know of it, goes no further.

It stands before the application, not in it, so that an address which somebody adds and forgets is closed. What a role
reaches within a scope (an office, own customers) only the handler can tell: it finds the permits with `permits_of`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, cast

from starlette.requests import HTTPConnection
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.caller import Caller
from shared.access.keys import KeysAwayError, KeySource
from shared.access.limits import CallerLimit
from shared.access.report import Disclosure, Passage, disclosing
from shared.access.table import PermissionTable, Permit
from shared.access.tokens import TokenRefusedError, TokenVerifier, UnknownKeyError
from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError, problem, unavailable

REALM: Final = 'Bearer realm="panke"'
_NOT_SHOWN: Final = 300
_REFUSED: Final = (403, 404)
_DOUBTED: Final = 5
"""Seconds until a token is shown again that could not be judged."""
_PERMITS: Final = "permits"
_CALLER: Final = "caller"


@dataclass(frozen=True, slots=True)
class Refusal:
    """That somebody was not let in, for the record of access."""

    status: int
    reason: str
    method: str
    action: str | None
    scope: str | None
    caller: Caller | None
    address: str | None
    detail: str | None = None


Refused: TypeAlias = Callable[[Refusal], Awaitable[None]]
Passed: TypeAlias = Callable[[Passage], Awaitable[None]]
"""Keeps what an answer shows, before it leaves. Raises `ProblemError`, and the answer does not leave."""
SessionCheck: TypeAlias = Callable[[Caller], Awaitable[str | None]]
"""What stands against a session whose token is still valid, or None."""


class Doorkeeper(Protocol):
    """What the door asks: whom a token speaks for."""

    async def caller(self, token: str) -> Caller: ...


class OfflineDoorkeeper:
    """Verifies by the key set; an unknown key has it looked up again once."""

    def __init__(self, verifier: TokenVerifier, keys: KeySource) -> None:
        self._verifier = verifier
        self._keys = keys

    async def caller(self, token: str) -> Caller:
        """Whom the token speaks for. Raises `TokenRefusedError`."""
        try:
            return self._verifier.verify(token)
        except UnknownKeyError:
            await self._keys.refresh()
            return self._verifier.verify(token)


class _Routes:
    """The addresses of a service, each with its action and the names that stand in it."""

    def __init__(self, table: PermissionTable, service: str) -> None:
        self._plain: dict[tuple[str, str], str] = {}
        self._patterns: list[tuple[str, object, str]] = []
        for method, path, action in table.routes(service):
            if "{" in path:
                self._patterns.append((method, compile_path(path)[0], action))
            else:
                self._plain[method, path] = action

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]] | None:
        """The action of an address, and what it names: a scope, a customer."""
        method = "GET" if method == "HEAD" else method
        if (plain := self._plain.get((method, path))) is not None:
            return plain, {}
        for of, pattern, action in self._patterns:
            found = pattern.match(path) if of == method else None  # type: ignore[attr-defined]
            if found is not None:
                return action, found.groupdict()
        return None


class AccessGuard:
    """Lets in who may: 401 without a valid token, 404 for what the caller may not know of, 403 with the reason."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        table: PermissionTable,
        doorkeeper: Doorkeeper,
        refused: Refused | None = None,
        passed: Passed | None = None,
        session: SessionCheck | None = None,
        limit: CallerLimit | None = None,
        doubt: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`doubt` says why this machine's time is not believed: a token that is over by it may well stand."""
        self._app = app
        self._table = table
        self._routes = _Routes(table, service)
        self._doorkeeper = doorkeeper
        self._refused = refused
        self._passed = passed
        self._session = session
        self._limit = limit
        self._doubt = doubt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = self._routes.find(scope["method"], scope["path"])
        if found is not None and self._table.actions[found[0]].who == "anyone":
            await self._app(scope, receive, send)
            return
        try:
            passage = await self._let_in(scope, *(found or (None, {})))
        except ProblemError as error:
            await problem(error.status, error.detail, headers=error.headers)(scope, receive, send)
            return
        if passage is None:
            await self._app(scope, receive, send)
        else:
            await self._on_record(passage, scope, receive, send)

    async def _let_in(self, scope: Scope, action: str | None, names: Mapping[str, str]) -> Passage | None:
        """Note who calls and by which permits; what of it goes on record. Raises `ProblemError`."""
        caller, of = None, names.get("scope")
        try:
            caller = await self._caller(HTTPConnection(scope))
            permits = self._permits(caller, action, of)
        except ProblemError as error:
            if self._refused is not None:
                await self._refused(
                    Refusal(error.status, error.detail, scope["method"], action, of, caller, _address(scope))
                )
            raise
        if self._limit is not None and caller.kind == "person":  # machines are the deployment's own
            self._limit.check(caller)  # not on record: whoever asks too often would fill it
        state = scope.setdefault("state", {})
        state[_CALLER], state[_PERMITS] = caller, permits
        act = None if action is None else self._table.actions[action].act
        if self._passed is None or act is None or action is None:
            return None
        shown = Disclosure(scope=of, customer=names.get("customer"))
        return Passage(act, action, caller, permits, _address(scope), shown)

    async def _on_record(self, passage: Passage, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer of the application, which leaves when what it shows is on record, or not at all."""
        withheld = False

        async def leaving(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start":
                try:
                    await self._noted(passage, message["status"], scope["method"])
                except ProblemError as error:
                    withheld = True
                    await problem(error.status, error.detail, headers=error.headers)(scope, receive, send)
            if not withheld:
                await send(message)

        with disclosing(passage.shown):
            await self._app(scope, receive, leaving)

    async def _noted(self, passage: Passage, status: int, method: str) -> None:
        """On record: what is shown; or that it was refused, by a handler that knows how far the caller reaches."""
        if status < _NOT_SHOWN and self._passed is not None:
            await self._passed(passage)
        elif status in _REFUSED and self._refused is not None:
            shown = passage.shown
            await self._refused(
                Refusal(
                    status,
                    "",
                    method,
                    passage.action,
                    shown.scope,
                    passage.caller,
                    passage.address,
                    shown.detail,
                )
            )

    async def _caller(self, asked: HTTPConnection) -> Caller:
        try:
            caller = await self._doorkeeper.caller(_token(asked))
            ended = None if self._session is None else await self._session(caller)
        except TokenRefusedError as error:
            if (doubt := self._doubt()) is not None:
                raise unavailable(doubt, _DOUBTED) from None
            raise _unauthorised(str(error)) from None
        except KeysAwayError:
            raise unavailable(
                bilingual("access has not said yet by which keys tokens are signed"), 1
            ) from None
        if ended is not None:
            raise _unauthorised(ended)
        return caller

    def _permits(self, caller: Caller, action: str | None, of: str | None) -> tuple[Permit, ...]:
        if action is None:
            raise ProblemError(404, bilingual("there is no such address"))
        if self._table.actions[action].who == "signed_in":
            return ()
        if of is not None and not caller.knows(of):
            raise ProblemError(404, bilingual("there is no such scope"))
        permits = self._table.permits(caller, action, of)
        if not permits:
            raise ProblemError(403, self._table.not_allowed(action))
        return permits


def address_of(request: HTTPConnection) -> str | None:
    """Where the request comes from, as the connection has it; a proxy in front is seen as itself."""
    return _address(request.scope)


def _address(scope: Scope) -> str | None:
    return scope["client"][0] if scope.get("client") else None


def caller_of(request: HTTPConnection) -> Caller:
    """Who calls; a dependency of a route that the guard stands before."""
    return cast(Caller, _state(request)[_CALLER])


def permits_of(request: HTTPConnection) -> tuple[Permit, ...]:
    """By which roles the caller came in, and how far each reaches."""
    return cast("tuple[Permit, ...]", _state(request)[_PERMITS])


def _state(request: HTTPConnection) -> dict[str, object]:
    state = request.scope.get("state")
    if not isinstance(state, dict) or _CALLER not in state:
        raise ProblemError(401, bilingual("sign in first"), headers={"WWW-Authenticate": REALM})
    return state


def _token(asked: HTTPConnection) -> str:
    given = list(_credentials(asked))
    if not given:
        raise ProblemError(
            401, bilingual("sign in first: the request carries no token"), headers={"WWW-Authenticate": REALM}
        )
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise TokenRefusedError(bilingual("Authorization must be given once, as `Bearer TOKEN`"))
    return token.strip()


def _credentials(asked: HTTPConnection) -> Iterator[str]:
    yield from asked.headers.getlist("authorization")


def _unauthorised(reason: str) -> ProblemError:
    return ProblemError(401, reason, headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'})
