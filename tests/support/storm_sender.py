"""A notifier's dispatcher as a process of its own, over channels whose provider is a table: for storms and kills.

    python -m tests.support.storm_sender DSN

What the provider has taken is on record outside of the process that is killed, and so is each call that it
refused: whether a limit was passed, an alert told twice or not at all, is read off the table afterwards.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import psycopg

from services.notifier.channels import TemporaryError
from services.notifier.channels.limits import ZERO, DatabaseLimiter, Limit
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.delivery.breaker import BreakerTerms, StoredBreaker
from services.notifier.delivery.dispatch import Dispatcher
from services.notifier.delivery.queue import Queue, Terms
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.main import LEASE
from services.notifier.model.alert import Person, RenderedMessage
from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.platform.clock import MachineClock
from shared.platform.officefile.document import parse
from shared.platform.postgres.database import Database

# Each person prefers the channel of their own role; mail takes what the others do not.
ROLES = {
    "consultant": "chat",
    "supervisor": "down",
    "manager": "slow",
    "director": "sms",
    "back_office": "mail",
}
NAMES = tuple(ROLES.values())
NOW = datetime(2026, 3, 5, 8, 1, tzinfo=UTC)
TABLE = """
    CREATE TABLE IF NOT EXISTS provider_calls (
        channel text NOT NULL, key text NOT NULL, message uuid NOT NULL, alerts uuid[] NOT NULL,
        at timestamptz NOT NULL, dropped boolean NOT NULL
    )
"""
# Which providers drop a message whose key they have seen, as receivers of Standard Webhooks do; robots, SMS and mail
# do not.
KEYED = frozenset({"slow"})
TAKE = """
    INSERT INTO public.provider_calls
    SELECT %s, %s, %s, %s, %s,
           %s AND EXISTS (SELECT FROM public.provider_calls WHERE channel = %s AND message = %s)
"""
# The lanes are those of the kinds that the providers stand for: two robots, a webhook, SMS and mail.
POLICY = RetryPolicy(
    attempts=1, rounds=8, round_wait=timedelta(seconds=1), concurrency=16, longest_sleep=0.2,
    limit_patience=timedelta(minutes=1), lanes={"slow": 8},
)  # fmt: skip
LIMITS = {
    "chat": (Limit(10, timedelta(seconds=2)),),
    "slow": (Limit(5, timedelta(seconds=1)), Limit(40, timedelta(seconds=10))),
    "sms": (Limit(3, timedelta(seconds=2)),),
}


class Standing:
    """A business clock that stands a minute after the storm has begun."""

    speed = 1.0

    def now(self) -> datetime:
        return NOW


class Provider:
    """A channel whose provider is a table."""

    timeout = 10.0
    after_crash: Literal["resend"] = "resend"

    def __init__(self, name: str, dsn: str, limiter: DatabaseLimiter) -> None:
        self.name = name
        self.limits = LIMITS.get(name, ())
        self.deduplicates = name in KEYED
        self._dsn = dsn
        self._limiter = limiter

    def destination(self, person: Person) -> str | None:
        return f"{self.name}:{person.staff}"

    async def send(self, notice: RenderedMessage, destination: str) -> str:
        key = destination if self.name == "sms" else self.name
        if self.limits and (wait := await self._limiter.take(key, self.limits)) > ZERO:
            raise TryLaterError("the limit is reached", wait)
        if self.name == "down":
            raise TemporaryError("503")
        if self.name == "slow":
            await asyncio.sleep(0.2)
        await asyncio.to_thread(self._take, notice, key)
        return "taken"

    async def close(self) -> None:
        """Each call has a connection of its own."""

    def _take(self, notice: RenderedMessage, key: str) -> None:
        alerts = [item.alert for item in notice.items] or [notice.id]
        row = [self.name, key, notice.id, alerts, datetime.now(UTC), self.name in KEYED, self.name, notice.id]
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute(TAKE, row)


class Paced(Provider):
    """One that can be asked when it may be called."""

    async def ready_in(self, destination: str) -> timedelta:
        return await self._limiter.wait(destination if self.name == "sms" else self.name, self.limits)


def plans() -> Plans:
    preferred = {role: [name, "mail"] if name != "mail" else ["mail"] for role, name in ROLES.items()}
    policy: dict[str, Any] = {"digest": {"threshold": 3}, "channels": preferred}
    text = f"version: 1\ndefaults: {json.dumps(policy)}\n"
    return plans_of(parse(text.encode(), "storm.yaml"), OfficeHours(), NAMES)


async def run(dsn: str) -> None:
    machine = MachineClock()
    with Database(dsn, schema="notifier", name="storm", max_size=10) as database:
        limiter = DatabaseLimiter(database, machine)
        channels = [(Paced if name in LIMITS else Provider)(name, dsn, limiter) for name in NAMES]
        queue = Queue(database, Terms(LEASE))
        breaker = StoredBreaker(database, machine, BreakerTerms(base=timedelta(seconds=5)))
        sender = Dispatcher(queue, channels, (Standing(), machine), plans(), POLICY, Metrics(), breaker)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await sender.run(stop)
        await sender.drain(90)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
