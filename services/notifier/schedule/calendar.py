"""On which days an office is open, and at which hours nobody is to be disturbed. Pure.

Chinese offices close for holidays and open on make-up days (调休) that would be days off; both are lists that
an office keeps from year to year. A reminder that falls into closed days goes out before them: what it reminds
of does not wait until the office opens again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
# The longest closure that is looked over; behind it the office counts as open, so that nothing waits for ever.
LONGEST_CLOSURE = 60
_WEEK = 7


class CalendarError(ValueError):
    """The days of the office contradict one another."""


@dataclass(frozen=True)
class Calendar:
    """Closed weekdays (ISO numbers) and ranges of dates; `worked` are open whatever else is said."""

    weekdays: frozenset[int] = frozenset()
    closed: tuple[tuple[date, date], ...] = ()
    worked: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if len(self.weekdays) >= _WEEK:
            raise CalendarError("an office that is closed on all seven weekdays never opens")
        for first, last in self.closed:
            if last < first:
                raise CalendarError(f"the closed days {first}..{last} end before they begin")

    def is_open(self, day: date) -> bool:
        if day in self.worked:
            return True
        if day.isoweekday() in self.weekdays:
            return False
        return not any(first <= day <= last for first, last in self.closed)

    def last_open(self, day: date) -> date:
        """That day, or the last open one before it."""
        return self._first_open(day, -_DAY)

    def next_open(self, day: date) -> date:
        """That day, or the first open one after it."""
        return self._first_open(day, _DAY)

    def _first_open(self, day: date, step: timedelta) -> date:
        for distance in range(LONGEST_CLOSURE):
            if self.is_open(day + distance * step):
                return day + distance * step
        return day


@dataclass(frozen=True)
class QuietHours:
    """From `begin` until `end` of the office's clock nobody is disturbed; usually over midnight."""

    begin: time
    end: time

    def covers(self, instant: datetime, zone: ZoneInfo) -> bool:
        at = instant.astimezone(zone).time()
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def ends_after(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """When the quiet that covers the instant is over."""
        local = instant.astimezone(zone)
        day = local.date() if local.time() < self.end else local.date() + _DAY
        return datetime.combine(day, self.end, zone)

    def day_before(self, instant: datetime, zone: ZoneInfo) -> date:
        """The day on which the quiet that covers the instant began."""
        local = instant.astimezone(zone)
        return local.date() if local.time() >= self.begin else local.date() - _DAY
