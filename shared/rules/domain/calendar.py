"""Effective times, local days and the periods that rulebooks name (procedure.md#time)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_last_day: dict[str, tuple[datetime, datetime, date]] = {}


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name."""
    return ZoneInfo(name)


@lru_cache(maxsize=4096)
def midnight(day: date, name: str) -> datetime:
    """The instant (UTC) at which this local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(name)).astimezone(UTC)


@lru_cache(maxsize=4096)
def _midnight_behind(day: date, days: int, name: str) -> datetime:
    return midnight(day + timedelta(days=days + 1), name)


def midnight_after(at: datetime, days: int, name: str) -> datetime:
    """The instant at which so many local days after that of `at` end (procedure.md#follow-up-clock)."""
    return _midnight_behind(local_day(at, name), days, name)


def local_day(at: datetime, name: str) -> date:
    """The local calendar day of an instant.

    Facts come in the order of time, so the last day of each zone is remembered, where it is one of 24 hours.
    """
    known = _last_day.get(name)
    if known is not None and known[0] <= at < known[1]:
        return known[2]
    day = at.astimezone(zone(name)).date()
    begin, end = midnight(day, name), midnight(day + _DAY, name)
    if end - begin == _DAY and begin <= at < end:
        _last_day[name] = begin, end, day
    return day


def same_day(one: datetime, other: datetime, name: str) -> bool:
    """Whether two instants are of one local day."""
    day = local_day(one, name)
    known = _last_day.get(name)
    if known is not None and known[2] is day:
        return known[0] <= other < known[1]
    return day == local_day(other, name)
