"""What is typed on the pages of accounts, as it goes to access."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final, get_args

from msgspec import Struct

from services.console.asking.access_answers import LinkedStaff, LinkedSubject
from services.console.frame.forms import Form, Wrong
from shared.access.caller import CallerKind
from shared.access.table import permission_table
from shared.i18n import Text, translated

_BETWEEN: Final = re.compile(r"[\s,;，；、]+")


class AccountTyped(Struct, frozen=True):
    """The form of a new account; `person` is whom it is for, as scope/id, nobody where it is empty."""

    login: str
    kind: str
    person: str
    role: str = ""
    scopes: str = ""

    @classmethod
    def of(cls, form: Form) -> AccountTyped:
        return cls(form["login"], form["kind"], form["person"], form["role"], form["scopes"])


def account_of(typed: AccountTyped) -> tuple[dict[str, Any], Wrong]:
    """The body by which access makes the account, and what is missing."""
    wrong = Wrong()
    if not typed.login:
        wrong.fields["login"] = translated("the login is wanted: the person signs in by it")
    if typed.kind not in get_args(CallerKind):
        wrong.fields["kind"] = translated("choose whether it is a person's or a machine's")
    linked = links_of([typed.person])
    if linked and typed.kind == "machine":
        wrong.fields["person"] = translated("a machine is nobody of staff: its role is granted")
    body = {"login": typed.login, "kind": typed.kind, "staff": [_link(one) for one in linked]}
    return body, wrong


def links_of(given: Iterable[str]) -> list[LinkedStaff]:
    """Staff ids with their scopes out of texts such as `east/li`; what has no slash is none."""
    parts = [one.partition("/") for one in given]
    return [LinkedStaff(scope, staff) for scope, slash, staff in parts if slash and scope and staff]


def subjects_of(text: str) -> tuple[list[LinkedSubject], Wrong]:
    """Subjects of providers, one on a line, such as `corp=00u1a2b3`, and the line that is none."""
    wrong = Wrong()
    found: list[LinkedSubject] = []
    for line in filter(None, (one.strip() for one in text.splitlines())):
        provider, joint, subject = line.partition("=")
        if not joint or not subject.strip():
            wrong.fields["identities"] = translated("one on each line: the provider, =, and the subject")
        found.append(LinkedSubject(provider.strip(), subject.strip()))
    return found, wrong


def grant_of(account: str, form: Form) -> tuple[dict[str, Any], Wrong]:
    """The body by which access grants a role, and what is missing."""
    wrong = Wrong()
    scopes = list(dict.fromkeys(filter(None, _BETWEEN.split(form["scopes"]))))
    if form["role"] not in permission_table().granted_roles:
        wrong.fields["role"] = translated("choose a role")
    if not scopes:
        wrong.fields["scopes"] = translated("name the scopes over which it holds; * is every one")
    return {"account": account, "role": form["role"], "scopes": scopes}, wrong


def grantable(kind: CallerKind) -> list[tuple[str, Text]]:
    """The roles that an account of this kind may be granted, in words."""
    table = permission_table()
    return [(role, words.text) for role, words in table.granted_roles.items() if table.grantable(role, kind)]


def _link(one: LinkedStaff) -> dict[str, str]:
    return {"scope": one.scope, "staff": one.staff}
