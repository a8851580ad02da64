"""Signing in and out in a browser, and what somebody finds first."""

from __future__ import annotations

import pytest

from tests.support.console import ConsoleUnderTest, Visitors, sign_in


def test_somebody_signs_in_and_is_where_they_were_going(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    """A page that needs a session leads to the sign-in and, after it, to where somebody was going."""
    with visitors.context(None) as context:
        page = context.new_page()
        page.goto("/account")
        assert page.url.endswith("/sign-in?then=/account")
        sign_in(page, console.login("manager"), console.password, page.url)
        assert page.url.endswith("/account")
        assert console.login("manager") in page.inner_text("main dl")


def test_a_wrong_password_is_told_and_the_login_stays(console: ConsoleUnderTest, visitors: Visitors) -> None:
    with visitors.context(None) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.fill("#login", console.login("reception"))
        page.fill("#password", "not the password")
        page.click("main button.main")
        assert page.get_by_role("alert").inner_text()
        assert page.input_value("#login") == console.login("reception")


def test_signing_out_ends_the_session(console: ConsoleUnderTest, visitors: Visitors) -> None:
    """The way back leads to the sign-in, and so does the cookie of before."""
    with visitors.context(None) as context:
        page = context.new_page()
        sign_in(page, console.login("auditor"), console.password)
        kept = context.cookies()
        page.goto("/account")
        page.click("form[action='/sign-out'] button")
        assert page.url.endswith("/sign-in")
        context.add_cookies(kept)  # type: ignore[arg-type]
        page.goto("/account")
        assert "/sign-in" in page.url


@pytest.mark.parametrize("then", ["//evil.example/", "/\\evil.example", "https://evil.example/", "/sign-in"])
def test_a_sign_in_leads_to_no_other_host(console: ConsoleUnderTest, visitors: Visitors, then: str) -> None:
    with visitors.context(None) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.evaluate("then => { document.querySelector('input[name=then]').value = then; }", then)
        page.fill("#login", console.login("auditor"))
        page.fill("#password", console.password)
        page.click("main button.main")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        assert page.url.startswith(console.address)


def test_the_language_is_switched_and_stays(visitors: Visitors) -> None:
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto("/account")
        assert page.get_attribute("html", "lang") == "zh-CN"
        page.click("form[action='/language'] button")
        assert page.get_attribute("html", "lang") == "en"
        page.goto("/places")
        assert page.inner_text("h1") == "Offices"
