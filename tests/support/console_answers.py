"""Pages of the console over services whose answers are made up: what is asked, and what is shown of what comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from services.console.asking.services import ServiceClients
from services.console.frame.page import ConsoleParts
from services.console.frame.place_facts import SeenScopes
from services.console.frame.refused import handle_refused
from services.console.pages.routes import page_routes
from shared.access.caller import Caller, StaffRole
from shared.contract.events import Role
from shared.platform.http.problem import PROBLEM_TYPE, ProblemError, problem

NOW: Final = datetime(2026, 3, 12, 1, 0, tzinfo=UTC)
SERVICES: Final = ("access", "intake", "attribution", "notifier", "audit", "registers")
HOSTILE: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
PEOPLE: Final = {"li": ("李娜", "consultant"), "wang": ("王强", "consultant"), "gao": ("高经理", "manager")}

Answer: TypeAlias = Any | Callable[[httpx.Request], Any]


class MadeUpAnswers:
    """Answers by service, method and path, such as `attribution GET /v1/scopes/east`; `asked` are the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {
            "attribution GET /v1/scopes/east": {
                "scope": "east", "offices": ["east-1"], "rulebook": {"name": "base", "version": 1},
                "timezone": "Asia/Shanghai", "as_of_seq": 9,
            },
            "attribution GET /v1/scopes/east/staff": {
                "staff": [_member(staff, *told) for staff, told in PEOPLE.items()], "cursor": None, "as_of_seq": 9,
            },
        }  # fmt: skip
        self.asked: list[httpx.Request] = []

    def sent(self, key: str) -> list[Any]:
        """The bodies that were sent to an address."""
        return [json.loads(one.content) for one in self.asked if _key(one) == key]

    def queries(self, key: str) -> list[dict[str, str]]:
        """The queries with which an address was asked."""
        return [dict(one.url.params) for one in self.asked if _key(one) == key]

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get(_key(request))
        told = found(request) if callable(found) else found
        if isinstance(told, httpx.Response):
            return told
        if told is None:
            return refused(404, "没有这个 (there is no such thing)")
        return httpx.Response(200, json=told)

    def client(self, role: Role = "consultant", staff: str = "li", language: str = "zh") -> httpx.AsyncClient:
        """A browser of somebody at the office east-1."""
        caller = Caller("x", "person", staff, "s", 0.0, (StaffRole("east", "east-1", role, staff),))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(_As(caller, self._app())), base_url="http://console",
            cookies={"panke_language": language},
        )  # fmt: skip

    def _app(self) -> FastAPI:
        app = FastAPI()
        clients = ServiceClients({name: f"http://{name}" for name in SERVICES}, 5.0)  # type: ignore[misc]
        for name in SERVICES:
            clients.client(name)._transport = httpx.MockTransport(self.answer)
        app.state.console = ConsoleParts(clients, SeenScopes(lambda: 0.0), lambda: NOW)
        handle_refused(app)
        app.add_exception_handler(ProblemError, _on_problem)
        app.include_router(page_routes())
        return app


def refused(status: int, detail: str, *errors: Mapping[str, str]) -> httpx.Response:
    """A service's refusal."""
    told = {"type": "about:blank", "title": "", "status": status, "detail": detail, "errors": list(errors)}
    return httpx.Response(status, json=told, headers={"content-type": PROBLEM_TYPE})


def customer(**given: Any) -> dict[str, Any]:
    """A customer as attribution answers it."""
    return {
        "scope": "east", "customer": "c1", "contacts": ["+8613800000001"], "names": ["张伟"], "owner": "li",
        "status": "owned", "basis": "visit", "since": "2026-03-09T02:00:00Z",
        "expires_at": "2026-03-13T16:00:00Z", "clause": "base.1",
        "decisions": [{"at": "2026-03-09T02:00:00Z", "decision": "established", "owner": "li", "previous": None,
                       "clause": "base.1", "because": []}],
    } | given  # fmt: skip


def _member(staff: str, name: str, role: str) -> dict[str, Any]:
    return {
        "scope": "east", "staff": staff, "name": name, "role": role, "office": "east-1", "away": None,
        "away_since": None, "status": "enrolled", "enrolled_at": "2026-03-01T00:00:00Z", "departed_at": None,
    }  # fmt: skip


def _key(request: httpx.Request) -> str:
    return f"{request.url.host} {request.method} {request.url.path}"


async def _on_problem(_request: object, error: Exception) -> Any:
    assert isinstance(error, ProblemError)
    return problem(error.status, error.detail)


class _As:
    """Who calls, as the guard has it."""

    def __init__(self, caller: Caller, app: ASGIApp) -> None:
        self._caller = caller
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = {**scope.get("state", {}), "caller": self._caller, "permits": ()}
        await self._app({**scope, "state": state}, receive, send)
