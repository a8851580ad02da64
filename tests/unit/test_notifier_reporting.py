"""When a report on a schedule is due, by the clock of its office, and of which days it is."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from services.notifier.model.kinds import ReportEvery
from services.notifier.policy.file import plans_of
from services.notifier.reports.readers import MAY_NOT, NOBODY, made_out_to
from services.notifier.reports.store import MadeOut, ReaderOf, ReportKey
from services.notifier.schedule.calendar import Calendar, QuietHours
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from services.notifier.schedule.reporting import (
    ReportTerms,
    first_of,
    following,
    last_ended,
    last_over,
    report_due,
)
from shared.ids import OfficeId, ScopeId, StaffId
from shared.platform.officefile.document import parse
from shared.platform.officefile.errors import OfficeFileError
from tests.support.notifier import SHANGHAI

DAILY = ReportTerms("daily", ReportEvery.DAY, roles=("manager",))
WEEKLY = ReportTerms("period", ReportEvery.WEEK, roles=("manager",))
MONTHLY = ReportTerms("period", ReportEvery.MONTH, roles=("manager",))
HOURS = OfficeHours()
BERLIN = ZoneInfo("Europe/Berlin")


def at(day: int, hour: int, minute: int = 0, month: int = 3, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=zone).astimezone(UTC)


def day(number: int, month: int = 3, year: int = 2026) -> date:
    return date(year, month, number)


def test_a_daily_report_goes_out_at_closing_of_its_day() -> None:
    """日报 of 5 March is due at 18:00 of the office that day."""
    assert report_due(DAILY, day(5), HOURS) == at(5, 18)
    assert first_of(DAILY, day(5)) == day(5)


def test_an_office_that_closes_after_midnight_has_its_hour_on_the_day_after() -> None:
    """The day of 5 March that is closed at 00:30 is due on the 6th, and is still the 5th."""
    night = ReportTerms("daily", ReportEvery.DAY, at=time(0, 30), days_after=1)
    assert report_due(night, day(5), HOURS) == at(6, 0, 30)
    assert last_over(night, at(6, 0, 29), HOURS) == day(4)
    assert last_over(night, at(6, 0, 30), HOURS) == day(5)


@pytest.mark.parametrize(
    ("by", "last", "then"),
    [(day(28, 2), day(28, 2), day(31)), (day(31), day(31), day(30, 4)), (day(15, 4), day(31), day(30, 4))],
)
def test_a_month_ends_with_its_last_day(by: date, last: date, then: date) -> None:
    """Of 28, 30 and 31 days alike; the next period ends with the month after."""
    assert last_ended(MONTHLY, by) == last
    assert following(MONTHLY, by) == then
    assert first_of(MONTHLY, then) == then.replace(day=1)


def test_a_month_of_a_leap_year_has_its_day() -> None:
    """29 February 2028 ends its month."""
    assert following(MONTHLY, date(2028, 1, 31)) == date(2028, 2, 29)
    assert following(MONTHLY, date(2028, 2, 28)) == date(2028, 2, 29)


def test_a_week_ends_with_the_weekday_of_the_office() -> None:
    """The handbook's week ends on Friday: Saturday to Friday, due that evening."""
    friday = ReportTerms("work", ReportEvery.WEEK, at=time(17, 30), ends=5)
    assert (first_of(friday, day(6)), following(friday, day(1))) == (day(28, 2), day(6))
    assert report_due(friday, day(6), HOURS) == at(6, 17, 30)
    assert last_ended(friday, day(5)) == day(27, 2)


def test_a_report_may_go_out_days_behind_its_period() -> None:
    """周报 of the week to Sunday 8 March goes out on Monday at opening, 月报 of March on 3 April."""
    monday = ReportTerms("period", ReportEvery.WEEK, at="opening", days_after=1)
    assert report_due(monday, day(8), HOURS) == at(9, 9)
    third = ReportTerms("period", ReportEvery.MONTH, at="opening", days_after=3)
    assert report_due(third, day(31), HOURS) == at(3, 9, month=4)


def test_a_closed_day_has_no_daily_report_and_others_wait_for_the_opening() -> None:
    """On a closed Sunday there is no 日报; a 周报 that falls on it goes out on Monday at opening."""
    hours = OfficeHours(calendar=Calendar(weekdays=frozenset({7})))
    assert report_due(DAILY, day(8), hours) is None
    assert report_due(DAILY, day(7), hours) == at(7, 18)
    assert report_due(WEEKLY, day(8), hours) == at(9, 9)


def test_quiet_hours_put_a_report_off() -> None:
    """A report of 22:00 waits for the end of the quiet at 8."""
    hours = OfficeHours(quiet=QuietHours(time(21), time(8)))
    late = ReportTerms("daily", ReportEvery.DAY, at=time(22))
    assert report_due(late, day(5), hours) == at(6, 8)


def test_where_clocks_change_the_hour_is_the_offices() -> None:
    """18:00 in Berlin is 17:00 UTC before 29 March 2026 and 16:00 from that day on."""
    hours = OfficeHours(zone=BERLIN)
    assert report_due(DAILY, day(28), hours) == datetime(2026, 3, 28, 17, tzinfo=UTC)
    assert report_due(DAILY, day(29), hours) == datetime(2026, 3, 29, 16, tzinfo=UTC)


def test_the_same_moment_is_another_day_in_another_zone() -> None:
    """At 18:30 in Shanghai, Shanghai's day is due and Berlin's is not."""
    now = at(5, 18, 30)
    assert last_over(DAILY, now, HOURS) == day(5)
    assert last_over(DAILY, now, OfficeHours(zone=BERLIN)) == day(4)


# The policy.


def plans(reports: str) -> Plans:
    text = f"version: 1\nscopes:\n  demo:\n    reports: [{reports}]\n"
    return plans_of(parse(text.encode(), "policy.yaml"), HOURS, ("email",))


def test_a_policy_says_which_report_when_and_for_whom() -> None:
    """Hours are those of the office unless said; a scope that names none has none."""
    read = plans(
        "{report: daily, every: day, to: {roles: [manager]}},"
        "{report: period, every: week, ends: friday, at: '17:30', offices: [office-1], to: {staff: [zhou]}}"
    )
    first, second = read.of(ScopeId("demo")).reports
    assert first == ReportTerms("daily", ReportEvery.DAY, roles=("manager",))
    assert (second.ends, second.at, second.offices, second.staff) == (
        5,
        time(17, 30),
        ("office-1",),
        ("zhou",),
    )
    assert read.of(ScopeId("elsewhere")).reports == ()


@pytest.mark.parametrize(
    ("reports", "told"),
    [
        ("{report: nightly, every: day, to: {roles: [manager]}}", "report"),
        ("{report: daily, every: day, to: {}}", "name roles, or staff ids"),
        ("{report: daily, every: day, to: {roles: [consultant]}}", "consultant"),
        ("{report: daily, every: day, at: '00:30', to: {roles: [manager]}}", "days_after: 1"),
        (", ".join(["{report: daily, every: day, to: {roles: [manager]}}"] * 2), "twice"),
    ],
)
def test_a_mistake_names_its_place_and_what_is_wrong(reports: str, told: str) -> None:
    """A report that is none, one for nobody, one for who may not read it, one of a day to come, one twice."""
    with pytest.raises(OfficeFileError, match="reports") as refused:
        plans(reports)
    assert told in str(refused.value)


def test_the_reports_of_a_policy_are_those_of_the_registers() -> None:
    """The list in the notifier is the catalogue of the registers, name for name."""
    from typing import get_args

    from services.notifier.policy.shape import ReportName
    from services.registers.reports.catalogue import REPORTS

    assert list(get_args(ReportName)) == list(REPORTS)


# To whom.

EAST, WEST = OfficeId("east-1"), OfficeId("west-1")
STAFF = [
    ReaderOf(StaffId("gm"), "general_manager", OfficeId("head")),
    ReaderOf(StaffId("m-east"), "manager", EAST),
    ReaderOf(StaffId("m-west"), "manager", WEST),
    ReaderOf(StaffId("s-west"), "supervisor", WEST),
    ReaderOf(StaffId("li"), "consultant", EAST),
]


def readers(office: OfficeId, terms: ReportTerms) -> dict[str | None, str | None]:
    key = ReportKey(ScopeId("demo"), office, terms)
    wanted = [one for one in STAFF if one.role in terms.roles or one.staff in terms.staff]
    return {one.staff: one.reason for one in made_out_to(key, wanted)}


def test_a_role_means_those_of_the_office_and_where_there_is_none_those_of_the_scope() -> None:
    """East's report goes to east's manager and to the general manager, who sits elsewhere."""
    terms = ReportTerms("daily", ReportEvery.DAY, roles=("manager", "general_manager"))
    assert readers(EAST, terms) == {"m-east": None, "gm": None}
    assert readers(OfficeId("south"), terms) == {"m-east": None, "m-west": None, "gm": None}


def test_nobody_is_sent_what_they_may_not_read() -> None:
    """A consultant who is named is not sent an office's report, nor is a supervisor that of another office."""
    terms = ReportTerms("daily", ReportEvery.DAY, roles=("supervisor",), staff=(StaffId("li"),))
    assert readers(EAST, terms) == {"li": MAY_NOT}
    assert readers(WEST, terms) == {"s-west": None, "li": MAY_NOT}


def test_a_report_that_nobody_is_there_to_read_says_so() -> None:
    """One entry without a reader, which nobody can have sent either."""
    key = ReportKey(ScopeId("demo"), EAST, ReportTerms("daily", ReportEvery.DAY, roles=("director",)))
    assert made_out_to(key, []) == [MadeOut(None, NOBODY, void=True)]
