"""Section 1 of the rules, time: effective times, local days and the periods that rulebooks name."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name."""
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def midnight(day: date, name: str) -> datetime:
    """The instant (UTC) at which this local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(name)).astimezone(UTC)


def local_day(at: datetime, name: str) -> date:
    """The local calendar day of an instant."""
    return at.astimezone(zone(name)).date()


def expiry(contact_at: datetime, days: int, name: str) -> datetime:
    """Last contact on day D holds through D + n: the start of day D + n + 1 (E4 有效期)."""
    return midnight(local_day(contact_at, name) + timedelta(days=days + 1), name)


def plus_months(day: date, months: int) -> date:
    """The same day `months` later; a day that the month lacks means its last (H5 一个月)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
