"""The relay of an outbox: what stands in it goes to Kafka, in the order of each scope, never skipping.

ADR 0003 and contract.md#order-and-repetition. One process leads. A round reads the first messages that are not
acknowledged, sends each partition's share in order and deletes what the broker took; killed between the two, it
sends them again, and consumers drop a seq that they have seen. A partition whose batch failed is left until the
next round, so that nothing overtakes an earlier one of its scope. What is read and how it looks is the
service's own.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Protocol

import psycopg
import structlog
from msgspec import Struct
from prometheus_client import Counter, Gauge

from shared.i18n import bilingual
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.kept_topic import RelayLead
from shared.platform.kafka.sender import SEND_FAILURES, OutgoingRecord, Sender, ensure_topic, look_at
from shared.platform.kafka.topic_state import (
    EVERYTHING,
    LAST_OF_EACH_KEY,
    Keeping,
    TopicState,
    WrongTopicError,
    extent,
)
from shared.platform.liveness import Progress
from shared.platform.postgres.leader_lock import Leader, NotLeadingError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Where to send, and how long anything may take (machine seconds).

    `watermarks` is the topic in which it is told how far the first of `topics` is whole.
    """

    bootstrap: Bootstrap
    topics: tuple[str, ...]
    watermarks: str
    partitions: int
    replication: int = 1
    round_size: int = 2000
    send_wait: float = 10.0
    topic_poll: float = 15.0
    poll: float = 0.1
    lead_retry: float = 1.0
    failure_pause: float = 0.5


class RelayMetrics(Protocol):
    """The figures that every relay has."""

    leading: Gauge
    relay_errors: Counter
    refills: Counter
    unfit: Gauge


class TopicChangedError(Exception):
    """The topic is gone or is another one: who sends to it begins anew."""


class Outgoing(Struct, frozen=True, gc=False):
    """A record on its way, and the row of the outbox that may go once it is acknowledged, if one may."""

    partition: int
    record: OutgoingRecord
    row: int | None


class Relay(Leader):
    """Sends what an outbox holds for as long as this process leads."""

    blocking: tuple[type[Exception], ...] = (WrongTopicError,)
    """What no new attempt and no new process would mend."""

    failures: tuple[type[Exception], ...] = (
        *SEND_FAILURES,
        psycopg.Error,
        NotLeadingError,
        WrongTopicError,
        TopicChangedError,
    )

    def __init__(
        self, settings: RelaySettings, lead: RelayLead, metrics: RelayMetrics, progress: Progress, name: str
    ) -> None:
        super().__init__(
            lead,
            metrics.leading,
            progress,
            lead_retry=settings.lead_retry,
            failure_pause=settings.failure_pause,
        )
        self._settings = settings
        self._errors = metrics.relay_errors
        self._refills = metrics.refills
        self._unfit = metrics.unfit
        self._name = name
        self._topic_lead = lead
        self._next_look = 0.0
        self._state: TopicState | None = None
        self._reached: Sequence[int] = ()
        self.refilling: str | None = None

    @abstractmethod
    async def round(self, *senders: Sender) -> None:
        """Read, send, delete, and rest if there was nothing to do; one sender for each topic, the watermarks' last."""

    async def work(self) -> None:
        """One round after another, once the topics are as they must be."""
        chosen = self._settings
        states = [await self._ensure(topic) for topic in self._topics]
        self._unfit.labels(chosen.topics[0]).set(0)
        await self.prepare(states[0])
        await self._keep(states[0])
        async with AsyncExitStack() as stack:
            senders = [await stack.enter_async_context(self._sender(topic)) for topic in self._topics]
            log.info("relay_leading", topic=chosen.topics[0])
            while not self.stopping.is_set():
                await self._look(states)
                await self.round(*senders)

    @property
    def _topics(self) -> tuple[str, ...]:
        return (*self._settings.topics, self._settings.watermarks)

    def _must_be(self, topic: str) -> tuple[int, Keeping]:
        """Into how many partitions a topic is parted, and what it keeps."""
        if topic == self._settings.watermarks:
            return 1, LAST_OF_EACH_KEY
        return self._settings.partitions, EVERYTHING

    async def _ensure(self, topic: str) -> TopicState:
        chosen, (partitions, keeping) = self._settings, self._must_be(topic)
        return await ensure_topic(
            chosen.bootstrap, topic, partitions, chosen.replication, chosen.send_wait, keeping
        )

    async def prepare(self, state: TopicState) -> None:
        """What must be before the first round, each time that this process begins to lead."""

    def refilled(self) -> None:
        """Everything that waited was sent, what was sent again included."""
        self.refilling = None

    async def _look(self, opened: Sequence[TopicState]) -> None:
        """From time to time: are the topics still those that were opened, and fit, with all that they had?"""
        if asyncio.get_running_loop().time() < self._next_look:
            return
        chosen = self._settings
        for state in opened:
            partitions, keeping = self._must_be(state.topic)
            found = await look_at(chosen.bootstrap, state.topic, partitions, chosen.send_wait, keeping)
            if found != state:
                raise TopicChangedError(f"topic {state.topic} is not the one that it was")
        await self._keep(opened[0])

    async def ends(self, sender: Sender) -> Mapping[int, int]:
        """The offset behind everything that this relay, or one before it, has had acknowledged, by partition.

        A partition of which the sender does not know it is asked for: any later end is as true.
        """
        assert self._state is not None, "asked for by a round"
        if sender.unplaced:
            found = await extent(self._settings.bootstrap, self._state, self._settings.send_wait)
            self._reached = found.ends
            for partition in sender.unplaced:
                sender.acknowledged.pop(partition, None)
            sender.unplaced.clear()
        return dict(enumerate(self._reached)) | sender.acknowledged

    async def _keep(self, state: TopicState) -> None:
        reached = await extent(self._settings.bootstrap, state, self._settings.send_wait)
        self._state, self._reached = state, reached.ends
        refill = await self.in_thread(self._topic_lead.keep_topic, state, reached)
        self._next_look = asyncio.get_running_loop().time() + self._settings.topic_poll
        if refill is not None:
            self._refills.inc()
            self.refilling = bilingual(
                "{topic}: {reason}; {records} records are sent again",
                topic=state.topic, reason=refill.reason, records=refill.records,
            )  # fmt: skip
            log.error("topic_refilled", topic=state.topic, id=state.id, reason=refill.reason,
                      records=refill.records)  # fmt: skip

    def _sender(self, topic: str) -> Sender:
        return Sender(self._settings.bootstrap, topic, self._settings.send_wait, self._name)

    def failed(self, error: Exception) -> None:
        """Told once, and not twice a second while a broker is away."""
        self._errors.inc()
        known = self.progress.problem
        if isinstance(error, WrongTopicError):
            self._unfit.labels(self._settings.topics[0]).set(1)
        if isinstance(error, self.blocking):
            self.progress.blocked(str(error))
        else:
            self.progress.failed(type(error).__name__)
        if self.progress.problem != known:
            log.warning("relay_failed", error=type(error).__name__, detail=str(error))


Acknowledged = Callable[[Sequence[Outgoing]], Awaitable[None]]


async def send_shares(sender: Sender, outgoing: Iterable[Outgoing], acknowledged: Acknowledged) -> None:
    """Send each partition's share in order, the partitions side by side.

    What the broker took is told to `acknowledged` also when another share failed, before that is raised.
    """
    shares: dict[int, list[Outgoing]] = defaultdict(list)
    for one in outgoing:
        shares[one.partition].append(one)
    taken: list[Outgoing] = []
    sending = (_send_share(sender, partition, share, taken) for partition, share in shares.items())
    results = await asyncio.gather(*sending, return_exceptions=True)
    if taken:
        await acknowledged(taken)
    raise_first(results)


async def _send_share(
    sender: Sender, partition: int, share: Sequence[Outgoing], taken: list[Outgoing]
) -> None:
    """One batch after another: the next one begins when the one before it is acknowledged."""
    records = [one.record for one in share]
    sent = 0
    while sent < len(records):
        count = await sender.send(partition, records[sent:])
        taken.extend(share[sent : sent + count])
        sent += count


def raise_first(results: Iterable[object]) -> None:
    """The first failure of what was done side by side."""
    for result in results:
        if isinstance(result, BaseException):
            raise result
