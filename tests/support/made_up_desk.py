"""The desk over services whose answers are made up: what is asked of them, and what is shown of what comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

import httpx
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from services.console.asking.services import ServiceClients, ServiceName
from services.console.frame.page import ConsoleParts
from services.console.frame.place_facts import SeenScopes
from services.console.frame.refused import handle_refused
from services.console.pages.desk.routes import desk_routes
from services.console.pages.shift.shift_page import shift_routes
from shared.access.caller import Caller, StaffRole
from shared.contract.events import Role
from shared.platform.http.problem import PROBLEM_TYPE, ProblemError, problem

NOW: Final = datetime(2026, 3, 12, 1, 0, tzinfo=UTC)
DESK: Final = "/at/east/east-1/desk"
SERVICES: Final = cast("tuple[ServiceName, ...]", ("access", "intake", "attribution"))
HOSTILE: Final = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
LOOKUP: Final = "attribution POST /v1/scopes/east/lookup"
PREVIEW: Final = "attribution POST /v1/scopes/east/preview"
BOARDS: Final = "attribution GET /v1/offices/east-1/boards"
STAFF: Final = "attribution GET /v1/scopes/east/staff"
RECORD: Final = "intake POST /v1/events"
QUEUES: Final = ({"queue": ["li", "wang"], "next": "li"}, {"queue": ["wang", "li"], "next": "wang"})
ASK: Final = {"visited_before": "来过吗", "owner": "是来找李娜的吗", "unprompted": "是哪位联系您的"}


class DeskServices:
    """Answers by service, method and path, such as `intake POST /v1/events`; `asked` are the requests."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []
        self.answers: dict[str, Any] = {
            "attribution GET /v1/scopes/east": {
                "scope": "east", "offices": ["east-1"], "rulebook": {"name": "base", "version": 1},
                "timezone": "Asia/Shanghai", "as_of_seq": 9,
            },
            STAFF: staff(),
            BOARDS: {"office": "east-1", "scope": "east", "visit": QUEUES[0], "call": QUEUES[1],
                     "shift_opened_at": "2026-03-12T00:55:00Z", "as_of_seq": 9},
            LOOKUP: stranger(),
            PREVIEW: preview_of("li"),
            RECORD: self._recorded,
        }  # fmt: skip

    def sent(self, key: str) -> list[Any]:
        """The bodies that were sent to an address."""
        return [json.loads(one.content) for one in self.asked if _key(one) == key]

    def browser(self, role: Role = "reception", who: str = "desk", language: str = "zh") -> httpx.AsyncClient:
        """Somebody at the office east-1."""
        caller = Caller("x", "person", who, "s", 0.0, (StaffRole("east", "east-1", role, who),))
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(_CallingAs(caller, self._app())), base_url="http://console",
            cookies={"panke_language": language},
        )  # fmt: skip

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers[_key(request)]
        told = found(request) if callable(found) else found
        return told if isinstance(told, httpx.Response) else httpx.Response(200, json=told)

    def _recorded(self, request: httpx.Request) -> httpx.Response:
        event = json.loads(request.content)
        told = {"id": event["id"], "scope": "east", "seq": 10, "recorded_at": "2026-03-12T01:00:00Z"}
        return httpx.Response(202, json=told)

    def _app(self) -> FastAPI:
        app = FastAPI()
        clients = ServiceClients({name: f"http://{name}" for name in SERVICES}, 5.0)
        for name in SERVICES:
            clients.client(name)._transport = httpx.MockTransport(self.answer)
        app.state.console = ConsoleParts(clients, SeenScopes(lambda: 0.0), lambda: NOW)
        handle_refused(app)
        app.add_exception_handler(ProblemError, _on_problem)
        app.include_router(desk_routes())
        app.include_router(shift_routes())
        return app


def staff(**away: str) -> dict[str, Any]:
    """Everybody of the scope; who is `away` for which reason."""
    people = {
        "li": ("李娜", "consultant", "east-1"), "wang": ("王强", "consultant", "east-1"),
        "chen": ("陈主管", "supervisor", "east-1"), "desk": ("前台", "reception", "east-1"),
        "far": ("远方", "consultant", "east-2"),
    }  # fmt: skip
    return {"cursor": None, "as_of_seq": 9, "staff": [
        {"scope": "east", "staff": key, "name": name, "role": role, "office": office, "away": away.get(key),
         "away_since": "2026-03-12T00:58:00Z" if key in away else None, "status": "enrolled",
         "enrolled_at": "2026-03-01T00:00:00Z", "departed_at": None}
        for key, (name, role, office) in people.items()
    ]}  # fmt: skip


def question(about: str) -> dict[str, str]:
    return {"zh": ASK.get(about, about), "en": f"about {about}?", "clause": "base.ask", "about": about}


def stranger(*about: str) -> dict[str, Any]:
    """A contact that nobody knows; `about` what is asked."""
    return {
        "contact": "139****0000", "known": False, "customer": None, "clause": "base.registration",
        "clause_text": {"zh": "先登记者得", "en": "Who registers first owns."}, "as_of_seq": 9,
        "ask": [question(one) for one in about or ("visited_before", "designated")],
        "do": [{"zh": "按轮接待", "en": "Receive in turn.", "clause": "base.registration"}],
    }  # fmt: skip


def customer_of(owner: str | None, *about: str, **given: Any) -> dict[str, Any]:
    """A contact that is known, of a customer whose owner this is."""
    return stranger(*about or ("owner",)) | {
        "known": True, "customer": "c1", "names": ["张*"], "contacts": ["139****0000"], "owner": owner,
        "owner_name": "李娜" if owner else None, "status": "owned" if owner else "lapsed", "basis": "visit",
        "since": "2026-03-09T02:00:00Z", "expires_at": "2026-03-13T16:00:00Z",
    } | given  # fmt: skip


def preview_of(owner: str | None, **given: Any) -> dict[str, Any]:
    """What a preview says of an entry by which the customer is this owner's."""
    boards = {"visit": QUEUES[0], "call": QUEUES[1]}
    decision = {
        "at": "2026-03-12T01:00:00Z", "decision": "established", "owner": owner, "previous": None,
        "clause": "base.registration", "because": [],
    }  # fmt: skip
    words = {"clause_text": None, "explanation": {"zh": "该客户归李娜", "en": "It is 李娜's."}}
    return {
        "recorded_at": "2026-03-12T01:00:00Z", "decisions": [{"customer": "c1", **decision, **words}],
        "deals": [], "flags": [], "penalties": [], "warnings": [], "as_of_seq": 9,
        "turns": {"office": "east-1", "before": boards, "after": boards | {"visit": {**QUEUES[0], "next": "wang"}}},
        "customer": {"scope": "east", "customer": "c1", "contacts": [], "names": ["张伟"], "owner": owner,
                     "status": "owned" if owner else "unowned", "basis": "visit", "since": None,
                     "expires_at": None, "clause": "base.registration", "decisions": [decision]},
        "explanation": words["explanation"],
    } | given  # fmt: skip


def refused(status: int, detail: str, *errors: Mapping[str, str], **headers: str) -> httpx.Response:
    """A service's refusal."""
    told = {"type": "about:blank", "title": "", "status": status, "detail": detail, "errors": list(errors)}
    return httpx.Response(status, json=told, headers={"content-type": PROBLEM_TYPE, **headers})


def _key(request: httpx.Request) -> str:
    return f"{request.url.host} {request.method} {request.url.path}"


async def _on_problem(_request: object, error: Exception) -> Any:
    assert isinstance(error, ProblemError)
    return problem(error.status, error.detail)


class _CallingAs:
    """Who calls, as the guard has it."""

    def __init__(self, caller: Caller, app: ASGIApp) -> None:
        self._caller = caller
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = {**scope.get("state", {}), "caller": self._caller, "permits": ()}
        await self._app({**scope, "state": state}, receive, send)
