"""One call to a channel: stored before it is made, and its answer as soon as it is there.

hazards.md#sending-is-not-exactly-once: between the provider's taking a message and the stored answer lies what a kill
repeats. Nothing is done in between, and answers have threads of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from services.notifier.channels import (
    Channel,
    ChannelError,
    DefectError,
    NoAnswerError,
    RefusedError,
    Sized,
    clipped,
)
from services.notifier.delivery.message_delivery import MessageDelivery
from services.notifier.delivery.queue import Queue, SendAttempt
from services.notifier.messages.compose import Composer
from services.notifier.model.alert import AttemptOutcome, RenderedMessage
from services.notifier.model.metrics import Metrics
from shared.platform.clock import BusinessClock, MachineClock

_LOG = structlog.get_logger("notifier.calls")
# Threads that store answers and do nothing else; the pool of connections has as many to spare.
ANSWERING: Final = 2


class Attempts:
    """Makes the calls of one process."""

    def __init__(
        self, queue: Queue, clocks: tuple[BusinessClock, MachineClock], composer: Composer, metrics: Metrics
    ) -> None:
        self._queue = queue
        self._business, self._machine = clocks
        self._composer = composer
        self._metrics = metrics
        self._answers = ThreadPoolExecutor(ANSWERING, thread_name_prefix="answers")

    async def make(self, round: MessageDelivery, channel: Channel, destination: str) -> ChannelError | None:
        """Why the channel did not take the message, or None; raises OvertakenError when nothing is to be sent."""
        notice, numbers = await self._begin(round, channel, destination)
        failure: ChannelError | None = None
        answer = ""
        try:
            answer = await _in_time(channel.send(notice, destination), channel.timeout)
        except ChannelError as error:
            failure = error
        except Exception as error:
            _LOG.exception("a defect while sending")
            failure = DefectError(defect(error))
        said = clipped(answer) if failure is None else failure.answer
        await self._end(numbers, _outcome(failure), said, server_failed=is_server_s(failure))
        self._metrics.attempted(channel.name, _outcome(failure))
        if isinstance(failure, NoAnswerError):
            round.packet = round.packet.kept()
        return failure

    def fits(self, round: MessageDelivery, channel: Channel, destination: str) -> bool:
        """Whether the channel takes the whole message."""
        if not isinstance(channel, Sized):
            return True
        now = self._business.now()
        return channel.fits(
            self._composer.notice(round.packet, round.found.recipient, round.people, now), destination
        )

    async def _begin(
        self, round: MessageDelivery, channel: Channel, destination: str
    ) -> tuple[RenderedMessage, dict[UUID, int]]:
        """Store the attempt for every member; who is overtaken is left out, and the words are made anew."""
        while True:
            now = self._business.now()
            notice = self._composer.notice(round.packet, round.found.recipient, round.people, now)
            call = SendAttempt(
                channel.name,
                destination,
                notice.words.text,
                notice.to.staff,
                round.packet.digest,
                notice.to.key,
            )
            at: tuple[datetime, datetime] = (now, self._machine.now())
            numbers = await asyncio.to_thread(self._queue.begin_attempts, round.packet.members, call, at)
            if len(numbers) == len(round.packet.members):
                self._metrics.behind(notice.behind)
                return notice, numbers
            round.drop(list(numbers))

    async def _end(
        self, numbers: dict[UUID, int], outcome: AttemptOutcome, answer: str, *, server_failed: bool
    ) -> None:
        ended = (self._business.now(), self._machine.now())
        store = partial(
            self._queue.end_attempts, numbers, outcome, answer, ended, server_failed=server_failed
        )
        await asyncio.get_running_loop().run_in_executor(self._answers, store)


def is_server_s(failure: ChannelError | None) -> bool:
    """Whether the receiver itself has failed, so that most likely nothing arrived."""
    return isinstance(failure, NoAnswerError) and failure.server_failed


def defect(error: Exception) -> str:
    """A mistake of ours, as it is stored."""
    return clipped(f"defect: {type(error).__name__}: {error}")


def _outcome(failure: ChannelError | None) -> AttemptOutcome:
    if failure is None:
        return AttemptOutcome.SENT
    if isinstance(failure, NoAnswerError):
        return AttemptOutcome.UNKNOWN
    return AttemptOutcome.REFUSED if isinstance(failure, RefusedError) else AttemptOutcome.TEMPORARY


async def _in_time(call: Awaitable[str], seconds: float) -> str:
    try:
        async with asyncio.timeout(seconds):
            return await call
    except TimeoutError as error:
        raise NoAnswerError(f"no answer within {seconds:g} s") from error
