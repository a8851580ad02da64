"""A machine's clock that leaps ahead is not believed, and one that is set back is held."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.clock import SteadyTime, SystemClock, clock_problem

START = datetime(2026, 3, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
YEAR = timedelta(days=365)


class Machine:
    """A machine whose clock may be set, and whose time since boot may not."""

    def __init__(self) -> None:
        self.wall = START
        self.up = 1000.0
        self.steady = SteadyTime(30 * SECOND, wall=lambda: self.wall, since_boot=lambda: self.up)
        self.clock = SystemClock(self.steady)

    def pass_by(self, span: timedelta) -> None:
        self.wall += span
        self.up += span.total_seconds()


def test_a_leap_of_a_year_is_told_and_not_followed() -> None:
    """The time goes on by the time since boot until the clock is right again."""
    machine = Machine()
    machine.pass_by(SECOND)
    machine.wall += YEAR
    machine.pass_by(8 * SECOND)
    assert machine.clock.now() == START + 9 * SECOND
    assert machine.steady.ahead == YEAR
    assert "leapt ahead by 31536000 s" in str(clock_problem(machine.clock))
    assert str(clock_problem(machine.clock)).startswith("本机时钟向前跳了 31536000 秒")
    machine.wall -= YEAR
    machine.pass_by(SECOND)
    assert machine.clock.now() == START + 10 * SECOND
    assert clock_problem(machine.clock) is None


def test_a_clock_that_is_set_back_is_held_and_may_come_forward_again() -> None:
    """Business time neither goes back nor takes the way forward again for a leap."""
    machine = Machine()
    machine.pass_by(SECOND)
    latest = machine.clock.now()
    machine.wall -= timedelta(hours=1)
    machine.pass_by(SECOND)
    assert machine.clock.now() == latest
    machine.wall += timedelta(hours=1)
    assert machine.clock.now() == latest + SECOND
    assert clock_problem(machine.clock) is None


def test_what_somebody_confirms_is_believed() -> None:
    """A machine that was wrong for a year is right at last."""
    machine = Machine()
    machine.wall += YEAR
    assert machine.clock.now() == START
    machine.steady.confirm()
    assert machine.clock.now() == START + YEAR
    assert not machine.steady.ahead


def test_an_earlier_reading_since_boot_is_believed_before_the_clock_at_the_start() -> None:
    """A process that starts while the clock is wrong knows as much as the one before it."""
    before, after = Machine(), Machine()
    before.clock.now()
    after.pass_by(60 * SECOND)
    after.wall += YEAR
    after.steady.believe(before.steady.anchor)
    assert after.clock.now() == START + 60 * SECOND
    assert after.steady.ahead == YEAR


@given(st.lists(st.tuples(st.floats(0.0, 3600.0), st.floats(-29.0, 29.0))))
def test_small_steps_are_followed_however_many(steps: list[tuple[float, float]]) -> None:
    """A time server sets a clock a little, again and again."""
    machine = Machine()
    for passed, step in steps:
        machine.pass_by(timedelta(seconds=passed))
        machine.wall += timedelta(seconds=step)
        assert machine.steady.now() == machine.wall
        assert not machine.steady.ahead


@pytest.mark.parametrize("seconds", [31, 3600, 10**9])
def test_while_a_clock_is_doubted_time_still_passes(seconds: int) -> None:
    """An hour of doubt is an hour."""
    machine = Machine()
    machine.wall += timedelta(seconds=seconds)
    machine.pass_by(timedelta(hours=1))
    assert machine.clock.now() == START + timedelta(hours=1)
