"""The evidence pack of a customer over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, Annotated, Any, Final

from fastapi import FastAPI, Path, Request
from starlette.responses import Response, StreamingResponse

from services.audit.evidence.packs import (
    BusyError,
    NoEvidenceError,
    NotCoveredError,
    NotGatheredError,
    PackMaker,
)
from shared.evidence.making import InClearError, NoSuchCustomerError
from shared.evidence.verdict import UnverifiableError
from shared.i18n import bilingual
from shared.platform.http.openapi import LINES, answer
from shared.platform.http.problem import ProblemError, problem

ZIP: Final = "application/zip"
CHUNK: Final = 256 * 1024

_Scope = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
_Customer = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$")]


def add_evidence(app: FastAPI, maker: PackMaker) -> None:
    """The route, and what a pack that cannot be made is answered with."""

    def get_evidence(request: Request, scope: _Scope, customer: _Customer) -> Response:
        """All that an outsider needs to verify what was decided on a customer, as one zip (evidence.md).

        503 while no checkpoint holds all facts of the scope yet, or another pack is being made; 409 where the facts
        stand in clear, or a text that is needed is not here.
        """
        headers = {"Authorization": request.headers.get("authorization", "")}
        with ExitStack() as stack:
            file = _made(stack, maker, scope, customer, headers)
            name = f"evidence-{scope}-{customer}.zip"
            given = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
            return StreamingResponse(_pieces(file, stack.pop_all()), media_type=ZIP, headers=given)

    told: dict[int | str, dict[str, Any]] = {
        200: answer("The pack", LINES, ZIP),
        404: {"description": "No such customer"},
        409: {"description": "The facts stand in clear, or a text of a rulebook is not here"},
        503: {
            "description": "Not all facts are under a checkpoint yet; come again after Retry-After seconds"
        },
    }
    app.add_api_route(
        "/v1/scopes/{scope}/customers/{customer}/evidence", get_evidence, tags=["evidence"],
        summary="The evidence pack of a customer", responses=told,
    )  # fmt: skip
    app.add_exception_handler(NotCoveredError, _not_covered)
    app.add_exception_handler(BusyError, _busy)


def _made(
    stack: ExitStack, maker: PackMaker, scope: str, customer: str, headers: dict[str, str]
) -> IO[bytes]:
    try:
        return stack.enter_context(maker.made(scope, customer, headers))
    except NoSuchCustomerError:
        message = bilingual("there is no customer {customer}", customer=customer)
        raise ProblemError(404, message) from None
    except InClearError:
        message = bilingual("the facts of the scope stand in clear: a pack would hand out everybody's data")
        raise ProblemError(409, message) from None
    except NoEvidenceError as error:
        raise ProblemError(409, str(error)) from None
    except NotGatheredError as error:
        status = error.status if error.status in (403, 404) else 503
        raise ProblemError(status, str(error)) from None
    except UnverifiableError as error:
        raise ProblemError(503, str(error)) from None


def _pieces(file: IO[bytes], stack: ExitStack) -> Iterator[bytes]:
    with stack:
        while piece := file.read(CHUNK):
            yield piece


async def _not_covered(_request: Request, _error: Exception) -> Response:
    message = bilingual("no checkpoint holds all facts of the scope yet")
    return problem(503, message, headers={"Retry-After": "2"})


async def _busy(_request: Request, _error: Exception) -> Response:
    return problem(503, bilingual("another pack is being made"), headers={"Retry-After": "10"})
