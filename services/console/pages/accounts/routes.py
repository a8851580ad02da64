"""The addresses of accounts: the list, a new one, and one account with what is done about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.access_answers import (
    EnrolledStaff,
    LinkedStaff,
    SecretShown,
    ShownAccount,
    ShownAccounts,
    ShownGrant,
    ShownGrants,
)
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import CHINA
from services.console.frame.refused import wrong_with
from services.console.frame.staff_accounts import enrolled_staff, staff_names
from services.console.pages.accounts.typed import (
    AccountTyped,
    account_of,
    grant_of,
    grantable,
    links_of,
    subjects_of,
)
from shared.access.table import permission_table
from shared.i18n import bilingual, translated
from shared.platform.http.problem import ProblemError

ROOM: Final = "/accounts"
PAGE: Final = 100
API: Final = "/v1/access"

Kind = Annotated[str | None, Query(pattern="^(person|machine)$")]
Word = Annotated[str | None, Query(max_length=200)]


class AccountLine(Struct, frozen=True):
    """An account with whom it is for and what it holds."""

    account: ShownAccount
    people: list[EnrolledStaff]
    grants: list[ShownGrant]


async def accounts(page: Page, kind: Kind = None, after: Word = None) -> Response:
    """Who may sign in, and who is enrolled and has no account yet."""
    told = await page.services.get(
        "access", f"{API}/accounts", ShownAccounts, kind=kind, after=after, limit=PAGE
    )
    staff = await enrolled_staff(page)
    granted = await page.services.get("access", f"{API}/grants", ShownGrants)
    lines = [_line(one, staff, granted.grants) for one in told.accounts]
    without = [one for one in staff if one.account == "none"]
    named = [*without, *(one for line in lines for one in line.people)]
    return await _shown(page, "list", named, lines=lines, without=without, kind=kind, after=told.next)


async def new_account(page: Page, scope: Word = None, staff: Word = None, kind: Kind = None) -> Response:
    """The form of a new account; for somebody who is enrolled where they are named."""
    person = f"{scope}/{staff}" if scope and staff else ""
    return await _new(page, AccountTyped(_as_login(staff or ""), kind or "person", person))


async def make_account(page: Page) -> Response:
    """Make it; what it is set up with is shown this once."""
    typed = AccountTyped.of(await page.form())
    body, wrong = account_of(typed)
    if wrong:
        return await _new(page, typed, wrong)
    try:
        made = await page.services.post("access", f"{API}/accounts", body, SecretShown)
    except ServiceRefusedError as error:
        return await _new(page, typed, wrong_with(error, {"login": "login", "staff": "person"}), error.status)
    return await _one(page, made.account, made=made)


async def account(page: Page, account: UUID) -> Response:
    """One account."""
    return await _one(page, str(account))


async def act_on_account(page: Page, account: UUID) -> Response:
    """What is done about it, by the button that was pressed."""
    form, one = await page.form(), str(account)
    acts = {
        "renew": _renew, "disable": _disable, "enable": _enable, "people": _people, "identities": _identities,
        "grant": _grant, "end_grant": _end_grant,
    }  # fmt: skip
    act = acts.get(form["do"])
    if act is None:
        raise ProblemError(422, bilingual("the form cannot be read"))
    try:
        return await act(page, one, form)
    except ServiceRefusedError as error:
        if error.status >= 500 or error.status in (401, 403, 404):
            raise
        wrong = wrong_with(error, {"scopes": "scopes", "role": "role", "identities": "identities"})
        return await _one(page, one, wrong=wrong, form=form, status=error.status)


async def _renew(page: PageRequest, account: str, form: Form) -> Response:
    """A new code, or a new secret, once somebody said that they know what it ends."""
    if form["sure"] != "yes":
        return await _unsure(page, account, form)
    made = await page.services.post("access", f"{API}/accounts/{account}/renewal", None, SecretShown)
    return await _one(page, account, made=made)


async def _disable(page: PageRequest, account: str, form: Form) -> Response:
    if form["sure"] != "yes":
        return await _unsure(page, account, form)
    return await _changed(page, account, {"disabled": True})


async def _enable(page: PageRequest, account: str, form: Form) -> Response:
    return await _changed(page, account, {"disabled": False})


async def _people(page: PageRequest, account: str, form: Form) -> Response:
    links = [{"scope": one.scope, "staff": one.staff} for one in links_of(form.all("person"))]
    return await _changed(page, account, {"staff": links})


async def _identities(page: PageRequest, account: str, form: Form) -> Response:
    found, wrong = subjects_of(form["identities"])
    if wrong:
        return await _one(page, account, wrong=wrong, form=form, status=422)
    told = [{"provider": one.provider, "subject": one.subject} for one in found]
    return await _changed(page, account, {"identities": told})


async def _grant(page: PageRequest, account: str, form: Form) -> Response:
    body, wrong = grant_of(account, form)
    if wrong:
        return await _one(page, account, wrong=wrong, form=form, status=422)
    await page.services.call("access", "POST", f"{API}/grants", body=body)
    return page.see_other(f"{ROOM}/{account}", translated("Granted. It holds within ten minutes."))


async def _end_grant(page: PageRequest, account: str, form: Form) -> Response:
    try:
        grant = UUID(form["grant"])
    except ValueError:
        raise ProblemError(422, bilingual("the form cannot be read")) from None
    await page.services.call("access", "DELETE", f"{API}/grants/{grant}")
    return page.see_other(f"{ROOM}/{account}", translated("Taken away. It is gone within ten minutes."))


async def _changed(page: PageRequest, account: str, body: dict[str, Any]) -> Response:
    await page.services.call("access", "PATCH", f"{API}/accounts/{account}", body=body)
    return page.see_other(f"{ROOM}/{account}", translated("It is changed."))


async def _unsure(page: PageRequest, account: str, form: Form) -> Response:
    wrong = Wrong()
    wrong.fields[f"sure_{form['do']}"] = translated("say that you know what it ends")
    return await _one(page, account, wrong=wrong, form=form, status=422)


async def _new(
    page: PageRequest, typed: AccountTyped, wrong: Wrong | None = None, status: int = 422
) -> Response:
    free = [one for one in await enrolled_staff(page) if one.account == "none"]
    return await _shown(
        page,
        "new",
        free,
        status if wrong else 200,
        typed=typed,
        wrong=wrong,
        free=free,
        known={f"{one.scope}/{one.staff}" for one in free},
    )


async def _one(
    page: PageRequest,
    account: str,
    *,
    made: SecretShown | None = None,
    wrong: Wrong | None = None,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    told = await page.services.get("access", f"{API}/accounts", ShownAccounts, account=account)
    if not told.accounts:
        raise ProblemError(404, bilingual("there is no such account"))
    granted = await page.services.get("access", f"{API}/grants", ShownGrants, account=account)
    staff = await enrolled_staff(page)
    line = _line(told.accounts[0], staff, granted.grants)
    own = {(one.scope, one.staff) for one in line.account.staff}
    offered = [one for one in staff if one.account == "none" or (one.scope, one.staff) in own]
    return await _shown(
        page, "account", [*offered, *line.account.staff], status, line=line, made=made, wrong=wrong,
        form=form or Form({}), own=own, enrolled={(one.scope, one.staff) for one in staff},
        offered=offered, grantable=grantable(line.account.kind), is_self=line.account.account == page.caller.subject,
    )  # fmt: skip


def _line(account: ShownAccount, staff: list[EnrolledStaff], grants: tuple[ShownGrant, ...]) -> AccountLine:
    own = {(one.scope, one.staff) for one in account.staff}
    people = [one for one in staff if (one.scope, one.staff) in own]
    return AccountLine(account, people, [one for one in grants if one.account == account.account])


async def _shown(
    page: PageRequest,
    template: str,
    named: Iterable[EnrolledStaff | LinkedStaff],
    status: int = 200,
    **values: Any,
) -> Response:
    """A page of the room; `named` are the staff whom it names."""
    words = permission_table().granted_roles
    return page.render(
        f"accounts/{template}.html", status=status, facts=await page.own_scope(), zone=CHINA, room="accounts",
        names=await staff_names(page, (one.scope for one in named)), granted_word=lambda role: words[role].text,
        **values,
    )  # fmt: skip


def _as_login(staff: str) -> str:
    """What is offered as a login: the id, where it could be one."""
    return staff.lower() if staff.isascii() else ""


def account_routes() -> APIRouter:
    """The room of accounts."""
    made = APIRouter(include_in_schema=False)
    for path, handler, method in (
        (ROOM, accounts, "GET"),
        (f"{ROOM}/new", new_account, "GET"),
        (f"{ROOM}/new", make_account, "POST"),
        (f"{ROOM}/{{account}}", account, "GET"),
        (f"{ROOM}/{{account}}", act_on_account, "POST"),
    ):
        made.add_api_route(path, handler, methods=[method], response_model=None)
    return made
