"""Accounts in the console: what is typed as access takes it, secrets shown once, and who is told of whose account."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.console.frame.forms import Form
from services.console.pages.accounts.routes import (
    account,
    accounts,
    act_on_account,
    make_account,
    new_account,
)
from services.console.pages.accounts.typed import AccountTyped, account_of, grant_of, links_of, subjects_of
from services.console.pages.home import home
from services.console.pages.people.routes import member, people
from shared.access.caller import GrantedRole
from tests.support.console_pages import OFFICE, SCOPE, MadeUpServices, answered, shown

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
ID = "0195b000-0000-7000-8000-000000000001"
ADMINISTRATOR = (GrantedRole("administrator", ("*",)),)
CODE = "ABCDE-FGHIJ-KLMNO"


def listed(**more: Any) -> dict[str, Any]:
    return {
        "account": ID, "login": "li", "kind": "person", "has_password": True, "has_second_factor": False,
        "made_at": "2026-03-01T02:00:00Z", "disabled_at": None, "staff": [{"scope": SCOPE, "staff": "li"}],
        "identities": [], **more,
    }  # fmt: skip


def enrolled(staff: str, account: str, login: str | None = None) -> dict[str, Any]:
    return {
        "scope": SCOPE, "staff": staff, "office": OFFICE, "role": "consultant", "account": account, "login": login,
    }  # fmt: skip


class MadeUpAccess(MadeUpServices):
    """Access behind the pages; `sent` is what changed something, as method, path and body."""

    def __init__(self, answers: dict[str, Any] | None = None, **account: Any) -> None:
        self.sent: list[tuple[str, str, Any]] = []
        self.one = listed(**account)
        super().__init__(
            {
                "/v1/access/accounts": self._accounts,
                f"/v1/access/accounts/{ID}": self._done,
                f"/v1/access/accounts/{ID}/renewal": self._made,
                "/v1/access/grants": self._grants,
                f"/v1/access/grants/{ID}": self._done,
                "/v1/access/staff": {
                    "staff": [enrolled("li", "open", "li"), enrolled("wang", "none")],
                    "next": None,
                },
                **(answers or {}),
            }
        )

    def _keep(self, request: httpx.Request) -> None:
        body = json.loads(request.content) if request.content else None
        self.sent.append((request.method, request.url.path, body))

    def _accounts(self, request: httpx.Request) -> Any:
        if request.method == "POST":
            return self._made(request)
        return {"accounts": [self.one], "next": None}

    def _made(self, request: httpx.Request) -> Any:
        self._keep(request)
        key = "secret" if self.one["kind"] == "machine" else "set_up_code"
        return {"account": ID, "login": self.one["login"], key: CODE}

    def _done(self, request: httpx.Request) -> httpx.Response:
        self._keep(request)
        return httpx.Response(204)

    def _grants(self, request: httpx.Request) -> Any:
        if request.method == "POST":
            self._keep(request)
            return httpx.Response(201, json={"grant": ID})
        return {"grants": [{"grant": ID, "account": ID, "role": "head_office", "scopes": ["*"]}]}


def as_administrator(access: MadeUpServices, **more: Any) -> Any:
    return access.page(None, staff="admin", granted=ADMINISTRATOR, **more)


def test_a_list_says_who_may_do_what_and_who_has_no_account_yet() -> None:
    access = MadeUpAccess()
    status, page = shown(accounts, as_administrator(access))
    assert status == 200
    assert '<span title="li">李娜</span> · 置业顾问，<span data-id>east-1 · east</span>' in page
    assert "集团总部：全部范围" in page
    assert "/accounts/new?scope=east&amp;staff=wang" in page
    assert "staff=li" not in page


def test_a_new_account_is_for_who_was_chosen_on_the_page_of_people() -> None:
    status, page = shown(new_account, as_administrator(MadeUpAccess()), SCOPE, "wang")
    assert status == 200
    assert 'name="login" type="text" value="wang"' in page
    assert '<option data-id value="east/wang" selected>王强 · 置业顾问，east-1</option>' in page


def test_an_account_is_headed_by_the_name_of_its_person() -> None:
    page = shown(account, as_administrator(MadeUpAccess()), UUID(ID))[1]
    assert "<h1>李娜 <code>li</code>" in page
    assert "李娜的密码、验证器" in page and "李娜将在各处退出" in page


def test_staff_are_called_by_their_ids_while_nobody_says_their_names() -> None:
    """Access keeps no names; accounts are kept all the same while attribution does not answer."""
    access = MadeUpAccess({"/v1/scopes/east/staff": lambda request: httpx.Response(503)})
    for page in (
        shown(accounts, as_administrator(access))[1],
        shown(account, as_administrator(access), UUID(ID))[1],
    ):
        assert '<span title="li">li</span> · 置业顾问' in page


@pytest.mark.parametrize(("kind", "person"), [("person", "east/wang"), ("machine", "")])
def test_what_an_account_is_set_up_with_stands_on_one_page(kind: str, person: str) -> None:
    """It is made by one call, and the code or secret is in its answer alone: it stands in no address and no notice."""
    access = MadeUpAccess(kind=kind)
    form = {"login": "wang", "kind": kind, "person": person}
    answer = answered(make_account, as_administrator(access, form=form))
    assert answer.status_code == 200
    assert CODE in bytes(answer.body).decode()
    assert CODE not in str(answer.raw_headers)
    links = [{"scope": "east", "staff": "wang"}] if person else []
    assert access.sent == [("POST", "/v1/access/accounts", {"login": "wang", "kind": kind, "staff": links})]
    assert CODE not in shown(account, as_administrator(access), UUID(ID))[1]


def test_what_access_refuses_stands_above_the_form_and_nothing_typed_is_lost() -> None:
    told = httpx.Response(409, json={"detail": "已有账号 wang (there is an account wang already)"})
    access = MadeUpAccess({"/v1/access/accounts": lambda request: told})
    form = {"login": "wang", "kind": "person", "person": "east/wang"}
    status, page = shown(make_account, as_administrator(access, form=form))
    assert status == 409
    assert "已有账号 wang" in page
    assert 'value="wang"' in page and '<option data-id value="east/wang" selected>' in page


@pytest.mark.parametrize(
    ("form", "sent"),
    [
        ({"do": "disable", "sure": "yes"}, ("PATCH", f"/v1/access/accounts/{ID}", {"disabled": True})),
        ({"do": "enable"}, ("PATCH", f"/v1/access/accounts/{ID}", {"disabled": False})),
        ({"do": "renew", "sure": "yes"}, ("POST", f"/v1/access/accounts/{ID}/renewal", None)),
        (
            {"do": "people", "person": ["east/li", "west/li2"]},
            ("PATCH", f"/v1/access/accounts/{ID}",
             {"staff": [{"scope": "east", "staff": "li"}, {"scope": "west", "staff": "li2"}]}),
        ),
        (
            {"do": "identities", "identities": "corp = 00u1\n\n"},
            ("PATCH", f"/v1/access/accounts/{ID}", {"identities": [{"provider": "corp", "subject": "00u1"}]}),
        ),
        (
            {"do": "grant", "role": "head_office", "scopes": "east， west east"},
            ("POST", "/v1/access/grants", {"account": ID, "role": "head_office", "scopes": ["east", "west"]}),
        ),
        ({"do": "end_grant", "grant": ID}, ("DELETE", f"/v1/access/grants/{ID}", None)),
    ],
)  # fmt: skip
def test_each_button_is_one_call(form: dict[str, Any], sent: tuple[str, str, Any]) -> None:
    access = MadeUpAccess()
    answer = answered(act_on_account, as_administrator(access, form=form), UUID(ID))
    assert answer.status_code in (200, 303)
    assert access.sent == [sent]


@pytest.mark.parametrize(
    "form",
    [
        {"do": "disable"}, {"do": "renew"}, {"do": "grant", "role": "head_office", "scopes": ""},
        {"do": "grant", "role": "boss", "scopes": "*"}, {"do": "identities", "identities": "00u1"},
    ],
    ids=str,
)  # fmt: skip
def test_what_was_not_meant_or_lacks_something_does_nothing(form: dict[str, str]) -> None:
    access = MadeUpAccess()
    status, page = shown(act_on_account, as_administrator(access, form=form), UUID(ID))
    assert (status, access.sent) == (422, [])
    assert 'class="wrong"' in page


def test_nobody_is_offered_to_disable_the_own_account() -> None:
    page = as_administrator(MadeUpAccess())
    page.__dict__["caller"] = type(page.caller)(ID, "person", "li", "s", 0.0, (), ADMINISTRATOR)
    told = shown(account, page, UUID(ID))[1]
    assert 'value="disable"' not in told
    assert 'value="renew"' in told


def test_texts_of_accounts_are_escaped() -> None:
    access = MadeUpAccess(login=HOSTILE, identities=[{"provider": "corp", "subject": HOSTILE}])
    for page in (
        shown(accounts, as_administrator(access))[1],
        shown(account, as_administrator(access), UUID(ID))[1],
    ):
        assert "<script>alert" not in page and "<img src=x" not in page


def test_who_keeps_accounts_begins_there() -> None:
    answer = answered(home, as_administrator(MadeUpAccess()))
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts")


def test_a_manager_is_told_who_has_no_account_and_an_administrator_is_led_to_one() -> None:
    access = MadeUpAccess({"/v1/scopes/east/customers": {"customers": [], "cursor": None, "as_of_seq": 7}})
    for handler, given in ((people, ()), (member, ("wang",))):
        manager = shown(handler, access.page("manager"), SCOPE, OFFICE, *given)[1]
        both = shown(handler, access.page("manager", granted=ADMINISTRATOR), SCOPE, OFFICE, *given)[1]
        assert "尚无账号" in manager and "/accounts/new" not in manager
        assert 'href="/accounts/new?scope=east&amp;staff=wang"' in both
    assert "已有账号" in shown(people, access.page("manager"), SCOPE, OFFICE)[1]


def test_people_are_shown_while_access_does_not_answer() -> None:
    access = MadeUpAccess({"/v1/access/staff": lambda request: httpx.Response(503)})
    status, page = shown(people, access.page("manager"), SCOPE, OFFICE)
    assert status == 200 and "李娜" in page and "尚无账号" not in page


def test_what_is_typed_of_an_account() -> None:
    body, wrong = account_of(AccountTyped("", "robot", "east/li"))
    assert (sorted(wrong.fields), body["staff"]) == (["kind", "login"], [{"scope": "east", "staff": "li"}])
    assert "person" in account_of(AccountTyped("desk-east", "machine", "east/li"))[1].fields
    assert [(one.scope, one.staff) for one in links_of(["east/li", "li", "/li", "east/", "east/a/b"])] == [
        ("east", "li"), ("east", "a/b"),
    ]  # fmt: skip
    assert subjects_of("corp=a=b")[0][0].subject == "a=b"
    assert not grant_of(ID, Form({"role": ["desk"], "scopes": ["*"]}))[1]
