"""Days as old books write them (imports.md#dates)."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from msgspec import Struct

from services.intake.books.grid import Cell, CellError
from services.intake.imports.clocks import DAY_SECONDS, said_clock
from services.intake.imports.faults import RowFaultError
from services.intake.imports.words import tidy

_FIRST, _LAST = 2000, 2100
_LEAP: Final = 9
"""Years among which there is a leap year, and one behind it."""
_EPOCHS: Final = {False: date(1899, 12, 30), True: date(1904, 1, 1)}
_SERIALS: Final = range(30_000, 80_000)

_weekday = re.compile(
    r"[(\[【]?\s*(?:星期|周|礼拜)[一二三四五六日天1-7]\s*[)\]】]?|[(\[【][一二三四五六日天][)\]】]"
    r"|[(\[]?\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?,?[)\]]?"
).sub
_full = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:\s*t?\s*(.*))").fullmatch
_short_year = re.compile(r"(\d{2})年(\d{1,2})月(\d{1,2})[日号]?(?:\s*(.*))").fullmatch
_two_digits = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,4})(?:\s+(.*))?").fullmatch
_month_day = re.compile(r"(\d{1,2})\s*(?:月|[./-])\s*(\d{1,2})\s*[日号]?(?:\s*(.*))").fullmatch
_digits = re.compile(r"(20\d{2})(\d{2})(\d{2})").fullmatch


class SaidDay(Struct, frozen=True, gc=False):
    """A day, the time where one was said, and whether the day itself says no year."""

    day: date
    at: time | None = None
    yearless: bool = False


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
        rest = round((number - whole) * DAY_SECONDS)
        return SaidDay(
            day, (datetime.min + timedelta(seconds=rest)).time() if 0 < rest < DAY_SECONDS else None
        )
    if number == whole and (found := _digits(str(whole))):
        return SaidDay(_day(*found.groups()))
    month, _, day_text = repr(number).partition(".")
    if not 1 <= whole <= 12 or len(day_text) > 2 or day_text == "0":
        raise RowFaultError("date")
    if day_text in "123":  # a number keeps no zero at its end
        raise RowFaultError("date_tens")
    return SaidDay(_day(_demanded(year), month, day_text), yearless=True)


def _written(text: str, year: int | None) -> SaidDay:
    if found := _full(text):
        return SaidDay(_day(*found.groups()[:3]), _time_behind(found[4]))
    if found := _short_year(text):
        return SaidDay(_day(f"20{found[1]}", found[2], found[3]), _time_behind(found[4]))
    if found := _two_digits(text):
        if int(found[1]) <= 12:  # may be a month, or a day of one
            raise RowFaultError("date_order")
        return SaidDay(_day(f"20{found[1]}", found[2], found[3]), _time_behind(found[4]))
    if found := _digits(text):
        return SaidDay(_day(*found.groups()))
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return _numbered(float(text), year, False)
    if found := _month_day(text):
        return SaidDay(_day(_demanded(year), found[1], found[2]), _time_behind(found[3]), yearless=True)
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
        return said_clock(text.strip()) if text and text.strip() else None
    except RowFaultError as error:
        raise RowFaultError("date" if error.rule == "time" else error.rule) from None


def day_after(cell: Cell, entry: date, *, since_1904: bool = False) -> date:
    """A day on or after an entry: one without a year is the next of its kind, a 29th of February too. Raises
    `RowFaultError`."""
    fault = RowFaultError("date")
    for year in range(entry.year, entry.year + _LEAP):
        try:
            said = day_of(cell, year, since_1904=since_1904)
        except RowFaultError as error:
            fault = error
            continue
        if said.day >= entry:
            return said.day
        if not said.yearless:
            raise RowFaultError("next_before")
    raise fault
