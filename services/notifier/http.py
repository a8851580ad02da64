"""The notifier over HTTP: a page of alerts, one alert, one more try. Handlers translate and call once.

Everything runs in threads of the server, as the database driver is synchronous.
"""

from __future__ import annotations

import base64
import binascii
from datetime import date
from enum import Enum
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from services.notifier.history.listing import (
    UNREACHABLE,
    Cursor,
    Filter,
    ListedAlert,
    Listing,
    NotRetriableError,
    ShownAlert,
    UnknownAlertError,
)
from services.notifier.history.proof import PAGE, LoggedAlert, LogQuery, Proof
from services.notifier.history.reach import AlertReach
from services.notifier.model.alert import State
from shared.access.guard import permits_of
from shared.access.report import disclosed
from shared.contract import BadEvent, format_instant, parse_instant
from shared.contract.case_numbers import case_digest
from shared.i18n import bilingual
from shared.ids import CustomerId, ScopeId, StaffId
from shared.platform.clock import MachineClock
from shared.platform.http.openapi import answer, named
from shared.platform.http.problem import FieldError, ProblemError, problem

JSON = "application/json"
_TAGS = ("alerts",)

AlertState = Enum("AlertState", {one.name: one.value for one in State} | {"UNREACHABLE": UNREACHABLE})  # type: ignore[misc]
_State = Annotated[
    AlertState | None,
    Query(description="only alerts in this state; unreachable: dead, and nobody could be told"),
]
_Scope = Annotated[
    ScopeId | None, Query(pattern=r"^[a-z0-9-]{1,64}$", description="only alerts of this scope")
]
_Customer = Annotated[
    CustomerId | None, Query(pattern=r"^[0-9A-Za-z._:-]{1,128}$", description="only alerts of this customer")
]
# What has no controls: a database holds no NUL, and nothing that is stored has the others.
_SEEN = r"^[^\x00-\x1f\x7f]{1,64}$"
_Staff = Annotated[StaffId | None, Query(pattern=_SEEN, description="only to this member of staff")]
_Day = Annotated[date | None, Query(description="only due on this day of the office")]
_Channel = Annotated[str | None, Query(pattern=_SEEN, description="only tried by this channel")]
_Case = Annotated[str | None, Query(max_length=16, description="only of this case number, as alerts show it")]
_Claim = Annotated[int | None, Query(ge=1, le=2**62, description="only of the claim with this `claim_seq`")]
_After = Annotated[str | None, Query(max_length=200, description="`next` of the page before")]
_Limit = Annotated[int, Query(ge=1, le=200)]
_Logged = Annotated[int, Query(ge=1, le=PAGE)]


class AlertPage(msgspec.Struct, frozen=True):
    """Some alerts, the latest due first; `next` asks for those behind them."""

    alerts: list[ListedAlert]
    next: str | None


class AlertLog(msgspec.Struct, frozen=True):
    """The alerts of a customer in the order in which they fell due, each with its history; `next` asks for those behind
    them."""

    alerts: list[LoggedAlert]
    next: str | None


(_PAGE, _LOG, _ALERT), SCHEMAS = named(AlertPage, AlertLog, ListedAlert)


def add_routes(app: FastAPI, listing: Listing, proof: Proof, machine: MachineClock, zone: ZoneInfo) -> None:
    """The routes of the service; health, metrics and docs are those of every service. `zone` is that of the settings,
    for offices whose rulebook has told none."""
    app.add_exception_handler(psycopg.OperationalError, database_away)
    _add_pages(app, listing, zone)
    _add_log(app, proof)
    _add_single(app, listing, machine)


def _add_pages(app: FastAPI, listing: Listing, zone: ZoneInfo) -> None:
    """Alerts by what is asked for, a page at a time."""

    def get_alerts(
        request: Request,
        state: _State = None,
        scope: _Scope = None,
        customer: _Customer = None,
        staff: _Staff = None,
        day: _Day = None,
        channel: _Channel = None,
        case: _Case = None,
        cursor: _After = None,
        limit: _Limit = 50,
    ) -> Response:
        """Alerts with their attempts: what was sent to whom, when, and what was answered. Only those that the caller
        reaches: of whole scopes, of an office, or their own."""
        wanted = Filter(
            None if state is None else state.value, scope, customer, staff, day, channel, _case(case), zone
        )
        after = None if cursor is None else _read_cursor(cursor)
        alerts = listing.page(wanted, after, limit, AlertReach.of(permits_of(request)))
        following = _cursor(alerts[-1]) if len(alerts) == limit else None
        return _json(AlertPage(alerts, following))

    app.add_api_route(
        "/v1/alerts",
        get_alerts,
        methods=["GET"],
        tags=[*_TAGS],
        summary="A page of alerts with their attempts",
        responses={200: answer("The alerts, the latest due first", _PAGE)},
    )


def _add_log(app: FastAPI, proof: Proof) -> None:
    """What was told about a customer, for whoever must prove it."""

    def get_log(
        request: Request,
        customer: _Customer = None,
        scope: _Scope = None,
        claim: _Claim = None,
        case: _Case = None,
        cursor: _After = None,
        limit: _Logged = PAGE,
    ) -> Response:
        """What was told to whom about a customer, each step with business and machine time and the answer. The customer
        is named by `customer` or by `case`."""
        if (customer is None) == (case is None):
            raise _refused("customer", "one_of", bilingual("give either `customer` or `case`"))
        asked = LogQuery(customer, scope, claim, _case(case))
        after = None if cursor is None else _read_cursor(cursor)
        alerts = proof.log(asked, after, limit, AlertReach.of(permits_of(request)))
        return _json(AlertLog(alerts, _cursor(alerts[-1]) if len(alerts) == limit else None))

    app.add_api_route(
        "/v1/alerts/log",
        get_log,
        methods=["GET"],
        tags=[*_TAGS],
        summary="What was told to whom about a customer",
        responses={200: answer("The alerts, each with its history", _LOG)},
    )


def _add_single(app: FastAPI, listing: Listing, machine: MachineClock) -> None:
    """One alert, and one more try of it."""

    def get_alert(request: Request, alert: UUID) -> Response:
        """One alert with its attempts; one that is out of the caller's reach is answered as one that is not there."""
        try:
            return _json(listing.one(alert, AlertReach.of(permits_of(request))))
        except UnknownAlertError as error:
            raise ProblemError(404, str(error)) from error

    def retry_alert(request: Request, alert: UUID) -> Response:
        """Have an alert that was given up tried again. 409 when nothing is to be tried."""
        disclosed(detail=f"alert {alert}")
        try:
            tried = listing.retry(alert, machine.now(), AlertReach.of(permits_of(request)))
            disclosed(scope=tried.scope, customer=tried.customer)
            return _json(tried)
        except UnknownAlertError as error:
            raise ProblemError(404, str(error)) from error
        except NotRetriableError as error:
            raise ProblemError(409, str(error)) from error

    app.add_api_route(
        "/v1/alerts/{alert}",
        get_alert,
        methods=["GET"],
        tags=[*_TAGS],
        summary="One alert with its attempts",
        responses={200: answer("The alert", _ALERT), 404: {"description": "No such alert"}},
    )
    app.add_api_route(
        "/v1/alerts/{alert}/retry",
        retry_alert,
        methods=["POST"],
        summary="Have an alert that was given up tried again",
        tags=[*_TAGS],
        responses={
            200: answer("The alert as it stands now", _ALERT),
            404: {"description": "No such alert"},
            409: {"description": "Nothing is to be tried"},
        },
    )


async def database_away(_request: Request, _error: Exception) -> Response:
    detail = bilingual("the database does not answer")
    return problem(503, detail, headers={"Retry-After": "5"})


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type=JSON)


def _case(number: str | None) -> bytes | None:
    if number is None:
        return None
    found = case_digest(number)
    if found is None:
        raise _refused("case", "case", bilingual("a case number"))
    return found


def _refused(name: str, rule: str, message: str) -> ProblemError:
    """That a query parameter is not as it must be."""
    error = FieldError(path=f"query.{name}", rule=rule, message=message)
    return ProblemError(422, f"{error['path']}: {error['message']}", errors=[error])


def _cursor(last: ShownAlert) -> str:
    return base64.urlsafe_b64encode(f"{format_instant(last.due_at)}/{last.id}".encode()).decode().rstrip("=")


def _read_cursor(text: str) -> Cursor:
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        due, _, alert = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii").partition("/")
        return parse_instant(due), UUID(alert)
    except (binascii.Error, BadEvent, UnicodeError, ValueError):
        raise _refused("cursor", "cursor", bilingual("must be the `next` of a page")) from None
