"""When somebody must hear of a claim: office hours laid over the instant at which the claim ends.

A claim ends at local midnight (procedure.md#follow-up-clock), so its last valid day is the day before its `expires_at`.
Nobody reads a message at midnight: reminders go by the hours of the office. A reminder that falls into closed
days or quiet hours goes out before them: only a reminder must precede what it reminds of. This module is pure;
it holds no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifier.model.alert import Step
from services.notifier.model.kinds import Audience, Rung
from services.notifier.schedule.calendar import Calendar, QuietHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
_MOMENT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class OfficeHoursError(ValueError):
    """The hours of the office do not follow one another."""


@dataclass(frozen=True)
class LadderStep:
    """One step of an office's ladder: how many days before the last valid day, at which hour, for whom."""

    rung: Rung
    audience: Audience
    days_before: int
    at: time | None = None  # opening, where nothing else is said


@dataclass(frozen=True)
class OfficeHours:
    """The office's zone, the hours and days at which it reminds, and its ladder."""

    zone: ZoneInfo = SHANGHAI
    opening: time = time(9)
    afternoon: time = time(16)
    last_call: time = time(17)
    closing: time = time(18)
    calendar: Calendar = field(default_factory=Calendar)
    quiet: QuietHours | None = None
    ladder: tuple[LadderStep, ...] = ()

    def __post_init__(self) -> None:
        if not self.opening < self.afternoon < self.last_call <= self.closing:
            raise OfficeHoursError(
                f"opening {self.opening} must come before the afternoon reminder {self.afternoon}, that"
                f" before the supervisor's {self.last_call}, and that no later than closing {self.closing}"
            )
        if self.quiet is not None and self.quiet.covers(self.at(date(2026, 1, 1), self.opening), self.zone):
            raise OfficeHoursError(f"opening {self.opening} lies in the quiet hours")

    @property
    def steps(self) -> tuple[LadderStep, ...]:
        """The ladder of the office, or the usual one."""
        return self.ladder or (
            LadderStep(Rung.DAY_BEFORE, Audience.OWNER, 1),
            LadderStep(Rung.LAST_MORNING, Audience.OWNER, 0),
            LadderStep(Rung.LAST_AFTERNOON, Audience.OWNER, 0, self.afternoon),
            LadderStep(Rung.LAST_CALL, Audience.SUPERVISOR, 0, self.last_call),
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
        if self.at(day, self.opening) < after:
            day += _DAY
        return self.at(self.calendar.next_open(day), self.opening)

    def when_open(self, instant: datetime) -> datetime:
        """The instant itself while the office is open, else the next opening."""
        day = instant.astimezone(self.zone).date()
        begin, end = self.at(day, self.opening), self.at(day, self.closing)
        within = self.calendar.is_open(day) and begin <= instant < end
        return instant if within else self.next_opening(instant)

    def before_rest(self, day: date, hour: time) -> datetime:
        """That hour of that day, or as late before it as the office's closed days and quiet hours allow."""
        due = self.at(self.calendar.last_open(day), hour)
        if self.quiet is None or not self.quiet.covers(due, self.zone):
            return due
        eve = self.calendar.last_open(self.quiet.day_before(due, self.zone))
        return self.at(eve, self.quiet.begin) - _MINUTE

    def after_quiet(self, instant: datetime, before: datetime) -> datetime:
        """The instant, or the end of the quiet hours around it, if that still comes before `before`."""
        if self.quiet is None or not self.quiet.covers(instant, self.zone):
            return instant
        end = self.quiet.ends_after(instant, self.zone).astimezone(UTC)
        return end if end < before else instant


def reminders(expires_at: datetime, hours: OfficeHours) -> tuple[Step, ...]:
    """All reminders of a claim that ends at `expires_at`, in the order in which they fall due.

    A step at or after the end is left out: a reminder must precede what it reminds of.
    """
    return tuple(placed.step for placed in _placed(expires_at, hours))


def steps_ahead(
    expires_at: datetime, made_at: datetime, hours: OfficeHours, *, new_owner: bool
) -> tuple[Step, ...]:
    """The reminders still to be sent for a claim that was made, moved or handed over at `made_at`.

    Steps that were past by then are skipped: who has just met the customer need not hear what this morning
    would have said. But a consultant who gets another's claim so late that no step of theirs is left would
    never learn that it ends tonight, nor would one who meets a customer on the evening before closed days:
    they are told at once, by the last step that they missed.
    """
    if made_at >= expires_at:
        return ()
    placed = _placed(expires_at, hours)
    ahead = tuple(one.step for one in placed if one.step.due_at > made_at)
    at_once: list[Step] = []
    for audience in Audience:
        if any(step.audience is audience for step in ahead):
            continue
        owed = new_owner and audience is Audience.OWNER
        missed = [one for one in placed if one.step.audience is audience]
        if missed and (owed or missed[-1].nominal_at > made_at):
            due = hours.after_quiet(made_at, expires_at)
            at_once.append(Step(missed[-1].step.rung, audience, due))
    return tuple(at_once) + ahead


@dataclass(frozen=True)
class _Placed:
    """A step where it goes out, and the hour for which the ladder means it."""

    step: Step
    nominal_at: datetime


def _placed(expires_at: datetime, hours: OfficeHours) -> list[_Placed]:
    """The ladder laid over the days before the end. Of steps that fall together, the last one is kept."""
    last = hours.last_valid_day(expires_at)
    found: dict[tuple[Audience, datetime], _Placed] = {}
    for one in hours.steps:
        day, hour = last - one.days_before * _DAY, one.at or hours.opening
        step = Step(one.rung, one.audience, hours.before_rest(day, hour))
        if step.due_at < expires_at:
            found[one.audience, step.due_at] = _Placed(step, hours.at(day, hour))
    return sorted(found.values(), key=lambda placed: (placed.step.due_at, placed.nominal_at))


def lapse_notices(lapsed_at: datetime, hours: OfficeHours, *, had_owner: bool) -> tuple[Step, ...]:
    """The notice that a claim ran out, at the next opening: to the consultant who had it and to the
    supervisor.

    It is never skipped for being late: it tells what is so, not what is to be prevented.
    """
    opening = hours.next_opening(lapsed_at)
    audiences = (Audience.OWNER, Audience.SUPERVISOR) if had_owner else (Audience.SUPERVISOR,)
    return tuple(Step(Rung.LAPSED, audience, opening) for audience in audiences)
