"""The accounts of the demonstration: one for each role, and the machine at which its desk hands everything in.

All are made over HTTP, as an administrator makes them. Their password is drawn anew each time and shown; nobody real
has one of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from deploy.demo.scenario.office import EVERYBODY, SCOPE
from deploy.local.errors import LocalError
from shared.access.machine import MachineCredentials
from shared.i18n import translated
from shared.platform.whole_file import private_file

ADMINISTRATOR: Final = "admin"
# Roles that the journal cannot know, held by people; the desk's machine enters, and asks as an auditor does.
GRANTED: Final = {"headoffice": "head_office", "groupauditor": "group_auditor", "operator": "operator"}
_OF_THE_DESK: Final = ("registry", "group_auditor")


class AccountsError(LocalError):
    """The accounts of the demonstration could not be made."""

    def __init__(self, said: str) -> None:
        super().__init__(translated("The accounts were not made: {said}", said=said))


@dataclass(frozen=True)
class DemoAccounts:
    """Who may sign in, by login and role, and the password of all of them."""

    roles: Mapping[str, str]
    password: str


def make_accounts(access: str, code: str, machine: Path) -> DemoAccounts:
    """Set the administrator up by its code, and have it make the others; the desk's machine is written into a file."""
    password = secrets.token_urlsafe(15)
    with httpx.Client(base_url=access, timeout=60.0, trust_env=False) as http:
        administrator = _Administrator(http, _set_up(http, code, password))
        roles = {ADMINISTRATOR: "administrator"}
        for person in {person.role: person for person in reversed(EVERYBODY)}.values():
            administrator.person(person.staff, password, [{"scope": SCOPE, "staff": person.staff}])
            roles[person.staff] = person.role
        for login, role in GRANTED.items():
            administrator.grant(administrator.person(login, password), role)
            roles[login] = role
        administrator.machine(machine)
    return DemoAccounts(roles, password)


class _Administrator:
    """What an administrator asks of access."""

    def __init__(self, http: httpx.Client, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}

    def person(self, login: str, password: str, staff: Sequence[Mapping[str, str]] = ()) -> str:
        """An account that is set up already."""
        made = self._post("accounts", {"login": login, "kind": "person", "staff": staff})
        _set_up(self._http, made["set_up_code"], password)
        return str(made["account"])

    def machine(self, path: Path) -> None:
        made = self._post("accounts", {"login": "demo-desk", "kind": "machine"})
        for role in _OF_THE_DESK:
            self.grant(made["account"], role)
        with private_file(path) as file:
            file.write(msgspec.json.encode(MachineCredentials(made["login"], made["secret"])))

    def grant(self, account: str, role: str) -> None:
        self._post("grants", {"account": account, "role": role, "scopes": [SCOPE]})

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return _answer(self._http.post(f"/v1/access/{path}", json=body, headers=self._headers))


def _set_up(http: httpx.Client, code: str, password: str) -> str:
    answer = _answer(http.post("/v1/access/set-up", json={"code": code, "password": password}))
    return str(answer["access_token"])


def _answer(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise AccountsError(f"{answer.status_code} {answer.text}")
    return answer.json()
