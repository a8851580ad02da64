"""What every answer says besides: that nobody keeps it, and that a browser takes it for nothing but what it is.

Answers hold personal data and tokens, and the services serve programs: a page that is opened by hand, or that somebody
frames, gets no scripts, no styles and no second guess at its type. What an answer says of itself stands.
"""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAID: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
    ),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
OVER_TLS: Final = ("strict-transport-security", "max-age=31536000; includeSubDomains")
"""Where TLS is spoken, by the service or a proxy: whoever came once comes back over TLS, for a year."""


class AnswerHeaders:
    """Adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def saying(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                named = {name for name, _ in own}
                message["headers"] = [*own, *(field for field in SAID if field[0] not in named)]
            await send(message)

        await self._app(scope, receive, saying)
