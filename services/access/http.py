"""Signing in, going on, signing out over HTTP, and what people do with their own account."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeVar

import msgspec
import psycopg
import structlog
from fastapi import FastAPI, Request
from psycopg_pool import PoolTimeout
from starlette.responses import Response

from services.access.keys.keyring import KeyFileError, Keyring
from services.access.model import calls
from services.access.model.decoding import decode_body
from services.access.model.refusals import (
    AccessConflictError,
    AccessError,
    CodeNeededError,
    ProviderError,
    SignInRefusedError,
    TooManyAttemptsError,
    UnknownAccountError,
    WeakPasswordError,
)
from services.access.record.refusals import RefusalLog
from services.access.sessions.sessions import IssuedTokens, Sessions
from services.access.sessions.sign_in import SignIn
from shared.access.guard import REALM, caller_of
from shared.i18n import bilingual
from shared.platform.http.openapi import JSON, Document, answer, body, named
from shared.platform.http.problem import FieldError, ProblemError, problem, unavailable
from shared.platform.threads import Threads, ThreadsBusyError

T = TypeVar("T")
log: Final = structlog.get_logger()

_BODIES: Final = (
    calls.SignInAsked, calls.RefreshAsked, calls.MachineAsked, calls.SetUpAsked, calls.SignOutAsked,
    calls.PasswordAsked, calls.PasswordProof, calls.CodeAsked,
)  # fmt: skip
_MADE, _ASKED = named(*_BODIES, nullable=False)
_BODY: Final = dict(zip(_BODIES, _MADE, strict=True))
(_TOKENS, _WHO, _OFFER, _CODES, _KEYS), _ANSWERS = named(
    calls.TokensAnswer, calls.WhoAnswer, calls.SecondFactorOffer, calls.RecoveryCodes, calls.KeySetAnswer
)
SCHEMAS: Final[dict[str, Document]] = _ASKED | _ANSWERS

_UNSTORED: Final = {"cache-control": "no-store"}
"""What holds a secret stays in no cache."""
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "Not let in; `errors` says whether a second factor is asked for"},
    422: {"description": "Bad input"},
    429: {"description": "Too many attempts failed; come again after Retry-After seconds"},
}


class AccountApi:
    """What anybody may ask: to be let in, and about the own account."""

    def __init__(
        self,
        sign_in: SignIn,
        sessions: Sessions,
        keyring: Keyring,
        passwords: Threads,
        others: Threads,
        refusals: RefusalLog,
    ) -> None:
        self._sign_in = sign_in
        self._sessions = sessions
        self._keyring = keyring
        self._passwords = passwords
        self._others = others
        self._refusals = refusals

    async def sign_in(self, request: Request) -> Response:
        """Tokens for a login with its password. What is wrong is not told: an unknown login answers alike."""
        asked = decode_body(await request.body(), calls.SignInAsked)
        given = (asked.login, asked.password, asked.code, address_of(request))
        return tokens_answer(await self._passwords.run(self._sign_in.sign_in, *given))

    async def set_up(self, request: Request) -> Response:
        """Choose the password of an account by the code that was handed over; signed in with it."""
        asked = decode_body(await request.body(), calls.SetUpAsked)
        given = (asked.code, asked.password, address_of(request))
        return tokens_answer(await self._passwords.run(self._sign_in.set_up, *given))

    async def refresh(self, request: Request) -> Response:
        """The next tokens of a session. A refresh token is good once; a used one that is shown ends the session."""
        asked = decode_body(await request.body(), calls.RefreshAsked)
        address = address_of(request)
        try:
            issued = await self._others.run(self._sessions.refresh, asked.refresh_token, address)
        except SignInRefusedError:
            self._refusals.sign_in("refresh token", address)
            raise
        return tokens_answer(issued)

    async def machine(self, request: Request) -> Response:
        """A token for a machine that shows its secret (client credentials)."""
        asked = decode_body(await request.body(), calls.MachineAsked)
        given = (asked.client_id, asked.client_secret, address_of(request))
        return tokens_answer(await self._others.run(self._sessions.machine, *given))

    async def sign_out(self, request: Request) -> Response:
        """End this session, or all of the account. Here it is over at once, elsewhere when the token expires."""
        asked = decode_body(await request.body(), calls.SignOutAsked)

        def ended() -> None:
            self._sessions.end(caller_of(request), address_of(request), everywhere=asked.everywhere)

        await self._others.run(ended)
        return Response(status_code=204)

    async def who(self, request: Request) -> Response:
        """The caller, as the token says."""
        caller = caller_of(request)
        told = calls.WhoAnswer(
            caller.subject,
            caller.login,
            caller.kind,
            caller.session,
            caller.staff_roles,
            caller.granted_roles,
        )
        return as_json(told)

    async def change_password(self, request: Request) -> Response:
        """A new password ends every other session of the account."""
        asked = decode_body(await request.body(), calls.PasswordAsked)
        given = (caller_of(request), asked.password, asked.new_password, asked.code, address_of(request))
        await self._passwords.run(self._sign_in.change_password, *given)
        return Response(status_code=204)

    async def offer_second_factor(self, request: Request) -> Response:
        """Begin with an authenticator: its address, to be confirmed by a code."""
        asked = decode_body(await request.body(), calls.PasswordProof)
        given = (caller_of(request), asked.password, asked.code, address_of(request))
        return as_json(
            calls.SecondFactorOffer(await self._passwords.run(self._sign_in.offer_second_factor, *given))
        )

    async def confirm_second_factor(self, request: Request) -> Response:
        """The authenticator counts from now on; the recovery codes are shown this once."""
        asked = decode_body(await request.body(), calls.CodeAsked)
        given = (caller_of(request), asked.code, address_of(request))
        return as_json(
            calls.RecoveryCodes(await self._others.run(self._sign_in.confirm_second_factor, *given))
        )

    async def remove_second_factor(self, request: Request) -> Response:
        """Go on with the password alone."""
        asked = decode_body(await request.body(), calls.PasswordProof)
        given = (caller_of(request), asked.password, asked.code, address_of(request))
        await self._passwords.run(self._sign_in.remove_second_factor, *given)
        return Response(status_code=204)

    async def keys(self) -> Response:
        """The keys by which tokens may be signed now."""
        published = await self._others.run(self._keyring.published)
        keys = msgspec.convert({"keys": published}, calls.KeySetAnswer)
        return Response(msgspec.json.encode(keys), headers={"cache-control": "max-age=60"}, media_type=JSON)


def add_routes(app: FastAPI, api: AccountApi) -> None:
    """The routes of who is let in; what is asked of administrators and auditors stands apart."""
    handle_refusals(app)
    enter: list[str | Enum] = ["sign-in"]
    own: list[str | Enum] = ["own account"]
    tokens = {200: answer("Let in", _TOKENS), **_REFUSALS}
    done = {204: {"description": "Done"}, **_REFUSALS}
    for path, handler, asked, summary, answers, tags in (
        ("sign-in", api.sign_in, calls.SignInAsked, "Sign in with a password", tokens, enter),
        ("set-up", api.set_up, calls.SetUpAsked, "Choose a password by a set-up code", tokens, enter),
        ("refresh", api.refresh, calls.RefreshAsked, "Have the next tokens of a session", tokens, enter),
        ("machine-token", api.machine, calls.MachineAsked, "Have a token for a machine", tokens, enter),
        ("sign-out", api.sign_out, calls.SignOutAsked, "End this session, or all of one's own", done, own),
        ("password", api.change_password, calls.PasswordAsked, "Change one's own password", done, own),
        (
            "second-factor", api.offer_second_factor, calls.PasswordProof, "Begin with an authenticator",
            {200: answer("What the authenticator reads", _OFFER), **_REFUSALS}, own,
        ),
        (
            "second-factor/confirmation", api.confirm_second_factor, calls.CodeAsked,
            "Confirm an authenticator by a code", {200: answer("It counts now", _CODES), **_REFUSALS}, own,
        ),
        (
            "second-factor/removal", api.remove_second_factor, calls.PasswordProof,
            "Go on without an authenticator", done, own,
        ),
    ):  # fmt: skip
        extra = body(_BODY[asked], (asked.__doc__ or "").strip())
        add_post(app, f"/v1/access/{path}", handler, summary, answers, tags, extra)
    add_get(app, "/v1/access/me", api.who, "Who calls, and with which roles", answer("The caller", _WHO), own)
    add_get(
        app, "/.well-known/jwks.json", api.keys, "The keys by which tokens are verified",
        answer("A JWK set (RFC 7517)", _KEYS), enter,
    )  # fmt: skip


def add_post(
    app: FastAPI,
    path: str,
    handler: Callable[..., Any],
    summary: str,
    answers: dict[int | str, dict[str, Any]],
    tags: list[str | Enum],
    extra: Document,
    method: str = "POST",
) -> None:
    """A call with a body, which its handler reads itself."""
    app.add_api_route(
        path, handler, methods=[method], summary=summary, status_code=int(next(iter(answers))),
        responses=answers, tags=tags, openapi_extra=extra,
    )  # fmt: skip


def add_get(
    app: FastAPI,
    path: str,
    handler: Callable[..., Any],
    summary: str,
    told: Document,
    tags: list[str | Enum],
) -> None:
    """A question."""
    app.add_api_route(path, handler, methods=["GET"], summary=summary, responses={200: told}, tags=tags)


def as_json(value: object) -> Response:
    """An answer that may hold a secret."""
    return Response(msgspec.json.encode(value), headers=_UNSTORED, media_type=JSON)


def address_of(request: Request) -> str:
    """Where the request comes from, as the connection has it; a proxy in front is seen as itself."""
    return request.client.host if request.client is not None else "-"


def handle_refusals(app: FastAPI) -> None:
    """Every refusal of access as a problem document."""
    app.add_exception_handler(AccessError, _on_refusal)
    app.add_exception_handler(ThreadsBusyError, _on_busy)
    app.add_exception_handler(KeyFileError, _on_key_file)
    app.add_exception_handler(psycopg.OperationalError, _on_database)
    app.add_exception_handler(PoolTimeout, _on_database)


async def _on_refusal(_request: Request, error: Exception) -> Response:
    match error:
        case TooManyAttemptsError():
            return problem(429, str(error), headers={"Retry-After": str(error.retry_after)})
        case CodeNeededError():
            wanted: FieldError = {"path": "code", "rule": "required", "message": str(error)}
            return problem(401, str(error), errors=[wanted], headers={"WWW-Authenticate": REALM})
        case SignInRefusedError():
            return problem(401, str(error), headers={"WWW-Authenticate": REALM})
        case WeakPasswordError():
            weak: FieldError = {"path": "password", "rule": "strength", "message": str(error)}
            return problem(422, f"password: {error}", errors=[weak])
        case UnknownAccountError():
            return problem(404, str(error))
        case AccessConflictError():
            return problem(409, str(error))
        case ProviderError():
            return problem(502, str(error))
    raise error


async def _on_busy(_request: Request, _error: Exception) -> Response:
    refusal = unavailable(bilingual("too many sign in at once; come again"), 2)
    return problem(refusal.status, refusal.detail, headers=refusal.headers)


async def _on_key_file(_request: Request, error: Exception) -> Response:
    """Where the file lies and what is wrong with it is for operators: the log has it, as readiness does."""
    log.error("key_file_unusable", error=str(error))
    told = bilingual("access cannot work with its file of keys now; its log says why")
    return problem(503, told, headers={"Retry-After": "30"})


async def _on_database(_request: Request, _error: Exception) -> Response:
    return problem(503, bilingual("the database does not answer"), headers={"Retry-After": "5"})


def tokens_answer(issued: IssuedTokens) -> Response:
    """What whoever was let in gets."""
    more: dict[str, Any] = {}
    if issued.refresh_token is not None:
        more = {"refresh_token": issued.refresh_token, "refresh_expires_in": issued.refresh_expires_in}
    if issued.second_factor_needed:
        more["second_factor_needed"] = True
    told = calls.TokensAnswer(
        issued.access_token, "Bearer", issued.expires_in, issued.account, issued.login, **more
    )
    return as_json(told)


def refused_field(name: str, rule: str, message: str) -> ProblemError:
    """That a query parameter is not as it must be."""
    error = FieldError(path=f"query.{name}", rule=rule, message=message)
    return ProblemError(422, f"{error['path']}: {error['message']}", errors=[error])
