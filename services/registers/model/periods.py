"""Days, weeks, months and any period of an office, in the zone of its rulebook.

A row's day is the local day on which it happened; a day ends at midnight, a week on the day that the scheme names.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from shared.rules.domain.calendar import local_day, midnight, zone

_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)
SUNDAY: Final = 7


class DaySpan(Struct, frozen=True, gc=False):
    """Whole days from the first to the last, both of them within."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    def each_day(self) -> Iterator[date]:
        """Every day, in order."""
        for number in range(self.days):
            yield self.first + number * _DAY

    def before(self) -> DaySpan:
        """The period before: of whole months so many months, else so many days."""
        whole = self.first.day == 1 and self.last == month_of(self.last).last
        if not whole:
            return DaySpan(self.first - self.days * _DAY, self.first - _DAY)
        months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        return DaySpan(months_before(self.first, months), self.first - _DAY)


def month_of(day: date) -> DaySpan:
    """The calendar month of a day."""
    last = calendar.monthrange(day.year, day.month)[1]
    return DaySpan(day.replace(day=1), day.replace(day=last))


def quarter_of(day: date) -> DaySpan:
    """The calendar quarter of a day."""
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return DaySpan(first, month_of(months_before(first, -2)).last)


def week_of(day: date, ends_on: int = SUNDAY) -> DaySpan:
    """The week of a day; weeks end on this day of the week, Monday being 1."""
    last = day + (ends_on - day.isoweekday()) % 7 * _DAY
    return DaySpan(last - 6 * _DAY, last)


def months_before(first: date, months: int) -> date:
    """The first day of the month so many months before that of a day."""
    year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return date(year, month + 1, 1)


class LocalTime(Struct, frozen=True, gc=False):
    """Instants as the office's clock on the wall shows them."""

    zone: str

    @property
    def info(self) -> ZoneInfo:
        """The zone itself."""
        return zone(self.zone)

    def day(self, at: datetime) -> date:
        """The local day of an instant."""
        return local_day(at, self.zone)

    def hour(self, at: datetime) -> int:
        """The local hour of an instant."""
        return at.astimezone(self.info).hour

    def begin_of(self, day: date) -> datetime:
        """The first instant of a local day."""
        return midnight(day, self.zone)

    def end_of(self, day: date) -> datetime:
        """The last instant of a local day."""
        return midnight(day + _DAY, self.zone) - _INSTANT
