"""Signing in to the console at a provider of OpenID Connect, with the real access between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from services.access.accounts.accounts import By
from services.access.openid.flow import PATH
from services.console.main import create_service
from services.console.settings import ConsoleSettings
from shared.platform.http.app import listen, server
from tests.integration.test_access_openid import access_with
from tests.support.access import Access, serving, settings_of
from tests.support.openid_provider import Provider, own_provider
from tests.support.serving import At, until

BEGIN = "/sign-in/openid/corp"
RETURN = "/sign-in/openid"
SESSION = "panke"


class ProviderBrowser:
    """A browser that is sent from one to the other and keeps the cookies of each apart."""

    def __init__(self, console: str, access: str) -> None:
        self.console = httpx.AsyncClient(base_url=console, timeout=60, headers={"accept": "text/html"})
        self.access = httpx.AsyncClient(base_url=access, timeout=60)

    async def begin(self, **query: str) -> httpx.Response:
        return await self.console.get(BEGIN, params=query)

    async def at_provider(self, begun: httpx.Response, late: Access | None = None) -> str:
        """By way of access to the provider and back, too `late` for access; where access sends the browser."""
        assert begun.status_code == 303, begun.text
        public, found = begun.headers["location"].split(PATH)
        assert public == "http://127.0.0.1:8005", "as the deployment says where access is reached"
        asked = await self.access.get(PATH + found)
        assert asked.status_code == 302, asked.text
        async with httpx.AsyncClient(timeout=60) as elsewhere:
            back = (await elsewhere.get(asked.headers["location"])).headers["location"]
        if late is not None:
            late.rows("UPDATE openid_flows SET ends_at = now() - interval '1 second' RETURNING state")
        return str((await self.access.get(back)).headers["location"])

    async def whole(self, **query: str) -> httpx.Response:
        return await self.console.get(await self.at_provider(await self.begin(**query)))

    async def login(self) -> str:
        """Who is signed in, as the page of the account says; nothing where nobody is."""
        page = await self.console.get("/account")
        return page.text.partition('data-account="')[2].partition('"')[0] if page.status_code == 200 else ""


@asynccontextmanager
async def console_over(access: Access, folder: Path) -> AsyncIterator[str]:
    """A console that asks this access, and its address."""
    settings = ConsoleSettings(
        console_port=0, console_keys=str(folder / "console.json"),
        tokens_from=str(access.client.base_url).rstrip("/"),
    )  # fmt: skip
    bound = listen(At())
    bound.listen()
    host, port = bound.getsockname()[:2]
    one = server(create_service(settings).app)
    served = asyncio.create_task(one.serve(sockets=[bound]))
    await until(lambda: one.started or served.done())
    try:
        yield f"http://{host}:{port}"
    finally:
        one.should_exit = True
        await served


@pytest.fixture
def provider() -> Iterator[Provider]:
    with own_provider() as made:
        yield made


@pytest.fixture
async def access(
    database: str, topic_prefix: str, tmp_path: Path, provider: Provider
) -> AsyncIterator[Access]:
    title = "{zh: 集团统一登录, en: Group sign-in}"
    async with access_with(database, topic_prefix, tmp_path, provider.address, title=title) as made:
        account = made.made("zhou", roles={"head_office": "*"})
        made.service.accounts.link(account.account, None, [("corp", "s-1")], By(None))
        yield made


@pytest.fixture
async def console(access: Access, tmp_path: Path) -> AsyncIterator[str]:
    async with console_over(access, tmp_path) as address:
        yield address


@pytest.fixture
def browser(console: str, access: Access) -> ProviderBrowser:
    return ProviderBrowser(console, str(access.client.base_url))


async def test_somebody_signs_in_at_a_provider_and_is_where_they_were_going(browser: ProviderBrowser) -> None:
    """The page of signing in offers the provider by its title, and leads on to the page that was asked for."""
    page = await browser.console.get("/sign-in", params={"then": "/account"})
    assert "使用集团统一登录进入" in page.text
    assert f'href="{BEGIN}?then=/account"' in page.text
    answer = await browser.whole(then="/account")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert await browser.login() == "zhou"


async def test_the_session_is_sealed_and_out_of_reach_of_scripts(browser: ProviderBrowser) -> None:
    """No token and no grant stands in what the browser keeps, and what it kept meanwhile is taken back."""
    begun = await browser.begin()
    meanwhile = begun.headers["set-cookie"].lower()
    assert "httponly" in meanwhile and "samesite=lax" in meanwhile and "max-age=4200" in meanwhile
    challenge = parse_qs(urlsplit(begun.headers["location"]).query)["challenge"][0]
    back = await browser.at_provider(begun)
    grant = parse_qs(urlsplit(back).query)["grant"][0]
    answer = await browser.console.get(back)
    kept = answer.headers.get_list("set-cookie")
    assert sorted(one.partition("=")[0] for one in kept) == [SESSION, "panke_begun"]
    assert all("httponly" in one.lower() and "samesite=lax" in one.lower() for one in kept)
    assert not any(secret in "".join(kept) for secret in (grant, challenge, "eyJ"))
    assert list(browser.console.cookies) == [SESSION]


async def test_an_address_of_somebody_else_signs_nobody_in(console: str, access: Access) -> None:
    """A victim who opens what an attacker came back with is not signed in as the attacker, also amid a sign-in."""
    attacker, victim = (ProviderBrowser(console, str(access.client.base_url)) for _ in range(2))
    for begins in (False, True):
        back = await attacker.at_provider(await attacker.begin())
        if begins:
            await victim.begin()
        answer = await victim.console.get(back)
        assert answer.status_code == 401, "no verifier, or another one"
        assert await victim.login() == ""
    assert access.entries("signed_in") == []


async def test_a_return_is_good_once(browser: ProviderBrowser) -> None:
    """Whoever finds the address in the history of the browser signs nobody in by it."""
    back = await browser.at_provider(await browser.begin())
    assert (await browser.console.get(back)).status_code == 303
    assert (await browser.console.get(back)).status_code == 401


async def test_a_session_of_before_is_another_one(console: str, access: Access, provider: Provider) -> None:
    """Whoever had a victim's browser keep a session in advance does not share the one of the victim."""
    attacker, victim = (ProviderBrowser(console, str(access.client.base_url)) for _ in range(2))
    other = access.made("wang")
    access.service.accounts.link(other.account, None, [("corp", "s-2")], By(None))
    provider.twist = lambda claims: {**claims, "sub": "s-2"}
    await attacker.whole()
    provider.twist = lambda claims: claims
    victim.console.cookies.set(SESSION, attacker.console.cookies[SESSION], domain="127.0.0.1")
    await victim.whole()
    assert (await victim.login(), await attacker.login()) == ("zhou", "wang")


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example/", "/\\evil.example", "/sign-in"])
async def test_a_sign_in_at_a_provider_leads_to_no_other_host(browser: ProviderBrowser, then: str) -> None:
    assert (await browser.whole(then=then)).headers["location"] == "/"


async def test_access_sends_nobody_to_a_console_of_another_name(browser: ProviderBrowser) -> None:
    """The return is where the browser itself has the console, and access decides whether anybody is sent there."""
    begun = await browser.console.get(BEGIN, headers={"host": "localhost:8009"})
    asked = await browser.access.get(PATH + begun.headers["location"].split(PATH)[1])
    assert asked.status_code == 409, "only addresses of this machine, or PANKE_ACCESS_RETURN_TO"


async def test_whom_nobody_knows_here_is_told_what_to_do(
    browser: ProviderBrowser, provider: Provider
) -> None:
    provider.twist = lambda claims: {**claims, "sub": "s-nobody"}
    answer = await browser.whole(then="/account")
    assert answer.status_code == 401
    assert "管理员" in answer.text and 'name="password"' in answer.text
    assert 'name="then" value="/account"' in answer.text, "where they were going is kept"
    assert await browser.login() == ""


async def test_an_answer_that_is_not_for_this_sign_in_lets_nobody_in(
    browser: ProviderBrowser, provider: Provider
) -> None:
    """Another nonce: the provider's answer to another question."""
    provider.twist = lambda claims: {**claims, "nonce": "another"}
    assert (await browser.whole()).status_code == 401
    assert await browser.login() == ""


async def test_a_sign_in_that_took_too_long_or_was_never_begun_is_told(browser: ProviderBrowser) -> None:
    assert (await browser.console.get(RETURN, params={"grant": "x"})).status_code == 401
    back = await browser.at_provider(await browser.begin())
    browser.console.cookies.set("panke_begun", browser.console.cookies["panke_begun"][:-4] + "AAAA")
    assert (await browser.console.get(back)).status_code == 401


async def test_who_comes_back_too_late_begins_again_and_is_where_they_were_going(
    browser: ProviderBrowser, access: Access
) -> None:
    back = await browser.at_provider(await browser.begin(then="/account"), late=access)
    answer = await browser.console.get(back)
    assert answer.status_code == 401
    assert "耗时过长" in answer.text
    assert f'href="{BEGIN}?then=/account"' in answer.text


async def test_a_provider_that_does_not_answer_is_told_beside_the_other_ways(
    database: str, topic_prefix: str, tmp_path: Path
) -> None:
    async with (
        access_with(database, topic_prefix, tmp_path, "http://127.0.0.1:1") as access,
        console_over(access, tmp_path) as console,
    ):
        browser = ProviderBrowser(console, str(access.client.base_url))
        begun = await browser.begin(then="/account")
        away = await browser.access.get(PATH + begun.headers["location"].split(PATH)[1])
        page = await browser.console.get(away.headers["location"])
        assert page.status_code == 401
        assert "暂时没有应答" in page.text
        assert 'name="then" value="/account"' in page.text


async def test_while_access_is_away_no_provider_is_said_to_be_unknown(access: Access, tmp_path: Path) -> None:
    """The page of signing in stands without them, and the way to one says that it does not work now."""
    nowhere = replace(access, client=httpx.AsyncClient(base_url="http://127.0.0.1:1"))
    async with console_over(nowhere, tmp_path) as console:
        browser = ProviderBrowser(console, "http://127.0.0.1:1")
        assert (await browser.console.get("/sign-in")).status_code == 200
        begun = await browser.begin()
        assert (begun.status_code, "location" in begun.headers) == (503, False)


async def test_the_language_is_switched_on_the_way_in_and_the_page_is_kept(browser: ProviderBrowser) -> None:
    """On the page of signing in, and on the one to which a refusal leads."""
    for path in ("/sign-in?then=/account", f"{RETURN}?error=provider"):
        page = await browser.console.get(path)
        kept = unescape(
            page.text.partition('action="/language"')[2].partition('value="')[2].partition('"')[0]
        )
        switched = await browser.console.post(
            "/language", data={"then": kept, "language": "en"}, headers={"sec-fetch-site": "same-origin"}
        )
        assert switched.headers["location"] == ("/sign-in?then=/account" if "then" in path else "/sign-in")


async def test_a_provider_that_nobody_named_is_not_found(browser: ProviderBrowser) -> None:
    assert (await browser.console.get("/sign-in/openid/nobody")).status_code == 404


async def test_without_a_provider_none_is_offered(database: str, topic_prefix: str, tmp_path: Path) -> None:
    settings = settings_of(database, "127.0.0.1:1", topic_prefix, tmp_path)
    async with serving(settings) as access, console_over(access, tmp_path) as console:
        page = await ProviderBrowser(console, "http://127.0.0.1:1").console.get("/sign-in")
        assert page.status_code == 200
        assert "/sign-in/openid" not in page.text
