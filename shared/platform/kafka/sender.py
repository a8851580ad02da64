"""Kafka as a relay needs it: a topic that loses nothing, and batches acknowledged one after another.

contract.md#topics. Each partition has at most one batch under way, so that a batch
that failed is never overtaken by the next one. An idempotent producer retries for ever, so every wait has an
end of our own; what was given up may still land, and consumers drop a seq that they have seen (hazards.md#aiokafka).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from types import TracebackType
from typing import Any

from aiokafka.admin import NewTopic
from aiokafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.partitioner import DefaultPartitioner
from msgspec import Struct

from shared.contract.topics import WatermarkMessage, encode_watermark
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.client import admin_client, producer
from shared.platform.kafka.topic_state import EVERYTHING, Keeping, TopicState, check_fit, topic_state

# An envelope is at most 64 KiB; a batch of this size holds one with room to spare and stays below the
# broker's own limit of 1 MiB.
BATCH_BYTES = 512 * 1024
REQUEST_BYTES = 1024 * 1024

Header = tuple[str, bytes]

SEND_FAILURES = (KafkaError, TimeoutError, OSError)

# The library's class carries no types of its own; it is named here once.
Topic: Any = NewTopic


class OutgoingRecord(Struct, frozen=True, gc=False):
    """One Kafka record before it has an offset."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[Header]


def watermark_record(source: str, offset: int, watermark: datetime) -> OutgoingRecord:
    """Says that whatever a partition has that was recorded at or before `watermark` lies below the offset."""
    key, value = encode_watermark(WatermarkMessage(source=source, offset=offset, watermark=watermark))
    return OutgoingRecord(key, value, [])


class PartitionOf:
    """Which partition a scope lives in: Kafka's own default, remembered, since it is computed in Python."""

    def __init__(self, partitions: int) -> None:
        self._all = list(range(partitions))
        self._partitioner = DefaultPartitioner()
        self._known: dict[str, int] = {}

    def __call__(self, scope: str) -> int:
        partition = self._known.get(scope)
        if partition is None:
            partition = self._known[scope] = int(self._partitioner(scope.encode(), self._all, self._all))
        return partition


async def ensure_topic(
    bootstrap: Bootstrap,
    topic: str,
    partitions: int,
    replication: int,
    wait: float,
    keeping: Keeping = EVERYTHING,
) -> TopicState:
    """Make the topic if it is not there, and refuse one that would lose or reorder facts."""
    async with _asking(bootstrap, wait) as admin:
        await _create(admin, topic, partitions, replication, keeping)
        while True:
            state = await _known(admin, topic)
            if state is not None:
                await check_fit(admin, state, partitions, keeping)
                return state
            await asyncio.sleep(0.1)  # one that was just made takes a moment to be known to each broker


async def look_at(
    bootstrap: Bootstrap, topic: str, partitions: int | None, wait: float, keeping: Keeping = EVERYTHING
) -> TopicState | None:
    """The topic as it is now, None where there is none; raises `WrongTopicError` for one that is not fit."""
    async with _asking(bootstrap, wait) as admin:
        state = await _known(admin, topic)
        if state is not None:
            await check_fit(admin, state, partitions, keeping)
        return state


def remove_topics(bootstrap: Bootstrap, topics: Iterable[str], wait: float) -> list[str]:
    """Delete those of the topics that are there; returns their names once the cluster knows them no more."""
    return asyncio.run(_removed(bootstrap, frozenset(topics), wait))


async def _removed(bootstrap: Bootstrap, topics: frozenset[str], wait: float) -> list[str]:
    async with _asking(bootstrap, wait) as admin:
        there = sorted(topics & set(await admin.list_topics()))
        if there:
            await controller_known(admin)
            response = await admin.delete_topics(there)
            for topic, code in response.topic_error_codes:
                failure = for_code(code)
                if code and failure is not UnknownTopicOrPartitionError:
                    raise failure(f"topic {topic} could not be deleted")
        while True:
            if not topics & set(await admin.list_topics()):
                return there
            await asyncio.sleep(0.1)


async def _known(admin: Any, topic: str) -> TopicState | None:
    try:
        return await topic_state(admin, topic)
    except LeaderNotAvailableError:
        return None


@asynccontextmanager
async def _asking(bootstrap: Bootstrap, wait: float) -> AsyncIterator[Any]:
    """A client that asks the cluster; all that is asked takes `wait` seconds at most."""
    admin = admin_client(bootstrap, request_timeout_ms=int(wait * 1000))
    try:
        async with asyncio.timeout(wait):
            await admin.start()
            yield admin
    finally:
        await admin.close()


async def _create(admin: Any, topic: str, partitions: int, replication: int, keeping: Keeping) -> None:
    await controller_known(admin)
    made_with = dict(keeping.made_with)
    response = await admin.create_topics([Topic(topic, partitions, replication, topic_configs=made_with)])
    for error in response.topic_errors:
        failure = for_code(error[1])
        if error[1] and failure is not TopicAlreadyExistsError:
            raise failure(f"topic {topic} could not be made: {error[2]}")


async def controller_known(admin: Any) -> None:
    """Return once the cluster says which broker is its controller; the caller bounds the time.

    A broker that has just started answers before there is one, and aiokafka's client then ends by an `AttributeError`.
    """
    while admin._client.cluster.controller is None:
        await asyncio.sleep(0.1)
        await admin._client.force_metadata_update()


async def broker_answers(bootstrap: Bootstrap, wait: float) -> bool:
    """Whether any broker answers a question about the cluster within `wait` seconds."""
    try:
        async with _asking(bootstrap, wait):
            return True
    except SEND_FAILURES:
        return False


async def topics_known(bootstrap: Bootstrap, wait: float) -> frozenset[str] | None:
    """The names of the topics that are there; None when no broker answers within `wait` seconds."""
    try:
        async with _asking(bootstrap, wait) as admin:
            return frozenset(await admin.list_topics())
    except SEND_FAILURES:
        return None


class Sender:
    """An idempotent producer that sends whole batches and waits for their acknowledgement.

    `acknowledged` is the offset behind the last batch of each partition. A partition is in `unplaced` while the offset
    of its last batch is not known.
    """

    def __init__(self, bootstrap: Bootstrap, topic: str, wait: float, client_id: str) -> None:
        self._topic = topic
        self._wait = wait
        self.acknowledged: dict[int, int] = {}
        self.unplaced: set[int] = set()
        self._producer = producer(
            bootstrap,
            client_id=client_id,
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=int(wait * 1000),
        )

    async def __aenter__(self) -> Sender:
        try:
            async with asyncio.timeout(self._wait):
                await self._producer.start()
        except BaseException:
            await self._producer.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self._producer.stop()
        else:
            await self._abandon()

    async def _abandon(self) -> None:
        """Leave what is under way: the producer's own `stop` would wait for it while a broker is away.

        Its facts are in the outbox. The sending task goes first and the connections next, so that nothing is
        tried again. Nobody waits for an acknowledgement any more: every wait has ended before.
        """
        producer = self._producer
        producer._closed = True
        task = producer._sender.sender_task
        if task is not None:
            task.cancel()
        await producer.client.close()
        if task is not None:
            await asyncio.wait([task], timeout=self._wait)

    async def send(self, partition: int, records: Sequence[OutgoingRecord]) -> int:
        """Send the first records that fit into one batch; answers how many, once they are acknowledged."""
        batch = self._producer.create_batch()
        count = 0
        for record in records:
            if (
                batch.append(key=record.key, value=record.value, timestamp=None, headers=record.headers)
                is None
            ):
                break
            count += 1
        if count == 0:
            raise ValueError("a record is larger than a batch")
        batch.close()
        async with asyncio.timeout(self._wait):
            delivered = await self._producer.send_batch(batch, self._topic, partition=partition)
            first = (await delivered).offset
        if first >= 0:
            self.acknowledged[partition] = first + count
            self.unplaced.discard(partition)
        else:  # a batch that the broker had already is acknowledged without its offset
            self.unplaced.add(partition)
        return count

    async def send_all(self, partition: int, records: Sequence[OutgoingRecord]) -> None:
        """Send the records, one batch after another."""
        sent = 0
        while sent < len(records):
            sent += await self.send(partition, records[sent:])
