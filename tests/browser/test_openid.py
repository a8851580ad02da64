"""Signing in at a provider of OpenID Connect: there, back, and what somebody reads where it does not come to that.

The provider is a program of others, on an address that is another site to the browser, and shows its own page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, Route, expect

from services.access.openid.flow import PATH
from shared.contract.case_numbers import case_number
from tests.browser.hostile import WATCHED
from tests.browser.readable import readable
from tests.support.console import ConsoleUnderTest, Visitors

MANAGER, CONSULTANT, NEWCOMER, NOBODY = "7001", "7002", "7003", "7999"
"""Subjects at the provider; the last one is linked with no account."""
NEW_LOGIN = "70030001"
BUTTON = {"zh": "使用集团统一登录进入", "en": "Sign in with Group sign-in"}


@pytest.fixture(scope="module", autouse=True)
def _linked(console: ConsoleUnderTest) -> None:
    """An administrator links accounts with subjects, one of them an account of somebody whom no office enrolled."""
    with _administrator(console) as http:
        made = http.post("/v1/access/accounts", json={"login": NEW_LOGIN, "kind": "person", "staff": []})
        assert made.status_code in (201, 409), made.text  # another worker of the run was first
        told = http.get("/v1/access/accounts", params={"kind": "person"}).json()["accounts"]
        ids = {one["login"]: one["account"] for one in told}
        people = {
            console.login("manager"): MANAGER,
            console.login("consultant"): CONSULTANT,
            NEW_LOGIN: NEWCOMER,
        }
        for login, subject in people.items():
            change = {"identities": [{"provider": "corp", "subject": subject}]}
            assert http.patch(f"/v1/access/accounts/{ids[login]}", json=change).status_code == 204


@contextmanager
def _administrator(console: ConsoleUnderTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=console.services["access"], timeout=60.0, trust_env=False) as http:
        given = {"login": console.login("administrator"), "password": console.password}
        token = http.post("/v1/access/sign-in", json=given).json()["access_token"]
        http.headers["authorization"] = f"Bearer {token}"
        yield http


class ProviderWalk:
    """A browser in which nobody is signed in, on its way; what its pages had stopped or could not do is kept."""

    def __init__(self, context: BrowserContext, console: ConsoleUnderTest) -> None:
        self.context = context
        self.console = console
        self.stopped: list[str] = []
        context.add_init_script(WATCHED)
        # The provider's page asks a host of others for its looks; nothing of a test leaves this machine.
        context.route(re.compile(r"^https://"), lambda route: route.abort())
        self.page = context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.stopped.append(str(error)))

    def _heard(self, told: Any) -> None:
        """What a page of ours had stopped; the pages of the provider are its own matter, a status is none."""
        of_ours = not told.location["url"].startswith(("https://", self.console.provider))
        if told.type == "error" and of_ours and "status of" not in told.text:
            self.stopped.append(told.text)

    def to_provider(self, path: str, language: str = "zh") -> None:
        """Ask for a page without a session, and press the provider's button on the sign-in that comes instead."""
        self.page.goto(path)
        self.page.get_by_role("link", name=BUTTON[language]).click()
        self.page.wait_for_url(f"{self.console.provider}/**")

    def state(self) -> str:
        """What the provider was asked with."""
        return parse_qs(urlsplit(self.page.url).query)["state"][0]

    def vouched_for(self, subject: str) -> None:
        """Fill the provider's form, which sends the browser back."""
        self.page.fill("[name=sub]", subject)
        self.page.get_by_role("button", name="Authorize").click()

    def answer_held(self, subject: str) -> str:
        """The same, and where the browser would be sent, which it does not follow."""
        held: list[str] = []

        def hold(route: Route) -> None:
            held.append(route.fetch(max_redirects=0).headers["location"])
            route.fulfill(body="held")

        self.page.route(f"{self.console.provider}/**", hold)
        self.vouched_for(subject)
        self.page.wait_for_selector("text=held")
        self.page.unroute_all()
        return held[0]

    def told(self) -> str:
        """Why nobody was let in: on the sign-in, with every way that there is, and no fault of our pages."""
        self.page.wait_for_url(f"{self.console.address}/sign-in/openid?error=*")
        expect(self.page.locator("#password")).to_be_visible()
        readable(self.page)
        assert self.stopped == []
        return self.page.get_by_role("alert").inner_text()


@pytest.fixture
def walk(visitors: Visitors, console: ConsoleUnderTest) -> Iterator[ProviderWalk]:
    with visitors.context(None) as context:
        yield ProviderWalk(context, console)


def a_case(console: ConsoleUnderTest) -> tuple[str, str]:
    """A customer, and where the link of an alert about them leads."""
    customer = console.ask(f"/v1/scopes/{console.scope}/customers", limit=1)["customers"][0]["customer"]
    return customer, f"/c/{console.scope}/{case_number(customer)}"


@pytest.mark.parametrize(("size", "language"), [("desktop", "zh"), ("phone", "en")])
def test_the_link_of_an_alert_opens_its_customer_by_way_of_the_provider(
    visitors: Visitors, console: ConsoleUnderTest, size: str, language: str
) -> None:
    """From a site of others a browser comes back with its cookies, and no policy of ours stops the way; out again by
    the button that everybody has."""
    customer, link = a_case(console)
    with visitors.context(None, size=size, language=language) as context:
        walk = ProviderWalk(context, console)
        walk.to_provider(link, language)
        walk.vouched_for(MANAGER)
        expect(walk.page).to_have_url(f"{console.address}/in/{console.scope}/customers/{customer}")
        assert walk.page.get_attribute("body", "data-account") == console.login("manager")
        assert [one["name"] for one in context.cookies(console.address) if "panke" in one["name"]] == [
            *(["panke_language"] if language == "en" else []), "panke",
        ]  # fmt: skip
        readable(walk.page)
        walk.page.click("form[action='/sign-out'] button")
        walk.page.wait_for_url("**/sign-in")
        walk.page.goto(link)
        expect(walk.page).to_have_url(re.compile(r"/sign-in\?then="))
        assert walk.stopped == []


def test_somebody_begins_in_the_room_of_their_role(walk: ProviderWalk, console: ConsoleUnderTest) -> None:
    """Without a page that was asked for, as after a sign-in by password."""
    walk.to_provider("/sign-in")
    walk.vouched_for(CONSULTANT)
    expect(walk.page).to_have_url(re.compile(rf"{console.address}/at/{console.scope}/[^/]+/mine$"))
    assert walk.page.get_attribute("body", "data-account") == console.login("consultant")


def test_whom_no_account_is_linked_with_is_told_who_does_that(
    walk: ProviderWalk, console: ConsoleUnderTest
) -> None:
    """The page that was asked for is kept, in the other language too, and opens by a password."""
    _, link = a_case(console)
    walk.to_provider(link)
    walk.vouched_for(NOBODY)
    assert "管理员" in walk.told()
    walk.page.click("form[action='/language'] button")
    expect(walk.page.locator("html")).to_have_attribute("lang", "en")
    walk.page.fill("#login", console.login("manager"))
    walk.page.fill("#password", console.password)
    walk.page.click("main button.main")
    expect(walk.page).to_have_url(re.compile(f"/in/{console.scope}/customers/"))


def test_whom_no_office_enrolled_is_told_who_does_that(walk: ProviderWalk) -> None:
    """The account is there and signs in; the first page says what is missing."""
    walk.to_provider("/sign-in")
    walk.vouched_for(NEWCOMER)
    expect(walk.page.locator(".empty")).to_contain_text("案场经理")
    readable(walk.page)
    assert walk.stopped == []


def test_who_says_no_at_the_provider_is_back_at_the_sign_in(walk: ProviderWalk) -> None:
    """This provider sends no `state` back with a refusal, which RFC 6749 has it do."""
    walk.to_provider("/sign-in?then=/account")
    walk.page.get_by_role("button", name="Deny").click()
    assert "未放行" in walk.told()
    assert walk.page.input_value("main [name=then]") == "/account"


def test_an_error_of_the_provider_leads_back_to_the_sign_in(
    walk: ProviderWalk, console: ConsoleUnderTest
) -> None:
    """With whatever it says besides, of which nothing is repeated."""
    walk.to_provider("/sign-in?then=/account")
    said = {"error": "server_error", "state": walk.state(), "error_description": "<script>", "trace": "77"}
    walk.page.goto(f"{console.services['access']}{PATH}/corp/callback?{urlencode(said)}")
    assert "未放行" in walk.told()
    assert walk.page.input_value("main [name=then]") == "/account"
    assert "script" not in walk.page.url


def test_the_answer_for_one_browser_lets_nobody_in_in_another(
    walk: ProviderWalk, visitors: Visitors, console: ConsoleUnderTest
) -> None:
    """Whoever opens it reads that it is not theirs and what to do; whose it is goes on with it."""
    walk.to_provider("/account")
    back = walk.answer_held(MANAGER)
    with visitors.context(None) as context:
        other = ProviderWalk(context, console)
        for begins in (False, True):
            if begins:
                other.to_provider("/account")
            answer = other.page.goto(back)
            assert answer is not None
            assert answer.status == 401
            assert "重新登录" in other.page.inner_text("main")
            readable(other.page)
            other.page.goto("/account")
            assert "/sign-in" in other.page.url
        assert other.stopped == []
    walk.page.goto(back)
    expect(walk.page).to_have_url(f"{console.address}/account")


def test_a_provider_that_nobody_named_is_told_on_a_page(
    walk: ProviderWalk, console: ConsoleUnderTest
) -> None:
    """Of access, which shows no other, and of the console."""
    asked = {"return_to": f"{console.address}/sign-in/openid", "challenge": "x" * 43}
    for address in (
        f"{console.services['access']}{PATH}/nobody?{urlencode(asked)}",
        "/sign-in/openid/nobody",
    ):
        answer = walk.page.goto(address)
        assert answer is not None
        assert answer.status in (404, 409)
        readable(walk.page)
