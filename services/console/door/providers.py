"""Signing in at a provider of OpenID Connect: the browser goes there by way of access, and comes back with a grant.

What the grant is exchanged by, a verifier, stays in a sealed cookie of the browser that began: an address that somebody
else was to open, or that stands in a history, signs nobody in, and nobody is signed in as somebody else by a link.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
import structlog
from fastapi import APIRouter, Path, Query
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.door.browser_sessions import BrowserSessions, TokensGiven
from services.console.door.door import SessionCookie
from services.console.door.key_file import SessionSeal
from services.console.frame.own_page import own_page, sign_in_address
from services.console.frame.page import Page, PageRequest
from shared.access.challenge import challenge_of
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text, bilingual, translated
from shared.platform.http.problem import ProblemError

RETURN: Final = "/sign-in/openid"
WITHIN: Final = 600
"""Seconds that somebody has at the provider; access gives them no more."""
KEPT: Final = WITHIN + 3600
"""For so long the browser knows where somebody was going, who comes back too late and begins again."""
_FOR: Final = b"panke console sign-in at a provider"

_BEGIN_AGAIN: Final = translated("This sign-in was not begun in this browser, or took too long. Begin again.")

log: Final = structlog.get_logger()

ProviderInPath = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$")]
Then = Annotated[str, Query(max_length=2000)]
Told = Annotated[str, Query(max_length=1024)]


class ProviderOffered(Struct, frozen=True):
    """A provider, and where a browser begins."""

    provider: str
    begin: str
    title: BothLanguages | None = None


class ProvidersOffered(Struct, frozen=True):
    """What access says of its providers."""

    providers: tuple[ProviderOffered, ...]


class BegunAtProvider(Struct, frozen=True):
    """What a browser keeps, sealed, while somebody is at the provider."""

    verifier: str
    then: str
    until: float


class ProviderEntrance:
    """The way to a provider and back."""

    def __init__(
        self,
        sessions: BrowserSessions,
        cookie: SessionCookie,
        seal: SessionSeal,
        now: Callable[[], float],
        *,
        secure: bool,
    ) -> None:
        self._now = now
        self._sessions = sessions
        self._cookie = cookie
        self._seal = seal
        self._secure = secure
        self._name = "__Host-panke_begun" if secure else "panke_begun"

    async def begin(self, page: Page, provider: ProviderInPath, then: Then = "/") -> Response:
        """Send the browser there; it comes back with what only this browser can use."""
        offered = next((one for one in await _offered(page) if one.provider == provider), None)
        if offered is None:
            raise ProblemError(404, bilingual("there is no such provider"))
        verifier = secrets.token_urlsafe(32)
        asked = {"return_to": self._return_to(page.request), "challenge": challenge_of(verifier)}
        answer = RedirectResponse(f"{offered.begin}?{urlencode(asked)}", 303, {"cache-control": "no-store"})
        begun = BegunAtProvider(verifier, own_page(then), self._now() + WITHIN)
        self._keep(answer, self._seal.seal(msgspec.json.encode(begun), _FOR), KEPT)
        return answer

    async def come_back(self, page: Page, grant: Told = "", error: Told = "") -> Response:
        """Let in whoever the provider vouches for, and on to where they were going."""
        begun = self._begun(page.request)
        if begun is None or begun.until < self._now():
            return await self._refused(page, "/" if begun is None else begun.then, _BEGIN_AGAIN)
        if not grant:
            return await self._refused(page, begun.then, _why(error))
        asked = {"grant": grant, "verifier": begun.verifier}
        try:
            given = await page.services.post("access", "/v1/access/openid/tokens", asked, TokensGiven)
        except ServiceRefusedError as refused:
            return await self._refused(page, begun.then, refused.detail, refused.status)
        answer = RedirectResponse(begun.then, 303, {"cache-control": "no-store"})
        self._cookie.keep(answer, self._sessions.begin(given))
        self._keep(answer, "", 0)
        return answer

    async def _refused(self, page: PageRequest, then: str, why: Text | str, status: int = 401) -> Response:
        """The page of signing in, which says why and offers every way again."""
        answer = await sign_in_page(page, then, status=status, wrong=why)
        self._keep(answer, "", 0)
        return answer

    def _return_to(self, request: Request) -> str:
        """Where access sends the browser afterwards: to this console, as the browser itself has it."""
        scheme = "https" if self._secure else "http"
        return f"{scheme}://{request.headers.get('host', '')}{RETURN}"

    def _begun(self, request: Request) -> BegunAtProvider | None:
        content = self._seal.open(request.cookies.get(self._name, ""), _FOR)
        try:
            return None if content is None else msgspec.json.decode(content, type=BegunAtProvider)
        except msgspec.MsgspecError:
            return None

    def _keep(self, answer: Response, value: str, lasts: int) -> None:
        answer.set_cookie(
            self._name, value, max_age=lasts, path="/", secure=self._secure, httponly=True, samesite="lax"
        )


async def providers(page: PageRequest) -> tuple[ProviderOffered, ...]:
    """Who vouches for people besides access itself; nobody where access does not answer that now."""
    try:
        return await _offered(page)
    except ServiceRefusedError as error:
        log.warning("providers_unknown", status=error.status)
        return ()


async def _offered(page: PageRequest) -> tuple[ProviderOffered, ...]:
    told = await page.services.get("access", "/v1/access/openid", ProvidersOffered)
    return told.providers


async def sign_in_page(
    page: PageRequest,
    then: str,
    *,
    status: int = 200,
    login: str = "",
    wrong: Text | str | None = None,
    code_wanted: bool = False,
) -> Response:
    """Login and password, and every provider there is."""
    given: dict[str, Any] = {
        "then": then, "again": sign_in_address(then), "login": login, "wrong": wrong, "code_wanted": code_wanted,
    }  # fmt: skip
    return page.render("sign_in.html", status=status, providers=await providers(page), **given)


def provider_routes(entrance: ProviderEntrance) -> APIRouter:
    """The addresses of signing in at a provider."""
    made = APIRouter(include_in_schema=False)
    made.add_api_route(RETURN, entrance.come_back, methods=["GET"], response_model=None)
    made.add_api_route(f"{RETURN}/{{provider}}", entrance.begin, methods=["GET"], response_model=None)
    return made


def _why(error: str) -> Text:
    if error == "not_linked":
        return translated(
            "The provider knows you, and no account here is linked with that. An administrator links it."
        )
    if error == "unavailable":
        return translated(
            "The provider does not answer at the moment. Begin again later, or sign in with a password."
        )
    if error == "too_late":
        return _BEGIN_AGAIN
    return translated("The provider let nobody in. Begin again, or sign in with a password.")
