"""A few minutes before a full hour, over which what falls due at it is spread. Pure.

Every office has its reminders at nine, and every provider throttles at nine. Each alert keeps its own moment, however
often it is derived; what goes into one digest keeps the same. By the hour all is out: nothing is moved past the end of
the claim that it warns of, and nothing into the hours at which nobody is to be disturbed.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from services.notifier.schedule.plan import Plans
from shared.ids import ScopeId, StaffId


def spread_key(plans: Plans, scope: ScopeId, alert: object, staff: StaffId | None) -> str:
    """By what an alert is placed: alone, or with all of its reader where those are gathered."""
    return f"{scope}/{staff or ''}" if plans.of(scope).digest.wanted else str(alert)


def spread_out(plans: Plans, scope: ScopeId, due_at: datetime, key: str) -> datetime:
    """When an alert goes out that is due at `due_at`."""
    width = int(plans.spread.total_seconds())
    hours = plans.hours_of(scope)
    local = due_at.astimezone(hours.zone)
    if width <= 0 or (local.minute, local.second, local.microsecond) != (0, 0, 0):
        return due_at
    number = int.from_bytes(hashlib.sha256(f"spread/{key}".encode()).digest()[:4], "big")
    earlier = due_at - timedelta(seconds=number % (width + 1))
    disturbing = hours.quiet is not None and hours.quiet.covers(earlier, hours.zone)
    return due_at if disturbing else earlier


def full_hour(plans: Plans, scope: ScopeId, due_at: datetime) -> datetime:
    """The hour for which an alert was meant that goes out at `due_at`: what words and lists of what is left go by."""
    local = due_at.astimezone(plans.hours_of(scope).zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    left = timedelta(hours=1) - into
    return due_at + left if into and left <= plans.spread else due_at
