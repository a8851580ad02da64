"""The ladder of reminders: office hours over the midnight at which a claim ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.model.kinds import Audience, Rung
from services.notifier.schedule.ladder import (
    OfficeHours,
    OfficeHoursError,
    lapse_notices,
    reminders,
    steps_ahead,
)

HOURS = OfficeHours()
SHANGHAI = ZoneInfo("Asia/Shanghai")
END = datetime(2026, 3, 6, 0, 0, tzinfo=SHANGHAI).astimezone(UTC)  # the last valid day is 5 March


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def test_four_reminders_precede_the_end() -> None:
    """The owner hears at opening of the day before, at opening and at 16:00 of the last day; the supervisor
    at 17:00."""
    assert [(step.rung, step.audience, step.due_at) for step in reminders(END, HOURS)] == [
        (Rung.DAY_BEFORE, Audience.OWNER, local(4, 9)),
        (Rung.LAST_MORNING, Audience.OWNER, local(5, 9)),
        (Rung.LAST_AFTERNOON, Audience.OWNER, local(5, 16)),
        (Rung.LAST_CALL, Audience.SUPERVISOR, local(5, 17)),
    ]


def test_a_step_past_when_the_claim_was_made_is_skipped() -> None:
    """A claim made at 15:00 of the day before gets no reminder of that morning."""
    ahead = steps_ahead(END, local(4, 15), HOURS, new_owner=False)
    assert [step.rung for step in ahead] == [Rung.LAST_MORNING, Rung.LAST_AFTERNOON, Rung.LAST_CALL]


def test_a_step_at_the_very_moment_of_the_claim_is_past() -> None:
    """A claim made exactly at opening does not set off that opening's reminder."""
    ahead = steps_ahead(END, local(5, 9), HOURS, new_owner=False)
    assert [step.rung for step in ahead] == [Rung.LAST_AFTERNOON, Rung.LAST_CALL]


def test_a_new_owner_without_a_step_left_is_told_at_once() -> None:
    """Who is handed a claim at 16:30 of its last day hears at once that it ends tonight."""
    ahead = steps_ahead(END, local(5, 16, 30), HOURS, new_owner=True)
    assert [(step.rung, step.due_at) for step in ahead] == [
        (Rung.LAST_AFTERNOON, local(5, 16, 30)),
        (Rung.LAST_CALL, local(5, 17)),
    ]


def test_the_same_owner_is_not_told_what_they_have_just_done() -> None:
    """A change at 16:30 of the last day that leaves the owner sends the owner nothing."""
    ahead = steps_ahead(END, local(5, 16, 30), HOURS, new_owner=False)
    assert [step.rung for step in ahead] == [Rung.LAST_CALL]


def test_a_claim_that_is_over_has_no_steps() -> None:
    """A claim that arrives after its own end reminds nobody."""
    assert steps_ahead(END, END, HOURS, new_owner=True) == ()


def test_a_lapse_is_told_at_the_next_opening_to_both() -> None:
    """A claim that ran out at midnight is told at nine o'clock to the former owner and to the supervisor."""
    notices = lapse_notices(END, HOURS, had_owner=True)
    assert [(step.audience, step.due_at) for step in notices] == [
        (Audience.OWNER, local(6, 9)),
        (Audience.SUPERVISOR, local(6, 9)),
    ]


def test_a_lapse_without_a_known_owner_is_told_to_the_supervisor() -> None:
    """Where nobody is known to have had the claim, only the supervisor hears that it lapsed."""
    assert [step.audience for step in lapse_notices(END, HOURS, had_owner=False)] == [Audience.SUPERVISOR]


def test_hours_out_of_order_are_refused() -> None:
    """An afternoon reminder before opening is a mistake in the settings, not an odd office."""
    with pytest.raises(OfficeHoursError, match="opening 17:00:00 must come before"):
        OfficeHours(opening=time(17))


ends = st.builds(
    lambda day, zone: datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC),
    st.dates(date(2020, 1, 2), date(2090, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/New_York", "UTC"]),
)
zones = st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "Europe/Berlin", "America/New_York", "UTC"]).map(
    ZoneInfo
)


@given(ends, zones, st.timedeltas(timedelta(days=-9), timedelta(days=2)), st.booleans())
def test_reminders_lie_between_the_claim_and_its_end(
    end: datetime, zone: ZoneInfo, before: timedelta, new_owner: bool
) -> None:
    """No reminder is due before the claim was made, nor at or after its end, and they come in order."""
    steps = steps_ahead(end, end + before, OfficeHours(zone=zone), new_owner=new_owner)
    assert all(end + before <= step.due_at < end for step in steps)
    assert list(steps) == sorted(steps, key=lambda step: step.due_at)


@given(ends, zones)
def test_an_owner_of_a_running_claim_always_hears_of_it(end: datetime, zone: ZoneInfo) -> None:
    """Whenever a claim goes to a new owner before its end, that owner gets at least one reminder."""
    hours = OfficeHours(zone=zone)
    for minutes in (1, 60, 500, 1500, 9000):
        made_at = end - timedelta(minutes=minutes)
        audiences = [step.audience for step in steps_ahead(end, made_at, hours, new_owner=True)]
        if reminders(end, hours):
            assert Audience.OWNER in audiences


@given(ends, zones)
def test_the_next_opening_is_within_a_day_and_a_bit(end: datetime, zone: ZoneInfo) -> None:
    """The notice of a lapse waits for an opening, never for a second one (25 hours when the clocks go
    back)."""
    opening = OfficeHours(zone=zone).next_opening(end)
    assert end <= opening <= end + timedelta(hours=25)
    assert opening.astimezone(zone).time() == time(9)
