"""When an alert goes out that is due at a full hour: minutes before it, always the same, never while it disturbs."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from services.notifier.main import _unhurried
from services.notifier.schedule.calendar import QuietHours
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import OfficePlan, Plans
from services.notifier.schedule.spread import full_hour, spread_out
from services.notifier.settings import USUAL_SPREAD
from shared.platform.clock import DrivenClock, SystemClock
from tests.support.notifier import local

SPREAD = timedelta(seconds=USUAL_SPREAD)
PLANS = Plans(spread=SPREAD)


def test_a_full_hour_is_spread_over_the_minutes_before_it() -> None:
    """Each key has its own moment, the same each time, and its words speak of the hour that was meant."""
    moments = {key: spread_out(PLANS, "demo", local(4, 9), key) for key in map(str, range(200))}
    assert {key: spread_out(PLANS, "demo", local(4, 9), key) for key in moments} == moments
    assert all(local(4, 9) - SPREAD <= one <= local(4, 9) for one in moments.values())
    assert len(set(moments.values())) > 100
    assert {full_hour(PLANS, "demo", one) for one in moments.values()} == {local(4, 9)}


def test_what_is_due_at_another_time_or_behind_quiet_hours_stays() -> None:
    """Half past nine is nobody's rush, and before nine nobody is disturbed where quiet hours end then."""
    assert spread_out(PLANS, "demo", local(4, 9, 30), "x") == local(4, 9, 30)
    quiet = OfficePlan(hours=OfficeHours(quiet=QuietHours(time(21), time(9))))
    assert spread_out(Plans(quiet, spread=SPREAD), "demo", local(4, 9), "x") == local(4, 9)


def test_under_a_driven_clock_the_usual_spread_is_none() -> None:
    """It leaps to full hours and stands there; a width of one's own is kept, as is any under a clock that runs."""
    driven = DrivenClock.__new__(DrivenClock)
    assert _unhurried(PLANS, driven).spread == timedelta(0)
    assert _unhurried(replace(PLANS, spread=timedelta(60)), driven).spread == timedelta(60)
    assert _unhurried(PLANS, SystemClock()).spread == SPREAD
