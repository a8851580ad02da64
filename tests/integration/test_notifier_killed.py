"""A notifier that is killed with -9 in a call: real processes, real leases, the real senders."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shared.platform.clock import MachineClock
from tests.integration.test_notifier_storm import Watch, connect, fill
from tests.integration.test_notifier_storm_senders import CONTACTS, sender, until
from tests.support.providers import providing
from tests.support.smtp import posting

UNDER_WAY = "SELECT leased_until - clock_timestamp() FROM alerts WHERE lease IS NOT NULL"


@pytest.mark.timeout(900)
def test_what_a_killed_notifier_had_under_way_is_anybodys_within_half_a_minute(
    database: str, tmp_path: Path
) -> None:
    """Killed while the provider holds its answer back: the lease ends within thirty seconds, whoever is there takes the
    alert up, and the person has it twice at most."""
    fill(database, 1, 1)
    with ExitStack() as stack:
        provider = stack.enter_context(providing(MachineClock()))
        post = stack.enter_context(posting())
        provider.hold = threading.Event()
        with psycopg.connect(database, autocommit=True, options="-c search_path=notifier") as connection:
            connection.execute(CONTACTS)
        watch = Watch(stack.enter_context(connect(database)))
        start = (database, provider.base, post.port, tmp_path / "log")
        first = stack.enter_context(sender(*start))
        until(lambda: len(provider.delivered) == 1, 90, watch)
        first.kill()
        first.wait()
        killed = time.monotonic()
        left: Any = watch.connection.execute(UNDER_WAY.encode()).fetchone()
        assert timedelta(0) < left[0] <= timedelta(seconds=30)
        provider.hold.set()
        stack.enter_context(sender(*start))
        until(lambda: watch.states() == {"sent": 1}, 200, watch)
        print({"taken up after": round(time.monotonic() - killed, 1), "lease left": left[0]})
        assert len(provider.delivered) + len(post.received) <= 2
