"""The bytes that HTTP answers with (contract.md#calls-of-intake; RFC 9457).

Built by hand for what is answered most: ids and scopes cannot hold a character that JSON would escape.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from services.intake.admission.service import Delayed, LineOutcome
from services.intake.model.submission import (
    Accepted,
    Conflict,
    Duplicate,
    ForbiddenEvent,
    JournalPlace,
    MalformedEventError,
    RefusedEvent,
)
from shared.contract import format_instant
from shared.i18n import bilingual
from shared.platform.http.problem import FieldError, problem_document

_encode: Final = msgspec.json.Encoder().encode

# All facts of a group share their time of recording.
_instant = lru_cache(maxsize=1024)(format_instant)

PLACED: Final = (Accepted, Duplicate)
"""What is answered with its place. A union of the two would be made anew for each line."""

CONFLICT: Final = bilingual("this id is recorded with other content; nothing was changed")

STATUS: Final[dict[type[LineOutcome], int]] = {
    Accepted: 202,
    Duplicate: 200,
    Conflict: 409,
    RefusedEvent: 422,
    MalformedEventError: 422,
    Delayed: 503,
}


def status_of(outcome: LineOutcome) -> int:
    """The status by which an outcome is answered."""
    return outcome.status if isinstance(outcome, ForbiddenEvent) else STATUS[type(outcome)]


def place_json(place: JournalPlace) -> bytes:
    """`{id, scope, seq, recorded_at}`, with `warnings` where there are any: each time the same bytes."""
    return b"{%b}" % _members(place)


def _members(place: JournalPlace) -> bytes:
    recorded_at = _instant(place.recorded_at)
    members = f'"id":"{place.id}","scope":"{place.scope}","seq":{place.seq},"recorded_at":"{recorded_at}"'
    return (
        members.encode()
        if place.warnings is None
        else b'%b,"warnings":%b' % (members.encode(), place.warnings)
    )


def problem_json(outcome: Conflict | RefusedEvent | Delayed) -> bytes:
    """The problem document of an event that was not taken."""
    return _encode(_problem(outcome))


def _problem(outcome: Conflict | RefusedEvent | Delayed) -> dict[str, Any]:
    match outcome:
        case Conflict():
            error: FieldError = {"path": "id", "rule": "same_content", "message": CONFLICT}
            return problem_document(409, CONFLICT, errors=[error])
        case RefusedEvent(path=path, rule=rule, message=message):
            detail = f"{path}: {message}" if path else message
            return problem_document(
                status_of(outcome), detail, errors=[{"path": path, "rule": rule, "message": message}]
            )
        case Delayed(unavailable=unavailable):
            return problem_document(503, unavailable.reason)


def line_json(number: int, outcome: LineOutcome) -> bytes:
    """The result of one line of a batch, itself one line."""
    if isinstance(outcome, PLACED):
        return b'{"line":%d,"status":%d,%b}\n' % (number, STATUS[type(outcome)], _members(outcome.place))
    return b'{"line":%d,"status":%d,"problem":%b}\n' % (number, status_of(outcome), problem_json(outcome))


def batch_ndjson(outcomes: Sequence[LineOutcome]) -> bytes:
    """A result per line, in the order of the lines, numbered from 1."""
    return b"".join(line_json(number, outcome) for number, outcome in enumerate(outcomes, 1))
