"""RFC 9457 problem documents: how every refusal over HTTP is told.

`errors` names each wrong field by its path and rule, as `shared.contract` does.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypedDict

import msgspec
from starlette.responses import Response

from shared.contract import BadEvent

if TYPE_CHECKING:
    import httpx

PROBLEM_TYPE: Final = "application/problem+json"


class FieldError(TypedDict):
    """One wrong field."""

    path: str
    rule: str
    message: str


def field_error(error: BadEvent) -> FieldError:
    """A refusal of the contract as an item of `errors`."""
    return {"path": error.path, "rule": error.rule, "message": error.message}


def problem_document(
    status: int, detail: str, *, errors: Sequence[FieldError] = (), **extra: Any
) -> dict[str, Any]:
    """The document itself, for answers that hold several."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **extra,
    }
    if errors:
        document["errors"] = list(errors)
    return document


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[FieldError] = (),
    headers: Mapping[str, str] | None = None,
    **extra: Any,
) -> Response:
    """A problem document as a response."""
    body = msgspec.json.encode(problem_document(status, detail, errors=errors, **extra))
    return Response(body, status, headers=dict(headers or {}), media_type=PROBLEM_TYPE)


class ProblemError(Exception):
    """Raised by a handler: answered as a problem document."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def bad_event(error: BadEvent) -> Response:
    """422 that names the field of an event."""
    return problem(422, str(error), errors=[field_error(error)])


def unavailable(detail: str, retry_after: int) -> ProblemError:
    """503: nothing was taken; come again after so many seconds."""
    return ProblemError(503, detail, headers={"Retry-After": str(retry_after)})


def detail_of(answer: "httpx.Response") -> str:
    """What the problem document of an answer says; the name of its status where there is none."""
    try:
        told = answer.json()
    except ValueError:
        return answer.reason_phrase
    return str(told.get("detail", "")) if isinstance(told, dict) else ""
