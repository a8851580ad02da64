"""Reads the intake topic from given offsets to its end, without a group and without any effect.

What is read may be a stranger's: a record is a fact only where it has a seq, a scope for its key, and an envelope of
that scope with an id and a time of recording.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from shared.contract.topics import BadMessageError, Headers, decode_headers
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.client import lone_consumer

AT_ONCE: Final = 1000
WAIT: Final = 10.0
AGAIN: Final = 0.05


class Envelope(Struct, frozen=True):
    """As much of an event as its place needs; the rest may be of another version."""

    id: str
    scope: str
    recorded_at: str


class TopicFact(Struct, frozen=True, gc=False):
    """A fact as the topic has it."""

    partition: int
    offset: int
    scope: str
    seq: int
    id: str
    body: bytes
    headers: Headers


class Piece(Struct, frozen=True):
    """What one fetch brought, in the order of each partition."""

    facts: Sequence[TopicFact]
    watermark: datetime | None


class Tail:
    """The records of a topic behind the offsets that are given, up to the ends that it had when it was opened."""

    def __init__(self, consumer: Any, topic: str, known: Mapping[int, int], partitions: int) -> None:
        self._consumer = consumer
        self._topic = topic
        self._known = known
        self._partitions = partitions
        self.ends: dict[int, int] = {}

    async def begin(self) -> None:
        """Seek each partition; one that is shorter than it was known to be is read from its beginning."""
        partitions = [TopicPartition(self._topic, n) for n in await self._numbers()]
        self._consumer.assign(partitions)
        first = await self._consumer.beginning_offsets(partitions)
        self.ends = {tp.partition: end for tp, end in (await self._consumer.end_offsets(partitions)).items()}
        for tp in partitions:
            start, end = self._known.get(tp.partition, 0), self.ends[tp.partition]
            self._consumer.seek(tp, max(first[tp], start if start <= end else 0))

    async def pieces(self) -> AsyncIterator[Piece]:
        """Everything, piece by piece."""
        while waiting := [tp for tp in self._consumer.assignment() if await self._behind(tp)]:
            found = await self._consumer.getmany(*waiting, timeout_ms=500, max_records=AT_ONCE)
            yield _piece([record for records in found.values() for record in records])

    async def _behind(self, tp: TopicPartition) -> bool:
        return bool(await self._consumer.position(tp) < self.ends[tp.partition])

    async def _numbers(self) -> list[int]:
        """Asked of the cluster, until the client knows them all; raises `TimeoutError`.

        A question that was under way when the topic was named, or that failed, is answered without it: a topic that
        is not known would be taken for one that has nothing.
        """
        client = self._consumer._client
        async with asyncio.timeout(WAIT):
            while True:
                await client.add_topic(self._topic)
                await client.force_metadata_update()
                found = self._consumer.partitions_for_topic(self._topic) or ()
                if len(found) >= self._partitions:
                    return sorted(found)
                await asyncio.sleep(AGAIN)


@asynccontextmanager
async def reading(
    bootstrap: Bootstrap, topic: str, known: Mapping[int, int], partitions: int
) -> AsyncIterator[Tail]:
    """The tail of a topic of so many partitions; `known` are the offsets from which on it is read, else from its
    beginning.
    """
    consumer = lone_consumer(bootstrap, fetch_max_wait_ms=100)
    try:
        await consumer.start()
        tail = Tail(consumer, topic, known, partitions)
        await tail.begin()
        yield tail
    finally:
        await consumer.stop()


def _piece(records: Sequence[Any]) -> Piece:
    facts: list[TopicFact] = []
    watermarks: list[datetime] = []
    for record in records:
        try:
            headers = decode_headers(record.headers)
        except BadMessageError:
            continue  # nobody's place in the order: consumers bury it
        if record.value is None and headers.watermark is not None:
            watermarks.append(headers.watermark)
        elif (fact := _fact(record, headers)) is not None:
            facts.append(fact)
    return Piece(facts, max(watermarks, default=None))


def _fact(record: Any, headers: Headers) -> TopicFact | None:
    if headers.seq is None or record.value is None:
        return None
    try:
        envelope = _decode(record.value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if record.key != envelope.scope.encode():
        return None
    return TopicFact(
        record.partition,
        record.offset,
        envelope.scope,
        headers.seq,
        envelope.id.lower(),
        record.value,
        headers,
    )


_decode: Final = msgspec.json.Decoder(Envelope).decode
