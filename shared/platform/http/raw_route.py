"""A route whose endpoint takes the request as it is and gives the whole answer; in OpenAPI it is one like any other."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.platform.http.query_names import refuse_unknown


class RawRoute(APIRoute):
    """For an endpoint that takes the request alone: the framework has nothing to read, to check or to clean up for it.

    Its looking for that takes a fifth of a small request (benchmark `intake`, single events).
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        await refuse_unknown(request)  # no dependency of the application is asked
        response: Response = await self.endpoint(request)
        await response(scope, receive, send)
