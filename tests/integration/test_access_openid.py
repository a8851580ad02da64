"""Signing in at a provider of OpenID Connect: one that others wrote, and one that does what it must not."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from services.access.accounts.accounts import By
from services.access.openid.flow import PATH
from services.access.openid.providers import ProviderFileError, may_return, read_providers
from shared.access.challenge import challenge_of
from tests.support.access import Access, serving, settings_of
from tests.support.openid_provider import Provider, foreign_provider, own_provider
from tests.support.serving import until

RETURN = "http://127.0.0.1:7/back"
ASKED = urlencode({"return_to": RETURN, "challenge": "x" * 43})


class Browser:
    """A browser with its cookies, and the client behind it."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.verifier = secrets.token_urlsafe(32)
        self.http = httpx.AsyncClient(base_url=access.client.base_url, timeout=60)

    async def begin(self, return_to: str = RETURN, provider: str = "corp", **more: str) -> httpx.Response:
        asked = {"return_to": return_to, "challenge": challenge_of(self.verifier), **more}
        return await self.http.get(f"{PATH}/{provider}?{urlencode(asked)}")

    async def at_provider(self, begun: httpx.Response, subject: str = "s-1") -> str:
        """Where the provider sends the browser back."""
        async with httpx.AsyncClient(timeout=60) as http:
            answer = await http.get(begun.headers["location"])
            if answer.status_code == 200:  # a form that asks who one is
                answer = await http.post(begun.headers["location"], data={"sub": subject})
            assert answer.status_code in (302, 303), answer.text
            return answer.headers["location"]

    async def whole(self, subject: str = "s-1") -> httpx.Response:
        return await self.http.get(await self.at_provider(await self.begin(), subject))

    async def tokens(self, came_back: httpx.Response, verifier: str | None = None) -> httpx.Response:
        assert came_back.status_code == 302, came_back.text
        grant = parse_qs(urlsplit(came_back.headers["location"]).query)["grant"][0]
        return await self.access.post(
            "openid/tokens", {"grant": grant, "verifier": verifier or self.verifier}
        )


def refused(came_back: httpx.Response) -> str:
    """Why the client that began is given no grant; the browser is sent to nobody else."""
    assert came_back.status_code == 302, came_back.text
    address, _, query = came_back.headers["location"].partition("?")
    told = parse_qs(query)
    assert (address, list(told)) == (RETURN, ["error"])
    return told["error"][0]


def provider_file(folder: Path, issuer: str, **more: Any) -> str:
    """A file of one provider, `corp`."""
    file = folder / "providers.yaml"
    told = {"issuer": issuer, "client_id": "panke", **more}
    lines = [f"    {name}: {value}" for name, value in told.items()]
    file.write_text("\n".join(["providers:", "  corp:", *lines, ""]))
    return str(file)


@asynccontextmanager
async def access_with(
    dsn: str,
    prefix: str,
    folder: Path,
    issuer: str,
    *,
    public_url: str = "http://127.0.0.1:8005",
    **more: Any,
) -> AsyncIterator[Access]:
    settings = settings_of(
        dsn, "127.0.0.1:1", prefix, folder, access_providers=provider_file(folder, issuer, **more),
        access_public_url=public_url,
    )  # fmt: skip
    async with serving(settings) as access:
        # The redirect address is where the test's service listens.
        base = str(access.client.base_url).rstrip("/")
        for client in access.service.openid_clients.values():
            client._redirect_uri = f"{base}{PATH}/corp/callback"
        yield access


@pytest.fixture
def provider() -> Iterator[Provider]:
    with own_provider() as made:
        yield made


@pytest.fixture
async def access(
    database: str, topic_prefix: str, tmp_path: Path, provider: Provider
) -> AsyncIterator[Access]:
    async with access_with(database, topic_prefix, tmp_path, provider.address) as made:
        account = made.made("zhou", roles={"head_office": "*"})
        made.service.accounts.link(account.account, None, [("corp", "s-1")], By(None))
        yield made


async def test_somebody_signs_in_at_a_provider_that_others_wrote(
    database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Discovery, the code, the ID token and the keys as oidc-provider-mock has them; the subject is the account's."""
    user = {"sub": "s-1", "email": "zhou@example.com", "email_verified": True}
    secret = tmp_path / "secret"
    secret.write_text("a secret/with signs:\n")
    with foreign_provider(tmp_path / "log", user) as issuer:
        async with access_with(database, topic_prefix, tmp_path, issuer, client_secret_file=secret) as access:
            browser = Browser(access)
            assert refused(await browser.whole()) == "not_linked", "nobody is linked yet"
            made = access.made("zhou")
            access.service.accounts.link(made.account, None, [("corp", "s-1")], By(None))
            told = await browser.tokens(await browser.whole())
            assert told.status_code == 200, told.text
            who = (await access.get("me", told.json()["access_token"])).json()
            assert (who["login"], who["account"]) == ("zhou", made.account)
            assert access.entries("signed_in")[0]["detail"] == "openid/corp"
            assert refused(await browser.whole("somebody-else")) == "not_linked"


async def test_a_verified_address_links_a_login_where_the_deployment_says_so(
    database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """An address that the provider did not verify links nobody; afterwards the subject counts, whatever the address."""
    claims: dict[str, Any] = {"email": "Zhou@Example.com", "email_verified": False}
    with own_provider(claims=claims) as provider:
        more = {"link_by": "verified_email", "scopes": "[openid, email]"}
        async with access_with(database, topic_prefix, tmp_path, provider.address, **more) as access:
            access.made("zhou@example.com")
            browser = Browser(access)
            assert refused(await browser.whole()) == "not_linked"
            claims["email_verified"] = "true"
            assert refused(await browser.whole()) == "not_linked", "a text is no verification"
            claims["email_verified"] = True
            assert (await browser.tokens(await browser.whole())).status_code == 200
            claims.clear()
            assert (await browser.tokens(await browser.whole())).status_code == 200


async def test_a_sign_in_is_good_once_at_every_leg(access: Access, provider: Provider) -> None:
    """The state, the code of the provider, and the grant that the client gets."""
    browser = Browser(access)
    back = await browser.at_provider(await browser.begin())
    first = await browser.http.get(back)
    assert (await browser.http.get(back)).status_code == 401, "the state was used"
    told = await browser.tokens(first)
    assert told.status_code == 200
    assert (await browser.tokens(first)).status_code == 401, "the grant was used"
    code = parse_qs(urlsplit(back).query)["code"][0]
    begun = await browser.begin()
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    replayed = f"{PATH}/corp/callback?{urlencode({'state': state, 'code': code, 'iss': provider.address})}"
    assert refused(await browser.http.get(replayed)) == "provider", "the code was used"


async def test_the_answer_of_one_browser_is_of_no_use_in_another(access: Access) -> None:
    """Whoever has an address that was meant for somebody else, or gives theirs away, signs nobody in."""
    victim, attacker = Browser(access), Browser(access)
    back = await attacker.at_provider(await attacker.begin())
    assert (await victim.http.get(back)).status_code == 401, "no cookie: nothing was begun there"
    await victim.begin()
    assert (await victim.http.get(back)).status_code == 401, "the cookie of another sign-in"
    assert access.entries("signed_in") == []


async def test_what_stands_in_the_address_is_of_no_use_without_the_verifier(access: Access) -> None:
    """Who reads the grant in a browser's history has no tokens, and uses it up."""
    browser = Browser(access)
    came_back = await browser.whole()
    assert (await browser.tokens(came_back, "another" * 7)).status_code == 401
    assert (await browser.tokens(came_back)).status_code == 401


@pytest.mark.parametrize(
    "twist",
    [
        {"nonce": "another"}, {"nonce": None}, {"aud": "another"}, {"aud": ["panke", "another"]},
        {"aud": []}, {"azp": "another"}, {"iss": "http://elsewhere"}, {"exp": 1}, {"exp": None},
        {"iat": 99_999_999_999}, {"sub": ""}, {"sub": None}, {"sub": 7},
    ],
    ids=repr,
)  # fmt: skip
async def test_an_id_token_that_is_not_for_this_sign_in_is_refused(
    access: Access, provider: Provider, twist: dict[str, Any]
) -> None:
    """Signed by the provider, and for another question, client, time, or of another issuer."""
    provider.twist = lambda claims: {k: v for k, v in {**claims, **twist}.items() if v is not None}
    assert refused(await Browser(access).whole()) == "provider"
    assert access.entries("signed_in") == []


@pytest.mark.parametrize("encode", [Provider.unsigned, Provider.symmetric, Provider.foreign])
async def test_an_id_token_that_is_not_signed_by_the_provider_is_refused(
    access: Access, provider: Provider, encode: Any
) -> None:
    """Unsigned, under the public key as a secret, or under another key of the same id."""
    provider.encode = encode
    assert refused(await Browser(access).whole()) == "provider"


async def test_an_answer_of_another_provider_is_refused(access: Access, provider: Provider) -> None:
    """Where the provider says whose answer it is, it must be its own (RFC 9207)."""
    provider.iss = "http://elsewhere"
    assert refused(await Browser(access).whole()) == "provider"
    provider.iss = None
    browser = Browser(access)
    back = await browser.at_provider(await browser.begin())
    without = back.partition("&iss=")[0]
    assert refused(await browser.http.get(without)) == "provider"


async def test_a_new_key_of_the_provider_is_looked_up(access: Access, provider: Provider) -> None:
    """A provider that rotates its keys locks nobody out."""
    browser = Browser(access)
    assert (await browser.whole()).status_code == 302
    from joserfc.jwk import RSAKey

    provider.key = RSAKey.generate_key(2048, {"kid": "p1", "use": "sig"})
    assert (await browser.whole()).status_code == 302


async def test_whom_the_provider_refused_is_told_so(access: Access) -> None:
    """`error` instead of a code ends the sign-in; what else the provider says is not repeated."""
    browser = Browser(access)
    begun = await browser.begin()
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    told = {"state": state, "error": "access_denied", "error_description": "<script>alert(1)</script>"}
    answer = await browser.http.get(f"{PATH}/corp/callback?{urlencode(told)}")
    assert refused(answer) == "provider"
    assert "script" not in answer.headers["location"]


async def test_a_refusal_without_its_state_ends_what_this_browser_began(access: Access) -> None:
    """Providers leave it out, against RFC 6749 section 4.1.2.1; a code without it lets nobody in."""
    browser, stranger = Browser(access), Browser(access)
    await browser.begin()
    denied = f"{PATH}/corp/callback?error=access_denied"
    assert (await stranger.http.get(denied)).status_code == 401, "nothing was begun there"
    assert refused(await browser.http.get(denied)) == "provider"
    assert (await browser.http.get(denied)).status_code == 401, "it is over"
    code = parse_qs(urlsplit(await browser.at_provider(await browser.begin())).query)["code"][0]
    assert (await browser.http.get(f"{PATH}/corp/callback?code={code}")).status_code == 401


async def test_who_comes_back_too_late_is_told_so_by_the_client(access: Access) -> None:
    """And is not signed in, nor by the same answer once more."""
    browser = Browser(access)
    back = await browser.at_provider(await browser.begin())
    access.rows("UPDATE openid_flows SET ends_at = now() - interval '1 second' RETURNING state")
    assert refused(await browser.http.get(back)) == "too_late"
    assert (await browser.http.get(back)).status_code == 401
    assert access.entries("signed_in") == []


async def test_what_a_provider_says_besides_is_not_read(access: Access) -> None:
    """RFC 6749 section 4.1.2 has parameters that are unknown ignored; what is known stands there once."""
    browser = Browser(access)
    back = await browser.at_provider(await browser.begin())
    assert (await browser.http.get(f"{back}&state=another")).status_code == 422
    assert (
        await browser.tokens(await browser.http.get(f"{back}&session_state=1&trace=x"))
    ).status_code == 200


async def test_a_person_reads_a_page_where_a_program_reads_a_document(
    database: str, topic_prefix: str, tmp_path: Path, provider: Provider
) -> None:
    """Nobody can be sent back who began nothing here; the page leads to where the deployment has people begin."""
    console = "https://panke.example.com/sign-in/openid"
    for allowed, way in (((), "回到判客"), ((console,), f'href="{console}"')):
        given = settings_of(
            database, "127.0.0.1:1", topic_prefix, tmp_path, access_return_to=allowed,
            access_providers=provider_file(tmp_path, provider.address),
        )  # fmt: skip
        async with serving(given) as access:
            for path in (f"{PATH}/corp/callback?state=none&code=none", f"{PATH}/nobody?{ASKED}"):
                document = await access.client.get(path)
                assert document.headers["content-type"] == "application/problem+json"
                page = await access.client.get(path, headers={"accept": "text/html,*/*;q=0.8"})
                assert page.status_code == document.status_code
                assert page.headers["content-type"].startswith("text/html")
                assert document.json()["detail"] in page.text
                assert way in page.text


async def test_the_cookie_is_for_this_sign_in_alone(access: Access) -> None:
    """No script reads it, no other site's form sends it, no other path gets it."""
    begun = await Browser(access).begin()
    cookie = begun.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and f"path={PATH}/corp" in cookie
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 43 and len(asked["nonce"][0]) >= 43


async def test_the_cookie_belongs_to_this_host_where_it_is_reached_over_tls(
    database: str, topic_prefix: str, tmp_path: Path, provider: Provider
) -> None:
    """`__Host-`: no name beside or below sets it, and no line without TLS carries it; it is taken back at the end."""
    where = "https://login.example"
    async with access_with(database, topic_prefix, tmp_path, provider.address, public_url=where) as access:
        made = access.made("zhou")
        access.service.accounts.link(made.account, None, [("corp", "s-1")], By(None))
        browser = Browser(access)
        begun = await browser.begin()
        name, _, rest = begun.headers["set-cookie"].partition("=")
        assert name == "__Host-panke_openid_corp"
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= set(rest.lower().split("; "))
        back = await browser.at_provider(begun)
        came = await browser.http.get(back, headers={"cookie": f"{name}={rest.partition(';')[0]}"})
        assert came.status_code == 302, came.text
        taken_back = came.headers["set-cookie"].lower()
        assert (
            taken_back.startswith(f"{name.lower()}=") and "max-age=0" in taken_back and "secure" in taken_back
        )


async def test_a_provider_that_calls_itself_otherwise_is_another(
    database: str, topic_prefix: str, tmp_path: Path, provider: Provider
) -> None:
    """The issuer is the one of the deployment letter by letter, with a slash at its end or without."""
    async with access_with(database, topic_prefix, tmp_path, f"{provider.address}/") as access:
        assert refused(await Browser(access).begin()) == "unavailable"


async def test_what_comes_back_and_is_refused_is_on_the_record(access: Access, provider: Provider) -> None:
    """An answer that was not begun here, a grant without its verifier, and somebody who has no account."""
    stranger = Browser(access)
    assert (await stranger.http.get(f"{PATH}/corp/callback?state=none&code=none")).status_code == 401
    provider.twist = lambda claims: {**claims, "sub": "s-nobody"}
    nobody = await stranger.whole()
    provider.twist = lambda claims: claims
    assert refused(nobody) == "not_linked"
    came_back = await Browser(access).whole()
    assert (await stranger.tokens(came_back, "another" * 7)).status_code == 401
    await until(lambda: len(access.entries("sign_in_refused")) == 3)
    told = [one["detail"] for one in access.entries("sign_in_refused")]
    assert told == ["openid/corp: refused", "openid/corp: no account", "openid: refused"]


EVIL = [
    "https://evil.example/", "//evil.example/", "http://evil.example:80/", "http://127.0.0.1@evil.example:80/",
    "http://127.0.0.1.evil.example:80/", "http://evil.example:80/?http://127.0.0.1:7/", "javascript:alert(1)",
    "http://127.0.0.1:7\\@evil.example/", "http://user@127.0.0.1:7/", "http://127.0.0.1:7/#", "http://127.0.0.1:7/#x",
    "http:127.0.0.1:7", "http://127.0.0.1:7/\r\nlocation: http://evil.example", "http://localhost:7/", "http://[::]:7/",
    "http://0.0.0.0:7/", "file:///etc/passwd", "", "/", "http://127.0.0.1/", "https://app.example/back/../x", "http://127.1:7/",
]  # fmt: skip


@pytest.mark.parametrize("address", EVIL)
async def test_nobody_is_sent_to_an_address_of_somebody_else(access: Access, address: str) -> None:
    """Only ports of the browser's own machine, or what the deployment names letter by letter."""
    answer = await Browser(access).begin(address)
    assert answer.status_code in (409, 422)
    assert "location" not in answer.headers
    assert not may_return(address, ("https://app.example/back",))


def test_an_address_that_the_deployment_names_is_taken() -> None:
    assert may_return("https://app.example/back", ("https://app.example/back",))
    assert may_return("http://127.0.0.1:7/x", ()) and may_return("http://[::1]:7/", ())


async def test_an_unknown_provider_is_told(access: Access) -> None:
    assert (await Browser(access).begin(provider="nobody")).status_code == 409


@pytest.mark.parametrize(
    "text",
    [
        "providers: {corp: {issuer: http://login.example, client_id: x}}",
        "providers: {corp: {issuer: https://login.example}}",
        "providers: {corp: {issuer: https://login.example, client_id: x, algorithms: [none]}}",
        "providers: {corp: {issuer: https://login.example, client_id: x, algorithms: [HS256]}}",
        "providers: {corp: {issuer: https://login.example, client_id: x, scopes: [email]}}",
        "providers: {Corp: {issuer: https://login.example, client_id: x}}",
        "providers: {corp: {issuer: https://login.example, client_id: x, extra: 1}}",
        "[]",
    ],
)
def test_a_file_of_providers_that_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    """An address without TLS, an algorithm that proves nothing, what is unknown: told at the start."""
    file = tmp_path / "providers.yaml"
    file.write_text(text)
    with pytest.raises(ProviderFileError):
        read_providers(str(file))


async def test_a_provider_that_is_away_is_told_and_nothing_is_begun(
    database: str, topic_prefix: str, tmp_path: Path
) -> None:
    """The client that waits tells it, in whose pages the person is."""
    async with access_with(database, topic_prefix, tmp_path, "http://127.0.0.1:1") as access:
        begun = await Browser(access).begin()
        assert refused(begun) == "unavailable"
        assert "set-cookie" not in begun.headers
        assert access.rows("SELECT count(*) FROM openid_flows")[0][0] == 0
