"""When somebody must hear of a claim: office hours laid over the instant at which the claim ends.

A claim ends at local midnight (rules, section 5), so its last valid day is the day before its `expires_at`.
Nobody reads a message at midnight: reminders go by the hours of the office. This module is pure; it holds no
clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)


class Rung(StrEnum):
    """The steps of the ladder, in the order in which they are climbed."""

    DAY_BEFORE = "day_before"
    LAST_MORNING = "last_morning"
    LAST_AFTERNOON = "last_afternoon"
    LAST_CALL = "last_call"
    LAPSED = "lapsed"


class Audience(StrEnum):
    """Whom a step is for. Which persons that is, is looked up when the alert falls due."""

    OWNER = "owner"
    SUPERVISOR = "supervisor"


class OfficeHoursError(ValueError):
    """The hours of the office do not follow one another."""


@dataclass(frozen=True)
class OfficeHours:
    """The office's zone and the hours at which it reminds."""

    zone: ZoneInfo = SHANGHAI
    opening: time = time(9)
    afternoon: time = time(16)
    last_call: time = time(17)
    closing: time = time(18)

    def __post_init__(self) -> None:
        if not self.opening < self.afternoon < self.last_call <= self.closing:
            raise OfficeHoursError(
                f"opening {self.opening} must come before the afternoon reminder {self.afternoon}, that"
                f" before the supervisor's {self.last_call}, and that no later than closing {self.closing}"
            )

    def at(self, day: date, hour: time) -> datetime:
        """That hour of that day in the office, as UTC."""
        return datetime.combine(day, hour, self.zone).astimezone(UTC)

    def last_valid_day(self, expires_at: datetime) -> date:
        """The day with which a claim ends: the one before the midnight at which it expires."""
        return (expires_at - _MOMENT).astimezone(self.zone).date()

    def next_opening(self, after: datetime) -> datetime:
        """The first opening at or after an instant."""
        day = after.astimezone(self.zone).date()
        opening = self.at(day, self.opening)
        return opening if opening >= after else self.at(day + _DAY, self.opening)


@dataclass(frozen=True)
class Step:
    """One alert to come: which step, for whom, when."""

    rung: Rung
    audience: Audience
    due_at: datetime


def reminders(expires_at: datetime, hours: OfficeHours) -> tuple[Step, ...]:
    """All reminders of a claim that ends at `expires_at`, in the order in which they fall due.

    A step at or after the end is left out: a reminder must precede what it reminds of.
    """
    last = hours.last_valid_day(expires_at)
    steps = (
        Step(Rung.DAY_BEFORE, Audience.OWNER, hours.at(last - _DAY, hours.opening)),
        Step(Rung.LAST_MORNING, Audience.OWNER, hours.at(last, hours.opening)),
        Step(Rung.LAST_AFTERNOON, Audience.OWNER, hours.at(last, hours.afternoon)),
        Step(Rung.LAST_CALL, Audience.SUPERVISOR, hours.at(last, hours.last_call)),
    )
    return tuple(step for step in steps if step.due_at < expires_at)


def steps_ahead(
    expires_at: datetime, made_at: datetime, hours: OfficeHours, *, new_owner: bool
) -> tuple[Step, ...]:
    """The reminders still to be sent for a claim that was made, moved or handed over at `made_at`.

    Steps that were past by then are skipped: who has just met the customer need not hear what this morning
    would have said. But a consultant who gets another's claim so late that no step of theirs is left would
    never learn that it ends tonight: they are told at once, by the last step that they missed.
    """
    if made_at >= expires_at:
        return ()
    steps = reminders(expires_at, hours)
    ahead = tuple(step for step in steps if step.due_at > made_at)
    if new_owner and not any(step.audience is Audience.OWNER for step in ahead):
        return tuple(_told_at_once(steps, made_at)) + ahead
    return ahead


def lapse_notices(lapsed_at: datetime, hours: OfficeHours, *, had_owner: bool) -> tuple[Step, ...]:
    """The notice that a claim ran out, at the next opening: to the consultant who had it and to the
    supervisor.

    It is never skipped for being late: it tells what is so, not what is to be prevented.
    """
    opening = hours.next_opening(lapsed_at)
    audiences = (Audience.OWNER, Audience.SUPERVISOR) if had_owner else (Audience.SUPERVISOR,)
    return tuple(Step(Rung.LAPSED, audience, opening) for audience in audiences)


def _told_at_once(steps: tuple[Step, ...], made_at: datetime) -> Iterator[Step]:
    missed = [step for step in steps if step.audience is Audience.OWNER]
    if missed:
        yield Step(missed[-1].rung, Audience.OWNER, made_at)
