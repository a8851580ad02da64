"""Accounts in a browser: from somebody who is enrolled to their first page, and out again."""

from __future__ import annotations

from tests.support.console import ConsoleUnderTest, Visitors, sign_in

PASSWORD = "seven lamps beside an old harbour"


def test_somebody_who_is_enrolled_is_given_an_account_and_chooses_a_password(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    """An administrator begins at the accounts, hands a code over, and what it opened is in the list."""
    with visitors.context("administrator") as keeping, visitors.context(None) as new:
        admin, person = keeping.new_page(), new.new_page()
        admin.goto("/")
        assert admin.url.endswith("/accounts")
        admin.locator("#without a").first.click()
        login = admin.input_value("#login")
        assert login
        admin.click("main button.main")
        code = admin.inner_text("#secret code")
        admin.reload()
        assert admin.locator("#secret").count() == 0, "it was shown once"

        person.goto("/set-up")
        person.fill("#code", code)
        person.fill("#password", PASSWORD)
        person.fill("#again", PASSWORD)
        person.click("main button.main")
        person.wait_for_url(lambda url: "/set-up" not in url)
        assert person.get_attribute("body", "data-account") == login

        admin.goto("/accounts?kind=person")
        admin.get_by_role("link", name=login, exact=True).click()
        assert "可登录" in admin.inner_text("h1")
        admin.check("#disable input[name=sure]")
        admin.click("#disable button")
        assert "disabled" not in admin.inner_text("h1")
        person.goto("/sign-in")
        person.fill("#login", login)
        person.fill("#password", PASSWORD)
        person.click("main button.main")
        assert person.get_by_role("alert").inner_text()
        admin.click("#disable button")
        sign_in(person, login, PASSWORD)


def test_a_role_is_granted_and_taken_away(console: ConsoleUnderTest, visitors: Visitors) -> None:
    """What was wrong stands beside the field, with what was typed."""
    with visitors.context("administrator") as keeping:
        admin = keeping.new_page()
        admin.goto("/accounts?kind=person")
        admin.get_by_role("link", name=console.login("operator"), exact=True).click()
        before = admin.locator("#grants li").count()
        admin.select_option("#role", "group_auditor")
        admin.fill("#scopes", "East!")
        admin.click("#grants button[value=grant]")
        assert admin.input_value("#scopes") == "East!"
        assert admin.locator("#scopes-wrong").inner_text()
        admin.fill("#scopes", console.scope)
        admin.click("#grants button[value=grant]")
        assert admin.locator("#grants li").count() == before + 1
        admin.locator("#grants li button").last.click()
        assert admin.locator("#grants li").count() == before


def test_people_say_who_has_an_account_and_lead_no_manager_to_it(
    console: ConsoleUnderTest, visitors: Visitors
) -> None:
    with visitors.context("manager") as context:
        page = context.new_page()
        page.goto(f"/at/{console.scope}/{console.office}/people")
        assert page.locator("text=已有账号").count() > 0
        assert page.locator("a[href^='/accounts']").count() == 0
        assert page.goto("/accounts").status == 403  # type: ignore[union-attr]
