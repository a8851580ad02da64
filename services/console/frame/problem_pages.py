"""Refusals as pages: whatever refuses says so as a problem document, and a person who looks gets words and a way on."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.frame.page import language_of, problem_page
from shared.platform.http.problem import PROBLEM_TYPE


class ProblemPages:
    """Turns problem documents into pages where a browser shows one; what a script asks for stays a document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _wants_page(Request(scope)):
            await self._app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def turning(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start" and _is_problem(message):
                held = message
                return
            if held is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                told: dict[str, Any] = msgspec.json.decode(body)
                answer = problem_page(language_of(Request(scope)), held["status"], told)
                await answer(scope, receive, send)

        await self._app(scope, receive, turning)


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers


def _is_problem(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(PROBLEM_TYPE.encode())
        for name, value in message.get("headers", ())
    )
