"""A process that takes as many sendings as it may: `python -m tests.support.limit_taker DSN KEY`."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from services.notifier.channels.limits import ZERO, DatabaseLimiter, Limit
from shared.platform.clock import MachineClock
from shared.platform.postgres.database import Database

LIMITS = (Limit(20, timedelta(minutes=10)),)


async def taken(dsn: str, key: str) -> int:
    """How many of thirty are granted."""
    with Database(dsn, schema="notifier", name="limit-taker", max_size=2) as database:
        limiter = DatabaseLimiter(database, MachineClock())
        return sum([await limiter.take(key, LIMITS) == ZERO for _ in range(30)])


if __name__ == "__main__":
    print(asyncio.run(taken(*sys.argv[1:])))
