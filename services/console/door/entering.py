"""Signing in and out, choosing a password by a code, and the language: the pages that are open to anybody."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from msgspec import Struct
from starlette.responses import RedirectResponse, Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.door.browser_sessions import BrowserSessions, TokensGiven
from services.console.door.door import SessionCookie
from services.console.door.providers import sign_in_page
from services.console.frame.forms import Form
from services.console.frame.own_page import own_page, page_again, sign_in_address
from services.console.frame.page import LANGUAGE_COOKIE, Page, PageRequest
from services.console.frame.words import LANGUAGES
from shared.access.caller import Caller
from shared.access.table import permission_table
from shared.i18n import Text, translated

Then = Annotated[str, Query(max_length=2000)]
_YEAR: Final = 365 * 24 * 3600


class SecondFactorOffered(Struct, frozen=True):
    """The address that an authenticator reads."""

    otpauth: str


class RecoveryCodesShown(Struct, frozen=True):
    """Shown this once."""

    recovery_codes: tuple[str, ...]


class Entrance:
    """The pages of signing in; `sessions` are begun and ended here and nowhere else."""

    def __init__(self, sessions: BrowserSessions, cookie: SessionCookie) -> None:
        self._sessions = sessions
        self._cookie = cookie

    async def sign_in_page(self, page: Page, then: Then = "/") -> Response:
        """Login and password, or a provider."""
        return await sign_in_page(page, own_page(then))

    async def sign_in(self, page: Page) -> Response:
        """Let somebody in, and go on to where they were going."""
        form = await page.form()
        asked: dict[str, Any] = {"login": form["login"], "password": _password(form, "password")}
        if form["code"]:
            asked["code"] = form["code"]
        try:
            given = await page.services.post("access", "/v1/access/sign-in", asked, TokensGiven)
        except ServiceRefusedError as error:
            wanted = error.wrong("code") is not None
            return await sign_in_page(
                page, own_page(form["then"]), status=error.status, login=form["login"], wrong=error.detail,
                code_wanted=wanted or bool(form["code"]),
            )  # fmt: skip
        return self._begun(given, "/account" if given.second_factor_needed else own_page(form["then"]))

    async def set_up_page(self, page: Page) -> Response:
        """A password by the code that was handed over."""
        return page.render("set_up.html", code="", wrong=None)

    async def set_up(self, page: Page) -> Response:
        """The password is chosen; signed in with it."""
        form = await page.form()
        password = _password(form, "password")
        if password != _password(form, "again"):
            told = translated("the two passwords are not the same")
            return page.render("set_up.html", status=422, code=form["code"], wrong=told)
        asked = {"code": form["code"], "password": password}
        try:
            given = await page.services.post("access", "/v1/access/set-up", asked, TokensGiven)
        except ServiceRefusedError as error:
            return page.render("set_up.html", status=error.status, code=form["code"], wrong=error.detail)
        return self._begun(given, "/account" if given.second_factor_needed else "/")

    async def sign_out(self, page: Page) -> Response:
        """The session is over, here and at access."""
        cookie = self._cookie.of(page.request)
        try:
            await page.services.call("access", "POST", "/v1/access/sign-out", body={"everywhere": False})
        finally:
            if cookie is not None:
                self._sessions.forget(cookie)
        answer = RedirectResponse(sign_in_address("/"), 303)
        answer.headers["clear-site-data"] = '"storage"'
        self._cookie.forget(answer)
        return answer

    async def language(self, page: Page) -> Response:
        """Chinese or English from now on, on the page where somebody is."""
        form = await page.form()
        answer = RedirectResponse(page_again(form["then"]), 303)
        if form["language"] in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, form["language"], max_age=_YEAR, httponly=True, samesite="lax")
        return answer

    async def account(self, page: Page) -> Response:
        """Who is signed in, with which roles; password and authenticator."""
        return await self._account(page)

    async def change_password(self, page: Page) -> Response:
        """Another password; every other session of the account ends."""
        form = await page.form()
        if _password(form, "new_password") != _password(form, "again"):
            return await self._account(page, wrong=translated("the two passwords are not the same"))
        asked: dict[str, Any] = {
            "password": _password(form, "password"), "new_password": _password(form, "new_password"),
        }  # fmt: skip
        if form["code"]:
            asked["code"] = form["code"]
        try:
            await page.services.call("access", "POST", "/v1/access/password", body=asked)
        except ServiceRefusedError as error:
            return await self._account(page, error.status, wrong=error.detail)
        return page.see_other("/account", translated("The password is changed."))

    async def offer_second_factor(self, page: Page) -> Response:
        """Begin with an authenticator."""
        form = await page.form()
        asked: dict[str, Any] = {"password": _password(form, "password")}
        if form["code"]:
            asked["code"] = form["code"]
        try:
            offered = await page.services.post(
                "access", "/v1/access/second-factor", asked, SecondFactorOffered
            )
        except ServiceRefusedError as error:
            return await self._account(page, error.status, wrong=error.detail)
        return await self._account(page, offered=offered)

    async def confirm_second_factor(self, page: Page) -> Response:
        """The authenticator counts; its recovery codes are shown once."""
        form = await page.form()
        try:
            codes = await page.services.post(
                "access", "/v1/access/second-factor/confirmation", {"code": form["code"]}, RecoveryCodesShown
            )
        except ServiceRefusedError as error:
            offered = SecondFactorOffered(form["otpauth"])
            return await self._account(page, error.status, wrong=error.detail, offered=offered)
        if (cookie := self._cookie.of(page.request)) is not None:
            self._sessions.renew_soon(cookie)
        return await self._account(page, codes=codes)

    async def _account(
        self,
        page: PageRequest,
        status: int = 200,
        *,
        wrong: object = None,
        offered: SecondFactorOffered | None = None,
        codes: RecoveryCodesShown | None = None,
    ) -> Response:
        return page.render(
            "account.html", status=status, facts=await page.own_scope(), wrong=wrong, offered=offered, codes=codes,
            roles=role_words(page.caller),
        )  # fmt: skip

    def _begun(self, given: TokensGiven, then: str) -> Response:
        answer = RedirectResponse(then, 303)
        self._cookie.keep(answer, self._sessions.begin(given))
        return answer


def role_words(caller: Caller) -> list[tuple[Text, str, str]]:
    """Each role of somebody: its name, and of which scope and office (`*`: all)."""
    table = permission_table()
    own = [(table.staff_roles[one.role].text, one.scope, one.office) for one in caller.staff_roles]
    return own + [
        (table.granted_roles[one.role].text, scope, "*")
        for one in caller.granted_roles
        for scope in one.scopes
    ]


def entrance_routes(entrance: Entrance) -> APIRouter:
    """The addresses of the pages of signing in."""
    made = APIRouter(include_in_schema=False)
    for method, path, handler in (
        ("GET", "/sign-in", entrance.sign_in_page),
        ("POST", "/sign-in", entrance.sign_in),
        ("GET", "/set-up", entrance.set_up_page),
        ("POST", "/set-up", entrance.set_up),
        ("POST", "/sign-out", entrance.sign_out),
        ("POST", "/language", entrance.language),
        ("GET", "/account", entrance.account),
        ("POST", "/account/password", entrance.change_password),
        ("POST", "/account/second-factor", entrance.offer_second_factor),
        ("POST", "/account/second-factor/confirmation", entrance.confirm_second_factor),
    ):
        made.add_api_route(path, handler, methods=[method], response_model=None)
    return made


def _password(form: Form, name: str) -> str:
    """As it was typed, blanks and all."""
    return form.raw(name)
