"""The few instants at which something of a small history happens: around the windows of the rulebook itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.contract.times import LAST_YEAR
from shared.rules.domain.rulebook import Rulebook

FIRST_DAY: Final = date(2026, 3, 2)
MORNING: Final = time(10)
AFTERNOON: Final = time(15)
MOST: Final = 8


def before_all(book: Rulebook) -> datetime:
    """When whoever works there is enrolled."""
    return _at(book, FIRST_DAY - timedelta(days=1), MORNING)


def instants_of(book: Rulebook) -> tuple[datetime, ...]:
    """The first day twice, the next day, and of each window its last day and the day after.

    A window may end after the last year of which a record can be: nothing happens there.
    """
    days = {FIRST_DAY + timedelta(days=1)}
    for last in _last_days(book):
        days |= {last, last + timedelta(days=1)}
    later = sorted(day for day in days if day.year <= LAST_YEAR)[: MOST - 2]
    first = [_at(book, FIRST_DAY, MORNING), _at(book, FIRST_DAY, AFTERNOON)]
    return (*first, *(_at(book, day, MORNING) for day in later))


def _last_days(book: Rulebook) -> set[date]:
    periods = {book.follow_up.days(basis) for basis in ("visit", "call", "outreach")}
    days = {FIRST_DAY + timedelta(days=n) for n in periods if n is not None}
    within = {honour.within for honour in book.honour.values() if honour.within is not None}
    return days | {period.last_day(FIRST_DAY) for period in within}


def _at(book: Rulebook, day: date, at: time) -> datetime:
    return datetime.combine(day, at, book.timezone).astimezone(UTC)
