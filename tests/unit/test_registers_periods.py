"""Periods and figures of reports, at their edges."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.registers.model.periods import DaySpan, LocalTime, month_of, months_before, quarter_of, week_of
from services.registers.reports import numbers


def span(first: str, last: str) -> DaySpan:
    return DaySpan(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("period", "before"),
    [
        (("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        (("2026-01-01", "2026-01-31"), ("2025-12-01", "2025-12-31")),
        (("2026-01-01", "2026-03-31"), ("2025-10-01", "2025-12-31")),
        (("2026-03-02", "2026-03-08"), ("2026-02-23", "2026-03-01")),
        (("2026-03-01", "2026-03-30"), ("2026-01-30", "2026-02-28")),
        (("2026-03-01", "2026-03-01"), ("2026-02-28", "2026-02-28")),
    ],
)
def test_the_period_before_whole_months_is_as_many_months(
    period: tuple[str, str], before: tuple[str, str]
) -> None:
    """Of any other period it is as many days."""
    assert span(*period).before() == span(*before)


def test_weeks_end_on_any_day_and_quarters_with_their_month() -> None:
    """A Friday is the last day of its week where weeks end on Friday, and a Saturday the first."""
    friday, saturday = date(2026, 3, 6), date(2026, 3, 7)
    assert week_of(friday, 5) == span("2026-02-28", "2026-03-06")
    assert week_of(saturday, 5) == span("2026-03-07", "2026-03-13")
    assert week_of(friday) == span("2026-03-02", "2026-03-08")
    assert quarter_of(date(2026, 11, 29)) == span("2026-10-01", "2026-12-31")
    assert month_of(date(2024, 2, 10)) == span("2024-02-01", "2024-02-29")
    assert months_before(date(2026, 1, 15), 2) == date(2025, 11, 1)


def test_a_day_ends_at_midnight_of_its_zone() -> None:
    """The last instant of a day is still of it, and the next is not; half-hour zones have their own hours."""
    time = LocalTime("Asia/Shanghai")
    end = time.end_of(date(2026, 3, 8))
    assert (end, time.day(end)) == (datetime(2026, 3, 8, 15, 59, 59, 999999, tzinfo=UTC), date(2026, 3, 8))
    assert LocalTime("Asia/Kolkata").hour(datetime(2026, 3, 8, 18, 45, tzinfo=UTC)) == 0


def test_figures_are_rounded_half_up_and_nothing_is_divided_by_nothing() -> None:
    """Half a tenth goes up, away from zero; a count may be a part."""
    assert numbers.percent(Decimal(1), Decimal(16)) == "6.3%"
    assert numbers.percent(Decimal(-1), Decimal(16)) == "-6.3%"
    assert numbers.percent(Decimal(1), Decimal(0)) == numbers.mean(Decimal(1), Decimal(0)) == "—"
    assert numbers.mean(Decimal(158), Decimal(18)) == "8.78"
    assert numbers.money(Decimal("1234567.005")) == "1,234,567.01"
    assert [numbers.count(Decimal(one)) for one in ("0", "10", "0.50", "-1")] == ["0", "10", "0.5", "-1"]
