"""Sending what is due: claim, one round of attempts over the channels, settle; many alerts at once.

Guarantee G6: an alert that is due is sent, once per key as far as the provider allows. An attempt is stored
before its call and answered after it; a process that dies in between leaves an `unknown`, found when its
lease is over. A round tries each channel with quick retries (`stamina`); rounds follow one another by a
longer back-off until the alert is sent, is overtaken, or dies.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import stamina
import structlog

from services.notifier.alert import LeasedAlert, Notice, Outcome, Person, State
from services.notifier.channels import Channel, ChannelError, NoAnswer, Refused, Temporary
from services.notifier.metrics import Metrics
from services.notifier.queue import Queue, Verdict
from services.notifier.routing import route
from services.notifier.words import case_number, compose
from shared.clock import BusinessClock, MachineClock, real_seconds_until
from shared.telemetry import current_traceparent, next_span, traced

# Storing an answer has its own deadline; the lease must outlive that too.
_MARGIN = 10.0


@dataclass(frozen=True)
class Policy:
    """How hard a round tries, and how rounds follow one another."""

    attempts: int = 3
    wait_initial: float = 0.5
    wait_max: float = 4.0
    rounds: int = 6
    round_wait: timedelta = timedelta(minutes=1)
    round_wait_max: timedelta = timedelta(minutes=30)
    concurrency: int = 32
    longest_sleep: float = 0.5
    late_after: timedelta = timedelta(minutes=15)

    def lease(self, channels: Sequence[Channel]) -> timedelta:
        """Longer than a whole round can take: every attempt of every channel, and the waits between."""
        waits = (self.attempts - 1) * (self.wait_max + self.wait_initial)
        return timedelta(seconds=sum(self.attempts * one.timeout + waits for one in channels) + _MARGIN)

    def next_round(self, rounds: int) -> timedelta:
        """The wait after a round that failed, doubling, spread by a fifth so that a storm does not come back
        whole."""
        doublings = 1 << min(rounds, 16)
        return min(self.round_wait * doublings, self.round_wait_max) * random.uniform(0.8, 1.2)


class OvertakenError(Exception):
    """The claim has changed, or the lease is lost: the call is not made."""


class Dispatcher:
    """Sends alerts; several of these, in as many processes, share the work."""

    def __init__(
        self,
        queue: Queue,
        channels: Sequence[Channel],
        clocks: tuple[BusinessClock, MachineClock],
        zone: ZoneInfo,
        policy: Policy,
        metrics: Metrics,
    ) -> None:
        self._queue = queue
        self._channels = list(channels)
        self._business, self._machine = clocks
        self._zone = zone
        self._policy = policy
        self._metrics = metrics
        self._under_way: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._log = structlog.get_logger("notifier.dispatch")

    def wake(self) -> None:
        """Look again now: something may have fallen due at once."""
        self._wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set: claim, send, sleep until the next is due. A database that is away is waited
        for."""
        while not stop.is_set():
            try:
                claimed = await self.tick()
                await self._sleep(stop, 0.0 if claimed else await self._until_next())
            except psycopg.Error as error:
                self._log.warning("the database does not answer", error=str(error))
                await self._sleep(stop, self._policy.longest_sleep)

    async def tick(self) -> int:
        """Recover lost leases and begin what is due, as far as there is room; answers how many were begun."""
        machine_now = self._machine.now()
        await self._recover(machine_now)
        self._metrics.tick(machine_now)
        room = self._policy.concurrency - len(self._under_way)
        if room <= 0:
            await asyncio.wait(self._under_way, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
            return 0
        business_now = self._business.now()
        claimed = await asyncio.to_thread(self._queue.claim, room, business_now, machine_now)
        for alert in claimed:
            task = asyncio.create_task(self._guarded(alert))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(claimed)

    async def drain(self, seconds: float) -> None:
        """Finish what is under way; what does not end in time is left to its lease."""
        if not self._under_way:
            return
        _, pending = await asyncio.wait(self._under_way, timeout=seconds)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _recover(self, machine_now: datetime) -> None:
        resend = [channel.name for channel in self._channels if channel.after_crash == "resend"]
        for alert, state in await asyncio.to_thread(self._queue.recover, machine_now, resend):
            self._log.warning("a lease ran out", alert=str(alert), state=state.value)
            self._metrics.settled(state)

    async def _until_next(self) -> float:
        """Real seconds to the next due alert or retry. What waits for the watermark is looked at by ticks."""
        longest = self._policy.longest_sleep
        due, retry = await asyncio.to_thread(self._queue.next_times)
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

    async def _guarded(self, alert: LeasedAlert) -> None:
        """One alert's failure is its own: a defect is told and settled as a failed round, a lost database by
        lease."""
        told = {"alert": str(alert.id), "scope": alert.scope}
        with traced(next_span(alert.traceparent)), structlog.contextvars.bound_contextvars(**told):
            try:
                verdict = await self._round(alert)
                await asyncio.to_thread(self._queue.settle, alert, verdict, self._business.now())
            except psycopg.Error as error:
                self._log.warning("left to its lease: the database does not answer", error=str(error))
                return
            self._metrics.settled(verdict.state)
            self._log.info("settled", state=verdict.state.value, reason=verdict.reason)

    async def _round(self, alert: LeasedAlert) -> Verdict:
        try:
            return await self._over_channels(alert)
        except OvertakenError:
            return Verdict(State.SUPERSEDED, "claim changed")
        except psycopg.Error:
            raise
        except Exception as error:
            self._log.exception("a defect while sending")
            return self._try_later(alert, f"defect: {type(error).__name__}: {error}")

    async def _over_channels(self, alert: LeasedAlert) -> Verdict:
        assert alert.staff is not None  # the queue makes every alert out to a person
        person = await asyncio.to_thread(self._queue.person, alert.scope, alert.staff)
        if person.departed:
            return Verdict(State.SUPERSEDED, "the person has departed")
        ways = route(self._channels, person)
        if not ways:
            return Verdict(State.DEAD, "no channel reaches the person")
        notice = await self._compose(alert, person)
        said: list[str] = []
        again = False
        for channel, destination in ways:
            try:
                await self._attempts(alert, notice, channel, destination)
                return Verdict(State.SENT, f"by {channel.name}")
            except NoAnswer as error:
                if channel.after_crash == "hold":
                    return Verdict(State.UNKNOWN, f"{channel.name}: {error.answer}")
                again, reason = True, error.answer
            except ChannelError as error:
                again, reason = again or isinstance(error, Temporary), error.answer
            said.append(f"{channel.name}: {reason}")
        return self._try_later(alert, "; ".join(said)) if again else Verdict(State.DEAD, "; ".join(said))

    def _try_later(self, alert: LeasedAlert, reason: str) -> Verdict:
        if alert.rounds + 1 >= self._policy.rounds:
            return Verdict(State.DEAD, reason)
        return Verdict(State.FAILED, reason, self._machine.now() + self._policy.next_round(alert.rounds))

    async def _compose(self, alert: LeasedAlert, person: Person) -> Notice:
        owner = None
        if alert.owner is not None:
            owner = await asyncio.to_thread(self._queue.person, alert.scope, alert.owner)
        now = self._business.now()
        return Notice(
            id=alert.id,
            scope=alert.scope,
            customer=alert.customer,
            case=case_number(alert.customer),
            rung=alert.rung,
            audience=alert.audience,
            to=person,
            owner=alert.owner,
            due_at=alert.due_at,
            deadline=alert.deadline,
            composed_at=now,
            known_at=alert.watermark,
            behind=alert.behind,
            words=compose(alert, owner, now, self._zone, self._policy.late_after),
            traceparent=current_traceparent(),
        )

    async def _attempts(self, alert: LeasedAlert, notice: Notice, channel: Channel, destination: str) -> None:
        policy = self._policy
        # An unanswered call is repeated only where the receiver can tell a repetition.
        retried: Callable[[Exception], bool] = lambda error: (  # noqa: E731
            isinstance(error, Temporary)
            and not (isinstance(error, NoAnswer) and channel.after_crash == "hold")
        )
        async for attempt in stamina.retry_context(
            on=retried,
            attempts=policy.attempts,
            timeout=None,
            wait_initial=policy.wait_initial,
            wait_max=policy.wait_max,
            wait_jitter=policy.wait_initial,
        ):
            with attempt:
                await self._attempt(alert, notice, channel, destination)

    async def _attempt(self, alert: LeasedAlert, notice: Notice, channel: Channel, destination: str) -> None:
        at = (self._business.now(), self._machine.now())
        text = notice.words.text
        begin = self._queue.begin_attempt
        number = await asyncio.to_thread(begin, alert, channel.name, destination, text, at)
        if number is None:
            raise OvertakenError
        self._metrics.behind(alert.behind)
        outcome, answer = Outcome.UNKNOWN, "a defect while sending"
        try:
            answer = await _in_time(channel.send(notice, destination), channel.timeout)
            outcome = Outcome.SENT
        except Refused as error:
            outcome, answer = Outcome.REFUSED, error.answer
            raise
        except NoAnswer as error:
            answer = error.answer
            raise
        except Temporary as error:
            outcome, answer = Outcome.TEMPORARY, error.answer
            raise
        finally:
            self._metrics.attempted(channel.name, outcome)
            end = self._queue.end_attempt
            await asyncio.to_thread(end, alert.id, number, outcome, answer, self._machine.now())


async def _in_time(call: Awaitable[str], seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise NoAnswer(f"no answer within {seconds:g} s") from error
