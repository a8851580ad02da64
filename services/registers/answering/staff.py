"""What is asked of members of staff."""

from __future__ import annotations

from services.registers.reading.known_scope import KnownScope
from shared.ids import StaffId


def is_enrolled(scope: KnownScope, staff: StaffId) -> bool:
    """Whether somebody is enrolled under an id, and has not left."""
    known = scope.known.staff.get(staff)
    return known is not None and not known.departed
