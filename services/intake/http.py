"""Intake over HTTP (contract.md#calls-of-intake): handlers translate, call the application once, and answer.

They read the body as bytes and give bytes back: the contract's decoder is the only one, and nothing is
encoded twice.
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import FastAPI, Path, Query, Request
from starlette.responses import Response

from services.intake.admission.access_record import put_on_record
from services.intake.admission.attribution import FactNotFailingError
from services.intake.admission.authority import CallerRights
from services.intake.admission.reading import EventSight
from services.intake.admission.service import TURN_BYTES, Delayed, Intake, LineOutcome, NamingReasonError
from services.intake.answers import PLACED, STATUS, batch_ndjson, place_json, problem_json, status_of
from services.intake.journal.set_asides import UnknownEventError
from services.intake.model.metrics import IntakeMetrics
from services.intake.model.submission import IntakeUnavailableError, MalformedEventError
from shared.access.caller import Caller
from shared.access.guard import address_of, caller_of, permits_of
from shared.access.report import disclosed
from shared.access.reporting import Reporting
from shared.access.table import permission_table
from shared.contract import BadEvent, decode_setting_aside
from shared.contract.answers import EventPlace, RecordedEvent
from shared.contract.schema import INSTANT
from shared.contract.set_aside import JournalSetAsidesAnswer, SetAside, SetAsidesAnswer, SettingAside
from shared.contract.times import parse_query_instant
from shared.i18n import bilingual, translated
from shared.platform.http.openapi import ANY_EVENT, JSON, LINES, answer, body, named
from shared.platform.http.problem import PROBLEM_TYPE, ProblemError, unavailable
from shared.platform.http.raw_route import RawRoute
from shared.platform.telemetry.telemetry import current_traceparent, next_span

MAX_LINES: Final = 10_000
NDJSON: Final = "application/x-ndjson"

Id = Annotated[str, Path(description="the id of the event", json_schema_extra={"format": "uuid"})]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]

(_PLACE, _RECORD), _ANSWERS = named(EventPlace, RecordedEvent)
(_SET_ASIDE, _ASKED, _LISTED, _LISTED_OF_ALL), _SET_ASIDES = named(
    SetAside, SettingAside, SetAsidesAnswer, JournalSetAsidesAnswer, nullable=False
)
_Since = Annotated[
    str,
    Query(
        max_length=40, description="only those that were set aside then or later", json_schema_extra=INSTANT
    ),
]
SCHEMAS: Final = _ANSWERS | _SET_ASIDES

_EVENT: Final = body(ANY_EVENT, "One event of the contract, without `recorded_at`")
_LINES: Final = body(LINES, f"One event a line, at most {MAX_LINES} lines", NDJSON)
_SETTING_ASIDE: Final = body(_ASKED, "The id of the event, the reason, and who answers for it")

_Responses = dict[int | str, dict[str, Any]]

_REFUSALS: Final[_Responses] = {
    422: {"description": "Bad input; the problem document names the field"},
    503: {"description": "Nothing was taken; come again after Retry-After seconds"},
}
_TAKEN: Final[_Responses] = {
    202: answer("Durable", _PLACE),
    200: answer("A repetition: the first answer", _PLACE),
    409: {"description": "The id is recorded with other content; nothing was changed"},
    **_REFUSALS,
}
_BATCH: Final[_Responses] = {200: answer("A result per line", LINES, NDJSON), **_REFUSALS}
_RECORDED: Final[_Responses] = {
    200: answer("The event as recorded", _RECORD),
    404: {"description": "No event of this id is recorded"},
    **_REFUSALS,
}
_SET_ASIDE_ANSWERS: Final[_Responses] = {
    201: answer("Set aside", _SET_ASIDE),
    200: answer("It was already: the first record of it", _SET_ASIDE),
    404: {"description": "The scope has no such event"},
    409: {"description": "The scope does not fail on this event: nothing was changed"},
    **_REFUSALS,
}


NAMING: Final = bilingual(
    "the reason names somebody whom the event names; it is kept in clear for good, so say it without name and contact"
)


def add_routes(app: FastAPI, intake: Intake, metrics: IntakeMetrics, reporting: Reporting) -> None:
    """The routes of the service; health, metrics and docs are those of every service."""
    malformed, table = metrics.outcomes.labels("malformed"), permission_table()

    async def post_event(request: Request) -> Response:
        """202 once the event is durable; 200 with the first answer for a repetition."""
        raw, may = await request.body(), CallerRights(table, caller_of(request))
        try:
            outcome = await intake.take(raw, _traceparent(), may)
        except BadEvent:
            malformed.inc()
            raise
        except IntakeUnavailableError as error:
            metrics.refused_busy.inc()
            raise unavailable(error.reason, error.retry_after) from error
        await put_on_record(reporting, may, (outcome,), address_of(request))
        if isinstance(outcome, PLACED):
            return Response(place_json(outcome.place), STATUS[type(outcome)], media_type=JSON)
        return Response(problem_json(outcome), status_of(outcome), media_type=PROBLEM_TYPE)

    async def post_batch(request: Request) -> Response:
        """A result per line, as NDJSON; one bad line does not stop the others."""
        lines, may = _lines(await request.body()), CallerRights(table, caller_of(request))
        outcomes = await intake.take_lines(lines, _traceparent(), may)
        await put_on_record(reporting, may, outcomes, address_of(request))
        malformed.inc(sum(isinstance(outcome, MalformedEventError) for outcome in outcomes))
        delayed = [outcome for outcome in outcomes if isinstance(outcome, Delayed)]
        if len(delayed) == len(outcomes):
            metrics.refused_busy.inc()
            raise unavailable(delayed[0].unavailable.reason, delayed[0].unavailable.retry_after)
        headers = {"Retry-After": str(delayed[0].unavailable.retry_after)} if delayed else None
        return Response(await _rendered(outcomes), 200, headers, NDJSON)

    async def get_event(id: Id, request: Request) -> Response:
        """The event as recorded: its canonical envelope with `recorded_at`. Contacts are masked for whoever may not see
        them in clear; an event out of the caller's reach is answered as one that is not there."""
        sight = EventSight(table, caller_of(request), permits_of(request))
        try:
            found = await intake.event(_event_id(id), sight)
        except IntakeUnavailableError as error:
            raise unavailable(error.reason, error.retry_after) from error
        if found is None:
            disclosed(detail=id)
            raise ProblemError(404, bilingual("no event of this id is recorded"))
        disclosed(scope=found.scope, role=found.role, detail=id)
        return Response(found.body, media_type=JSON)

    add = app.router.add_api_route
    tags: list[str | Enum] = ["events"]
    post = ["POST"]
    add(
        "/v1/events",
        post_event,
        methods=post,
        route_class_override=RawRoute,
        summary="Record one event",
        status_code=202,
        tags=tags,
        responses=_TAKEN,
        openapi_extra=_EVENT,
    )
    add(
        "/v1/events:batch",
        post_batch,
        methods=post,
        route_class_override=RawRoute,
        summary="Record up to 10,000 events, one a line",
        tags=tags,
        responses=_BATCH,
        openapi_extra=_LINES,
    )
    add(
        "/v1/events/{id}",
        get_event,
        methods=["GET"],
        summary="One event as recorded",
        tags=tags,
        responses=_RECORDED,
    )
    _add_set_asides(app, intake)


def _add_set_asides(app: FastAPI, intake: Intake) -> None:
    """The route by which a fact is left out of the judging."""

    async def post_set_aside(request: Request, scope: Slug) -> Response:
        """201 when the fact is set aside now; 200 with the first record for a repetition, which changes nothing."""
        asked = decode_setting_aside(await request.body())
        _demand_own_name(asked, caller_of(request), scope)
        disclosed(detail=asked.id)
        try:
            record, new = await intake.set_aside(scope, asked)
        except UnknownEventError:
            raise ProblemError(404, bilingual("the scope has no event of this id")) from None
        except FactNotFailingError as error:
            raise _not_failing(error.failing) from None
        except NamingReasonError:
            raise ProblemError(
                422, f"reason: {NAMING}", errors=[{"path": "reason", "rule": "nameless", "message": NAMING}]
            ) from None
        except IntakeUnavailableError as error:
            raise unavailable(error.reason, error.retry_after) from error
        return Response(record.line(), 201 if new else 200, media_type=JSON)

    async def get_set_asides(scope: Slug) -> Response:
        """Nothing is listed of a scope of which nothing was set aside."""
        try:
            lines = await intake.set_asides(scope)
        except IntakeUnavailableError as error:
            raise unavailable(error.reason, error.retry_after) from error
        told = {"set_asides": [msgspec.Raw(line) for line in lines]}
        return Response(msgspec.json.encode(told), media_type=JSON)

    async def get_all_set_asides(since: _Since = "2000-01-01T00:00:00Z") -> Response:
        """A thousand at most, the earliest first, of all scopes: for the log, which is of all scopes too."""
        try:
            found = await intake.set_asides_since(parse_query_instant(since, "query.since"))
        except IntakeUnavailableError as error:
            raise unavailable(error.reason, error.retry_after) from error
        told = {"set_asides": [{"scope": scope, "line": line.decode()} for scope, line in found]}
        return Response(msgspec.json.encode(told), media_type=JSON)

    app.add_api_route(
        "/v1/journal/set-asides",
        get_all_set_asides,
        methods=["GET"],
        tags=["journal"],
        summary="The facts of all scopes that are left out of the judging",
        responses={200: answer("In the order in which they were set aside", _LISTED_OF_ALL), **_REFUSALS},
    )
    app.add_api_route(
        "/v1/journal/{scope}/set-asides",
        get_set_asides,
        methods=["GET"],
        tags=["journal"],
        summary="The facts that are left out of the judging",
        responses={200: answer("In the order in which they were set aside", _LISTED), **_REFUSALS},
    )
    app.add_api_route(
        "/v1/journal/{scope}/set-asides",
        post_set_aside,
        methods=["POST"],
        status_code=201,
        tags=["journal"],
        summary="Leave a fact out of the judging; it stays in the journal",
        description="For the fact on which attribution's fold fails, and for no other"
        " (`panke quarantine set-aside`). Whoever judges the exported journal leaves it out too.",
        responses=_SET_ASIDE_ANSWERS,
        openapi_extra=_SETTING_ASIDE,
    )


def _demand_own_name(asked: SettingAside, caller: Caller, scope: str) -> None:
    """Whoever sets a fact aside answers for it themselves. Raises `ProblemError`."""
    names = caller.names(scope)
    if asked.by not in names:
        said = bilingual("whoever sets a fact aside is signed in: {names}", names=", ".join(sorted(names)))
        raise ProblemError(403, f"by: {said}", errors=[{"path": "by", "rule": "caller", "message": said}])


def _not_failing(failing: str | None) -> ProblemError:
    """Why the fact stays: it was folded, or waits behind the one that fails."""
    stands = translated("the scope fails on no event now")
    if failing is not None:
        stands = translated("the scope fails on {failing}", failing=failing)
    message = bilingual(
        "only the event on which a scope fails may be set aside, and {stands}; to correct what was judged, record"
        " a correction",
        stands=stands,
    )
    return ProblemError(409, f"id: {message}", errors=[{"path": "id", "rule": "failing", "message": message}])


def _traceparent() -> str:
    return current_traceparent() or next_span().traceparent


def _lines(body: bytes) -> list[bytes]:
    """The lines of an NDJSON body; an empty one in between keeps its number and is bad input."""
    if not body.strip():
        raise ProblemError(422, bilingual("the batch is empty"))
    lines = body.split(b"\n")
    if not lines[-1].strip():
        lines.pop()
    if len(lines) > MAX_LINES:
        raise ProblemError(413, bilingual("more than {max_lines} lines", max_lines=MAX_LINES))
    return lines


async def _rendered(outcomes: list[LineOutcome]) -> bytes:
    if len(outcomes) * 100 <= TURN_BYTES:
        return batch_ndjson(outcomes)
    return await asyncio.to_thread(batch_ndjson, outcomes)


def _event_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        message = bilingual("must be a UUID")
        raise ProblemError(
            422, f"id: {message}", errors=[{"path": "id", "rule": "pattern", "message": message}]
        ) from None
