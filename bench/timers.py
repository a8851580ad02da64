"""Claiming the timers that are due, among a million that are not, against a scan of them all.

The notifier's own statement runs twice: as it is, and with the planner kept from every index. Each is rolled back,
so that both find the same rows. What the dispatcher pays when nothing is due is told besides.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg

from bench.measure import Result, at_most, in_turns, median_ratio, seconds, summary
from bench.parts import database, postgres, settle
from services.notifier.queue import Queue, Terms
from shared.database import Database, connection_info, migrate, queries

SCHEMA = "notifier"
FUTURE = 1_000_000
DUE = 100
SCOPES = 200
NOW = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)
BEFORE = NOW - timedelta(days=2)
"""When nothing is due yet."""
LEASE = timedelta(seconds=30)
ROUNDS = 9
IDLE_POLLS = 50

FILL_SCOPES = """
    INSERT INTO scopes (scope, topic, partition, seq)
    SELECT 'scope-' || n, 'panke.ownership.v1', 0, 1 FROM generate_series(0, %(scopes)s - 1) AS n
"""
FILL_POSITION = """
    INSERT INTO positions (topic, partition, next, watermark) VALUES ('panke.ownership.v1', 0, 1, %(now)s)
"""
# Due ones spread over the table, so that no page holds many of them.
FILL_ALERTS = """
    INSERT INTO alerts (
        id, scope, customer, claim_seq, rung, audience, staff, owner, due_at, deadline, state, changed_at)
    SELECT gen_random_uuid(), 'scope-' || n %% %(scopes)s, 'customer-' || n, 1, 'last_morning', 'owner', 'li', 'li',
           CASE WHEN n %% %(every)s = 0 THEN %(now)s - interval '1 minute'
                ELSE %(now)s + n * interval '1 second' END,
           %(now)s + interval '1 year', 'due', %(now)s
    FROM generate_series(1, %(alerts)s) AS n
"""


class WrongClaim(Exception):
    """A claim took other timers than those that are due."""


def run(future: int = FUTURE, rounds: int = ROUNDS) -> Result:
    """Both ways in turns, then the polls that find nothing."""
    with ExitStack() as stack:
        dsn = stack.enter_context(database(stack.enter_context(postgres())))
        fill(dsn, future)
        connection = stack.enter_context(psycopg.connect(connection_info(dsn, schema=SCHEMA)))
        costs = in_turns(
            rounds,
            claim=lambda: claim(connection, scan=False),
            scan=lambda: claim(connection, scan=True),
        )
        with Database(dsn, schema=SCHEMA) as opened:
            queue = Queue(opened, Terms(lease=LEASE))
            idle = [seconds(lambda: queue.claim(DUE, BEFORE, NOW)) for _ in range(IDLE_POLLS)]
            sleeping = [seconds(queue.next_times) for _ in range(IDLE_POLLS)]
    goals = (
        at_most(
            f"claim of {DUE} due of {future:,} timers to a scan",
            median_ratio(costs["claim"], costs["scan"]),
            0.1,
        ),
    )
    figures = {
        "future_timers": future,
        "due_timers": DUE,
        "claim_ms": summary([cost * 1000 for cost in costs["claim"]]),
        "scan_ms": summary([cost * 1000 for cost in costs["scan"]]),
        "idle_poll_ms": summary([cost * 1000 for cost in idle]),
        "idle_next_times_ms": summary([cost * 1000 for cost in sleeping]),
    }
    return Result("timers", goals, figures)


def fill(dsn: str, future: int) -> None:
    """Timers in one table, due and not due; statistics are up to date, as autovacuum keeps them."""
    migrate(dsn, "services.notifier", SCHEMA)
    alerts = future + DUE
    given = {"scopes": SCOPES, "now": NOW, "alerts": alerts, "every": alerts // DUE}
    with psycopg.connect(connection_info(dsn, schema=SCHEMA)) as connection:
        connection.execute("SET statement_timeout = 0")
        for statement in (FILL_SCOPES, FILL_POSITION, FILL_ALERTS):
            connection.execute(statement, given)
    settle(dsn)


def claim(connection: psycopg.Connection[Any], *, scan: bool) -> float:
    """Seconds for one claim of everything that is due; nothing stays claimed."""
    given = {
        "lease": uuid4(),
        "limit": DUE,
        "business_now": NOW,
        "machine_now": NOW,
        "term": LEASE,
        "patience": timedelta(minutes=1),
    }
    with connection.transaction(force_rollback=True):
        if scan:
            for way in ("indexscan", "bitmapscan", "indexonlyscan"):
                connection.execute(f"SET LOCAL enable_{way} = off")
        begun = time.perf_counter()
        found = connection.execute(queries("services.notifier")["claim_due"].encode(), given).fetchall()
        took = time.perf_counter() - begun
    if len(found) != DUE:
        raise WrongClaim(f"{len(found)} timers were claimed where {DUE} are due")
    return took
