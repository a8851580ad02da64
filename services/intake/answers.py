"""The bytes that HTTP answers with (contract, section 4; RFC 9457).

Built by hand for what is answered most: ids and scopes cannot hold a character that JSON would escape.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from services.intake.model import Accepted, Conflict, Duplicate, Place, Refused, Unavailable
from services.intake.service import Delayed, LineOutcome
from shared.contract import format_instant

_encode = msgspec.json.Encoder().encode

CONFLICT = "该 id 已登记，内容不同；原记录未变 (this id is recorded with other content; nothing was changed)"

STATUS: dict[type[LineOutcome], int] = {Accepted: 202, Duplicate: 200, Conflict: 409, Refused: 422, Delayed: 503}


def place_json(place: Place) -> bytes:
    """`{id, scope, seq, recorded_at}`: the same bytes for the first answer and for every repetition."""
    return b"{%b}" % _members(place)


def _members(place: Place) -> bytes:
    recorded_at = format_instant(place.recorded_at)
    return f'"id":"{place.id}","scope":"{place.scope}","seq":{place.seq},"recorded_at":"{recorded_at}"'.encode()


def problem(status: int, detail: str, *errors: Refused) -> dict[str, Any]:
    """A problem document; `errors` name the fields."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        document["errors"] = [
            {"path": error.path, "rule": error.rule, "message": error.message} for error in errors
        ]
    return document


def problem_of(outcome: Conflict | Refused | Delayed) -> dict[str, Any]:
    """Why an event was not taken."""
    match outcome:
        case Conflict():
            return problem(409, CONFLICT, Refused("id", "same_content", CONFLICT))
        case Refused(path=path, message=message):
            return problem(422, f"{path}: {message}" if path else message, outcome)
        case Delayed(unavailable=unavailable):
            return unavailable_problem(unavailable)


def unavailable_problem(unavailable: Unavailable) -> dict[str, Any]:
    return problem(503, unavailable.reason)


def encode(document: dict[str, Any]) -> bytes:
    return _encode(document)


def line_json(number: int, outcome: LineOutcome) -> bytes:
    """The result of one line of a batch, itself one line."""
    status = STATUS[type(outcome)]
    if isinstance(outcome, Accepted | Duplicate):
        return b'{"line":%d,"status":%d,%b}\n' % (number, status, _members(outcome.place))
    return b'{"line":%d,"status":%d,"problem":%b}\n' % (number, status, _encode(problem_of(outcome)))


def batch_ndjson(outcomes: list[LineOutcome]) -> bytes:
    """A result per line, in the order of the lines, numbered from 1."""
    return b"".join(line_json(number, outcome) for number, outcome in enumerate(outcomes, 1))
