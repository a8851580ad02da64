"""A circuit breaker for each channel: what fails again and again is left alone for a while.

A provider that is down would take the time of every alert, and the quick retries of a thousand alerts are what
keeps it down. The state is in PostgreSQL, so that what one notifier has learnt the others know; after a while
one call tries, and its answer decides. Times are the machine's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from services.notifier.channels import clipped
from shared.platform.clock import MachineClock
from shared.platform.postgres.database import Database, queries
from shared.platform.postgres.rows import row_of, rows_of

ZERO = timedelta(0)


class _Channel(Struct, frozen=True):
    channel: str


class _Breaker(Struct, frozen=True):
    open_until: datetime | None


@dataclass(frozen=True)
class BreakerTerms:
    """After so many failures in a row a channel is left alone for `base`, doubled with each further one."""

    threshold: int = 5
    base: timedelta = timedelta(seconds=10)
    longest: timedelta = timedelta(minutes=5)
    # How long the one that tries may take before another may try.
    probe: timedelta = timedelta(seconds=15)


class Breaker(Protocol):
    """Whether channels are worth a call."""

    async def wait(self, channel: str) -> timedelta:
        """Zero when the channel may be called now, else how long to leave it alone."""

    async def failed(self, channel: str, reason: str) -> None:
        """A call came to nothing, and it was not the alert's fault."""

    async def held(self, channel: str, reason: str, wait: timedelta) -> None:
        """The receiver has said from when it may be called."""

    async def answered(self, channel: str) -> None:
        """The channel does its work."""


class NoBreaker:
    """Every channel may be called, always."""

    async def wait(self, channel: str) -> timedelta:
        return ZERO

    async def failed(self, channel: str, reason: str) -> None:
        """Nobody counts."""

    async def held(self, channel: str, reason: str, wait: timedelta) -> None:
        """Nobody waits for it."""

    async def answered(self, channel: str) -> None:
        """Nobody counts."""


class StoredBreaker:
    """Counts in PostgreSQL."""

    def __init__(self, database: Database, clock: MachineClock, terms: BreakerTerms | None = None) -> None:
        self._database = database
        self._clock = clock
        self._terms = terms or BreakerTerms()
        self._sql = queries("services.notifier")
        # Channels with failures as last seen here: a channel that works costs no writing.
        self._failing: set[str] = set()
        # Channels that this process tries again; of the others that are open, a failure tells nothing new.
        self._probing: set[str] = set()

    async def wait(self, channel: str) -> timedelta:
        return await asyncio.to_thread(self._wait, channel)

    async def failed(self, channel: str, reason: str) -> None:
        await asyncio.to_thread(self._failed, channel, reason)

    async def held(self, channel: str, reason: str, wait: timedelta) -> None:
        await asyncio.to_thread(self._held, channel, reason, wait)

    async def answered(self, channel: str) -> None:
        if channel in self._failing:
            await asyncio.to_thread(self._mend, channel)

    def open_channels(self) -> list[str]:
        """The channels that are left alone now, or are about to be tried."""
        with self._database.connection() as connection:
            return [one.channel for one in rows_of(connection.execute(self._sql["open_breakers"]), _Channel)]

    def _wait(self, channel: str) -> timedelta:
        now = self._clock.now()
        with self._database.connection() as connection:
            breaker = row_of(connection.execute(self._sql["breaker"], {"channel": channel}), _Breaker)
            if breaker is None:
                self._failing.discard(channel)
                return ZERO
            self._failing.add(channel)
            if breaker.open_until is None:
                return ZERO
            if breaker.open_until > now:
                return breaker.open_until - now
            given = {"channel": channel, "now": now, "until": now + self._terms.probe}
            first = connection.execute(self._sql["probe_breaker"], given).fetchone() is not None
        if first:
            self._probing.add(channel)
        return ZERO if first else self._terms.probe

    def _failed(self, channel: str, reason: str) -> None:
        terms = self._terms
        given = {
            "channel": channel,
            "threshold": terms.threshold,
            "base": terms.base,
            "longest": terms.longest,
            "reason": clipped(reason),
            "now": self._clock.now(),
            "probe": channel in self._probing,
        }
        with self._database.connection() as connection:
            connection.execute(self._sql["fail_breaker"], given)
        self._failing.add(channel)
        self._probing.discard(channel)

    def _held(self, channel: str, reason: str, wait: timedelta) -> None:
        now = self._clock.now()
        given = {"channel": channel, "reason": clipped(reason), "now": now, "until": now + wait}
        with self._database.connection() as connection:
            connection.execute(self._sql["hold_breaker"], given)
        self._failing.add(channel)
        self._probing.discard(channel)

    def _mend(self, channel: str) -> None:
        """What waited for the channel is tried at once."""
        given = {"channel": channel, "now": self._clock.now()}
        with self._database.connection() as connection:
            connection.execute(self._sql["mend_breaker"], given)
            connection.execute(self._sql["wake_waiting"], given)
        self._failing.discard(channel)
        self._probing.discard(channel)
