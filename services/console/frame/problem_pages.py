"""Refusals as pages: whatever refuses says so as a problem document, and a person who looks gets words and a way on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.frame.missing import missing_words
from services.console.frame.own_page import own_page, sign_in_address
from services.console.frame.page import language_of, problem_page
from services.console.frame.refused import problem_words
from shared.i18n import Text
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
                request = Request(scope)
                then = sign_in_address(_came_from(request))
                words = _words(held["status"], request.url.path, told)
                answer = problem_page(language_of(request), held["status"], words, then)
                await answer(scope, receive, send)

        await self._app(scope, receive, turning)


def _words(status: int, path: str, told: dict[str, Any]) -> list[Text]:
    """What is told: of what is not there by its address, else as it was refused."""
    if status == 404:
        return [missing_words(path, str(told.get("detail", "")))]
    return problem_words(told)


def _came_from(request: Request) -> str:
    """The page of ours on which somebody was, to go back to after a sign-in: what they typed is kept there."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host"):
        return "/"
    return own_page(came.path + (f"?{came.query}" if came.query else ""))


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers


def _is_problem(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(PROBLEM_TYPE.encode())
        for name, value in message.get("headers", ())
    )
