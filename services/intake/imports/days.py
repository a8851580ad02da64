"""Days and times as old books write them (imports.md#dates)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from services.intake.books.grid import Cell, CellError
from services.intake.imports.faults import RowFaultError
from services.intake.imports.words import AFTERNOON

NOON: Final = time(12)
_FIRST, _LAST = 2000, 2100
_EPOCHS: Final = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
_SERIALS: Final = range(30_000, 80_000)
_DAY_SECONDS: Final = 86_400

_weekday = re.compile(r"[(]?(?:星期|周|礼拜)[一二三四五六日天1-7][)]?").sub
_full = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:\s*t?\s*(.*))").fullmatch
_short_year = re.compile(r"(\d{2})年(\d{1,2})月(\d{1,2})[日号]?(?:\s*(.*))").fullmatch
_month_day = re.compile(r"(\d{1,2})\s*(?:月|[./-])\s*(\d{1,2})\s*[日号]?(?:\s*(.*))").fullmatch
_digits = re.compile(r"(20\d{2})(\d{2})(\d{2})").fullmatch
_clock = re.compile(
    r"(上午|下午|早上|晚上|中午|am|pm)?\s*(\d{1,2})\s*[:时点]\s*"
    r"(?:(\d{1,2})\s*分?)?(?::(\d{1,2})(?:\.\d+)?)?\s*(am|pm)?"
).fullmatch
_range = re.compile(r"\s*(?:-|~|至|到|—|–)\s*").split
_year = re.compile(r"(?<!\d)(20\d{2})\s*(?:年|(?!\d))").findall


class SaidDay(Struct, frozen=True, gc=False):
    """A day, and the time where one was said."""

    day: date
    at: time | None = None


def tidy(text: str) -> str:
    """As it is compared: compatibility form, lower case, no white space around."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def year_of(text: str) -> int | None:
    """The one year that a title or a sheet's name says."""
    found = set(_year(unicodedata.normalize("NFKC", text)))
    return int(found.pop()) if len(found) == 1 else None


def day_of(cell: Cell, year: int | None, *, since_1904: bool = False) -> SaidDay:
    """Raises `RowFaultError`."""
    match cell:
        case CellError():
            raise RowFaultError("formula")
        case datetime():
            return SaidDay(_within(cell.date()), None if cell.time() == time() else _minute(cell.time()))
        case date():
            return SaidDay(_within(cell))
        case bool() | time() | timedelta() | None:
            raise RowFaultError("date")
        case float():
            return _numbered(float(cell), year, since_1904)
        case str():
            return _written(_weekday(" ", tidy(cell)).strip(), year)


def _minute(at: time) -> time:
    return at.replace(microsecond=0)


def _numbered(number: float, year: int | None, since_1904: bool) -> SaidDay:
    """A serial of Excel, 20070305, or month and day as 3.5."""
    whole = int(number)
    if whole in _SERIALS:
        day = _within(_EPOCHS[since_1904] + timedelta(days=whole))
        rest = round((number - whole) * _DAY_SECONDS)
        return SaidDay(
            day, (datetime.min + timedelta(seconds=rest)).time() if 0 < rest < _DAY_SECONDS else None
        )
    if number == whole and (found := _digits(str(whole))):
        return SaidDay(_day(*found.groups()))
    month, _, day_text = repr(number).partition(".")
    if not 1 <= whole <= 12 or len(day_text) > 2 or day_text == "0":
        raise RowFaultError("date")
    if day_text in "123":  # a number keeps no zero at its end
        raise RowFaultError("date_tens")
    return SaidDay(_day(_demanded(year), month, day_text))


def _written(text: str, year: int | None) -> SaidDay:
    if found := _full(text):
        return SaidDay(_day(*found.groups()[:3]), _time_behind(found[4]))
    if found := _short_year(text):
        return SaidDay(_day(f"20{found[1]}", found[2], found[3]), _time_behind(found[4]))
    if found := _digits(text):
        return SaidDay(_day(*found.groups()))
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return _numbered(float(text), year, False)
    if found := _month_day(text):
        return SaidDay(_day(_demanded(year), found[1], found[2]), _time_behind(found[3]))
    raise RowFaultError("date")


def _demanded(year: int | None) -> str:
    if year is None:
        raise RowFaultError("date_year")
    return str(year)


def _day(year: str, month: str, day: str) -> date:
    try:
        return _within(date(int(year), int(month), int(day)))
    except ValueError:
        raise RowFaultError("date") from None


def _within(day: date) -> date:
    if not _FIRST <= day.year <= _LAST:
        raise RowFaultError("date_range")
    return day


def _time_behind(text: str | None) -> time | None:
    try:
        return clock_of(text.strip()) if text and text.strip() else None
    except RowFaultError:
        raise RowFaultError("date") from None


def clock_of(cell: Cell) -> time:
    """A time of the day. Raises `RowFaultError`."""
    match cell:
        case CellError():
            raise RowFaultError("formula")
        case datetime():
            return _minute(cell.time())
        case time():
            return _minute(cell)
        case timedelta() if timedelta() <= cell < timedelta(days=1):
            return _minute((datetime.min + cell).time())
        case float() if 0 <= cell < 1:
            return (datetime.min + timedelta(seconds=round(cell * _DAY_SECONDS) % _DAY_SECONDS)).time()
        case str():
            return _written_clock(tidy(cell))
        case _:
            raise RowFaultError("time")


def _written_clock(text: str) -> time:
    found = _clock(text)
    if found is None:
        raise RowFaultError("time")
    hour, minute, second = (int(part or 0) for part in found.group(2, 3, 4))
    half = found[1] or found[5] or ""
    if half in AFTERNOON and hour < 12:
        hour += 12
    try:
        return time(hour, minute, second)
    except ValueError:
        raise RowFaultError("time") from None


def range_of(cell: Cell) -> tuple[time, time | None]:
    """From when until when: `10:20-11:05`, or the first alone. Raises `RowFaultError`."""
    if not isinstance(cell, str):
        return clock_of(cell), None
    parts = _range(tidy(cell))
    if len(parts) > 2:
        raise RowFaultError("times")
    try:
        begun, ended = clock_of(parts[0]), clock_of(parts[1]) if len(parts) == 2 and parts[1] else None
    except RowFaultError:
        raise RowFaultError("times") from None
    if ended is not None and ended < begun:
        raise RowFaultError("times_order")
    return begun, ended
