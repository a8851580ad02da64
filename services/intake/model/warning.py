"""Who is enrolled where, as far as a group of submissions asks, and what is told of each (contract.md#warnings).

Nothing here refuses anything: whom nobody enrolled may be enrolled later.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

import msgspec

from services.intake.model.submission import Submission
from shared.contract.answers.records import RecordWarning
from shared.contract.warnings import DEPARTED_STAFF, UNKNOWN_STAFF, Warned, WarningRule, warnings_of

_encode = msgspec.json.Encoder().encode

Member = tuple[str, str]
"""A scope, and the id of somebody enrolled in it."""


class Roll:
    """Members by scope and id, with when they left; `scopes` are those in which anybody is enrolled."""

    def __init__(self, members: dict[Member, datetime | None], scopes: Iterable[str]) -> None:
        self._members = members
        self._scopes = set(scopes)

    def warnings(self, submission: Submission, *, office: bool) -> bytes | None:
        """What is told of a submission as its answer holds it; None for nothing."""
        if submission.names is None:
            return None

        def standing(staff: str) -> WarningRule | None:
            member = (submission.scope, staff)
            if member not in self._members:
                return UNKNOWN_STAFF
            left = self._members[member]
            return DEPARTED_STAFF if left is not None and submission.occurred_at >= left else None

        anybody = submission.scope in self._scopes
        found = warnings_of(submission.names, anybody=anybody, office=office, standing=standing)
        return b"[%b]" % b",".join(map(_encoded, found)) if found else None

    def move(self, submission: Submission) -> None:
        """Somebody is enrolled, or leaves, from this submission on."""
        if submission.moves is not None:
            self._scopes.add(submission.scope)
            self._members[submission.scope, submission.moves] = left_at(submission)


@lru_cache(maxsize=4096)
def _encoded(warned: Warned) -> bytes:
    """A warning as it is answered; an office that enrols nobody is told the same again and again."""
    return _encode(RecordWarning.of(warned))


def left_at(submission: Submission) -> datetime | None:
    """When the member whom a submission moves left; None for an enrolment."""
    return submission.occurred_at if submission.type == "staff.departed" else None


def moved(submissions: Iterable[Submission]) -> dict[Member, datetime | None]:
    """The members whom these move, as they stand after the last."""
    return {(s.scope, s.moves): left_at(s) for s in submissions if s.moves is not None}


def asked(submissions: Iterable[Submission]) -> set[Member]:
    """Everybody whom these name."""
    return {(s.scope, staff) for s in submissions if s.names is not None for _, staff in s.names.staff}
