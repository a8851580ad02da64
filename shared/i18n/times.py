"""Instants, days and spans of time as each language writes them, in the zone of the office."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.units import format_unit

from shared.i18n.text import Text

_CHINESE: Final = "zh"
_ENGLISH: Final = "en"
_MIDNIGHT: Final = "24:00"
Unit = Literal["day", "hour", "minute"]


def dated(at: datetime, zone: ZoneInfo) -> Text:
    """The local time with its year, to the minute: for what is read years later."""
    return _formatted(at, zone, "y年M月d日HH:mm", "d MMMM y 'at' HH:mm")


def moment(at: datetime, zone: ZoneInfo) -> Text:
    """The local time with its day of the week, to the minute: for what is read within days."""
    return _formatted(at, zone, "M月d日（EEE）HH:mm", "HH:mm 'on' EEEE d MMMM")


def calendar_day(on: date, today: date | None = None) -> Text:
    """A day with that of the week: for what is read within days. With its year where that is not `today`'s."""
    if today is not None and on.year != today.year:
        return _on(on, "y年M月d日（EEE）", "EEEE d MMMM y")
    return _on(on, "M月d日（EEE）", "EEEE d MMMM")


def day_of_year(on: date) -> Text:
    """A day of a year that is told elsewhere, as short as people write it."""
    return _on(on, "M月d日", "d MMM")


def calendar_days(first: date, last: date) -> Text:
    """The days from the first to the last, with their year: for what is read years later."""
    if first == last:
        return _on(first, "y年M月d日", "d MMMM y")
    same = first.year == last.year
    return Text("{first}至{last}", "{first} – {last}").format(
        first=_on(first, "y年M月d日", "d MMMM" if same else "d MMMM y"),
        last=_on(last, "M月d日" if same else "y年M月d日", "d MMMM y"),
    )


def clock(at: datetime, zone: ZoneInfo) -> str:
    """The local time of day, to the minute: for what is known to be of one day."""
    return f"{at.astimezone(zone):%H:%M}"


def calendar_month(on: date) -> Text:
    """The month of a day, with its year."""
    return _on(on, "y年M月", "MMMM y")


def deadline(at: datetime, zone: ZoneInfo) -> Text:
    """The moment until which something holds, as a person would say it: midnight is 24:00 of the day before."""
    day, clock = _until(at, zone)
    if clock != _MIDNIGHT:
        return moment(at, zone)
    return _formatted(day, zone, f"M月d日（EEE）{clock}", "'the end of' EEEE d MMMM")


def day_and_clock(at: datetime, zone: ZoneInfo) -> tuple[Text, str]:
    """The same in two parts, without the day of the week."""
    day, clock = _until(at, zone)
    return _formatted(day, zone, "M月d日", "d MMMM"), clock


def _until(at: datetime, zone: ZoneInfo) -> tuple[datetime, str]:
    local = at.astimezone(zone)
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        return local - timedelta(days=1), _MIDNIGHT
    return local, f"{local:%H:%M}"


def span(left: timedelta) -> Text:
    """How long that is, in the two largest units that matter to a person; never more than is left."""
    minutes = max(int(left.total_seconds() // 60), 0)
    days, hours = divmod(minutes // 60, 24)
    parts: list[tuple[int, Unit]] = [(days, "day"), (hours, "hour"), (0 if days else minutes % 60, "minute")]
    told = [part for part in parts if part[0]] or [(0, "minute")]
    return Text(
        "".join(_counted(part, _CHINESE) for part in told),
        " ".join(_counted(part, _ENGLISH) for part in told),
    )


def largest(left: timedelta) -> Text:
    """How long that is in one unit, for where there is little room; days only from two of them on."""
    minutes = max(int(left.total_seconds() // 60), 0)
    if minutes >= 2 * 24 * 60:
        part: tuple[int, Unit] = (minutes // (24 * 60), "day")
    else:
        part = (minutes // 60, "hour") if minutes >= 60 else (minutes, "minute")
    return Text(_counted(part, _CHINESE), _counted(part, _ENGLISH))


def _counted(part: tuple[int, Unit], locale: str) -> str:
    return format_unit(part[0], f"duration-{part[1]}", "long", locale=locale)


def _on(day: date, chinese: str, english: str) -> Text:
    return Text(format_date(day, chinese, locale=_CHINESE), format_date(day, english, locale=_ENGLISH))


def _formatted(at: datetime, zone: ZoneInfo, chinese: str, english: str) -> Text:
    local = at.astimezone(zone)
    return Text(
        format_datetime(local, chinese, locale=_CHINESE), format_datetime(local, english, locale=_ENGLISH)
    )
