"""What a service refused while a page was made, as the page's own refusal."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from shared.platform.http.problem import FieldError, problem


def handle_refused(app: FastAPI) -> None:
    """Every refusal that a page does not show itself."""
    app.add_exception_handler(ServiceRefusedError, _on_refused)


async def _on_refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceRefusedError)
    errors: list[FieldError] = [
        {"path": one.path, "rule": one.rule, "message": one.message} for one in error.errors
    ]
    headers = {"Retry-After": error.retry_after} if error.retry_after else {}
    return problem(error.status, error.detail, errors=errors, headers=headers)
