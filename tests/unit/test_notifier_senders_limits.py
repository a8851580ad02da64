"""Limits as arithmetic: however sendings come, no window holds more than it may."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.channels.limits import ZERO, Limit, ProcessLimiter, wait_for
from tests.support.notifier import ShiftedClock

NOW = datetime(2026, 3, 5, 1, tzinfo=UTC)
SECONDS = st.floats(0, 90, allow_nan=False)
LIMITS = st.lists(
    st.builds(Limit, st.integers(1, 8), st.integers(1, 90).map(lambda n: timedelta(seconds=n))),
    min_size=1,
    max_size=3,
)


class Standing(ShiftedClock):
    """A machine's clock that moves only when the test moves it."""

    def now(self) -> datetime:
        return NOW + self.ahead


@given(LIMITS, st.lists(SECONDS, max_size=60))
def test_no_window_holds_more_than_it_may(limits: list[Limit], pauses: list[float]) -> None:
    """Whatever the pauses between attempts, and wherever a provider's window begins."""
    clock = Standing()
    limiter = ProcessLimiter(clock)
    granted: list[datetime] = []
    for pause in pauses:
        clock.ahead += timedelta(seconds=pause)
        if asyncio.run(limiter.take("robot", limits)) == ZERO:
            granted.append(clock.now())
    for limit in limits:
        for first in granted:
            assert sum(first <= at < first + limit.window for at in granted) <= limit.count


@given(LIMITS, st.lists(SECONDS, max_size=30).map(sorted), st.none() | SECONDS)
def test_the_wait_that_is_told_is_enough_and_no_more(
    limits: list[Limit], past: list[float], held: float | None
) -> None:
    """After it the sending is free; a moment before, it was not."""
    now = NOW + timedelta(seconds=90)
    stamps = [NOW + timedelta(seconds=second) for second in past]
    until = None if held is None else now + timedelta(seconds=held)
    wait = wait_for(stamps, until, limits, now)
    assert wait_for(stamps, until, limits, now + wait) == ZERO
    if wait > ZERO:
        assert wait_for(stamps, until, limits, now + wait - timedelta(microseconds=1)) > ZERO


async def test_keys_do_not_share_a_limit() -> None:
    """Each robot and each number has its own."""
    limiter = ProcessLimiter(Standing())
    once = (Limit(1, timedelta(minutes=1)),)
    assert await limiter.take("one", once) == ZERO
    assert await limiter.take("another", once) == ZERO
    assert await limiter.take("one", once) > ZERO


async def test_a_hold_is_never_shortened() -> None:
    """A second word of the provider does not undo the first."""
    limiter = ProcessLimiter(Standing())
    await limiter.hold("robot", timedelta(minutes=10))
    await limiter.hold("robot", timedelta(seconds=1))
    assert await limiter.wait("robot", ()) == timedelta(minutes=10)
