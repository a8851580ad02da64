"""Sending what is due: recover, claim, one round for each, settle; many alerts at once.

contract.md#g6: an alert that is due is sent, once per key as far as the provider allows. Rounds follow one
another by a growing back-off until the alert is sent, is overtaken, or dies; a process that dies in a round
leaves its lease, which any other takes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
import structlog

from services.notifier.channels import Channel
from services.notifier.delivery.breaker import Breaker, NoBreaker
from services.notifier.delivery.grouping import packets
from services.notifier.delivery.queue import Queue, QueueState
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.delivery.rounds import Rounds
from services.notifier.delivery.routing import longest_ways
from services.notifier.model.alert import LeasedAlert, People
from services.notifier.model.metrics import Metrics
from services.notifier.model.outgoing import OutgoingMessage
from services.notifier.schedule.plan import Plans
from shared.platform.clock import BusinessClock, MachineClock, real_seconds_until
from shared.platform.telemetry.telemetry import next_span, traced

_GATHER = 0.05


@dataclass(frozen=True)
class Held:
    """What one task has under way, and until when its leases are kept."""

    alerts: tuple[LeasedAlert, ...]
    until: datetime


class Dispatcher:
    """Sends alerts; several of these, in as many processes, share the work."""

    def __init__(
        self,
        queue: Queue,
        channels: Sequence[Channel],
        clocks: tuple[BusinessClock, MachineClock],
        plans: Plans,
        policy: RetryPolicy,
        metrics: Metrics,
        breaker: Breaker | None = None,
    ) -> None:
        self._queue = queue
        self._rounds = Rounds(queue, channels, clocks, plans, policy, metrics, breaker or NoBreaker())
        self._history = queue.history
        self._resend = [channel.name for channel in channels if channel.after_crash == "resend"]
        self._hold = [channel.name for channel in channels if channel.after_crash == "hold"]
        self._longest = max(policy.longest_round(way) for way in longest_ways(channels, plans))
        self._business, self._machine = clocks
        self._plans = plans
        self._policy = policy
        self._metrics = metrics
        self._under_way: dict[asyncio.Task[None], Held] = {}
        self._wake = asyncio.Event()
        self._work = QueueState(lost=False, due=None, retry=None)
        self._log = structlog.get_logger("notifier.dispatch")

    def wake(self) -> None:
        """Look again now: something may have fallen due at once."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set: claim, send, sleep until the next is due; wait for a database that is away."""
        keeping = asyncio.create_task(self._keep())
        fresh = True
        try:
            while not stop.is_set():
                try:
                    if fresh:
                        await self._start_afresh()
                        fresh = False
                    claimed = await self.tick()
                    await self._sleep(stop, 0.0 if claimed else self._until_next())
                except psycopg.Error as error:
                    self._log.warning("the database does not answer", error=str(error))
                    await self._sleep(stop, self._policy.longest_sleep)
        finally:
            await _ended(keeping)

    async def _start_afresh(self) -> None:
        at = (self._machine.now(), self._business.now())
        await asyncio.to_thread(self._history.start_afresh, self._hold, *at)

    async def tick(self) -> int:
        """Recover lost leases and begin what is due, as far as there is room; answers how many were begun."""
        machine_now = self._machine.now()
        self._work = await asyncio.to_thread(self._queue.work)
        if self._work.lost:
            await self._recover(machine_now)
            self._work = await asyncio.to_thread(self._queue.work)
        if await asyncio.to_thread(self._history.any_reports):
            await self._look_at_reports(machine_now)
            self._work = await asyncio.to_thread(self._queue.work)
        self._metrics.tick(machine_now)
        if not self._work.to_claim(self._business.now(), machine_now):
            return 0
        room = await self._room()
        if room <= 0:
            return 0
        business_now = self._business.now()
        claimed = await asyncio.to_thread(self._queue.claim, room, business_now, machine_now, self._plans)
        people = await asyncio.to_thread(self._queue.people, claimed, self._plans) if claimed else {}
        for packet in packets(claimed, self._plans):
            task = asyncio.create_task(self._guarded(packet, people))
            self._under_way[task] = Held(packet.members, self._machine.now() + self._longest)
            task.add_done_callback(self._under_way.pop)
        return len(claimed)

    async def drain(self, seconds: float) -> None:
        """Finish what is under way; what does not end in time is left to its lease."""
        if not self._under_way:
            return
        keeping = asyncio.create_task(self._keep())
        try:
            _, pending = await asyncio.wait(self._under_way, timeout=seconds)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        finally:
            await _ended(keeping)

    async def _keep(self) -> None:
        """While this process lives, what it has under way is nobody else's; when it is killed, it soon is."""
        while True:
            await asyncio.sleep(self._policy.heartbeat)
            try:
                await self._keep_once()
            except psycopg.Error as error:
                self._log.warning("the leases are not kept: the database does not answer", error=str(error))

    async def _keep_once(self) -> None:
        now = self._machine.now()
        alerts = [one for held in self._under_way.values() if now < held.until for one in held.alerts]
        if alerts:
            await asyncio.to_thread(self._history.keep, alerts, self._queue.lease)

    async def _room(self) -> int:
        """How many more may be begun; a moment's wait for more room makes for fewer and larger claims."""
        if len(self._under_way) > self._policy.concurrency // 2:
            await asyncio.wait(self._under_way, timeout=_GATHER)
        return self._policy.concurrency - len(self._under_way)

    async def _recover(self, machine_now: datetime) -> None:
        """First its own are kept: where the database's clock leaps ahead, they have run out and are alive."""
        await self._keep_once()
        recover, now = self._queue.recover, self._business.now()
        for alert, state in await asyncio.to_thread(recover, machine_now, self._resend, now, self._hold):
            self._log.warning("a lease ran out", alert=str(alert), state=state.value)
            self._metrics.settled(state)

    async def _look_at_reports(self, machine_now: datetime) -> None:
        look, now = self._history.look_at_reports, self._business.now()
        for alert, state in await asyncio.to_thread(look, now, machine_now):
            self._log.info("reported", alert=str(alert), state=state.value)
            self._metrics.settled(state)

    def _until_next(self) -> float:
        """Real seconds to the next due alert or retry. What waits for the watermark is looked at by ticks."""
        longest = self._policy.longest_sleep
        due, retry = self._work.due, self._work.retry
        waits = [longest]
        if due is not None:
            waits.append(real_seconds_until(due, self._business, longest) or 0.05)
        if retry is not None:
            waits.append((retry - self._machine.now()).total_seconds())
        return max(min(waits), 0.01)

    async def _sleep(self, stop: asyncio.Event, seconds: float) -> None:
        if seconds <= 0:
            return
        waiting = [asyncio.create_task(event.wait()) for event in (stop, self._wake)]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
            self._wake.clear()

    async def _guarded(self, packet: OutgoingMessage, people: People) -> None:
        """One message's failure is its own; without a database its lease settles it."""
        context = {"alert": str(packet.id), "scope": packet.first.scope}
        with traced(next_span(packet.first.traceparent)), structlog.contextvars.bound_contextvars(**context):
            try:
                settled = await self._rounds.run(packet, people)
                await asyncio.to_thread(self._queue.settle_all, settled, self._business.now())
            except psycopg.Error as error:
                self._log.warning("left to its lease: the database does not answer", error=str(error))
                return
            for alert, verdict in settled:
                self._metrics.settled(verdict.state)
                member = {"member": str(alert.id)} if packet.digest else {}
                self._log.info("settled", state=verdict.state.value, reason=verdict.reason, **member)


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
