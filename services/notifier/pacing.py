"""When a channel may be called: its provider's limits, asked before an attempt is stored.

Whoever waits for a limit has not failed: it waits without an attempt, and is gathered with whatever else waits
for the same person. Within one process the calls to a robot follow one another, so that not all of those who
were told "now" lose the same place; between processes the limiter itself decides.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol, runtime_checkable

from services.notifier.channels import Channel
from services.notifier.channels.robot import Robot

ZERO = timedelta(0)
# Who waits longer for its turn comes back later: a lease does not wait.
_TURN = 3.0
_LATER = timedelta(seconds=2)


@runtime_checkable
class Limited(Protocol):
    """A channel with limits."""

    async def ready_in(self, destination: str) -> timedelta:
        """How long until the destination may be sent to."""


class Busy(Exception):
    """Not now: `wait` says from when it may be."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"not before {wait}")


class Pace:
    """The turns of one process."""

    def __init__(self) -> None:
        self._turns: defaultdict[tuple[str, ...], asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def turn(self, channel: Channel, destination: str) -> AsyncIterator[None]:
        """The place of one call, or Busy."""
        if not isinstance(channel, Limited):
            yield
            return
        key = (channel.name,) if isinstance(channel, Robot) else (channel.name, destination)
        lock = self._turns[key]
        try:
            await asyncio.wait_for(lock.acquire(), _TURN)
        except TimeoutError:
            raise Busy(_LATER) from None
        try:
            wait = await channel.ready_in(destination)
            if wait > ZERO:
                raise Busy(wait)
            yield
        finally:
            lock.release()


async def limit_of(channel: Channel, destination: str) -> timedelta:
    """How long the limit of a channel asks to wait; zero where there is none."""
    return await channel.ready_in(destination) if isinstance(channel, Limited) else ZERO
