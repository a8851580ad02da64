"""When a report goes out that an office wants by itself, and of which days it is. Pure.

A period ends with a local day, and its report goes out at an hour of that day or of one of the days behind it: 日报 at
closing, 周报 on Monday morning, 月报 on the third. An office that closes after midnight has the hour on the day after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from services.notifier.model.kinds import ReportEvery
from services.notifier.schedule.ladder import OfficeHours
from shared.ids import OfficeId, StaffId

_DAY: Final = timedelta(days=1)
_WEEK: Final = 7
SUNDAY: Final = 7
LATEST: Final = timedelta(days=7)
"""Behind its hour by more than this, a report is not sent any more, which is told in the log of alerts."""


@dataclass(frozen=True)
class ReportTerms:
    """A report on a schedule: of which periods, for whom, at which hour how many days behind the last one."""

    report: str
    every: ReportEvery
    roles: tuple[str, ...] = ()
    staff: tuple[StaffId, ...] = ()
    # None of these: every office of the scope at which somebody is enrolled.
    offices: tuple[OfficeId, ...] = ()
    at: time | Literal["opening", "closing"] = "closing"
    days_after: int = 0
    # The weekday (ISO) with which a week ends.
    ends: int = SUNDAY
    # Whether a mail carries the workbook, which has the names of customers in it.
    attach: bool = False

    def hour(self, hours: OfficeHours) -> time:
        """The hour at which it goes out in an office."""
        if isinstance(self.at, time):
            return self.at
        return hours.opening if self.at == "opening" else hours.closing


def last_ended(terms: ReportTerms, day: date) -> date:
    """The last day of the last period that has ended with this day or before it."""
    if terms.every is ReportEvery.DAY:
        return day
    if terms.every is ReportEvery.WEEK:
        return day - timedelta(days=(day.isoweekday() - terms.ends) % _WEEK)
    month_after = (day + _DAY).replace(day=1)
    return month_after - _DAY


def following(terms: ReportTerms, last: date) -> date:
    """The last day of the first period that ends behind this day."""
    day = last + _DAY
    if terms.every is ReportEvery.WEEK:
        return day + timedelta(days=(terms.ends - day.isoweekday()) % _WEEK)
    if terms.every is ReportEvery.MONTH:
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - _DAY
    return day


def first_of(terms: ReportTerms, last: date) -> date:
    """The first day of the period that ends with this one."""
    if terms.every is ReportEvery.WEEK:
        return last - timedelta(days=_WEEK - 1)
    return last.replace(day=1) if terms.every is ReportEvery.MONTH else last


def report_due(terms: ReportTerms, last: date, hours: OfficeHours) -> datetime | None:
    """When the report of the period that ends with this day goes out; None of a day on which the office is closed.

    What falls into closed days or quiet hours waits for their end.
    """
    if terms.every is ReportEvery.DAY and not hours.calendar.is_open(last):
        return None
    day, hour = last + terms.days_after * _DAY, terms.hour(hours)
    if not hours.calendar.is_open(day):
        day, hour = hours.calendar.next_open(day), hours.opening
    due = hours.at(day, hour)
    if hours.quiet is None or not hours.quiet.covers(due, hours.zone):
        return due
    return hours.quiet.ends_after(due, hours.zone).astimezone(UTC)


def last_over(terms: ReportTerms, now: datetime, hours: OfficeHours) -> date:
    """The last day of the last period whose hour is over at `now`: what a schedule that begins now is behind."""
    last = last_ended(terms, now.astimezone(hours.zone).date() + _DAY)
    while (due := report_due(terms, last, hours)) is None or due > now:
        last = last_ended(terms, last - _DAY)
    return last
