"""Pages of the console over made-up services: what is asked is answered from a table, what is recorded is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from services.console.asking.services import ServiceClients, ServiceName
from services.console.frame.page import LANGUAGE_COOKIE, ConsoleParts, PageRequest
from services.console.frame.place_facts import SeenScopes
from shared.access.caller import Caller, GrantedRole, StaffRole
from shared.contract.events import Role

NOW = datetime(2026, 3, 12, 1, 0, 1, tzinfo=UTC)
SCOPE, OFFICE = "east", "east-1"
SERVICES: tuple[ServiceName, ...] = ("access", "intake", "attribution", "notifier", "audit", "registers")
Answer = Any
"""What a path answers: a document, or a function of the request."""


def person(staff: str, name: str, role: str, *, office: str = OFFICE, departed_at: str | None = None) -> Any:
    """Somebody as attribution lists them."""
    return {
        "scope": SCOPE, "staff": staff, "name": name, "role": role, "office": office, "away": None,
        "away_since": None, "status": "departed" if departed_at else "enrolled",
        "enrolled_at": "2026-03-01T00:00:00Z", "departed_at": departed_at,
    }  # fmt: skip


PEOPLE = [
    person("li", "李娜", "consultant"),
    person("wang", "王强", "consultant"),
    person("zhao", "赵敏", "consultant"),
    person("gao", "高经理", "manager"),
    person("wei", "魏行政", "admin_manager"),
    person("hua", "华总", "general_manager"),
]


def refused(status: int, path: str, rule: str, message: str) -> httpx.Response:
    """A refusal that names one field."""
    told = {"detail": message, "errors": [{"path": path, "rule": rule, "message": message}]}
    return httpx.Response(status, json=told, headers={"content-type": "application/problem+json"})


class MadeUpServices:
    """The services behind a page; `recorded` are the events that were handed in, `asked` what was asked for."""

    def __init__(self, answers: Mapping[str, Answer], rulebook: str = "shijiazhuang") -> None:
        self.recorded: list[dict[str, Any]] = []
        self.previewed: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self._answers: dict[str, Answer] = {
            f"/v1/scopes/{SCOPE}": {
                "scope": SCOPE, "offices": [OFFICE], "rulebook": {"name": rulebook, "version": 1},
                "timezone": "Asia/Shanghai", "as_of_seq": 7,
            },
            f"/v1/scopes/{SCOPE}/staff": {"staff": PEOPLE, "cursor": None, "as_of_seq": 7},
            "/v1/events": self._record,
            **answers,
        }  # fmt: skip

    def page(
        self,
        role: Role | None,
        *,
        staff: str = "gao",
        language: str = "zh",
        form: Mapping[str, str | list[str]] | None = None,
        path: str = "/",
        granted: tuple[GrantedRole, ...] = (),
        part: bool = False,
    ) -> PageRequest:
        """A page as somebody with this role asks for it; with a form, what they send."""
        body = urlencode(form or {}, doseq=True).encode()
        where, _, query = path.partition("?")
        app = Starlette()
        clients = ServiceClients(dict.fromkeys(SERVICES, "http://made.up"), 5.0)
        clients._of = {
            name: httpx.AsyncClient(base_url="http://made.up", transport=httpx.MockTransport(self._answer))
            for name in SERVICES
        }
        app.state.console = ConsoleParts(clients, SeenScopes(lambda: 0.0), lambda: NOW)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        scope = {
            "type": "http", "method": "POST" if form is not None else "GET", "path": where, "app": app,
            "query_string": query.encode(), "client": ("127.0.0.1", 1), "scheme": "http", "server": ("x", 80),
            "headers": [(b"cookie", f"{LANGUAGE_COOKIE}={language}".encode()),
                        (b"authorization", b"Bearer token"), *([(b"hx-request", b"true")] if part else [])],
        }  # fmt: skip
        page = PageRequest(Request(scope, receive))
        held = (StaffRole(SCOPE, OFFICE, role, staff),) if role is not None else ()
        page.__dict__["caller"] = Caller("x", "person", staff, "s", 0.0, held, granted)
        return page

    def _record(self, request: httpx.Request) -> httpx.Response:
        event = json.loads(request.content)
        self.recorded.append(event)
        place = {"id": event["id"], "scope": SCOPE, "seq": 8, "recorded_at": event["occurred_at"]}
        return httpx.Response(202, json=place)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        if path.endswith("/preview"):
            self.previewed.append(json.loads(request.content))
        answer = self._answers.get(path)
        if answer is None:
            return refused(404, "", "", "没有 (nothing of that name)")
        if callable(answer):
            made = answer(request)
            return made if isinstance(made, httpx.Response) else httpx.Response(200, json=made)
        return httpx.Response(200, json=answer)


def shown(handler: Callable[..., Coroutine[Any, Any, Response]], *given: Any, **more: Any) -> tuple[int, str]:
    """The status of a page and what it says."""
    answer = asyncio.run(handler(*given, **more))
    return answer.status_code, bytes(answer.body).decode()


def answered(handler: Callable[..., Coroutine[Any, Any, Response]], *given: Any, **more: Any) -> Response:
    """The answer as it is, to see where it leads."""
    return asyncio.run(handler(*given, **more))
