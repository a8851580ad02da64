"""The business clock: real, or driven by one shared record that never goes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.clock import (
    ClockDriver,
    ClockError,
    ClockRecord,
    DrivenClock,
    SystemClock,
    open_clock,
    real_seconds_until,
)
from tests.support.parts import eventually

START = datetime(2026, 3, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "clock.json"


def test_a_clock_that_is_held_stands(path: Path) -> None:
    """It tells the time that the driver set, and that time does not pass."""
    ClockDriver(path).hold(START)
    clock = DrivenClock(path)
    assert (clock.now(), clock.now(), clock.speed) == (START, START, 0.0)


def test_a_clock_runs_to_the_next_event_and_stops_there(path: Path) -> None:
    """At 100,000 times real time an hour passes at once, and not a moment more than the hour."""
    driver = ClockDriver(path)
    driver.hold(START)
    clock = DrivenClock(path)
    driver.run(until=START + HOUR, speed=100_000)
    eventually(lambda: clock.now() == START + HOUR, "the hour passes")
    assert clock.speed == 0.0
    assert clock.now() == START + HOUR


def test_a_service_sees_what_the_driver_sets_later(path: Path) -> None:
    """The record is read again when it was replaced."""
    driver = ClockDriver(path)
    driver.hold(START)
    clock = DrivenClock(path)
    for day in range(1, 20):
        driver.hold(START + timedelta(days=day))
        assert clock.now() == START + timedelta(days=day)


def test_the_driver_never_goes_back(path: Path) -> None:
    """An earlier time is refused, whether to stand at or to run to."""
    driver = ClockDriver(path)
    driver.hold(START)
    with pytest.raises(ClockError, match="never goes back"):
        driver.hold(START - HOUR)
    with pytest.raises(ClockError, match="never goes back"):
        driver.run(until=START - HOUR)


def test_halting_never_takes_a_time_back(path: Path) -> None:
    """A reader at full speed sees no earlier time after the clock was halted, and then the same for good."""
    driver = ClockDriver(path)
    driver.hold(START)
    driver.run(until=None, speed=4800)
    clock = DrivenClock(path)
    before = clock.now()
    stop = driver.halt()
    assert before <= clock.now() <= stop
    eventually(lambda: clock.speed == 0.0, "the clock halts")
    assert clock.now() == stop


@given(speed=st.floats(0.01, 1e6), seconds=st.lists(st.floats(-5, 1e5), min_size=2, max_size=9))
def test_a_record_is_monotonic_and_bounded(speed: float, seconds: list[float]) -> None:
    """Later wall times give no earlier business times; none is before the anchor or after `until`."""
    until = START + 5 * HOUR
    record = ClockRecord("run", START, START, speed, until)
    times = [record.at(START + timedelta(seconds=s)) for s in sorted(seconds)]
    assert times == sorted(times)
    assert all(START <= time <= until for time in times)


def test_a_driven_clock_needs_a_demonstration(path: Path) -> None:
    """A deployment that does not say that it is a demonstration goes by the system's clock alone."""
    ClockDriver(path).hold(START)
    with pytest.raises(ClockError, match="demonstration"):
        open_clock(f"file:{path}", demonstration=False)
    assert open_clock(f"file:{path}", demonstration=True).now() == START
    assert isinstance(open_clock("system", demonstration=False), SystemClock)


@pytest.mark.parametrize("setting", ["", "file:", "ntp:x", "System"])
def test_a_clock_that_is_not_known_is_refused(setting: str) -> None:
    """The error repeats what was asked for."""
    with pytest.raises(ClockError, match="`system` or `file:PATH`"):
        open_clock(setting, demonstration=True)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"mode": "fly"}'])
def test_a_broken_record_is_named(path: Path, text: str) -> None:
    """A file that is no record is an error that names it; so is one that is not there."""
    with pytest.raises(ClockError, match="no demonstration clock at"):
        DrivenClock(path)
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ClockError, match=r"clock\.json is not a clock record"):
        DrivenClock(path)


def test_the_system_clock_is_real_and_utc() -> None:
    """It lies between two readings of the machine's clock."""
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)


def test_sleeps_are_short_while_a_clock_is_driven(path: Path) -> None:
    """At most 100 ms real, as the record may change; nothing for what is due; in real time up to the
    limit."""
    driver = ClockDriver(path)
    driver.hold(START)
    clock = DrivenClock(path)
    assert real_seconds_until(START + HOUR, clock, longest=5) == 0.1
    assert real_seconds_until(START, clock, longest=5) == 0.0
    driver.run(until=START + 10 * HOUR, speed=360_000)
    assert 0.0 <= real_seconds_until(START + HOUR, clock, longest=5) <= 0.1
    assert real_seconds_until(datetime.now(UTC) + HOUR, SystemClock(), longest=5) == 5
