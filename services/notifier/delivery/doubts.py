"""What may have arrived already, and what was reported as failed: asked before anything is sent again.

A call whose answer was lost, or in which the process was killed, may have told the person. Where the provider can
be asked by the key that it was given, it is asked, also where it said that it failed (a gateway says so for what
stands behind it); else the next channel is taken, and a channel that has been tried in doubt is tried again less and
less often: for each lost answer there is one repetition at most. A server that says that it failed may have taken the
message before it did, so that its answer is as good as lost. What was reported as failed goes by another channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from services.notifier.channels import Channel, ChannelError
from services.notifier.channels.delivery_status import DeliveryStatus, Findable, StatusQuery
from services.notifier.delivery.history import AttemptHistory
from services.notifier.delivery.message_delivery import MessageDelivery
from services.notifier.delivery.routing import Ways
from services.notifier.delivery.send_slots import deduplicates
from services.notifier.delivery.steps import UNANSWERED, remaining
from services.notifier.delivery.work import EarlierAttempt, RoundResult
from services.notifier.model.alert import LeasedAlert, State
from services.notifier.model.outgoing import OutgoingMessage
from shared.platform.clock import BusinessClock, MachineClock

ZERO: Final = timedelta(0)
# How long after a call its provider is asked again and again whether it knows the message, and how often.
ASKED_FOR: Final = timedelta(seconds=30)
ASKED_EVERY: Final = timedelta(seconds=10)
# How long a channel is left alone that was tried twice in doubt and tells no repetition; doubled each time.
APART: Final = timedelta(minutes=30)
# Providers know a message for so long at least.
_KNOWN_FOR: Final = timedelta(days=3)
_LOG = structlog.get_logger("notifier.doubts")


class Doubts:
    """Asks about the calls of one process and those before it."""

    def __init__(
        self, history: AttemptHistory, channels: Sequence[Channel], clocks: tuple[BusinessClock, MachineClock]
    ) -> None:
        self._history = history
        self._channels = {one.name: one for one in channels if isinstance(one, Findable)}
        self._business, self._machine = clocks

    async def tried(self, packet: OutgoingMessage) -> list[EarlierAttempt]:
        """The calls for these alerts after which a doubt or a report of failure is left."""
        if all(one.state is State.DUE and one.digest is None for one in packet.members):
            return []
        return await asyncio.to_thread(self._history.tried, packet.members)

    async def asked(
        self, packet: OutgoingMessage, tried: Sequence[EarlierAttempt]
    ) -> RoundResult | list[EarlierAttempt]:
        """What becomes of the alerts by what the providers know; else the doubts and failures that are left."""
        left: list[EarlierAttempt] = []
        old = _old_failures(tried)
        for one in (one for one in tried if one not in old):
            channel = self._channels.get(one.channel)
            age = self._machine.now() - one.started_at
            if channel is None or not (one.unanswered or one.server_failed) or age > _KNOWN_FOR:
                left.append(one)
                continue
            try:
                status = await _found(channel, one)
            except _NoVerdictError:
                status, sure = None, False
            else:
                sure = channel.knows_all
            if status is None and age < ASKED_FOR and self._in_time(packet.members, ASKED_EVERY):
                return self._later("may have arrived; the provider is asked again", packet)
            if status is None and not (sure and age >= ASKED_FOR):
                left.append(one)
                continue
            at = (self._business.now(), self._machine.now())
            await asyncio.to_thread(self._history.resolve, packet.members, one, status, at)
            if status is not None and status.status != "failed":
                return RoundResult(State.SENT, f"by {one.channel}", digest=packet.key)
            if status is not None:
                left.append(replace(one, unanswered=False, reported=True))
        return left + [one for one in old if any(_same_message(one, last) for last in left)]

    def ask_later(self, round: MessageDelivery, channel: Channel) -> RoundResult | None:
        """The verdict on a message whose answer was lost, where its provider can be asked in time."""
        if channel.name not in self._channels or not self._in_time(round.left, ASKED_EVERY):
            return None
        return self._later("; ".join(round.said), round.packet)

    def _later(self, reason: str, packet: OutgoingMessage) -> RoundResult:
        at = self._machine.now() + ASKED_EVERY
        return RoundResult(State.FAILED, reason, at, digest=packet.id, waits_for=UNANSWERED, counts=False)

    def _in_time(self, alerts: Sequence[LeasedAlert], wait: timedelta) -> bool:
        """Whether there is still time for another channel afterwards."""
        left = remaining(alerts, self._business.now(), self._business.speed)
        return left is None or 2 * wait < left


def _old_failures(tried: Sequence[EarlierAttempt]) -> list[EarlierAttempt]:
    """A receiver that fails all day is asked about the last call alone; what it says holds for those before."""
    last = {(one.channel, one.destination): one for one in tried if one.server_failed}
    return [one for one in tried if one.server_failed and one not in last.values()]


def _same_message(one: EarlierAttempt, other: EarlierAttempt) -> bool:
    return other.server_failed and (one.channel, one.destination) == (other.channel, other.destination)


class _NoVerdictError(Exception):
    """The provider did not say; that is no word about the message."""


async def _found(channel: Findable, one: EarlierAttempt) -> DeliveryStatus | None:
    """What the provider knows of a message; None where it says that it knows none."""
    question = StatusQuery(one.channel, str(one.key), None, one.key, one.destination, one.started_at)
    try:
        async with asyncio.timeout(channel.timeout):
            return await channel.find(question)
    except (ChannelError, TimeoutError) as error:
        _LOG.warning("not told whether it arrived", channel=one.channel, error=str(error))
    except Exception:  # a defect of one sender, or of its SDK, must not keep the alert from the next channel
        _LOG.exception("a defect while asking", channel=one.channel)
    raise _NoVerdictError


def without_failed(ways: Ways, tried: Sequence[EarlierAttempt]) -> Ways:
    """The ways by which no message was reported as failed."""
    failed = {(one.channel, one.destination) for one in tried if one.reported}
    return [way for way in ways if (way[0].name, way[1]) not in failed]


def in_order(ways: Ways, tried: Sequence[EarlierAttempt], now: datetime) -> tuple[Ways, timedelta | None]:
    """The ways to take now, those without doubt or failing server first; and how long until one more may be taken."""
    taken: list[tuple[int, tuple[Channel, str]]] = []
    waits: list[timedelta] = []
    for way in ways:
        doubts = _doubts(way, tried)
        wait = _apart(doubts, now)
        if wait > ZERO:
            waits.append(wait)
        else:
            taken.append((len(doubts) or _failed_there(way, tried), way))
    taken.sort(key=lambda entry: entry[0])
    return [way for _, way in taken], min(waits, default=None)


def _failed_there(way: tuple[Channel, str], tried: Sequence[EarlierAttempt]) -> bool:
    return any(one.server_failed and (one.channel, one.destination) == (way[0].name, way[1]) for one in tried)


def _doubts(way: tuple[Channel, str], tried: Sequence[EarlierAttempt]) -> list[datetime]:
    channel, destination = way
    if deduplicates(channel):
        return []
    of_way = (channel.name, destination)
    return sorted(
        one.started_at
        for one in tried
        if (one.unanswered or one.server_failed) and (one.channel, one.destination) == of_way
    )


def _apart(doubts: Sequence[datetime], now: datetime) -> timedelta:
    if len(doubts) < 2:
        return ZERO
    doublings = 1 << min(len(doubts) - 2, 10)
    return max(doubts[-1] + APART * doublings - now, ZERO)
