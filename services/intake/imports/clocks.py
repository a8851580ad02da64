"""Times of the day as old books write them; one that may be either half of the day is none (imports.md#dates)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from services.intake.books.grid import Cell, CellError
from services.intake.imports.faults import RowFaultError
from services.intake.imports.words import tidy

NOON: Final = time(12)
DAY_SECONDS: Final = 86_400
_HALVES: Final[Mapping[str, str]] = {
    "上午": "morning", "早上": "morning", "早晨": "morning", "清晨": "morning", "早": "morning", "凌晨": "night",
    "am": "am", "a.m.": "am", "中午": "noon", "下午": "afternoon", "傍晚": "evening", "晚上": "evening",
    "夜里": "evening", "晚": "evening", "pm": "pm", "p.m.": "pm",
}  # fmt: skip
_SAME: Final[Mapping[str, range]] = {
    "": range(24), "morning": range(1, 12), "night": range(7), "am": range(12), "noon": range(11, 15),
    "afternoon": range(12, 20), "evening": range(16, 24), "pm": range(12, 24),
}  # fmt: skip
"""Hours that each half of the day has as they are said."""
_LATER: Final[Mapping[str, range]] = {
    "noon": range(1, 3), "afternoon": range(1, 8), "evening": range(5, 12), "pm": range(1, 12),
}  # fmt: skip
"""Hours that are twelve later."""
_QUARTERS: Final[Mapping[str, int]] = {"半": 30, "一刻": 15, "三刻": 45, "整": 0}

_word = "|".join(re.escape(one) for one in sorted(_HALVES, key=len, reverse=True))
_clock = re.compile(
    rf"({_word})?\s*(\d{{1,2}})\s*(?:[:时]|点钟?)\s*"
    rf"(?:(\d{{1,2}})\s*分?|({'|'.join(_QUARTERS)}))?(?::(\d{{1,2}})(?:\.\d+)?)?\s*({_word})?"
).fullmatch
_no_time = re.compile(r"0?0:00(?::00(?:\.0+)?)?").fullmatch
_range = re.compile(r"\s*(?:-|~|至|到|—|–)\s*").split


def clock_of(cell: Cell) -> time:
    """A time of the day. Raises `RowFaultError`."""
    match cell:
        case CellError():
            raise RowFaultError("formula")
        case datetime():
            return cell.time().replace(microsecond=0)
        case time():
            return cell.replace(microsecond=0)
        case timedelta() if timedelta() <= cell < timedelta(days=1):
            return (datetime.min + cell).time().replace(microsecond=0)
        case float() if 0 <= cell < 1:
            return (datetime.min + timedelta(seconds=round(cell * DAY_SECONDS) % DAY_SECONDS)).time()
        case str():
            return _written(tidy(cell))
        case _:
            raise RowFaultError("time")


def said_clock(cell: Cell) -> time | None:
    """A time of the day; None for 0:00, which is how spreadsheets and databases write a day without one. Raises
    `RowFaultError`."""
    if isinstance(cell, str):
        return None if _no_time(tidy(cell)) else clock_of(cell)
    return clock_of(cell) if clock_of(cell) != time() else None


def _written(text: str) -> time:
    found = _clock(text)
    if found is None:
        raise RowFaultError("time")
    halves = {_HALVES[one] for one in (found[1], found[6]) if one}
    if len(halves) > 1:
        raise RowFaultError("time_half")
    minute = _QUARTERS[found[4]] if found[4] else int(found[3] or 0)
    hour = _hour(int(found[2]), halves.pop() if halves else "")
    try:
        return time(hour, minute, int(found[5] or 0))
    except ValueError:
        raise RowFaultError("time") from None


def _hour(said: int, half: str) -> int:
    if said > 23:
        raise RowFaultError("time")
    if said == 12 and half in ("am", "night"):
        return 0
    if said in _LATER.get(half, ()):
        return said + 12
    if said not in _SAME[half]:
        raise RowFaultError("time_half")
    return said


def range_of(cell: Cell) -> tuple[time, time | None]:
    """From when until when: `10:20-11:05`, or the first alone; 下午 before the first holds for the second too. Raises
    `RowFaultError`."""
    if not isinstance(cell, str):
        return clock_of(cell), None
    parts = _range(tidy(cell))
    if len(parts) > 2:
        raise RowFaultError("times")
    try:
        begun = clock_of(parts[0])
        ended = _ended(parts[0], parts[1], begun) if len(parts) == 2 and parts[1] else None
    except RowFaultError as error:
        raise RowFaultError("times" if error.rule == "time" else error.rule) from None
    if ended is not None and ended < begun:
        raise RowFaultError("times_order")
    return begun, ended


def _ended(first: str, second: str, begun: time) -> time:
    ended = clock_of(second)
    half = _clock(first)
    if ended < begun and half is not None and half[1] and not any(word in second for word in _HALVES):
        return clock_of(half[1] + second)
    return ended
