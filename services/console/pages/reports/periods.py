"""Which days a report is of: today, this week, this month, or from one day to another, as the office counts days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.asking.refusals import WrongField
from services.console.frame.forms import Wrong
from services.console.frame.refused import sentence
from services.console.frame.typed_times import typed_instant
from shared.contract import BadEvent
from shared.contract.times import parse_day
from shared.i18n import Text, translated

PERIODS: Final[tuple[tuple[str, Text], ...]] = (
    ("today", translated("Today")),
    ("week", translated("This week")),
    ("month", translated("This month")),
    ("last_month", translated("Last month")),
    ("days", translated("From one day to another")),
)
_WHOLE: Final = frozenset({"targets"})
"""Reports that are of a month as it was planned, and so of all of it."""
_DAILY: Final = frozenset({"daily", "activity"})
"""Reports that are of one day, unless somebody says otherwise."""


class AskedPeriod(Struct, frozen=True):
    """A period as somebody chose it, with its days, and by what was known when."""

    name: str
    first: date
    last: date
    known_at: str | None = None

    @property
    def days(self) -> dict[str, str]:
        """As the fields of the form have them."""
        return {"from": self.first.isoformat(), "to": self.last.isoformat()}

    @property
    def query(self) -> dict[str, str]:
        """As the registers are asked."""
        return self.days | ({"known_at": self.known_at} if self.known_at is not None else {})


class TypedPeriod(Struct, frozen=True):
    """The fields of the form as they were typed; empty where nothing was."""

    period: str = ""
    first: str = ""
    last: str = ""
    known_at: str = ""


def first_period(report: str) -> str:
    """Which period a report begins with."""
    return "today" if report in _DAILY else "month"


def asked_period(report: str, typed: TypedPeriod, now: datetime, zone: ZoneInfo, wrong: Wrong) -> AskedPeriod:
    """The days that are meant; what cannot be read is said beside its field, and the period it begins with stands."""
    today = now.astimezone(zone).date()
    name = typed.period or ("days" if typed.first or typed.last else first_period(report))
    known_at = typed_instant("known_at", typed.known_at, zone, wrong)
    if name != "days":
        first, last = _named_days(name, today, whole=report in _WHOLE)
        return AskedPeriod(name, first, last, known_at)
    start = _day("from", typed.first, today.replace(day=1), wrong)
    end = _day("to", typed.last, today, wrong)
    if end < start:
        wrong.fields["to"] = translated("This day is before the first one.")
        end = start
    return AskedPeriod(name, start, end, known_at)


def _named_days(name: str, today: date, *, whole: bool) -> tuple[date, date]:
    if name == "today":
        return today, today
    if name == "week":
        return today - timedelta(days=today.weekday()), today
    begins = today.replace(day=1)
    if name == "last_month":
        ends = begins - timedelta(days=1)
        return ends.replace(day=1), ends
    return begins, _month_end(begins) if whole else today


def _month_end(begins: date) -> date:
    return (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _day(name: str, typed: str, otherwise: date, wrong: Wrong) -> date:
    if not typed:
        return otherwise
    try:
        return parse_day(typed)
    except BadEvent as refusal:
        wrong.fields[name] = sentence(WrongField(name, refusal.rule, refusal.message))
        return otherwise
