"""One round of one message: over the channels that reach the person, with quick retries (`stamina`) on each.

Hazards, "Timers and alerts": an attempt is stored before its call and its answer after it. A call whose
answer is lost may have arrived: it is repeated only where the receiver can tell a repetition. A task that is
cancelled in the middle leaves its attempt open, as a process that is killed does; both are found when the
lease is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import stamina
import structlog

from services.notifier.alert import LeasedAlert, State
from services.notifier.channels import Channel, ChannelError, Malformed, NoAnswer, Refused, Temporary
from services.notifier.channels.outcome import TryLater
from services.notifier.metrics import Metrics
from services.notifier.planning.plan import Plans, Unavailable
from services.notifier.sending.breaker import Breaker
from services.notifier.sending.calls import Calls, defect
from services.notifier.sending.pacing import Busy, Pace, limit_of
from services.notifier.sending.packet import Packet
from services.notifier.sending.policy import Policy
from services.notifier.sending.queue import People, Queue, Verdict
from services.notifier.sending.routing import Router, Unreachable
from services.notifier.sending.under_way import OvertakenError, Round, Settled
from services.notifier.wording.compose import Composer
from shared.clock import BusinessClock, MachineClock

_LOG = structlog.get_logger("notifier.rounds")
ZERO = timedelta(0)
_OVERTAKEN = Verdict(State.SUPERSEDED, "claim changed", overtaken=True)


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
        self._router = Router(channels, plans)
        self._business, self._machine = clocks
        self._policy = policy
        self._breaker = breaker
        self._pace = Pace(policy.lanes)
        self._calls = Calls(queue, clocks, Composer(plans, policy.late_after), metrics)

    async def run(self, packet: Packet, people: People) -> Settled:
        """How the round ended for each member; raises only what the database raises."""
        now = self._business.now()
        try:
            if packet.digest is not None and self._router.one_by_one(packet.members, people):
                return [one for member in packet.members for one in await self.run(Packet((member,)), people)]
            found = self._router.address(packet.members, people, now)
            if isinstance(found, Unreachable):
                return [(one, _unreachable(found)) for one in packet.members]
            return await self._over_channels(Round(packet, found, people))
        except Exception as error:
            if isinstance(error, psycopg.Error) and not isinstance(error, psycopg.DataError):
                raise  # the database is away; what it cannot store is a defect of the message
            _LOG.exception("a defect before sending")
            if len(packet.members) > 1:  # one of them, perhaps: the others are not to wait for it
                return [one for member in packet.members for one in await self.run(Packet((member,)), people)]
            reason, wait = defect(error), self._wait(max(one.rounds for one in packet.members), [])
            at = self._machine.now() + wait
            verdicts = [(one, self._try_later(one, reason, at)) for one in packet.members]
            return [(one, replace(verdict, digest=packet.key)) for one, verdict in verdicts]

    async def _over_channels(self, round: Round) -> Settled:
        for place, (channel, destination) in enumerate(round.found.ways):
            if len(round.packet.members) > 1 and not self._calls.fits(round, channel, destination):
                return await self._in_parts(round, place)
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

    async def _in_parts(self, round: Round, place: int) -> Settled:
        """Two messages in the place of one that is too long, by this channel and those behind it.

        What would be cut off is read by nobody. The parts are messages of their own, with keys of their own.
        """
        settled = [(one, _OVERTAKEN) for one in round.overtaken]
        for packet in round.packet.halves():
            settled += await self._over_channels(round.part(packet, place))
        return settled

    def _unsent(self, round: Round) -> Settled:
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

    async def _attempts(self, round: Round, channel: Channel, destination: str) -> None:
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
                async with self._pace.turn(channel, destination):
                    await self._admit(round, channel)
                    failure = await self._calls.make(round, channel, destination)
                    await self._judge(round, channel, destination, failure)

    async def _admit(self, round: Round, channel: Channel) -> None:
        """Pass, unless the channel is left alone for a while; asked in its lane, behind the calls before it."""
        wait = await self._breaker.wait(channel.name)
        if wait > ZERO:
            round.waits.append(wait)
            raise TryLater("left alone for a while, since it failed again and again", wait)

    async def _judge(
        self, round: Round, channel: Channel, destination: str, failure: ChannelError | None
    ) -> None:
        """What the answer says of the channel; a failure is raised as what it is."""
        if failure is None or (isinstance(failure, Refused) and not isinstance(failure, Malformed)):
            await self._breaker.answered(channel.name)
        elif isinstance(failure, Malformed) or not getattr(failure, "of_channel", True):
            pass  # a defect of one message, or somebody's full mailbox: it tells nothing of the channel
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
