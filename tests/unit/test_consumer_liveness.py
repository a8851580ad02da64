"""When a consumer counts as stuck: by the partitions that are open to it, and not by what it never had to apply."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings, PositionedConsumer
from shared.platform.kafka.record_processor import (
    AppliedBatch,
    ConsumedRecord,
    ConsumerState,
    LogBounds,
    SourcePartition,
    StartOffset,
)
from shared.platform.kafka.topic_state import TopicState
from shared.platform.liveness import Progress

FACTS = TopicPartition("facts", 0)
END = 5


class Log:
    """A partition of five records, as the library's consumer shows it."""

    def __init__(self) -> None:
        self.sought: list[int] = []

    async def beginning_offsets(self, asked: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(asked, 0)

    async def end_offsets(self, asked: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(asked, END)

    def pause(self, *asked: TopicPartition) -> None:
        """Nothing is fetched here."""

    def resume(self, *asked: TopicPartition) -> None:
        """Nothing is fetched here."""

    def seek(self, asked: TopicPartition, offset: int) -> None:
        self.sought.append(offset)


class Store:
    """A processor whose database has the position, and answers when the test lets it."""

    away: tuple[type[Exception], ...] = ()
    stale: tuple[type[Exception], ...] = ()

    def __init__(self, position: int) -> None:
        self.position = position
        self.answers = asyncio.Event()
        self.opened = asyncio.Event()

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        await self.answers.wait()
        return {one.partition: self.position for one in partitions}

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        return {one.partition: StartOffset(self.position) for one in bounds}

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        return AppliedBatch(expected)

    def due(self, partition: SourcePartition, position: int) -> bool:
        return False

    def show(self, state: ConsumerState) -> None:
        if state.open:
            self.opened.set()

    def failed(self) -> None:
        """No batch comes here."""


class Consumer(PositionedConsumer):
    """One that reads the log above."""

    def __init__(self, store: Store) -> None:
        self.log = Log()
        self.clock = 0.0
        self.progress = ConsumerProgress(Progress(lambda: self.clock), Progress(lambda: self.clock))
        settings = ConsumerSettings("127.0.0.1:9", "facts", "group", "client")
        super().__init__(settings, store, _state, self.progress)

    @property
    def client(self) -> Any:
        return self.log


async def _state() -> TopicState | None:
    return TopicState("cluster", "facts", "id", 1)


async def test_a_partition_that_is_not_open_yet_has_nothing_to_apply() -> None:
    """All is applied, which only the stored position tells: until that is known, liveness goes by the opening."""
    store = Store(position=END)
    consumer = Consumer(store)
    await consumer.on_partitions_assigned([FACTS])
    await asyncio.sleep(0)
    lag = await consumer.lag()
    assert lag == {0: END}
    assert not consumer.has_work(lag)
    consumer.clock = 100.0
    assert consumer.progress.opening.stuck_for() == 100.0
    store.answers.set()
    await store.opened.wait()
    assert await consumer.lag() == {0: 0}
    assert consumer.log.sought == [END]


async def test_an_open_partition_that_is_behind_has_work() -> None:
    """Also if no batch ever comes of it."""
    store = Store(position=3)
    store.answers.set()
    consumer = Consumer(store)
    await consumer.on_partitions_assigned([FACTS])
    await store.opened.wait()
    assert consumer.has_work(await consumer.lag())


async def test_what_another_member_reads_is_no_work_of_this_one() -> None:
    """A partition goes while records of it wait, and no other comes."""
    consumer = Consumer(Store(position=3))
    consumer.progress.applying.working()
    await consumer.on_partitions_revoked([FACTS])
    consumer.clock = 100.0
    assert consumer.progress.applying.stuck_for() == 0.0
