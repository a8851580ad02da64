"""The one table of permissions covers every address of every service, and says what its page shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shared.access.caller import Caller, GrantedRole, StaffRole
from shared.access.table import PermissionTable, PermissionTableError, permission_table
from tests.support import permissions_page
from tests.support.calls_page import apps
from tests.support.tokens import every_role

TABLE = permission_table()


@pytest.mark.parametrize("name", apps())
def test_every_address_of_a_service_has_an_action(name: str) -> None:
    """No route without one, and no action of a route that is not there."""
    app = apps()[name]
    served = {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for route in app.routes
        for method in getattr(route, "methods", ())
        if method != "HEAD" and not route.path.startswith("/docs/")  # type: ignore[attr-defined]
    }
    described = {f"{m.upper()} {path}" for path, calls in app.openapi()["paths"].items() for m in calls}
    named = {f"{m} {path}" for m, path, _ in TABLE.routes(name.lower()) if not path.startswith("/docs/")}
    plain = {one.replace(":path}", "}") for one in named}  # as OpenAPI writes it
    assert plain == {one.replace(":path}", "}") for one in served} | described


def test_the_page_shows_the_table_as_it_is() -> None:
    """docs/permissions.md is made from the table: `python -m tests.support.permissions_page` writes it anew."""
    assert permissions_page.PAGE.read_text(encoding="utf-8") == permissions_page.page()


def test_only_probes_and_the_door_itself_need_no_token() -> None:
    """What is open to anyone shows nothing of anybody."""
    opened = {
        route.split(" ")[2] for one in TABLE.actions.values() if one.who == "anyone" for route in one.routes
    }
    assert {path for path in opened if not path.startswith(("/docs", "/v1/access/", "/.well-known/"))} == {
        "/healthz", "/readyz", "/metrics", "/openapi.json",
        "/sign-in", "/sign-in/openid", "/sign-in/openid/{provider}", "/set-up", "/language", "/assets/desk-worker.js",
        "/assets/{digest}/{name:path}",
    }  # fmt: skip
    assert not any(one.opens for one in TABLE.actions.values() if one.who == "anyone")


@pytest.mark.parametrize("role", TABLE.staff_roles)
def test_nobody_of_an_office_reaches_another_scope(role: str) -> None:
    """Whatever the role, its permits end at its scope, and those of an office at the office."""
    held = every_role()[role]
    assert isinstance(held, StaffRole)
    caller = Caller("p", "person", "p", "s", 0.0, (held,), ())
    for action in TABLE.actions:
        assert TABLE.permits(caller, action, "west") == ()
        for permit in TABLE.permits(caller, action):
            assert not permit.covers("west", "east-1", {held.staff})
            assert permit.covers("east", "east-1", {held.staff})
            assert permit.covers("east", "east-2", {"other"}) == (permit.reach == "scope")
            assert permit.covers("east", "east-1", {"other"}) == (permit.reach in ("office", "scope"))


@pytest.mark.parametrize("role", TABLE.granted_roles)
def test_a_grant_reaches_the_scopes_that_it_names(role: str) -> None:
    """Those and no others; `*` is every scope."""
    named = Caller("p", "person", "p", "s", 0.0, (), (GrantedRole(role, ("east", "north")),))  # type: ignore[arg-type]
    every = Caller("p", "person", "p", "s", 0.0, (), (GrantedRole(role, ("*",)),))  # type: ignore[arg-type]
    allowed = [action for action in TABLE.actions if TABLE.permits(named, action)]
    assert [action for action in TABLE.actions if TABLE.permits(every, action, "west")] == allowed
    assert [action for action in TABLE.actions if TABLE.permits(named, action, "north")] == allowed
    assert not any(TABLE.permits(named, action, "west") for action in TABLE.actions)


def test_a_departed_member_of_staff_may_nothing() -> None:
    """Without a role there is no permit."""
    caller = Caller("p", "person", "p", "s", 0.0)
    assert not any(TABLE.permits(caller, action) for action in TABLE.actions)


def test_an_administrator_sees_no_customer() -> None:
    """Who gives roles out has none of those that open personal data."""
    administrator = Caller("p", "person", "p", "s", 0.0, (), (GrantedRole("administrator", ("*",)),))
    assert not any(TABLE.permits(administrator, name) for name, one in TABLE.actions.items() if one.opens)
    assert TABLE.permits(administrator, "staff.list", "east"), "accounts are of people with names"
    assert not TABLE.permits(administrator, "scope.list")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("may: {consultant: granted}", "cannot reach"),
        ("may: {head_office: scope}", "cannot reach"),
        ("may: {nobody: scope}", "cannot reach"),
        ('routes: ["intake GET /v1/events/{id}"]', "both"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(change: str, named: str) -> None:
    """A role that cannot reach so far, one that does not exist, an address with two actions."""
    from importlib.resources import files

    text = files("shared.access").joinpath("permissions.yaml").read_text(encoding="utf-8")
    kept = "" if "routes" in change else "    routes: []\n"
    text += f"  wrong.one:\n    zh: 错\n    en: wrong\n{kept}    {change}\n"
    with pytest.raises(PermissionTableError, match=named):
        PermissionTable(text.encode())


def test_every_action_is_named_in_both_languages() -> None:
    """As are the roles."""
    words: list[Any] = [*TABLE.actions.values(), *TABLE.staff_roles.values(), *TABLE.granted_roles.values()]
    assert all(
        re.search(r"[\u4e00-\u9fff]", one.zh) and not re.search(r"[\u4e00-\u9fff]", one.en) for one in words
    )
