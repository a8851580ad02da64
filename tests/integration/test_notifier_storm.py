"""A storm: many alerts due within a minute, five channels with limits, one down, one slow, notifiers killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.notifier.channels.limits import Limit
from shared.contract.events import Role
from shared.database import connection_info
from tests.support.notifier import Office, local
from tests.support.storm_sender import LIMITS, ROLES, TABLE

ROOT = Path(__file__).resolve().parents[2]
BATCH = 1000
CUT_OFF = "SELECT count(DISTINCT coalesce(digest, alert)) FROM attempts WHERE outcome = 'unknown'"


def fill(dsn: str, alerts: int, people: int) -> None:
    """Claims that all end today, so many to each person, and nobody else to tell."""
    office = Office(dsn, local(5, 15, 30))
    roles: list[Role] = ["consultant", "supervisor", "manager", "director", "back_office"]
    office.hear(
        office.stream.watermark(local(5, 15, 30)),
        *(office.stream.staff(f"p{n:04}", roles[n % len(roles)]) for n in range(people)),
    )
    told = [office.stream.claim(f"c{n}", f"p{n % people:04}") for n in range(alerts)]
    for begin in range(0, alerts, BATCH):
        office.hear(*told[begin : begin + BATCH])
    office.at(local(5, 16, 1))
    with office.database.connection() as connection:
        connection.execute("DELETE FROM alerts WHERE audience <> 'owner'")
    office.close()


@contextmanager
def sender(dsn: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.support.storm_sender", dsn]
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def connect(dsn: str) -> psycopg.Connection[Any]:
    return psycopg.connect(connection_info(dsn, schema="notifier"), autocommit=True)


class Watch:
    """What the tables say while the storm goes on."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def one(self, query: str) -> int:
        row: Any = self.connection.execute(query.encode()).fetchone()
        return int(row[0])

    def settled(self) -> int:
        return self.one("SELECT count(*) FROM alerts WHERE state IN ('sent', 'dead') AND lease IS NULL")

    def until(self, count: int, seconds: float) -> None:
        """A guard against hanging; what is measured is reported, not asserted."""
        deadline = time.monotonic() + seconds
        while self.settled() < count:
            assert time.monotonic() < deadline, f"{self.settled()} of {count} settled; {self.states()}"
            time.sleep(0.1)

    def states(self) -> Counter[str]:
        rows: list[Any] = self.connection.execute("SELECT state FROM alerts").fetchall()
        return Counter(row[0] for row in rows)

    def calls(self) -> list[Any]:
        query = "SELECT channel, key, message, alerts, at FROM public.provider_calls ORDER BY at"
        return self.connection.execute(query.encode()).fetchall()


def passed(times: list[datetime], limit: Limit) -> int:
    """How many calls came while the provider's window was full."""
    late = zip(times, times[limit.count :], strict=False)
    return sum(1 for first, last in late if last - first < limit.window)


def storm(
    database: str, folder: Path, alerts: int, people: int, kills: int, seconds: float
) -> dict[str, Any]:
    """Fill, send with two notifiers, kill one after another with -9 and start it again; answers the figures."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLE)
    fill(database, alerts, people)
    begun = time.monotonic()
    with ExitStack() as stack:
        watch = Watch(stack.enter_context(connect(database)))
        pair = [stack.enter_context(sender(database, folder / "log")) for _ in range(2)]
        for kill in range(kills):
            watch.until((kill + 1) * alerts // (2 * kills + 2), seconds)
            pair[kill % 2].kill()
            pair[kill % 2].wait()
            pair[kill % 2] = stack.enter_context(sender(database, folder / "log"))
        watch.until(alerts, seconds)
        return {
            "seconds": time.monotonic() - begun,
            "states": dict(watch.states()),
            "calls": watch.calls(),
            "cut off": watch.one(CUT_OFF),
        }


def check(result: dict[str, Any], alerts: int, kills: int) -> dict[str, Any]:
    """Everybody was told, nobody beyond a limit; duplicates are the messages that a kill cut off."""
    calls, unknown = result["calls"], result["cut off"]
    told = Counter(alert for *_, members, _ in calls for alert in members)
    messages = Counter(message for _, _, message, _, _ in calls)
    assert result["states"] == {"sent": alerts}
    assert len(told) == alerts
    times: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for channel, key, *_, at in calls:
        times[channel, key].append(at)
    beyond = sum(passed(sent, limit) for (name, _), sent in times.items() for limit in LIMITS.get(name, ()))
    assert beyond == 0
    again = sum(count - 1 for count in messages.values())
    twice = sum(1 for count in told.values() if count > 1)
    # Whatever arrived twice had been cut off between call and answer, and came under the same key.
    keys: defaultdict[object, set[object]] = defaultdict(set)
    for _, _, message, members, _ in calls:
        for alert in members:
            keys[alert].add(message)
    assert all(len(of_one) == 1 for of_one in keys.values())
    assert again <= unknown
    if not kills:
        assert (unknown, twice) == (0, 0)
    return {
        "seconds": round(result["seconds"], 1),
        "messages": len(calls),
        "by channel": dict(Counter(name for name, *_ in calls)),
        "messages cut off": unknown,
        "messages repeated under their key": again,
        "alerts told twice": twice,
    }


@pytest.mark.timeout(240)
def test_a_small_storm_is_told_whole(database: str, tmp_path: Path) -> None:
    """600 alerts for 30 persons over five channels, two notifiers, one killed: all are told, no limit is passed."""
    figures = check(storm(database, tmp_path, 600, 30, 1, 120), 600, 1)
    print(figures)
    assert figures["messages"] < 600
    assert "down" not in figures["by channel"]
    assert set(ROLES.values()) - {"down"} == set(figures["by channel"])


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_ten_thousand_within_a_minute(database: str, tmp_path: Path) -> None:
    """10,000 alerts for 200 persons, each notifier killed twice: all are told, no limit is passed."""
    print(check(storm(database, tmp_path, 10_000, 200, 4, 1200), 10_000, 4))
