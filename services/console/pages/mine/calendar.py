"""The next dates of one's customers as a month: when claims end, what was agreed, whom the level makes due."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.asking.customer_answers import WorkListAnswered
from services.console.frame.customer_words import shown_name
from services.console.pages.mine.own_list import due_by_customer, last_day
from shared.contract.answers.scopes import ListedCustomer
from shared.contract.case_numbers import case_number
from shared.i18n import Text, translated

AHEAD: Final = 90
"""Days ahead that the work list tells of."""

DateKind: TypeAlias = Literal["ends", "agreed", "due"]
KINDS_OF_DATES: Final = {
    "ends": translated("claim ends"),
    "agreed": translated("agreed with the customer"),
    "due": translated("due by the level"),
}
MARKS: Final = {"ends": "bad", "agreed": "mark", "due": "warn"}
LEGEND: Final = tuple((words, MARKS[kind]) for kind, words in KINDS_OF_DATES.items())
"""What each mark of the month says."""
WEEKDAYS: Final = (
    translated("Mon"), translated("Tue"), translated("Wed"), translated("Thu"), translated("Fri"),
    translated("Sat"), translated("Sun"),
)  # fmt: skip


class CalendarDate(Struct, frozen=True):
    """What falls on a day for one customer."""

    kind: DateKind
    customer: str
    case: str
    name: Text | str

    @property
    def words(self) -> Text:
        return KINDS_OF_DATES[self.kind]

    @property
    def mark(self) -> str:
        return MARKS[self.kind]


class CalendarDay(Struct, frozen=True):
    """A day of the month, or one beside it that fills the week."""

    day: date
    within: bool
    today: bool
    dates: list[CalendarDate]


class CalendarMonth(Struct, frozen=True):
    """A month of whole weeks from Monday on, and the months beside it that can be looked at."""

    first: date
    weeks: list[list[CalendarDay]]
    before: str | None
    after: str | None

    @property
    def days(self) -> list[CalendarDay]:
        """The days of the month on which something falls."""
        return [one for week in self.weeks for one in week if one.within and one.dates]


def first_of(given: str, today: date) -> date:
    """The first day of the month that was asked for, within what the work list tells; else of this month."""
    try:
        asked = date.fromisoformat(f"{given}-01") if given else today.replace(day=1)
    except ValueError:
        asked = today.replace(day=1)
    return asked if today.replace(day=1) <= asked <= today + timedelta(days=AHEAD) else today.replace(day=1)


def days_ahead(first: date, today: date) -> int:
    """How far ahead the work list is asked, so that the month is whole."""
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    return min(AHEAD, max(7, (last - today).days))


def month(
    first: date,
    today: date,
    customers: Iterable[ListedCustomer],
    work: WorkListAnswered | None,
    zone: ZoneInfo,
) -> CalendarMonth:
    """The month that begins on `first`."""
    on = _dates(customers, work, zone)
    weeks = [
        [CalendarDay(day, day.month == first.month, day == today, on.get(day, [])) for day in week]
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    ]
    after = (first.replace(day=28) + timedelta(days=7)).replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    return CalendarMonth(
        first, weeks,
        before.strftime("%Y-%m") if before >= today.replace(day=1) else None,
        after.strftime("%Y-%m") if after <= today + timedelta(days=AHEAD) else None,
    )  # fmt: skip


def _dates(
    customers: Iterable[ListedCustomer], work: WorkListAnswered | None, zone: ZoneInfo
) -> dict[date, list[CalendarDate]]:
    """Each date once a customer: that a claim ends is told before what else makes a contact due that day."""
    found: dict[date, dict[str, CalendarDate]] = {}

    def put(day: date, kind: DateKind, customer: str, name: Text | str) -> None:
        told = CalendarDate(kind, customer, case_number(customer), name)
        found.setdefault(day, {}).setdefault(customer, told)

    for one in customers:
        if one.expires_at is not None:
            put(last_day(one.expires_at, zone), "ends", one.customer, shown_name(one.names))
    for customer, due in due_by_customer(work).items():
        name = shown_name([due.customer.name] if due.customer.name else [])
        if due.by_plan is not None:
            put(date.fromisoformat(due.by_plan), "agreed", customer, name)
        if due.by_level is not None:
            put(date.fromisoformat(due.by_level), "due", customer, name)
    return {day: list(those.values()) for day, those in found.items()}
