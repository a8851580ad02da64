"""Signing in at a provider over HTTP: the browser goes there and comes back, the client asks for the tokens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Final

import structlog
from fastapi import Depends, FastAPI, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from services.access.http import SCHEMAS as ACCOUNT_SCHEMAS
from services.access.http import add_get, add_post, address_of, as_json, tokens_answer
from services.access.model import calls
from services.access.model.decoding import decode_body
from services.access.model.refusals import AccessConflictError, NotLinkedError, SignInRefusedError
from services.access.openid.flow import PATH, WITHIN, OpenidSignIn, UnreachedProvider
from services.access.openid.refusal_page import reads_pages, refusal_page
from services.access.record.refusals import RefusalLog
from shared.platform.http.openapi import Document, answer, body, named
from shared.platform.http.query_names import ignore_unknown
from shared.platform.threads import Threads

COOKIE: Final = "panke_openid"
KEPT: Final = WITHIN + timedelta(hours=1)
"""Longer than a sign-in is good for: who comes back too late is told so by the client that waits."""
log: Final = structlog.get_logger()

(_ASKED,), _BODIES = named(calls.GrantForTokens, nullable=False)
(_OFFERED,), _ANSWERS = named(calls.ProvidersAnswer)
SCHEMAS: Final[dict[str, Document]] = _BODIES | _ANSWERS
_TOKENS: Final[Document] = {"$ref": "#/components/schemas/TokensAnswer"}

ProviderName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$")]
Text = Annotated[str | None, Query(max_length=4096)]
_AWAY: Final[dict[int | str, dict[str, Any]]] = {
    302: {"description": "The browser goes on there"},
    409: {"description": "There is no such provider, or nobody may be sent back there"},
}


class OpenidApi:
    """The three legs of a sign-in at a provider."""

    def __init__(
        self, openid: OpenidSignIn, threads: Threads, refusals: RefusalLog, base: str, back: str | None = None
    ) -> None:
        """`base` is where access is reached, `back` where somebody begins again who cannot be sent back."""
        self._back = back
        self._openid = openid
        self._threads = threads
        self._refusals = refusals
        self._base = base
        self._secure = base.startswith("https:")

    def _cookie(self, provider: str) -> tuple[str, str]:
        """Name and path of the cookie; over TLS it is this host's alone, which one for a path cannot be."""
        if self._secure:
            return f"__Host-{COOKIE}_{provider}", "/"
        return COOKIE, f"{PATH}/{provider}"

    async def providers(self) -> Response:
        """Who else vouches for people here, and where a browser begins; none where nobody does."""
        offered = [
            calls.OfferedProvider(name, f"{self._base}{PATH}/{name}", one.title)
            for name, one in self._openid.providers.items()
        ]
        return as_json(calls.ProvidersAnswer(offered))

    async def begin(
        self,
        request: Request,
        provider: ProviderName,
        return_to: Annotated[str, Query(max_length=2048, description="where the client waits")],
        challenge: Annotated[str, Query(pattern=r"^[A-Za-z0-9_-]{43}$", description="S256, of the client")],
    ) -> Response:
        """Send the browser to the provider; it must come back with the cookie that it gets here.

        Where the provider does not answer, it goes back to the client at once, with `error=unavailable`.
        """
        return await self._shown(request, lambda: self._begun(provider, return_to, challenge))

    async def _begun(self, provider: str, return_to: str, challenge: str) -> Response:
        begun = await self._openid.begin(provider, return_to, challenge)
        if isinstance(begun, UnreachedProvider):
            log.warning("provider_unreached", provider=provider, why=str(begun.why))
            return RedirectResponse(begun.address, 302, {"cache-control": "no-store"})
        response = RedirectResponse(begun.address, 302, {"cache-control": "no-store"})
        name, path = self._cookie(provider)
        response.set_cookie(
            name, begun.cookie, max_age=int(KEPT.total_seconds()), path=path,
            secure=self._secure, httponly=True, samesite="lax",
        )  # fmt: skip
        return response

    async def come_back(
        self,
        request: Request,
        provider: ProviderName,
        state: Text = None,
        code: Text = None,
        error: Text = None,
        iss: Text = None,
    ) -> Response:
        """Where the provider sends the browser; from here it goes to the client, with a grant that is good once.

        Whom nobody lets in goes there too, with `error`: `not_linked`, `provider`, or `too_late`. Whatever else the
        provider says besides is not read.
        """
        told = {"state": state, "code": code, "error": error, "iss": iss}
        return await self._shown(request, lambda: self._returned(request, provider, told))

    async def _returned(self, request: Request, provider: str, told: dict[str, str | None]) -> Response:
        name, path = self._cookie(provider)
        cookie = request.cookies.get(name, "")
        way = f"openid/{provider}"
        with self._noted(way, request):
            ended = await self._openid.come_back(provider, told, cookie)
        if ended.refused is not None:
            why = "no account" if isinstance(ended.refused, NotLinkedError) else "refused"
            log.warning("provider_sign_in_refused", provider=provider, why=str(ended.refused))
            self._refusals.sign_in(f"{way}: {why}", address_of(request))
        response = RedirectResponse(
            ended.address, 302, {"cache-control": "no-store", "referrer-policy": "no-referrer"}
        )
        response.delete_cookie(name, path=path, secure=self._secure, httponly=True, samesite="lax")
        return response

    async def tokens(self, request: Request) -> Response:
        """The tokens of a sign-in at a provider, for the client that began it."""
        asked = decode_body(await request.body(), calls.GrantForTokens)
        given = (asked.grant, asked.verifier, address_of(request))
        with self._noted("openid", request):
            issued = await self._threads.run(self._openid.tokens, *given)
        return tokens_answer(issued)

    async def _shown(self, request: Request, answered: Callable[[], Awaitable[Response]]) -> Response:
        """The answer, or why there is none: as a page where a browser shows it, else as every refusal."""
        try:
            return await answered()
        except (SignInRefusedError, AccessConflictError) as error:
            if not reads_pages(request):
                raise
            status = 401 if isinstance(error, SignInRefusedError) else 409
            return refusal_page(status, str(error), self._back)

    @contextmanager
    def _noted(self, way: str, request: Request) -> Iterator[None]:
        """Whatever is refused within goes on the record."""
        try:
            yield
        except SignInRefusedError:
            self._refusals.sign_in(f"{way}: refused", address_of(request))
            raise


def add_openid_routes(app: FastAPI, api: OpenidApi) -> None:
    """The routes of signing in at a provider."""
    assert "TokensAnswer" in ACCOUNT_SCHEMAS, "the answer is that of every sign-in"
    tags: list[str | Enum] = ["sign-in"]
    refused: dict[int | str, dict[str, Any]] = {401: {"description": "Not begun here, over, or used"}}
    told = answer("The providers", _OFFERED)
    add_get(app, PATH, api.providers, "Who else vouches for people here", told, tags)
    app.add_api_route(
        f"{PATH}/{{provider}}", api.begin, methods=["GET"], status_code=302, tags=tags, response_class=Response,
        summary="Begin a sign-in at a provider of OpenID Connect", responses=_AWAY,
    )  # fmt: skip
    app.add_api_route(
        f"{PATH}/{{provider}}/callback", api.come_back, methods=["GET"], status_code=302, tags=tags,
        response_class=Response, dependencies=[Depends(ignore_unknown)],
        summary="Come back from a provider of OpenID Connect", responses={**_AWAY, **refused},
    )  # fmt: skip
    let_in = {200: answer("Let in", _TOKENS), **refused}
    extra = body(_ASKED, (calls.GrantForTokens.__doc__ or "").strip())
    add_post(
        app, f"{PATH}/tokens", api.tokens, "Have the tokens of a sign-in at a provider", let_in, tags, extra
    )
