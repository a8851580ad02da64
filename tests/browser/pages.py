"""Every page of the console by the table of permissions, with ids that are there in the invented office."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, NamedTuple

import httpx

from deploy.demo.accounts import GRANTED
from shared.access.table import permission_table
from tests.browser.hostile import hostile_customer, hostile_record
from tests.support.console import ConsoleUnderTest

SERVICE: Final = "console"
ASKED_WITH: Final = {"/at/{scope}/{office}/reports/{report}/rows": "?table=day&column=calls"}
"""What a page is not asked without."""


class PageAddress(NamedTuple):
    """An address of the console as the table has it, and the action that opens it."""

    method: str
    path: str
    action: str


def addresses(method: str) -> list[PageAddress]:
    """The addresses that are asked by this method, as the table has them."""
    routes = permission_table().routes(SERVICE)
    return [PageAddress(*one) for one in routes if one[0] == method and not one[1].startswith("/docs")]


def roles() -> list[str]:
    """Every role that a person may hold in the invented office."""
    return [*permission_table().staff_roles, "administrator", *GRANTED.values()]


def allowed(action: str, role: str) -> bool:
    """Whether the table lets somebody with this role in."""
    found = permission_table().actions[action]
    return found.who != "role" or role in found.may


@cache
def known(console: ConsoleUnderTest) -> Mapping[str, str]:
    """An id for each name that stands in an address; of the customer whose every text is a program, where it can be."""
    scope = console.scope
    customer = hostile_customer(console)
    disputes = console.ask(f"/v1/scopes/{scope}/disputes", limit=500)["disputes"]
    deals = console.ask(f"/v1/scopes/{scope}/deals", limit=1)["deals"]
    return {
        "scope": scope,
        "office": console.office,
        "customer": customer,
        "dispute": next(one["dispute"] for one in disputes if one["customer"] == customer),
        "deal": deals[0]["deal"],
        "record": hostile_record(console),
        "staff": "li",
        "report": "R1",
        "register": "visits",
        "seq": "1",
        "account": an_account(console),
    }


def an_account(console: ConsoleUnderTest) -> str:
    """The id of somebody's account, as an administrator reads it."""
    access = console.services["access"]
    with httpx.Client(base_url=access, timeout=60.0, trust_env=False) as http:
        given = {"login": console.login("administrator"), "password": console.password}
        token = http.post("/v1/access/sign-in", json=given).json()["access_token"]
        answer = http.get("/v1/access/accounts", headers={"Authorization": f"Bearer {token}"})
        return str(answer.json()["accounts"][-1]["account"])


def filled(path: str, console: ConsoleUnderTest) -> str | None:
    """The address with ids in it; None where it names something that is there only once somebody made it."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    ids = known(console)
    if any(name not in ids for name in names):
        return None
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: ids[found[1]], path) + ASKED_WITH.get(path, "")
