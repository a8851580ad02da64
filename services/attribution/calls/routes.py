"""Routes with what OpenAPI says of them: an answer is a type of the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from shared.platform.http.disconnects import LeavingRoute
from shared.platform.http.openapi import Document, answer, named, schema_of

Responses = dict[int | str, dict[str, Any]]
Handler = Callable[..., Any]

REFUSALS: Final[Responses] = {
    404: {"description": "Nothing of that name is known"},
    422: {"description": "Bad input"},
    503: {"description": "Not folded that far yet, or not answered in time; come again after Retry-After"},
}


class Routes:
    """The router of the service, and the types that its calls answer with."""

    def __init__(self) -> None:
        self.router = APIRouter(prefix="/v1", route_class=LeavingRoute)
        self._kinds: list[type] = []

    @property
    def schemas(self) -> dict[str, Document]:
        """The schemas of all answers by name."""
        return named(*self._kinds)[1]

    def get(
        self, path: str, handler: Handler, summary: str, kind: type, refusals: Responses = REFUSALS
    ) -> None:
        self._add("GET", path, handler, summary, {200: self._answer(summary, kind), **refusals})

    def post(
        self,
        path: str,
        handler: Handler,
        summary: str,
        kind: type,
        told: str,
        refusals: Responses = REFUSALS,
        extra: dict[str, Any] | None = None,
        status: int = 200,
    ) -> None:
        responses = {status: self._answer(told, kind), **refusals}
        self._add("POST", path, handler, summary, responses, openapi_extra=extra, status_code=status)

    def get_file(
        self, path: str, handler: Handler, summary: str, media_type: str, refusals: Responses = REFUSALS
    ) -> None:
        """A call that answers a file of another kind."""
        media = {"schema": {"type": "string", "format": "binary"}, "example": "PK…"}
        responses = {200: {"description": summary, "content": {media_type: media}}, **refusals}
        self._add("GET", path, handler, summary, responses, response_class=Response)

    def delete(self, path: str, handler: Handler, summary: str, done: str) -> None:
        """A call that answers nothing."""
        responses: Responses = {204: {"description": done}, **REFUSALS}
        self._add("DELETE", path, handler, summary, responses, status_code=204, response_class=Response)

    def put(self, path: str, handler: Handler, summary: str, done: str, conflict: str) -> None:
        """A call that answers nothing."""
        responses = {204: {"description": done}, 409: {"description": conflict}, **REFUSALS}
        self._add("PUT", path, handler, summary, responses, status_code=204, response_class=Response)

    def _answer(self, told: str, kind: type) -> Document:
        self._kinds.append(kind)
        return answer(told, schema_of(kind))

    def _add(
        self, method: str, path: str, handler: Handler, summary: str, responses: Responses, **more: Any
    ) -> None:
        self.router.add_api_route(
            path, handler, methods=[method], summary=summary, responses=responses, **more
        )
