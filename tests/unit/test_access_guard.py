"""The door of a service, over HTTP: who is nobody, may not, or may not know of it, goes no further."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request

from shared.access.caller import EVERY_SCOPE, GrantedRole, StaffRole
from shared.access.guard import AccessGuard, Refusal, caller_of, permits_of
from shared.access.table import permission_table
from shared.platform.http.app import create_app
from tests.support.tokens import Issuer, every_role

TABLE = permission_table()
SERVICES = ("intake", "attribution", "audit", "notifier", "access", "registers")


class Door:
    """A guarded application that has every address of a service, and a client of it."""

    def __init__(self, service: str) -> None:
        self.issuer = Issuer()
        self.refusals: list[Refusal] = []
        self.app = create_app("guarded", "1", live={}, ready={}, metrics=bytes)
        for method, path, action in TABLE.routes(service):
            if TABLE.actions[action].who != "anyone" or path.startswith(("/v1", "/.")):
                self.app.add_api_route(path, _echo, methods=[method])
        self.app.add_api_route("/v1/forgotten", _echo, methods=["GET"])
        self.app.add_middleware(
            AccessGuard, service=service, table=TABLE, doorkeeper=self.issuer, refused=self._refused
        )
        transport = httpx.ASGITransport(app=self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def _refused(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)


async def _echo(request: Request) -> dict[str, list[str]]:
    public = "caller" not in request.scope.get("state", {})
    return {"permits": [] if public else [f"{one.role} {one.reach}" for one in permits_of(request)]}


@pytest.fixture(params=SERVICES)
async def door(request: pytest.FixtureRequest) -> AsyncIterator[Door]:
    made = Door(request.param)
    async with made.client:
        yield made


@pytest.fixture
async def attribution() -> AsyncIterator[Door]:
    made = Door("attribution")
    async with made.client:
        yield made


def calls(service: str) -> list[tuple[str, str, str]]:
    return [
        (method, path.replace("{scope}", "east").replace("{", "").replace("}", ""), action)
        for method, path, action in TABLE.routes(service)
        if not path.startswith("/docs") and path.startswith(("/v1", "/."))
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_each_cell_of_the_table_is_what_the_door_does(service: str) -> None:
    """Every address, asked by a holder of each role: let in by a cell, with its reach; else 403 with the reason."""
    door = Door(service)
    roles = every_role()
    async with door.client:
        for method, path, name in calls(service):
            action = TABLE.actions[name]
            for role, held in roles.items():
                answer = await door.client.request(method, path, headers=door.issuer.headers(held))
                if action.who != "role":
                    assert answer.status_code == 200, f"{role} {method} {path}: {answer.text}"
                elif role in action.may:
                    assert answer.status_code == 200, f"{role} {method} {path}: {answer.text}"
                    assert answer.json() == {"permits": [f"{role} {action.may[role]}"]}
                else:
                    assert answer.status_code == 403, f"{role} {method} {path}: {answer.text}"
                    assert action.zh in answer.text and action.en in answer.text


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_token_every_address_but_the_open_ones_is_401(service: str) -> None:
    """The answer says by which scheme to come again, and is a problem document."""
    door = Door(service)
    async with door.client:
        for method, path, name in calls(service):
            answer = await door.client.request(method, path)
            if TABLE.actions[name].who == "anyone":
                assert answer.status_code == 200
                continue
            assert answer.status_code == 401, f"{method} {path}"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"


async def test_another_scope_is_not_there(attribution: Door) -> None:
    """404, and the same words as for a scope that nobody has: nothing tells that it exists."""
    li = StaffRole("east", "east-1", "consultant", "li")
    answers = [
        await attribution.client.get(f"/v1/scopes/{scope}/customers", headers=attribution.issuer.headers(li))
        for scope in ("west", "no-such")
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    whole = GrantedRole("head_office", (EVERY_SCOPE,))
    answer = await attribution.client.get(
        "/v1/scopes/west/customers", headers=attribution.issuer.headers(whole)
    )
    assert answer.status_code == 200


async def test_an_address_that_no_action_names_is_closed(door: Door) -> None:
    """Also for who may do everything else: a route that somebody forgot is not served."""
    roles = every_role().values()
    assert (await door.client.get("/v1/forgotten")).status_code == 401
    assert (await door.client.get("/v1/forgotten", headers=door.issuer.headers(*roles))).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1//scopes",
        "/v1/scopes/",
        "/V1/scopes",
        "/v1/scopes/east%2fcustomers",
        "/v1/scopes/../scopes",
        "/healthz/../v1/scopes",
    ],
)
async def test_another_spelling_of_an_address_opens_nothing(attribution: Door, path: str) -> None:
    """What the door reads is what the application would serve: no spelling passes one and reaches the other."""
    answer = await attribution.client.get(path)
    assert answer.status_code in (401, 404)


@pytest.mark.parametrize(
    "given",
    [
        ["Basic c29tZWJvZHk6c2VjcmV0"],
        ["Bearer"],
        ["Bearer "],
        ["Token abc"],
        ["Bearer a.b.c"],
        ["Bearer {token}", "Bearer {token}"],
        ["Bearer {token} {token}"],
    ],
)
async def test_what_is_no_bearer_token_is_401(attribution: Door, given: list[str]) -> None:
    """Also a right one that is given twice."""
    token = attribution.issuer.token(granted_roles=(GrantedRole("head_office", ("*",)),))
    headers = [("Authorization", one.format(token=token)) for one in given]
    answer = await attribution.client.get("/v1/scopes", headers=headers)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_every_refusal_is_handed_on_with_who_and_why(attribution: Door) -> None:
    """For the record of access: 401, 403 and 404, with the action, the scope and the caller where one is known."""
    li = attribution.issuer.headers(StaffRole("east", "east-1", "consultant", "li"))
    await attribution.client.get("/v1/scopes/east/judgement")
    await attribution.client.get("/v1/scopes/east/judgement", headers=li)
    await attribution.client.get("/v1/scopes/west/judgement", headers=li)
    told = [
        (one.status, one.action, one.scope, one.caller and one.caller.subject) for one in attribution.refusals
    ]
    assert told == [
        (401, "judgement.read", "east", None),
        (403, "judgement.read", "east", "p-1"),
        (404, "judgement.read", "west", "p-1"),
    ]


async def test_a_handler_that_no_door_stands_before_lets_nobody_in() -> None:
    """Asked who calls, an application without a guard answers 401: forgetting the door closes it."""
    app: FastAPI = create_app("open", "1", live={}, ready={}, metrics=bytes)

    async def who(request: Request) -> str:
        return caller_of(request).subject

    app.add_api_route("/v1/who", who)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1"
    ) as client:
        assert (await client.get("/v1/who")).status_code == 401


async def test_head_is_let_in_as_get_is(attribution: Door) -> None:
    """A method that shows the same needs the same permit."""
    assert (await attribution.client.head("/v1/scopes/east/customers")).status_code == 401
