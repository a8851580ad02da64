"""Limits that several notifiers keep together, in PostgreSQL."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.notifier.channels import TemporaryError
from services.notifier.channels.address import AddressPolicy
from services.notifier.channels.limits import ZERO, DatabaseLimiter, Limit
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.channels.robot import Access
from services.notifier.channels.wecom import WeComRobot
from shared.platform.postgres.database import Database, migrate
from tests.support.notices import CONTACTS, NOTICE
from tests.support.notifier import StandingClock
from tests.support.providers import TOKEN, providing

ROOT = Path(__file__).resolve().parents[2]
MINUTE = (Limit(20, timedelta(minutes=1)),)


@pytest.fixture
def notifier(database: str) -> Iterator[Database]:
    migrate(database, "services.notifier", "notifier")
    with Database(database, schema="notifier", name="limits-test", max_size=8) as opened:
        yield opened


def stored(database: Database) -> list[tuple[object, ...]]:
    with database.connection() as connection:
        return connection.execute("SELECT key, cardinality(stamps) FROM send_limits ORDER BY key").fetchall()


def test_processes_share_a_limit(database: str, notifier: Database) -> None:
    """Three processes that send as fast as they can are granted as many together as one may."""
    command = [sys.executable, "-m", "tests.support.limit_taker", database, "robot"]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    granted = [int(process.communicate(timeout=120)[0]) for process in running]
    assert sum(granted) == 20
    assert stored(notifier) == [("robot", 20)]


async def test_tasks_of_one_process_share_a_limit(notifier: Database) -> None:
    """However many ask at once, as many are granted as may be, and the others are told the same wait."""
    limiter = DatabaseLimiter(notifier, StandingClock())
    waits = await asyncio.gather(*(limiter.take("robot", MINUTE) for _ in range(60)))
    assert waits.count(ZERO) == 20
    assert all(ZERO < wait <= timedelta(seconds=61) for wait in waits if wait)


async def test_a_limit_is_free_again_when_its_window_is_over(notifier: Database) -> None:
    """The wait that is told is enough, and not a moment more than needed."""
    clock = StandingClock()
    limiter = DatabaseLimiter(notifier, clock)
    for _ in range(20):
        assert await limiter.take("robot", MINUTE) == ZERO
    wait = await limiter.take("robot", MINUTE)
    clock.ahead += wait - timedelta(seconds=1)
    assert await limiter.take("robot", MINUTE) > ZERO
    clock.ahead += timedelta(seconds=1)
    assert await limiter.take("robot", MINUTE) == ZERO


async def test_a_hold_goes_for_all_and_is_never_shortened(notifier: Database) -> None:
    """What one process was told by the provider, another keeps too; a shorter hold does not end a longer."""
    clock = StandingClock()
    one, another = DatabaseLimiter(notifier, clock), DatabaseLimiter(notifier, clock)
    await one.hold("robot", timedelta(minutes=10))
    await one.hold("robot", timedelta(minutes=1))
    assert await another.take("robot", MINUTE) > timedelta(minutes=9)
    assert await another.wait("robot", MINUTE) > timedelta(minutes=9)
    assert await another.take("other", MINUTE) == ZERO
    clock.ahead += timedelta(minutes=10)
    assert await another.take("robot", MINUTE) == ZERO


async def test_asking_counts_nothing(notifier: Database) -> None:
    """When may I send: the question leaves no row."""
    limiter = DatabaseLimiter(notifier, StandingClock())
    assert await limiter.wait("robot", MINUTE) == ZERO
    assert stored(notifier) == []


async def test_what_no_limit_looks_at_is_forgotten(notifier: Database) -> None:
    """A number that nobody has sent to for longer than the limit is kept no longer."""
    clock = StandingClock()
    limiter = DatabaseLimiter(notifier, clock)
    await limiter.take("aliyun-sms:判客:T1:+8613800000001", MINUTE)
    clock.ahead += timedelta(minutes=2)
    await limiter.take("robot", MINUTE)
    assert stored(notifier) == [("robot", 1)]


async def test_a_clock_that_is_behind_opens_no_limit(notifier: Database) -> None:
    """Of two processes whose clocks differ, the slower one's sendings count from the faster one's last."""
    ahead, behind = StandingClock(), StandingClock()
    ahead.ahead = timedelta(seconds=30)
    fast, slow = DatabaseLimiter(notifier, ahead), DatabaseLimiter(notifier, behind)
    for _ in range(10):
        assert await fast.take("robot", MINUTE) == ZERO
        assert await slow.take("robot", MINUTE) == ZERO
    assert await slow.take("robot", MINUTE) > timedelta(seconds=61)


async def test_a_database_that_is_away_delays_the_alert(database: str) -> None:
    """Without the count nothing is sent: the alert is tried again."""
    unreachable = Database("postgresql://localhost:1/none", schema="notifier", wait=0.2)
    with pytest.raises(TemporaryError, match="limits cannot be read"):
        await DatabaseLimiter(unreachable, StandingClock()).take("robot", MINUTE)


async def test_two_notifiers_never_pass_a_robots_limit(notifier: Database) -> None:
    """Two senders with one robot, over some minutes: the provider's own count finds nothing to refuse, and
    the table of limits does not hold the token."""
    clock = StandingClock()
    policy = AddressPolicy(frozenset({"localhost"}), allow_loopback=True)
    with providing(clock) as provider:
        robots = [
            WeComRobot(
                Access(provider.base, TOKEN), policy, DatabaseLimiter(notifier, clock), clock, timeout=60.0
            )
            for _ in range(2)
        ]
        for _ in range(4):
            sending = [robots[n % 2].send(NOTICE, CONTACTS["wecom"]) for n in range(40)]
            done = await asyncio.gather(*sending, return_exceptions=True)
            assert sum(isinstance(one, str) for one in done) == 20
            clock.ahead += max(one.wait for one in done if isinstance(one, TryLaterError))
        assert len(provider.calls) == len(provider.delivered) == 80
        for robot in robots:
            await robot.close()
    assert TOKEN not in repr(stored(notifier))
