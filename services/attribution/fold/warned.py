"""What is told of a fact that names somebody or something that nobody enrolled, by the state before it."""

from __future__ import annotations

from shared.contract import Event
from shared.contract.warnings import (
    DEPARTED_STAFF,
    UNKNOWN_STAFF,
    Warned,
    WarningRule,
    names_of,
    staff_in,
    warnings_of,
)
from shared.ids import StaffId
from shared.rules.domain.state import Scope


def warned_of(event: Event, scope: Scope) -> list[Warned]:
    """Nothing of it decides; who has left may have been there when it happened."""
    if (
        scope.staff
        and event.office in scope.offices
        and all(_there(scope, each) for _, each in staff_in(event.data))
    ):
        return []  # nearly all; to look closer at each took 2 % of the steps of the benchmark `fold`

    def standing(staff: StaffId) -> WarningRule | None:
        member = scope.staff.get(staff)
        if member is None:
            return UNKNOWN_STAFF
        gone = member.departed and scope.role_at(staff, event.occurred_at) is None
        return DEPARTED_STAFF if gone else None

    known = event.office in scope.offices or not scope.offices
    return warnings_of(names_of(event), anybody=bool(scope.staff), office=known, standing=standing)


def _there(scope: Scope, staff: StaffId) -> bool:
    member = scope.staff.get(staff)
    return member is not None and not member.departed
