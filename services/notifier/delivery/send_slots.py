"""When a channel may be called, and how many calls of one process are under way at once.

A process that is killed cannot say of the calls under way whether they arrived, and their messages go out again:
each channel therefore has a few lanes, as many as its provider's limits can use, and the calls of which a repetition
would be told follow one another, whatever their channel, unless one takes very long. Whoever waits for
a lane or for a limit has not failed: it waits without an attempt, and is gathered with whatever else waits for
the same person. The calls to a person follow one another, so that not all of those who were told "now" lose the
same place; between processes the limiter itself decides.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import timedelta
from typing import Final, Protocol, runtime_checkable

from services.notifier.channels import Channel
from services.notifier.channels.webhook import WebhookChannel

ZERO = timedelta(0)
# Who waits longer for its turn comes back later: a lease does not wait.
TURN: Final = 10.0
# A call that has taken so long is not waited for by those of other channels: slower than a slow provider.
ALONE: Final = 8.0
_LATER = timedelta(seconds=2)
# So many wait for one channel; the others leave their room to who has another.
_WAITING: Final = 16
# A receiver of webhooks drops what it has seen: more at once cost nobody anything.
_WEBHOOKS: Final = 8
_OTHERS: Final = 1


@runtime_checkable
class Limited(Protocol):
    """A channel with limits."""

    async def ready_in(self, destination: str) -> timedelta:
        """How long until the destination may be sent to."""


class SlotsBusyError(Exception):
    """Not now: `wait` says from when it may be."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__(f"not before {wait}")


class SingleFlight:
    """One call at a time over all channels whose receivers tell no repetition: a kill then repeats one message.

    Who waits goes by turn. A call that takes longer than any provider should keeps nobody waiting any further: it
    counts as one whose answer is lost, and the next takes its place.
    """

    def __init__(self) -> None:
        self._queue = asyncio.Lock()
        self._holder: object | None = None
        self._since = 0.0
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The place of one call."""
        me = object()
        async with self._queue:
            await self._free()
            self._holder, self._since = me, time.monotonic()
            self._freed.clear()
        try:
            yield
        finally:
            if self._holder is me:
                self._holder = None
                self._freed.set()

    async def _free(self) -> None:
        while self._holder is not None:
            left = ALONE - (time.monotonic() - self._since)
            if left <= 0:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._freed.wait()


class SendSlots:
    """The turns of one process; `lanes` by channel, in place of those of its kind."""

    def __init__(self, lanes: Mapping[str, int]) -> None:
        self._given = lanes
        self._lanes: dict[str, asyncio.Semaphore] = {}
        self._alone = SingleFlight()
        self._waiting: Counter[str] = Counter()
        self._turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def turn(self, channel: Channel, destination: str) -> AsyncIterator[None]:
        """The place of one call, or Busy."""
        one, lane = self._turns[channel.name, destination], self._lane(channel)
        if self._waiting[channel.name] >= _WAITING:
            raise SlotsBusyError(_LATER)
        self._waiting[channel.name] += 1
        try:
            async with asyncio.timeout(TURN):
                await _both(one, lane)
        except TimeoutError:
            raise SlotsBusyError(_LATER) from None
        finally:
            self._waiting[channel.name] -= 1
        try:
            wait = await limit_of(channel, destination)
            if wait > ZERO:
                raise SlotsBusyError(wait)
            # What a deployment gives lanes by name goes by their number alone.
            beside = channel.name in self._given or deduplicates(channel)
            async with nullcontext() if beside else self._alone.turn():
                yield
        finally:
            lane.release()
            one.release()

    def _lane(self, channel: Channel) -> asyncio.Semaphore:
        if channel.name not in self._lanes:
            self._lanes[channel.name] = asyncio.Semaphore(lanes_of(channel, self._given))
        return self._lanes[channel.name]


def deduplicates(channel: Channel) -> bool:
    """Whether its receiver drops a message whose key it has seen, as those of Standard Webhooks do."""
    return isinstance(channel, WebhookChannel) or getattr(channel, "deduplicates", False)


def lanes_of(channel: Channel, given: Mapping[str, int]) -> int:
    """How many calls to a channel one process may have under way; `webhook/east` has what is given for `webhook`."""
    of_kind = _WEBHOOKS if isinstance(channel, WebhookChannel) else _OTHERS
    return given.get(channel.name.partition("/")[0], of_kind)


async def limit_of(channel: Channel, destination: str) -> timedelta:
    """How long the limit of a channel asks to wait; zero where there is none."""
    return await channel.ready_in(destination) if isinstance(channel, Limited) else ZERO


async def _both(one: asyncio.Lock, lane: asyncio.Semaphore) -> None:
    """The person first: who waits for another message to the same person holds no lane meanwhile."""
    await one.acquire()
    try:
        await lane.acquire()
    except BaseException:
        one.release()
        raise
