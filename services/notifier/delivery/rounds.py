"""One round of one message: over the channels that reach the person, with quick retries (`stamina`) on each.

hazards.md#sending-is-not-exactly-once: an attempt is stored before its call and its answer after it. A call whose
answer is lost may have arrived: it is repeated only where the receiver can tell a repetition. A task that is
cancelled in the middle leaves its attempt open, as a process that is killed does; both are found when the
lease is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import psycopg
import stamina
import structlog

from services.notifier.channels import (
    Channel,
    ChannelError,
    MalformedMessageError,
    NoAnswerError,
    RefusedError,
    TemporaryError,
)
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.delivery.attempts import Attempts, defect
from services.notifier.delivery.breaker import Breaker
from services.notifier.delivery.doubts import Doubts, in_order, without_failed
from services.notifier.delivery.message_delivery import MessageDelivery, OvertakenError, Settled
from services.notifier.delivery.queue import Queue, RoundResult
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.delivery.routing import Addressee, Router, Unreachable
from services.notifier.delivery.send_slots import SendSlots, SlotsBusyError, deduplicates, limit_of
from services.notifier.delivery.steps import (
    DEFECT,
    HELD,
    LIMIT,
    UNANSWERED,
    LeftAloneError,
    is_given_up,
    is_of_channel,
    next_step,
    remaining,
)
from services.notifier.delivery.work import EarlierAttempt
from services.notifier.messages.compose import Composer
from services.notifier.model.alert import LeasedAlert, People, State
from services.notifier.model.kinds import Unavailable
from services.notifier.model.metrics import Metrics
from services.notifier.model.outgoing import OutgoingMessage
from services.notifier.schedule.plan import Plans
from shared.platform.clock import BusinessClock, MachineClock

_LOG = structlog.get_logger("notifier.rounds")
ZERO = timedelta(0)
_OVERTAKEN = RoundResult(State.SUPERSEDED, "claim changed", overtaken=True)


class Rounds:
    """Tries messages that the dispatcher has under lease."""

    def __init__(
        self,
        queue: Queue,
        channels: Sequence[Channel],
        clocks: tuple[BusinessClock, MachineClock],
        plans: Plans,
        policy: RetryPolicy,
        metrics: Metrics,
        breaker: Breaker,
    ) -> None:
        self._router = Router(channels, plans)
        self._doubts = Doubts(queue.history, channels, clocks)
        self._business, self._machine = clocks
        self._policy = policy
        self._breaker = breaker
        self._pace = SendSlots(policy.lanes)
        self._calls = Attempts(queue, clocks, Composer(plans, policy.late_after), metrics)

    async def run(self, packet: OutgoingMessage, people: People) -> Settled:
        """How the round ended for each member; raises only what the database raises."""
        now = self._business.now()
        try:
            if packet.digest is not None and self._router.one_by_one(packet.members, people):
                return [
                    one
                    for member in packet.members
                    for one in await self.run(OutgoingMessage((member,)), people)
                ]
            found = self._router.address(packet.members, people, now)
            if isinstance(found, Unreachable):
                return [(one, _unreachable(found)) for one in packet.members]
            return await self._sent(packet, found, people)
        except Exception as error:
            if isinstance(error, psycopg.Error) and not isinstance(error, psycopg.DataError):
                raise  # the database is away; what it cannot store is a defect of the message
            _LOG.exception("a defect before sending")
            if len(packet.members) > 1:  # one of them, perhaps: the others are not to wait for it
                return [
                    one
                    for member in packet.members
                    for one in await self.run(OutgoingMessage((member,)), people)
                ]
            step = self._policy.next_round(packet.first.rounds)
            left = remaining(packet.members, self._business.now(), self._business.speed)
            at = self._machine.now() + next_step(step, left, self._policy)
            verdict = RoundResult(State.FAILED, defect(error), at, digest=packet.key, waits_for=DEFECT)
            return [(one, self._try_later(one, verdict)) for one in packet.members]

    async def _sent(self, packet: OutgoingMessage, found: Addressee, people: People) -> Settled:
        """Ask about what may have arrived already; then one channel after the other."""
        tried = await self._doubts.tried(packet)
        asked = await self._doubts.asked(packet, tried)
        if isinstance(asked, RoundResult):
            return [(one, asked) for one in packet.members]
        ways = without_failed(found.ways, asked)
        if not ways:
            return [(one, RoundResult(State.DEAD, _reported(asked))) for one in packet.members]
        ordered, wait = in_order(ways, asked, self._machine.now())
        round = MessageDelivery(packet, replace(found, ways=ordered), people)
        if wait is not None:
            round.said.append("may have arrived; not sent again yet")
            round.waits.append(wait)
            round.whys.append(UNANSWERED)
            round.again = True
        return await self._over_channels(round)

    async def _over_channels(self, round: MessageDelivery) -> Settled:
        for place, (channel, destination) in enumerate(round.found.ways):
            if len(round.packet.members) > 1 and not self._calls.fits(round, channel, destination):
                return await self._in_parts(round, place)
            try:
                await self._attempts(round, channel, destination)
                return round.all(RoundResult(State.SENT, f"by {channel.name}"))
            except OvertakenError:
                return round.all(_OVERTAKEN)
            except SlotsBusyError as busy:
                round.limited.append(busy.wait)
                if self._may_wait(round.packet, busy.wait):
                    break
            except ChannelError as error:
                round.failed(channel.name, error)
                if _held(error, channel):
                    verdict = RoundResult(State.UNKNOWN, "; ".join(round.said), digest=round.packet.key)
                    return round.all(replace(verdict, waits_for=HELD))
                if isinstance(error, NoAnswerError):
                    later = self._doubts.ask_later(round, channel)
                    if later is not None:
                        return round.all(later)
        return self._unsent(round)

    async def _in_parts(self, round: MessageDelivery, place: int) -> Settled:
        """Two messages in the place of one that is too long, by this channel and those behind it.

        What would be cut off is read by nobody. The parts are messages of their own, with keys of their own.
        """
        settled = [(one, _OVERTAKEN) for one in round.overtaken]
        for packet in round.packet.halves():
            settled += await self._over_channels(round.part(packet, place))
        return settled

    def _unsent(self, round: MessageDelivery) -> Settled:
        reason = "; ".join(round.said)
        if round.limited:
            at = self._machine.now() + self._policy.spread(min(round.limited))
            reason = "; ".join([*round.said, "waits for the limit of a channel"])
            verdict = RoundResult(State.FAILED, reason, at, limited=True, digest=round.packet.key)
            return round.all(replace(verdict, waits_for=LIMIT))
        if not round.again and not round.mendable:
            return round.all(RoundResult(State.DEAD, reason))
        # One time for all members: a message that came back in parts would be several under one key.
        at = self._machine.now() + self._next(round)
        verdict = RoundResult(State.FAILED, reason, at, digest=round.packet.key, waits_for=round.whys[0])
        verdict = replace(verdict, waits_on=tuple(dict.fromkeys(round.waits_on)))
        tried = [(one, self._try_later(one, verdict)) for one in round.left]
        return [(one, _OVERTAKEN) for one in round.overtaken] + tried

    def _next(self, round: MessageDelivery) -> timedelta:
        """How long until the next round: growing, as long as all channels ask for, and not beyond the deadline."""
        step = self._policy.next_round(max(one.rounds for one in round.left))
        if not round.again:
            step = min(step, self._policy.mending_step)
        if round.waits and not round.unwaited:
            step = max(step, min(round.waits))
        left = remaining(round.left, self._business.now(), self._business.speed)
        return next_step(step, left, self._policy)

    def _try_later(self, alert: LeasedAlert, verdict: RoundResult) -> RoundResult:
        if is_given_up(alert, self._business.now(), self._policy):
            return RoundResult(State.DEAD, verdict.reason)
        return verdict

    def _may_wait(self, packet: OutgoingMessage, wait: timedelta) -> bool:
        """Whether the limit of the preferred channel is waited for, or the next channel is taken at once."""
        ends = [one.deadline for one in packet.members if one.is_reminder]
        in_time = not ends or self._business.now() + 2 * wait < min(ends)
        return in_time and wait <= self._policy.limit_patience

    async def _attempts(self, round: MessageDelivery, channel: Channel, destination: str) -> None:
        policy = self._policy
        async for attempt in stamina.retry_context(
            on=lambda error: _quickly(error, channel) and not _held(error, channel),
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

    async def _admit(self, round: MessageDelivery, channel: Channel) -> None:
        """Pass, unless the channel is left alone for a while; asked in its lane, behind the calls before it."""
        wait = await self._breaker.wait(channel.name)
        if wait > ZERO:
            round.waits.append(wait)
            raise LeftAloneError("left alone for a while, since it failed again and again", wait)

    async def _judge(
        self, round: MessageDelivery, channel: Channel, destination: str, failure: ChannelError | None
    ) -> None:
        """What the answer says of the channel; a failure is raised as what it is."""
        if failure is not None and is_of_channel(failure):
            await self._breaker.failed(channel.name, failure.answer)
        elif failure is None or (
            isinstance(failure, RefusedError) and not isinstance(failure, MalformedMessageError)
        ):
            await self._breaker.answered(channel.name)
        elif isinstance(failure, MalformedMessageError) or not getattr(failure, "of_channel", True):
            pass  # a defect of one message, or somebody's full mailbox: it tells nothing of the channel
        elif isinstance(failure, TryLaterError):
            limit = await limit_of(channel, destination)
            if limit > ZERO:
                raise SlotsBusyError(limit) from failure
            round.waits.append(failure.wait)
            if failure.everyone:
                await self._breaker.held(channel.name, failure.answer, failure.wait)
            else:
                await self._breaker.failed(channel.name, failure.answer)
        else:
            await self._breaker.failed(channel.name, failure.answer)
        if failure is not None:
            raise failure


def _quickly(error: Exception, channel: Channel) -> bool:
    """Whether another attempt in the same round may help: not where the receiver has said when, nor where the message
    may have arrived and a repetition would be told."""
    if not isinstance(error, TemporaryError) or isinstance(error, TryLaterError):
        return False
    return not isinstance(error, NoAnswerError) or deduplicates(channel)


def _reported(tried: Sequence[EarlierAttempt]) -> str:
    channels = dict.fromkeys(one.channel for one in tried if one.reported)
    return f"reported failed by {', '.join(channels)}, and no other channel reaches the person"


def _unreachable(found: Unreachable) -> RoundResult:
    """Where no plan asks for a stand-in, what is for a person who has left is void rather than lost."""
    if found.why is Unavailable.DEPARTED and not found.asked:
        return RoundResult(State.SUPERSEDED, "the person has departed")
    why = {
        Unavailable.DEPARTED: "the person has departed",
        Unavailable.AWAY: "the person is away",
        Unavailable.NO_CONTACT: "no channel reaches the person",
    }[found.why]
    if found.covered:
        return RoundResult(State.SUPERSEDED, f"{why}, and who stands in has the alert already")
    reason = f"{why}, and nobody stands in" if found.asked else why
    return RoundResult(State.DEAD, reason, unreachable=True)


def _held(error: Exception, channel: Channel) -> bool:
    """Whether a person must decide: it may have arrived, and a repetition would not be told apart."""
    return isinstance(error, NoAnswerError) and channel.after_crash == "hold"
