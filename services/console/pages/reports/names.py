"""What the grains, stages and columns of words of reports are called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from shared.contract.value_words import STAGES
from shared.i18n import Text, translated
from shared.i18n.times import calendar_days, calendar_month, day_of_year
from shared.platform.place_names import PlaceNames
from shared.rules.schemes.loading import load_scheme, shipped_schemes

GRAINS: Final[Mapping[str, Text]] = {
    "day": translated("by day"),
    "week": translated("by week"),
    "month": translated("by month"),
    "weekday": translated("by day of the week"),
    "hour": translated("by hour"),
    "consultant": translated("by consultant"),
    "channel": translated("by channel"),
    "project": translated("by project"),
    "office": translated("by office"),
    "cause": translated("by cause"),
    "competitor": translated("by competitor"),
    "level": translated("by level"),
    "nature": translated("by kind of customer"),
}
ISSUED_STAGES: Final[Mapping[str, Text]] = {"issued": translated("Issued"), **STAGES}
"""The stages of a report; those of records begin with the review."""
NEXT: Final[Mapping[str, Text]] = {
    "reviewed": translated("Review"),
    "approved": translated("Approve"),
    "filed": translated("File"),
    "returned": translated("Return"),
}
STEP_ACTIONS: Final[Mapping[str, str]] = {
    "reviewed": "report.review",
    "approved": "report.approve",
    "filed": "report.file",
    "returned": "report.return",
}
_WORD_COLUMNS: Final = frozenset(
    ("figure", "metric", "whose", "loan", "lacks", "what", "kind", "finding", "stage", "done", "reward", "owner",
     "state", "nature", "anomaly", "reason", "outcome", "level", "day", "weekday", "hour")
)  # fmt: skip
"""Columns whose lines are words of the report itself, in both languages side by side."""
_BESIDE: Final = re.compile(r"(?P<zh>.*?[^\x00-\x7f].*?) (?P<en>[\x20-\x7e—]+)")
_NOT_STATED: Final = translated("not stated")
_DAY: Final = re.compile(r"(2\d{3}-(?:0[1-9]|1[0-2]))(?:-(0[1-9]|[12]\d|3[01]))?")
_OF_THE_PERIOD: Final = frozenset({"day", "week"})
"""Columns of days that lie in the period of the report, or where a week of it begins."""


def scheme_name(said: str) -> Text | str:
    """The title of a scheme that ships, of `name version`; what an office made itself by its own name."""
    name, _, _ = said.partition(" ")
    return load_scheme(name).title if name in shipped_schemes() else said


def cell_words(column: str, value: str, places: PlaceNames) -> Text | str:
    """What stands in a cell: words of the report in the language of the page, words of people as they are."""
    if value == _NOT_STATED.beside:
        return _NOT_STATED
    if column == "office":
        return places.office(value)
    if (day := _DAY.fullmatch(value)) is not None:
        return _day_words(column, day[1], day[2])
    found = _BESIDE.fullmatch(value) if column in _WORD_COLUMNS else None
    return value if found is None else Text(found["zh"], found["en"])


def _day_words(column: str, month: str, day: str | None) -> Text:
    """A month or a day; without its year where the days of the report say it."""
    first = date.fromisoformat(f"{month}-{day or '01'}")
    if day is None:
        return calendar_month(first)
    return day_of_year(first) if column in _OF_THE_PERIOD else calendar_days(first, first)
