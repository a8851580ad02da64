"""The real senders under a slow provider: every message a digest, notifiers killed in the middle of calls."""

from __future__ import annotations

import email
import email.policy
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from services.notifier.messages.words import case_number
from shared.platform.clock import MachineClock
from tests.integration.test_notifier_storm import Watch, connect, fill
from tests.support.providers import Call, Provider, providing
from tests.support.smtp import posting

ROOT = Path(__file__).resolve().parents[2]
SLOW = 4.0
CONTACTS = """
    UPDATE staff SET contacts = jsonb_build_object(
        'feishu', 'ou_' || staff, 'wecom', 'user-' || staff, 'email', staff || '@office.example',
        'sms', '+861380000' || substr(staff, 2))
"""
MEMBERS = """
    SELECT DISTINCT coalesce(attempts.digest, alert)::text, customer FROM attempts JOIN alerts ON alerts.id = alert
"""
UNDER_WAY = "SELECT id, leased_until FROM alerts WHERE lease IS NOT NULL"
# When the round ended in which each was sent, however long ago its call.
SETTLED = "SELECT alert, max(at) FROM transitions WHERE state = 'sent' AND alert = ANY(%s) GROUP BY alert"


@contextmanager
def sender(dsn: str, base: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.support.storm_real_sender", dsn, base, str(port)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(holds: Callable[[], bool], seconds: float, watch: Watch) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, watch.states()
        time.sleep(0.05)


def told_by(call: Call, customers: dict[str, str], of_key: dict[str, set[str]]) -> set[str]:
    """The customers of whom a message tells: of an SMS by its key, of anything else by the case numbers in it."""
    key = call.query.get("OutId") or (call.json.get("SessionContext") if call.raw else None)
    if key is not None:
        return of_key[key]
    return cases_in(json.dumps(call.json, ensure_ascii=False), customers)


def cases_in(text: str, customers: dict[str, str]) -> set[str]:
    return {customer for case, customer in customers.items() if case in text}


def body_of(mail: str) -> str:
    message = email.message_from_string(mail, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return str(message.get_content())


def under_way(watch: Watch) -> dict[UUID, datetime]:
    """What either process has under lease, and until when."""
    return dict(watch.connection.execute(UNDER_WAY).fetchall())


def seconds(at: datetime, moments: Iterable[datetime]) -> float:
    """From a kill until the last of these."""
    return max((round((moment - at).total_seconds(), 1) for moment in moments), default=0.0)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_kill_under_a_slow_provider_repeats_one_message_at_most(database: str, tmp_path: Path) -> None:
    """Answers that take four seconds, two notifiers, four kills: everybody is told, one repetition a kill at most."""
    alerts, people, kills = 100, 20, 4
    fill(database, alerts, people)
    with ExitStack() as stack:
        provider: Provider = stack.enter_context(providing(MachineClock()))
        post = stack.enter_context(posting())
        provider.slow = SLOW
        with psycopg.connect(database, autocommit=True, options="-c search_path=notifier") as connection:
            connection.execute(CONTACTS)
        watch = Watch(stack.enter_context(connect(database)))
        start = (database, provider.base, post.port, tmp_path / "log")
        pair = [stack.enter_context(sender(*start)) for _ in range(2)]
        killed: list[tuple[datetime, dict[UUID, datetime]]] = []
        for turn in range(kills):
            until(lambda: len(provider.delivered) >= 2 * (turn + 1), 200, watch)  # noqa: B023 (waited for here)
            pair[turn % 2].kill()
            pair[turn % 2].wait()
            killed.append((datetime.now(UTC), under_way(watch)))
            pair[turn % 2] = stack.enter_context(sender(*start))
        until(lambda: watch.states() == {"sent": alerts}, 300, watch)
        free = [seconds(at, leased.values()) for at, leased in killed]
        latest = [
            seconds(at, dict(watch.connection.execute(SETTLED, [list(leased)]).fetchall()).values())
            for at, leased in killed
        ]
        of_key: dict[str, set[str]] = {}
        for key, customer in watch.connection.execute(MEMBERS.encode()).fetchall():
            of_key.setdefault(key, set()).add(customer)
        found = {"messages": len(provider.delivered) + len(post.received), "kills": kills}
        customers = {case_number(f"c{n}"): f"c{n}" for n in range(alerts)}
        messages = [told_by(call, customers, of_key) for call in provider.delivered]
        messages += [cases_in(body_of(text), customers) for text in post.received]
    told: set[str] = set()
    repeated = 0
    for members in messages:
        repeated += members <= told
        told |= members
    print({"alerts": alerts, **found, "repeated": repeated, "anybody's after": free, "told after": latest})
    assert told == set(customers.values())
    assert repeated <= kills
