"""One round of one message: over the channels that reach the person, with quick retries (`stamina`) on each.

Hazards, "Timers and alerts": an attempt is stored before its call and its answer after it. A call whose
answer is lost may have arrived: it is repeated only where the receiver can tell a repetition. A task that is
cancelled in the middle leaves its attempt open, as a process that is killed does; both are found when the
lease is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import stamina
import structlog

from services.notifier.alert import LeasedAlert, Notice, Outcome, State
from services.notifier.breaker import Breaker
from services.notifier.channels import Channel, ChannelError, NoAnswer, Refused, Temporary, clipped
from services.notifier.channels.outcome import TryLater
from services.notifier.compose import Composer
from services.notifier.metrics import Metrics
from services.notifier.pacing import Busy, Pace, limit_of
from services.notifier.packet import Packet
from services.notifier.plan import Plans, Unavailable
from services.notifier.policy import Policy
from services.notifier.queue import Call, People, Queue, Verdict
from services.notifier.routing import Addressee, Router, Unreachable
from shared.clock import BusinessClock, MachineClock

_LOG = structlog.get_logger("notifier.rounds")
ZERO = timedelta(0)
Settled = list[tuple[LeasedAlert, Verdict]]


class OvertakenError(Exception):
    """No member of the message is to be sent any more, or the lease is lost: the call is not made."""


@dataclass
class _Round:
    """A round while it runs: what is left of the message, and what the channels have said."""

    packet: Packet
    found: Addressee
    people: People
    overtaken: list[LeasedAlert] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    # How long to wait, as the channels that failed have told; and those that only keep their limits.
    waits: list[timedelta] = field(default_factory=list)
    limited: list[timedelta] = field(default_factory=list)
    again: bool = False

    def drop(self, begun: Sequence[UUID]) -> None:
        """Leave out the members of which no attempt was begun."""
        gone = [one for one in self.packet.members if one.id not in begun]
        self.overtaken += gone
        left = self.packet.without(one.id for one in gone)
        if left is None:
            raise OvertakenError
        self.packet = left

    def all(self, verdict: Verdict) -> Settled:
        over = Verdict(State.SUPERSEDED, "claim changed", overtaken=True)
        left = [one for one in self.packet.members if one not in self.overtaken]
        return [(one, over) for one in self.overtaken] + [(one, verdict) for one in left]


class Rounds:
    """Tries messages that the dispatcher has under lease."""

    def __init__(
        self,
        queue: Queue,
        channels: Sequence[Channel],
        clocks: tuple[BusinessClock, MachineClock],
        plans: Plans,
        policy: Policy,
        metrics: Metrics,
        breaker: Breaker,
    ) -> None:
        self._queue = queue
        self._router = Router(channels, plans)
        self._business, self._machine = clocks
        self._composer = Composer(plans, policy.late_after)
        self._policy = policy
        self._metrics = metrics
        self._breaker = breaker
        self._pace = Pace()

    async def run(self, packet: Packet, people: People) -> Settled:
        """How the round ended for each member; raises only what the database raises."""
        now = self._business.now()
        try:
            if packet.digest is not None and self._router.one_by_one(packet.members, people):
                return [one for member in packet.members for one in await self.run(Packet((member,)), people)]
            found = self._router.address(packet.members, people, now)
            if isinstance(found, Unreachable):
                return [(one, _unreachable(found)) for one in packet.members]
            return await self._over_channels(_Round(packet, found, people))
        except psycopg.Error:
            raise
        except Exception as error:
            _LOG.exception("a defect before sending")
            reason, wait = _defect(error), self._wait(max(one.rounds for one in packet.members), [])
            at = self._machine.now() + wait
            verdicts = [(one, self._try_later(one, reason, at)) for one in packet.members]
            return [(one, replace(verdict, digest=packet.key)) for one, verdict in verdicts]

    async def _over_channels(self, round: _Round) -> Settled:
        for channel, destination in round.found.ways:
            try:
                await self._attempts(round, channel, destination)
                return round.all(Verdict(State.SENT, f"by {channel.name}"))
            except OvertakenError:
                return round.all(Verdict(State.SUPERSEDED, "claim changed", overtaken=True))
            except Busy as busy:
                round.limited.append(busy.wait)
                if self._may_wait(round.packet, busy.wait):
                    break
            except ChannelError as error:
                round.said.append(f"{channel.name}: {error.answer}")
                if _held(error, channel):
                    return round.all(Verdict(State.UNKNOWN, "; ".join(round.said), digest=round.packet.key))
                round.again = round.again or isinstance(error, Temporary)
        return self._unsent(round)

    def _unsent(self, round: _Round) -> Settled:
        reason = "; ".join(round.said)
        if round.limited:
            wait = min(round.limited)
            at = self._machine.now() + self._policy.spread(wait)
            reason = "; ".join([*round.said, "waits for the limit of a channel"])
            return round.all(Verdict(State.FAILED, reason, at, limited=True, digest=round.packet.key))
        if not round.again:
            return round.all(Verdict(State.DEAD, reason))
        left = [one for one in round.packet.members if one not in round.overtaken]
        over = Verdict(State.SUPERSEDED, "claim changed", overtaken=True)
        # One time for all members: a message that came back in parts would be several under one key.
        at = self._machine.now() + self._wait(max(one.rounds for one in left), round.waits)
        tried = [(one, replace(self._try_later(one, reason, at), digest=round.packet.key)) for one in left]
        return [(one, over) for one in round.overtaken] + tried

    def _may_wait(self, packet: Packet, wait: timedelta) -> bool:
        """Whether the limit of the preferred channel is waited for, or the next channel is taken at once."""
        ends = [one.deadline for one in packet.members if one.is_reminder]
        in_time = not ends or self._business.now() + 2 * wait < min(ends)
        return in_time and wait <= self._policy.limit_patience

    def _try_later(self, alert: LeasedAlert, reason: str, at: datetime) -> Verdict:
        if alert.rounds + 1 >= self._policy.rounds:
            return Verdict(State.DEAD, reason)
        return Verdict(State.FAILED, reason, at)

    def _wait(self, rounds: int, waits: Sequence[timedelta]) -> timedelta:
        return max(self._policy.next_round(rounds), min(waits, default=ZERO))

    async def _attempts(self, round: _Round, channel: Channel, destination: str) -> None:
        policy = self._policy
        async for attempt in stamina.retry_context(
            on=lambda error: _quickly(error) and not _held(error, channel),
            attempts=policy.attempts,
            timeout=None,
            wait_initial=policy.wait_initial,
            wait_max=policy.wait_max,
            wait_jitter=policy.wait_initial,
        ):
            with attempt:
                await self._admit(round, channel)
                async with self._pace.turn(channel, destination):
                    await self._attempt(round, channel, destination)

    async def _admit(self, round: _Round, channel: Channel) -> None:
        """Pass, unless the channel is left alone for a while."""
        wait = await self._breaker.wait(channel.name)
        if wait > ZERO:
            round.waits.append(wait)
            raise TryLater("left alone for a while, since it failed again and again", wait)

    async def _attempt(self, round: _Round, channel: Channel, destination: str) -> None:
        notice, numbers = await self._begin(round, channel, destination)
        failure: ChannelError | None = None
        answer = ""
        try:
            answer = await _in_time(channel.send(notice, destination), channel.timeout)
        except ChannelError as error:
            failure = error
        except Exception as error:
            _LOG.exception("a defect while sending")
            failure = NoAnswer(_defect(error))
        if isinstance(failure, NoAnswer):
            round.packet = round.packet.kept()
        outcome = _outcome(failure)
        self._metrics.attempted(channel.name, outcome)
        answer = clipped(answer) if failure is None else failure.answer
        ended = (self._business.now(), self._machine.now())
        await asyncio.to_thread(self._queue.end_attempts, numbers, outcome, answer, ended)
        await self._judge(round, channel, destination, failure)

    async def _begin(
        self, round: _Round, channel: Channel, destination: str
    ) -> tuple[Notice, dict[UUID, int]]:
        """Store the attempt for every member; who is overtaken is left out, and the words are made anew."""
        while True:
            now = self._business.now()
            notice = self._composer.notice(round.packet, round.found, round.people, now)
            call = Call(channel.name, destination, notice.words.text, notice.to.staff, round.packet.digest)
            at: tuple[datetime, datetime] = (now, self._machine.now())
            numbers = await asyncio.to_thread(self._queue.begin_attempts, round.packet.members, call, at)
            if len(numbers) == len(round.packet.members):
                self._metrics.behind(notice.behind)
                return notice, numbers
            round.drop(list(numbers))

    async def _judge(
        self, round: _Round, channel: Channel, destination: str, failure: ChannelError | None
    ) -> None:
        """What the answer says of the channel; a failure is raised as what it is."""
        if failure is None or isinstance(failure, Refused):
            await self._breaker.answered(channel.name)
        elif isinstance(failure, TryLater):
            limit = await limit_of(channel, destination)
            if limit > ZERO:
                raise Busy(limit) from failure
            round.waits.append(failure.wait)
            await self._breaker.failed(channel.name, failure.answer)
        else:
            await self._breaker.failed(channel.name, failure.answer)
        if failure is not None:
            raise failure


def _quickly(error: Exception) -> bool:
    """Whether another attempt in the same round may help: not where the receiver has said when."""
    return isinstance(error, Temporary) and not isinstance(error, TryLater)


def _unreachable(found: Unreachable) -> Verdict:
    """Where no plan asks for a stand-in, what is for a person who has left is void rather than lost."""
    if found.why is Unavailable.DEPARTED and not found.asked:
        return Verdict(State.SUPERSEDED, "the person has departed")
    why = {
        Unavailable.DEPARTED: "the person has departed",
        Unavailable.AWAY: "the person is away",
        Unavailable.NO_CONTACT: "no channel reaches the person",
    }[found.why]
    reason = f"{why}, and nobody stands in" if found.asked else why
    return Verdict(State.DEAD, reason, unreachable=True)


def _held(error: Exception, channel: Channel) -> bool:
    """Whether a person must decide: it may have arrived, and a repetition would not be told apart."""
    return isinstance(error, NoAnswer) and channel.after_crash == "hold"


def _outcome(failure: ChannelError | None) -> Outcome:
    if failure is None:
        return Outcome.SENT
    if isinstance(failure, NoAnswer):
        return Outcome.UNKNOWN
    return Outcome.REFUSED if isinstance(failure, Refused) else Outcome.TEMPORARY


def _defect(error: Exception) -> str:
    return clipped(f"defect: {type(error).__name__}: {error}")


async def _in_time(call: Awaitable[str], seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise NoAnswer(f"no answer within {seconds:g} s") from error
