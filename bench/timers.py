"""Claiming the timers that are due, among a million that are not, against a scan of them all.

The notifier's own statement runs twice: as it is, and with the planner kept from every index. Each is rolled back,
so that both find the same rows. Then what the dispatcher asks when nothing is due. What counts is the database's
time, as PostgreSQL itself tells it: on the way there and back a busy machine adds as much to a claim of some
milliseconds as to a scan of hundreds.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import uuid4

import psycopg

from bench.measure import Result, at_least, at_most, in_turns, median_ratio, seconds, summary
from bench.parts import database, postgres, settle
from services.notifier.delivery.queue import Queue, Terms
from shared.platform.postgres.database import Database, connection_info, migrate, queries

SCHEMA = "notifier"
FUTURE = 1_000_000
DUE = 100
SCOPES = 200
NOW = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
ROUNDS = 9
IDLE_POLLS = 50
LOOKS = ("claim_due", "mark_waiting", "claim_retries")
"""The statements of a claim that finds nothing: asked only while something that is due waits for the watermark."""

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


class WrongClaimError(Exception):
    """A claim took other timers than those that are due."""


def run(future: int = FUTURE, rounds: int = ROUNDS) -> Result:
    """Both ways in turns, then, with everything that was due claimed, what the dispatcher asks in vain."""
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
            if len(queue.claim(DUE, NOW, NOW)) != DUE:
                raise WrongClaimError("not everything that is due was claimed")
            answered = [seconds(queue.work) * 1000 for _ in range(IDLE_POLLS)]
        idle = [spent(connection, "work") for _ in range(IDLE_POLLS)]
        vain = [sum(spent(connection, name) for name in LOOKS) for _ in range(IDLE_POLLS)]
    scans = median_ratio(costs["scan"], costs["claim"])
    found = f"of {future:,} timers"
    goals = (
        at_least(f"scans in the time of one claim of {DUE} due {found}, by database time", scans, 50),
        at_most(f"ms of database time for an idle poll {found}", median(idle), 1),
    )
    figures = {
        "future_timers": future,
        "due_timers": DUE,
        "claim_ms": summary(costs["claim"]),
        "scan_ms": summary(costs["scan"]),
        "idle_poll_ms": summary(idle),
        "idle_poll_with_way_there_ms": summary(answered),
        "claim_of_nothing_ms": summary(vain),
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
    """Milliseconds of database time for one claim of everything that is due; nothing stays claimed."""
    with connection.transaction(force_rollback=True):
        if scan:
            for way in ("indexscan", "bitmapscan", "indexonlyscan"):
                connection.execute(f"SET LOCAL enable_{way} = off")
        took, rows = explained(connection, "claim_due")
    if rows != DUE:
        raise WrongClaimError(f"{rows} timers were claimed where {DUE} are due")
    return took


def spent(connection: psycopg.Connection[Any], name: str) -> float:
    """Milliseconds of database time for a statement that changes nothing."""
    with connection.transaction(force_rollback=True):
        return explained(connection, name)[0]


def explained(connection: psycopg.Connection[Any], name: str) -> tuple[float, float]:
    """What PostgreSQL says that one of the notifier's statements took, planning and all, and its rows."""
    given = {
        "lease": uuid4(),
        "limit": DUE,
        "business_now": NOW,
        "machine_now": NOW,
        "term": LEASE,
        "patience": timedelta(minutes=1),
    }
    query = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {queries('services.notifier')[name]}"
    row: Any = connection.execute(query.encode(), given).fetchone()
    (told,) = row[0]
    changed = told["Plan"]["Plans"][0]["Actual Rows"]  # what an UPDATE found; it returns no rows itself
    return told["Planning Time"] + told["Execution Time"], changed
