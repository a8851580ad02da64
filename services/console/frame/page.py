"""A page as somebody asks for it: who they are, in which language, and whom the page may ask."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property, partial
from typing import Annotated, Any, Final, cast

import msgspec
from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match

from services.console.asking.customer_answers import NamedCustomer
from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServiceClients, ServicesAsPerson
from services.console.frame.assets import asset
from services.console.frame.forms import Form
from services.console.frame.navigation import OfficePlace, Room, may_open, own_places, rooms
from services.console.frame.office_books import OfficeBooks
from services.console.frame.place_facts import SeenScope, SeenScopes
from services.console.frame.seen_names import SeenNames
from services.console.frame.templates import UTC_ZONE, rendered
from services.console.frame.trade_words import role_word
from services.console.frame.words import FIRST, LANGUAGES, Language
from shared.access.caller import Caller
from shared.access.guard import caller_of
from shared.access.table import permission_table
from shared.i18n import Text, bilingual
from shared.platform.http.problem import ProblemError
from shared.platform.place_names import PlaceNames

LANGUAGE_COOKIE: Final = "panke_language"
NOTICE_COOKIE: Final = "panke_notice"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""No script and no style stands within a page, so that no text of anybody's can become one."""
# A browser that tells nobody where it comes from sends forms with the origin `null`, which is refused.
_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}


class ConsoleParts:
    """What every page goes by; one of a process."""

    def __init__(
        self,
        clients: ServiceClients,
        known: SeenScopes,
        now: Callable[[], datetime],
        books: OfficeBooks | None = None,
        names: PlaceNames | None = None,
    ) -> None:
        self.clients = clients
        self.known = known
        self.now = now
        self.books = books or OfficeBooks()
        self.names = names or PlaceNames()
        self.seen_names = SeenNames(now)


class PageRequest:
    """One request for a page, or of a form."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.parts = cast(ConsoleParts, request.app.state.console)
        self.language = language_of(request)
        self.now = self.parts.now()

    @cached_property
    def caller(self) -> Caller:
        """Who asks. Raises `ProblemError` (401) of a page that is open to anybody."""
        return caller_of(self.request)

    @cached_property
    def services(self) -> ServicesAsPerson:
        """The services in the name of whoever asks."""
        client = self.request.client
        return self.parts.clients.asked_by(token_of(self.request), client.host if client else None)

    @property
    def path(self) -> str:
        """Where the page is, with its query."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    @property
    def again(self) -> str:
        """Where the same page is shown once more; of an address that takes a form alone, the page above it."""
        if self._is_shown(self.request.url.path):
            return self.path
        parts = self.request.url.path.split("/")
        above = ("/".join(parts[:length]) or "/" for length in range(len(parts) - 1, 0, -1))
        return next((path for path in above if self._is_shown(path)), "/")

    def _is_shown(self, path: str) -> bool:
        asked = {**self.request.scope, "method": "GET", "path": path}
        return any(route.matches(asked)[0] is Match.FULL for route in self.request.app.routes)

    @property
    def is_part(self) -> bool:
        """Whether a part of the page is asked for, to be put in its place."""
        return self.request.headers.get("hx-request") == "true"

    async def scope(self, scope: str) -> SeenScope:
        """What pages show of a scope: zone, offices, people."""
        return await self.parts.known.of(scope, self.services)

    async def names_of(self, scope: str, customers: Iterable[str]) -> dict[str, str]:
        """How a few customers are called, as whoever asks may see it; empty of who is out of reach."""
        return await self.parts.seen_names.of(self.services, self.caller.login, scope, customers)

    async def customers_of(
        self, scope: str, customers: Iterable[str], state: str
    ) -> Mapping[str, NamedCustomer]:
        """The same with what was decided of them; asked anew in another `state`."""
        seen = self.parts.seen_names
        return await seen.customers(self.services, self.caller.login, scope, customers, state)

    async def own_scope(self) -> SeenScope | None:
        """The first scope in which whoever looks is enrolled, for pages that are of no scope.

        None of who is enrolled nowhere, and while nobody answers for it.
        """
        own = own_places(self.caller)
        if not own:
            return None
        try:
            return await self.scope(own[0].scope)
        except ServiceRefusedError:
            return None  # the page is of the account, and reads without

    async def scope_anew(self, scope: str) -> SeenScope:
        """The same, asked now."""
        self.parts.known.forget(scope)
        return await self.scope(scope)

    def at(self, scope: str, office: str, action: str) -> OfficePlace:
        """The office at which the page is, where the caller's role reaches it. Raises `ProblemError`."""
        place = OfficePlace(scope, office)
        if not may_open(self.caller, action, place):
            raise ProblemError(404, bilingual("there is no such office"))
        return place

    def may(self, action: str, place: OfficePlace) -> bool:
        """Whether to offer something at all; the service that does it decides."""
        return may_open(self.caller, action, place)

    @property
    def keeps_accounts(self) -> bool:
        """Whether whoever asks lets others in: accounts are of no scope, and stand in no menu of an office."""
        return bool(permission_table().permits(self.caller, "page.accounts"))

    async def form(self) -> Form:
        """What was typed."""
        return Form.read(await self.request.body())

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        place: OfficePlace | None = None,
        room: str = "",
        facts: SeenScope | None = None,
        **values: Any,
    ) -> Response:
        """A page within its frame. `room` is the entry of the menu that it belongs to."""
        notice = self._notice()
        given = {
            "page": self,
            "place": place,
            "room": room,
            "rooms": self._rooms(place),
            "facts": facts,
            "zone": facts.zone if facts is not None else UTC_ZONE,
            "now": self.now,
            "own_name": partial(self._own_name, place, facts),  # nobody has one before a sign-in
            "called": partial(self._called, place, facts),
            "notice": notice,
            "asset": asset,
            "cited": self.parts.books.cited,
            "cites": self.parts.books.cites,
            "office_name": self.parts.names.office,
            "scope_name": self.parts.names.scope,
            **values,
        }
        answer = HTMLResponse(rendered(self.language, template, given), status, headers=_HEADERS)
        if notice is not None:
            answer.delete_cookie(NOTICE_COOKIE)
        return answer

    def see_other(self, path: str, notice: Text | None = None) -> Response:
        """On to another page once something is done, so that a reload does it no second time; `notice` stands there."""
        # The page that follows knows from which one it was reached: what was typed there is done.
        answer = RedirectResponse(path, 303, headers={"referrer-policy": "same-origin"})
        if notice is not None:
            told = base64.urlsafe_b64encode(msgspec.json.encode([notice.zh, notice.en])).decode()
            answer.set_cookie(NOTICE_COOKIE, told, max_age=60, httponly=True, samesite="lax")
        return answer

    def _own_name(self, place: OfficePlace | None, facts: SeenScope | None) -> str:
        """As colleagues call whoever looks; the login where they are of no staff there."""
        scope = place.scope if place is not None else facts.scope.scope if facts is not None else None
        ids = () if scope is None else sorted(self.caller.staff_ids(scope))
        return facts.name(ids[0]) if facts is not None and ids else self.caller.login

    def _called(self, place: OfficePlace | None, facts: SeenScope | None) -> Text | str:
        """What stands at the head of a page: the name, or what somebody was granted who is of no staff there."""
        name, granted = self._own_name(place, facts), self.caller.granted_roles
        return role_word(granted[0].role) if granted and name == self.caller.login else name

    def _rooms(self, place: OfficePlace | None) -> list[Room]:
        return [] if place is None else rooms(self.caller, place)

    def _notice(self) -> Text | None:
        given = self.request.cookies.get(NOTICE_COOKIE)
        if not given:
            return None
        try:
            zh, en = msgspec.json.decode(base64.urlsafe_b64decode(given), type=tuple[str, str])
        except (msgspec.MsgspecError, binascii.Error, ValueError):
            return None
        return Text(zh, en)


async def page_request(request: Request) -> PageRequest:
    """A dependency of every page."""
    return PageRequest(request)


Page = Annotated[PageRequest, Depends(page_request)]
"""How a page asks for itself."""


def language_of(request: Request) -> Language:
    """Chinese, unless somebody switched."""
    given = request.cookies.get(LANGUAGE_COOKIE)
    return given if given in LANGUAGES else FIRST


def token_of(request: Request) -> str | None:
    """The token that the door found for the browser."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme == "Bearer" and token else None


def problem_page(language: Language, status: int, told: list[Text], sign_in: str) -> Response:
    """A refusal as a page, with what to do next; `sign_in` leads back to where somebody was."""
    given = {"status": status, "told": told, "asset": asset, "sign_in": sign_in}
    return HTMLResponse(rendered(language, "problem.html", given), status, headers=_HEADERS)
