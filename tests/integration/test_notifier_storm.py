"""A storm: many alerts due within a minute, five channels with limits, one down, one slow, notifiers killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.notifier.channels.limits import Limit
from shared.contract.events import Role
from shared.platform.postgres.database import connection_info
from tests.support.notifier import Office, local
from tests.support.storm_sender import LIMITS, ROLES, TABLE

ROOT = Path(__file__).resolve().parents[2]
BATCH = 1000
# One call is one attempt of each of its message's members.
STORED = """
    SELECT DISTINCT coalesce(digest, alert) AS message, channel, started_at, outcome, answered_at IS NULL AS killed
    FROM attempts
"""


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

    def settled(self) -> int:
        query = "SELECT count(*) FROM alerts WHERE state IN ('sent', 'dead') AND lease IS NULL"
        row: Any = self.connection.execute(query).fetchone()
        return int(row[0])

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
        query = "SELECT channel, key, message, alerts, at, dropped FROM public.provider_calls ORDER BY at"
        return self.connection.execute(query.encode()).fetchall()

    def stored(self) -> list[Any]:
        """Every call as the notifiers have stored it."""
        return self.connection.execute(STORED.encode()).fetchall()


def passed(times: list[datetime], limit: Limit) -> int:
    """How many calls came while the provider's window was full.

    Calls arrive later than they are counted, on a slow machine by more than the margin; so half of the window is looked
    at. To the last call the limits are held by tests whose clock stands.
    """
    late = zip(times, times[limit.count :], strict=False)
    return sum(1 for first, last in late if last - first < limit.window / 2)


def storm(
    database: str, folder: Path, alerts: int, people: int, kills: Sequence[int], seconds: float
) -> dict[str, Any]:
    """Fill, send with two notifiers, kill one or the other with -9 when so many are settled, and start it again."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(TABLE)
    fill(database, alerts, people)
    begun = time.monotonic()
    with ExitStack() as stack:
        watch = Watch(stack.enter_context(connect(database)))
        pair = [stack.enter_context(sender(database, folder / "log")) for _ in range(2)]
        killed: list[datetime] = []
        for turn, settled in enumerate(kills):
            watch.until(settled, seconds)
            killed.append(datetime.now(UTC))
            pair[turn % 2].kill()
            pair[turn % 2].wait()
            pair[turn % 2] = stack.enter_context(sender(database, folder / "log"))
        watch.until(alerts, seconds)
        return {
            "seconds": time.monotonic() - begun,
            "killed": killed,
            "states": dict(watch.states()),
            "calls": watch.calls(),
            "stored": watch.stored(),
        }


def check(result: dict[str, Any], alerts: int) -> dict[str, Any]:
    """Everybody was told, nobody beyond a limit, and whatever arrived twice had been cut off before its answer."""
    calls = result["calls"]
    assert result["states"] == {"sent": alerts}
    times: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    keys: defaultdict[object, set[object]] = defaultdict(set)
    told: Counter[object] = Counter()
    for channel, key, message, members, at, dropped in calls:
        times[channel, key].append(at)
        for alert in members:
            keys[alert].add(message)
        told.update([] if dropped else members)
    beyond = sum(passed(sent, limit) for (name, _), sent in times.items() for limit in LIMITS.get(name, ()))
    assert beyond == 0
    assert len(told) == alerts
    assert all(len(of_one) == 1 for of_one in keys.values())
    return {
        "seconds": round(result["seconds"], 1),
        "messages": len(calls),
        "by channel": dict(Counter(name for name, *_ in calls)),
        "kills": len(result["killed"]),
        "repeated by each kill": by_kill(calls, result["killed"]),
        **explained(calls, result["stored"]),
        "alerts told twice": sum(1 for count in told.values() if count > 1),
    }


def explained(calls: list[Any], stored: list[Any]) -> dict[str, int]:
    """Each message is stored as sent once, and each further one that arrived as a call whose answer is unknown."""
    taken = Counter(message for _, _, message, *_ in calls)
    by_channel = Counter((message, channel) for channel, _, message, *_ in calls)
    sent = Counter(message for message, _, _, outcome, _ in stored if outcome == "sent")
    unknown = Counter(message for message, _, _, outcome, _ in stored if outcome == "unknown")
    may_have = Counter((message, name) for message, name, _, outcome, _ in stored if outcome != "temporary")
    assert {message: sent[message] for message in taken} == dict.fromkeys(taken, 1)
    assert {m: n for m, n in taken.items() if n - 1 > unknown[m]} == {}
    assert by_channel - may_have == Counter()
    killed = [killed for *_, outcome, killed in stored if outcome == "unknown"]
    dropped = sum(row[-1] for row in calls)
    return {
        "calls cut off by a kill": sum(killed),
        "calls without an answer in time": len(killed) - sum(killed),
        "messages repeated under their key": sum(count - 1 for count in taken.values()) - dropped,
        "repetitions dropped by their key": dropped,
    }


def by_kill(calls: list[Any], killed: list[datetime]) -> list[int]:
    """How many messages arrived again, by the kill that came first after they had arrived before."""
    arrived: defaultdict[object, list[datetime]] = defaultdict(list)
    for _, _, message, _, at, dropped in calls:
        arrived[message] += [] if dropped else [at]
    before = [sorted(times)[:-1] for times in arrived.values()]
    kills = [bisect_left(killed, at) for times in before for at in times]
    return [kills.count(n) for n in range(len(killed))]


@pytest.mark.timeout(900)
def test_a_small_storm_is_told_whole(database: str, tmp_path: Path) -> None:
    """600 alerts for 30 persons over five channels, two notifiers, one killed: all are told, no limit is passed."""
    figures = check(storm(database, tmp_path, 600, 30, [150], 240), 600)
    print(figures)
    assert figures["messages"] < 600
    assert "down" not in figures["by channel"]
    assert set(ROLES.values()) - {"down"} == set(figures["by channel"])


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_ten_thousand_within_a_minute(database: str, tmp_path: Path, seed: int) -> None:
    """10,000 alerts for 200 persons, each notifier killed twice at any moment: all are told, no limit is passed."""
    kills = sorted(random.Random(seed).sample(range(9000), 4))
    print(check(storm(database, tmp_path, 10_000, 200, kills, 1200), 10_000))
