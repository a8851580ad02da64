"""The door of the console: the session of a browser, forms of other pages, and where a sign-in leads."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.services import ServiceClients
from services.console.door.browser_sessions import BrowserSessions, TokensGiven
from services.console.door.door import ConsoleDoor, SessionCookie
from services.console.door.entering import Entrance
from services.console.door.key_file import ConsoleKeyError, SessionSeal
from services.console.frame.own_page import own_page, page_again, sign_in_address
from shared.access.caller import GrantedRole
from shared.access.table import permission_table
from tests.support.console_pages import MadeUpServices, shown

LIFE = 600


class OneAccess:
    """An access service that gives each refresh token's successor once, as the real one does."""

    def __init__(self) -> None:
        self.given = 0
        self.ended = False
        self.away = False
        self.good = "r0"
        self.addresses: list[str | None] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)  # another request comes in between
        if self.away:
            raise httpx.ConnectError("away")
        self.addresses.append(request.headers.get("x-forwarded-for"))
        shown = msgspec.json.decode(request.content)["refresh_token"]
        if self.ended or shown != self.good:
            self.ended = True
            return httpx.Response(401, json={"detail": "会话已结束 (the session is over)"})
        self.given += 1
        self.good = f"r{self.given}"
        return httpx.Response(200, json=tokens(self.given))


def tokens(number: int) -> dict[str, Any]:
    return {
        "access_token": f"a{number}", "token_type": "Bearer", "expires_in": LIFE, "account": "x", "login": "li",
        "refresh_token": f"r{number}", "refresh_expires_in": 43_200,
    }  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def access() -> OneAccess:
    return OneAccess()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clients(access: OneAccess) -> ServiceClients:
    made = ServiceClients({"access": "http://access"}, 5.0)
    made.client("access")._transport = httpx.MockTransport(access.answer)
    return made


@pytest.fixture
def sessions(clients: ServiceClients, clock: Clock) -> BrowserSessions:
    return BrowserSessions(SessionSeal(b"k" * 32), clients, clock)


def begun(sessions: BrowserSessions) -> str:
    turn = sessions.begin(msgspec.convert(tokens(0), TokensGiven))
    assert turn.cookie is not None
    return turn.cookie


async def test_a_token_that_is_good_is_not_asked_for_again(
    sessions: BrowserSessions, access: OneAccess, clock: Clock
) -> None:
    cookie = begun(sessions)
    clock.now += LIFE - 31
    turn = await sessions.turn(cookie, None)
    assert turn is not None
    assert (turn.token, turn.cookie, access.given) == ("a0", None, 0)


async def test_requests_that_come_together_ask_for_one_token(
    sessions: BrowserSessions, access: OneAccess, clock: Clock
) -> None:
    """A refresh token that is shown twice would end the session."""
    cookie = begun(sessions)
    clock.now += LIFE
    turns = await asyncio.gather(*(sessions.turn(cookie, "10.0.0.7") for _ in range(8)))
    assert {turn.token for turn in turns if turn is not None} == {"a1"}
    assert (access.given, access.ended, access.addresses) == (1, False, ["10.0.0.7"])


async def test_a_tab_with_the_cookie_of_before_goes_on(
    sessions: BrowserSessions, access: OneAccess, clock: Clock
) -> None:
    """It is given the newer cookie with its answer."""
    old = begun(sessions)
    clock.now += LIFE
    renewed = await sessions.turn(old, None)
    clock.now += LIFE
    again = await sessions.turn(old, None)
    assert renewed is not None
    assert again is not None
    assert (renewed.token, again.token) == ("a1", "a2")
    assert again.cookie is not None
    assert not access.ended


async def test_after_a_restart_the_cookie_is_enough(clients: ServiceClients, clock: Clock) -> None:
    seal = SessionSeal(b"k" * 32)
    cookie = begun(BrowserSessions(seal, clients, clock))
    turn = await BrowserSessions(seal, clients, clock).turn(cookie, None)
    assert turn is not None
    assert turn.token == "a1"
    assert turn.cookie is not None


async def test_a_session_that_access_ended_is_over(
    sessions: BrowserSessions, access: OneAccess, clock: Clock
) -> None:
    cookie = begun(sessions)
    access.ended = True
    clock.now += LIFE
    assert await sessions.turn(cookie, None) is None


async def test_a_session_stands_while_access_is_away(
    sessions: BrowserSessions, access: OneAccess, clock: Clock
) -> None:
    """Nobody is signed out because a service is restarted."""
    cookie = begun(sessions)
    access.away = True
    clock.now += LIFE
    with pytest.raises(ServiceRefusedError) as refused:
        await sessions.turn(cookie, None)
    assert refused.value.status == 503
    access.away = False
    turn = await sessions.turn(cookie, None)
    assert turn is not None
    assert turn.token == "a1"


@pytest.mark.parametrize("cookie", ["", "x", "a" * 200, "é", "AAAA=AAAA"])
async def test_what_this_console_did_not_seal_is_no_session(sessions: BrowserSessions, cookie: str) -> None:
    assert await sessions.turn(cookie, None) is None


async def test_a_cookie_of_another_key_or_with_another_bit_is_no_session(
    sessions: BrowserSessions, clients: ServiceClients, clock: Clock
) -> None:
    cookie = begun(sessions)
    assert await BrowserSessions(SessionSeal(b"o" * 32), clients, clock).turn(cookie, None) is None
    for place in range(0, len(cookie) - 4, 7):
        other = cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :]
        assert await sessions.turn(other, None) is None


def test_each_sign_in_is_another_session(sessions: BrowserSessions) -> None:
    """What a browser held before a sign-in is no session afterwards: nobody can be given one in advance."""
    assert begun(sessions) != begun(sessions)


@pytest.mark.parametrize(
    ("given", "then"),
    [
        ("/at/east/east-1/desk?x=1", "/at/east/east-1/desk?x=1"),
        ("/", "/"),
        (None, "/"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("\\\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-in?then=/x", "/"),
        ("///evil.example", "/"),
        ("/%2f/evil.example", "/%2f/evil.example"),
    ],
)
def test_a_sign_in_leads_to_pages_of_the_console_alone(given: str | None, then: str) -> None:
    assert own_page(given) == then


@pytest.mark.parametrize(
    ("given", "again"),
    [
        ("/at/east/east-1/desk?x=1", "/at/east/east-1/desk?x=1"),
        ("/sign-in", "/sign-in"),
        ("/sign-in?then=/at/east%3Fx%3D1", "/sign-in?then=/at/east%3Fx%3D1"),
        ("/sign-in?then=//evil.example", "/sign-in"),
        ("/sign-in?then=/sign-in", "/sign-in"),
        ("/sign-in/openid?grant=x", "/"),
        ("//evil.example/sign-in", "/"),
        ("https://evil.example/sign-in", "/"),
    ],
)
def test_another_language_shows_the_same_page_of_the_console(given: str, again: str) -> None:
    """The sign-in with the page that was asked for."""
    assert page_again(given) == again


def test_the_address_of_the_sign_in_keeps_the_page_whole() -> None:
    assert sign_in_address("/at/east?x=1&y=2") == "/sign-in?then=/at/east%3Fx%3D1%26y%3D2"
    assert sign_in_address("/") == "/sign-in"


@pytest.mark.parametrize(
    ("headers", "passes"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"origin": "http://console"}, True),
        ({"origin": "https://console"}, True),
        ({}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://console"}, False),
        ({"origin": "http://evil"}, False),
        ({"origin": "null"}, False),
        ({"origin": "http://console.evil"}, False),
        ({"referer": "http://console/"}, False),
    ],
)
async def test_forms_are_taken_from_our_own_pages_alone(
    sessions: BrowserSessions, headers: dict[str, str], passes: bool
) -> None:
    """As browsers say where a form comes from; what says nothing is no browser of ours."""
    reached: list[str] = []

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    door = ConsoleDoor(guarded, permission_table(), sessions, SessionCookie(secure=False))
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as http:
        answer = await http.post("/sign-in", headers=headers)
    assert (answer.status_code, bool(reached)) == ((204, True) if passes else (403, False))


async def test_nobody_comes_in_by_a_token_of_their_own(sessions: BrowserSessions) -> None:
    """A browser is known by its cookie: what a page of another origin might add is not believed."""
    seen: list[str | None] = []

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(Request(scope).headers.get("authorization"))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    cookie = SessionCookie(secure=False)
    door = ConsoleDoor(guarded, permission_table(), sessions, cookie)
    transport = httpx.ASGITransport(door)
    headers = {"authorization": "Bearer stolen", "cookie": f"{cookie.name}={begun(sessions)}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as http:
        await http.get("/account", headers=headers)
        await http.get("/sign-in", headers={"authorization": "Bearer stolen"})
    assert seen == ["Bearer a0", None]


async def test_a_page_leads_to_the_sign_in_and_a_script_is_told(sessions: BrowserSessions) -> None:
    """A form's words stay in the page of whoever typed them; only a page that is read is led away."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("nobody is signed in")

    door = ConsoleDoor(guarded, permission_table(), sessions, SessionCookie(secure=False))
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as http:
        page = await http.get("/account?x=1")
        part = await http.get("/account", headers={"hx-request": "true"})
        sent = await http.post("/account/password", headers={"sec-fetch-site": "same-origin"})
        closed = await http.get("/no-such-page")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?then=/account%3Fx%3D1")
    assert (part.status_code, sent.status_code, closed.status_code) == (401, 401, 303)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts() -> None:
    assert SessionCookie(secure=True).name == "__Host-panke"


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "console.json"
    sealed = SessionSeal.of(path).seal(b"x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SessionSeal.of(path).open(sealed) == b"x"


@pytest.mark.parametrize("content", [b"", b"{}", b'{"sealing": "AAAA"}', b'{"sealing": "\xc3\xa4"}'])
def test_a_file_that_holds_no_key_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "console.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConsoleKeyError):
        SessionSeal.of(path)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "console.json"
    SessionSeal.of(path)
    path.chmod(0o644)
    with pytest.raises(ConsoleKeyError, match="chmod 600"):
        SessionSeal.of(path)


@pytest.mark.parametrize("away", [False, True])
def test_the_own_account_is_called_by_the_name_of_its_person(away: bool) -> None:
    """The login stands beside its label; while nobody says the names, the page is there all the same."""
    answers = {"/v1/scopes/east": httpx.Response(503)} if away else {}
    services = MadeUpServices({path: lambda _request, one=one: one for path, one in answers.items()})
    entrance = Entrance(cast(BrowserSessions, None), SessionCookie(secure=False))
    status, page = shown(entrance.account, services.page("manager"))
    assert status == 200
    assert "<dt>账号</dt><dd><code>gao</code></dd>" in page
    assert ("<dt>姓名</dt><dd>高经理</dd>" in page) == (not away)
    assert ('<a href="/account" title="gao">高经理</a>' in page) == (not away)


def test_whoever_is_of_no_staff_is_called_by_what_they_were_granted() -> None:
    """Head office and auditors have no name here; their login stands behind the word."""
    entrance = Entrance(cast(BrowserSessions, None), SessionCookie(secure=False))
    granted = (GrantedRole("group_auditor", ("east",)),)
    page = MadeUpServices({}).page(None, staff="yan", granted=granted)
    _, shown_page = shown(entrance.account, page)
    assert '<a href="/account" title="yan">集团审计</a>' in shown_page
