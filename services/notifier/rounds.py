"""One round of one alert: over the channels that reach the person, with quick retries (`stamina`) on each.

Hazards, "Timers and alerts": an attempt is stored before its call and its answer after it. A call whose
answer is lost may have arrived: it is repeated only where the receiver can tell a repetition. A task that is
cancelled in the middle leaves its attempt open, as a process that is killed does; both are found when the
lease is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace

import psycopg
import stamina
import structlog

from services.notifier.alert import LeasedAlert, Notice, Outcome, State
from services.notifier.channels import Channel, ChannelError, NoAnswer, Refused, Temporary, clipped
from services.notifier.metrics import Metrics
from services.notifier.plan import Plans, Unavailable
from services.notifier.policy import Policy
from services.notifier.queue import Call, People, Queue, Verdict
from services.notifier.routing import Addressee, Router, Unreachable
from services.notifier.words import case_number, compose
from shared.clock import BusinessClock, MachineClock
from shared.telemetry import current_traceparent

_LOG = structlog.get_logger("notifier.rounds")


class OvertakenError(Exception):
    """The claim has changed, or the lease is lost: the call is not made."""


class Rounds:
    """Tries alerts that the dispatcher has under lease."""

    def __init__(
        self,
        queue: Queue,
        channels: Sequence[Channel],
        clocks: tuple[BusinessClock, MachineClock],
        plans: Plans,
        policy: Policy,
        metrics: Metrics,
    ) -> None:
        self._queue = queue
        self._router = Router(channels, plans)
        self._business, self._machine = clocks
        self._plans = plans
        self._policy = policy
        self._metrics = metrics

    async def run(self, alert: LeasedAlert, people: People) -> Verdict:
        """How the round ended; raises only what the database raises."""
        try:
            return await self._over_channels(alert, people)
        except OvertakenError:
            return Verdict(State.SUPERSEDED, "claim changed")
        except psycopg.Error:
            raise
        except Exception as error:
            _LOG.exception("a defect before sending")
            return self._try_later(alert, _defect(error))

    async def _over_channels(self, alert: LeasedAlert, people: People) -> Verdict:
        found = self._router.address(alert, people, self._business.now())
        if isinstance(found, Unreachable):
            return _unreachable(found)
        notice = self._compose(alert, found, people)
        said: list[str] = []
        again = False
        for channel, destination in found.ways:
            try:
                await self._attempts(alert, notice, channel, destination)
                return Verdict(State.SENT, f"by {channel.name}")
            except ChannelError as error:
                said.append(f"{channel.name}: {error.answer}")
                if _held(error, channel):
                    return Verdict(State.UNKNOWN, "; ".join(said))
                again = again or isinstance(error, Temporary)
        return self._try_later(alert, "; ".join(said)) if again else Verdict(State.DEAD, "; ".join(said))

    def _try_later(self, alert: LeasedAlert, reason: str) -> Verdict:
        if alert.rounds + 1 >= self._policy.rounds:
            return Verdict(State.DEAD, reason)
        return Verdict(State.FAILED, reason, self._machine.now() + self._policy.next_round(alert.rounds))

    def _compose(self, alert: LeasedAlert, found: Addressee, people: People) -> Notice:
        owner = None if alert.owner is None else people[alert.scope, alert.owner]
        now = self._business.now()
        zone, late_after = self._plans.hours_of(alert.scope).zone, self._policy.late_after
        words = compose(alert, owner, now, zone, late_after, found.instead_of)
        language = self._plans.language(alert.scope, found.person.staff)
        return Notice(
            id=alert.id,
            scope=alert.scope,
            customer=alert.customer,
            case=case_number(alert.customer),
            rung=alert.rung,
            audience=alert.audience,
            to=found.person,
            owner=alert.owner,
            due_at=alert.due_at,
            deadline=alert.deadline,
            composed_at=now,
            known_at=alert.watermark,
            behind=alert.behind,
            words=replace(words, language=language),
            traceparent=current_traceparent(),
        )

    async def _attempts(self, alert: LeasedAlert, notice: Notice, channel: Channel, destination: str) -> None:
        policy = self._policy
        async for attempt in stamina.retry_context(
            on=lambda error: isinstance(error, Temporary) and not _held(error, channel),
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
        call = Call(channel.name, destination, notice.words.text, notice.to.staff)
        number = await asyncio.to_thread(self._queue.begin_attempt, alert, call, at)
        if number is None:
            raise OvertakenError
        self._metrics.behind(alert.behind)
        failure: ChannelError | None = None
        answer = ""
        try:
            answer = await _in_time(channel.send(notice, destination), channel.timeout)
        except ChannelError as error:
            failure = error
        except Exception as error:
            _LOG.exception("a defect while sending")
            failure = NoAnswer(_defect(error))
        outcome = _outcome(failure)
        self._metrics.attempted(channel.name, outcome)
        answer, ended = (clipped(answer) if failure is None else failure.answer), self._machine.now()
        await asyncio.to_thread(self._queue.end_attempt, alert.id, number, outcome, answer, ended)
        if failure is not None:
            raise failure


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
