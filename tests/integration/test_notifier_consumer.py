"""The consumer on a real Kafka: positions in PostgreSQL, rebalances, records that are not ours."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.notifier.inbox.inbox import Inbox
from services.notifier.inbox.processor import OwnershipProcessor
from services.notifier.model.metrics import Metrics
from services.notifier.schedule.plan import Plans
from shared.contract.topics import Topics
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings, PositionedConsumer
from shared.platform.kafka.record_processor import OpeningRefusedError
from shared.platform.kafka.sender import look_at
from shared.platform.kafka.topic_state import REQUIRED_CONFIG
from shared.platform.kafka.watermarks import Watermarks
from shared.platform.liveness import Progress
from tests.support.notifier import Office, Stream, Told, local
from tests.support.patience import PATIENCE

PARTITIONS = 3


@dataclass
class Feed:
    """A topic of the test's own."""

    bootstrap: str
    topic: str
    producer: Any

    async def send(self, told: Sequence[Told], partition: int = 0) -> None:
        for value, headers in told:
            # The producer wants a key where there is no value; the notifier reads none.
            key = b"watermark" if value is None else None
            await self.producer.send_and_wait(
                self.topic, value, key=key, partition=partition, headers=headers
            )


@pytest.fixture
async def feed(kafka: str, topic_prefix: str) -> AsyncIterator[Feed]:
    topic = Topics(topic_prefix).ownership
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic, PARTITIONS, 1, topic_configs=REQUIRED_CONFIG)])
    producer = AIOKafkaProducer(bootstrap_servers=kafka)
    await producer.start()
    yield Feed(kafka, topic, producer)
    await producer.stop()
    await admin.delete_topics([topic])
    await admin.close()


@pytest.fixture
def office(database: str) -> Any:
    office = Office(database, local(1, 10))
    yield office
    office.close()


@asynccontextmanager
async def consuming(
    feed: Feed, office: Office, watermarks: Watermarks | None = None
) -> AsyncIterator[tuple[PositionedConsumer, Metrics]]:
    metrics = Metrics()
    inbox = Inbox(office.database, feed.topic, Plans(), office.clock)
    consumer = PositionedConsumer(
        ConsumerSettings(feed.bootstrap, feed.topic, f"{feed.topic}.notifier", "test"),
        OwnershipProcessor(inbox, metrics, lambda: None, watermarks),
        partial(look_at, feed.bootstrap, feed.topic, None, 10.0),
        ConsumerProgress(Progress(time.monotonic), Progress(time.monotonic)),
    )
    await consumer.start()
    try:
        yield consumer, metrics
    finally:
        await consumer.close()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Poll; the deadline guards against hanging."""
    with anyio.move_on_after(60):
        while not await anyio.to_thread.run_sync(condition):
            await anyio.lowlevel.checkpoint()
        return
    raise AssertionError(f"never: {what}")


def customers(office: Office) -> set[str]:
    return {customer for customer, *_ in office.states()}


async def counted(metrics: Metrics, **results: float) -> None:
    """The figures come to this: they follow the rows, which are seen first."""
    await until(
        lambda: {result: messages(metrics, result) for result in results} == results, f"counted: {results}"
    )


def messages(metrics: Metrics, result: str) -> float:
    return metrics.registry.get_sample_value("panke_notifier_messages_total", {"result": result}) or 0.0


async def test_claims_become_alerts_and_a_restart_goes_on(feed: Feed, office: Office) -> None:
    """What was applied is not applied again by the next process, and what came meanwhile is."""
    first = [office.stream.watermark(local(1, 10)), office.stream.claim("c1", "li")]
    await feed.send(first)
    async with consuming(feed, office):
        await until(lambda: customers(office) == {"c1"}, "the first claim")
    await feed.send([*first, office.stream.claim("c2", "li")])
    async with consuming(feed, office) as (_, metrics):
        await until(lambda: customers(office) == {"c1", "c2"}, "the second claim")
        await counted(metrics, applied=1.0, repeated=1.0)
    assert len(office.states()) == 8


async def test_two_members_share_the_partitions_and_one_takes_over(feed: Feed, office: Office) -> None:
    """With two consumers each partition has one of them; when one leaves, the other has all, and nothing
    doubles."""
    async with consuming(feed, office) as (stays, _):
        async with consuming(feed, office) as (leaves, _):
            await until(
                lambda: (
                    sorted([*stays.partitions, *leaves.partitions]) == [0, 1, 2]
                    and bool(leaves.partitions)
                    and bool(stays.partitions)
                ),
                "the partitions are shared",
            )
            for partition in range(PARTITIONS):
                told = [office.stream.claim("a", "li", scope=f"s{partition}")]
                await feed.send(told, partition)
            await until(lambda: len(office.states()) == 12, "one claim of each partition")
        await until(lambda: sorted(stays.partitions) == [0, 1, 2], "the other has all")
        for partition in range(PARTITIONS):
            await feed.send([office.stream.claim("b", "li", scope=f"s{partition}")], partition)
        await until(lambda: len(office.states()) == 24, "another claim of each partition")
    assert office.taken_positions(feed.topic) == {0: 2, 1: 2, 2: 2}


async def test_a_record_that_is_not_ours_stops_nobody(feed: Feed, office: Office) -> None:
    """A header that is no text and a value that is no message are stored as irregular; the claim behind them
    counts."""
    value, _ = office.stream.claim("c1", "li")
    await feed.send([(b"\xff\xfe", [("x", b"\xff\xfe")]), (b"{}", [("seq", b"\xff")]), (value, [])])
    async with consuming(feed, office) as (_, metrics):
        await until(lambda: customers(office) == {"c1"}, "the claim")
        await counted(metrics, irregular=2.0)


async def test_a_position_behind_the_end_of_its_log_is_read_again_and_told(
    feed: Feed, office: Office
) -> None:
    """A log that is shorter than the stored position is read from its beginning, and nothing is made twice."""
    first = [office.stream.claim("c0", "li", scope="s0")]
    await feed.send(first, 0)
    async with consuming(feed, office):
        await until(lambda: customers(office) == {"c0"}, "the claim")
    office.set_position(feed.topic, next=1000)
    await feed.send([office.stream.claim("c1", "li", scope="s0")], 0)
    async with consuming(feed, office) as (_, metrics):
        await until(lambda: customers(office) == {"c0", "c1"}, "the claim behind it")
        await counted(metrics, repeated=1.0)
    assert (len(office.states()), office.taken_positions(feed.topic)[0]) == (8, 2)


async def test_positions_of_another_cluster_or_topic_are_not_those_of_this_one(
    feed: Feed, office: Office
) -> None:
    """Beside positions of another cluster every claim of the topic is read, though the offsets would fit."""
    await feed.send([office.stream.claim(f"c{n}", "li", scope="s0") for n in range(3)], 0)
    async with consuming(feed, office):
        await until(lambda: customers(office) == {"c0", "c1", "c2"}, "the claims")
    office.set_position(feed.topic, next=3, source="another-cluster/topic@id:0")
    office.forget_all_but_positions()
    async with consuming(feed, office):
        await until(lambda: customers(office) == {"c0", "c1", "c2"}, "the claims, read again")


async def test_a_position_of_before_topics_had_ids_is_taken_over(feed: Feed, office: Office) -> None:
    """A notifier that is brought up to date goes on where it was."""
    await feed.send([office.stream.claim("c0", "li", scope="s0")], 0)
    async with consuming(feed, office):
        await until(lambda: customers(office) == {"c0"}, "the claim")
    office.set_position(feed.topic, next=1, source="")
    office.forget_all_but_positions()
    await feed.send([office.stream.claim("c1", "li", scope="s0")], 0)
    async with consuming(feed, office):
        await until(lambda: customers(office) == {"c1"}, "only what is new")


async def test_another_message_under_a_seq_stops_its_partition_and_is_not_dropped(
    feed: Feed, office: Office
) -> None:
    """A message that comes again is dropped; another one in its place is told, and other partitions go on."""
    false, true = office.stream.claim("c1", "stranger"), Stream().claim("c1", "li")
    await feed.send([false, false, true, office.stream.claim("c2", "li")])
    await feed.send([office.stream.claim("c3", "li", scope="other")], 1)
    async with consuming(feed, office) as (consumer, metrics):
        await until(lambda: consumer.halted == {0: "scope demo has two messages of seq 1"}, "it is told")
        await until(lambda: customers(office) == {"c1", "c3"}, "what came before, and the other partition's")
        figure = partial(metrics.registry.get_sample_value, "panke_notifier_partitions_forked")
        await until(lambda: figure() == 1.0, "the figure follows")
    assert office.taken_positions(feed.topic)[0] == 2
    async with consuming(feed, office) as (consumer, _):
        await until(lambda: 0 in consumer.halted, "it is found again after a restart")


async def test_a_partition_that_cannot_be_opened_counts_as_behind_and_is_opened_later(
    feed: Feed, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect while positions are read hides no record from the lag, and ends with the defect, without a restart."""
    stands = True
    opened = Inbox.open

    def defective(inbox: Inbox, *given: Any) -> Any:
        if stands:
            raise RuntimeError("a defect")
        return opened(inbox, *given)

    monkeypatch.setattr(Inbox, "open", defective)
    await feed.send([office.stream.claim("c1", "li"), office.stream.claim("c2", "li")])
    async with consuming(feed, office) as (consumer, _):
        with anyio.fail_after(PATIENCE):
            while (await consumer.lag()).get(0) != 2:
                await anyio.lowlevel.checkpoint()
        assert consumer.partitions == {}
        stands = False
        await until(lambda: customers(office) == {"c1", "c2"}, "the claims, once it is mended")


async def test_a_partition_that_may_not_be_opened_is_no_work_that_stands_still(
    feed: Feed, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits behind a refusal counts as behind, and ends no process: the next one would be refused as well."""

    def refused(inbox: Inbox, *given: Any) -> Any:
        raise OpeningRefusedError("not as it is")

    monkeypatch.setattr(Inbox, "open", refused)
    await feed.send([office.stream.claim("c1", "li")])
    async with consuming(feed, office) as (consumer, _):
        await until(lambda: "not as it is" in consumer.stopped.values(), "it is told")
        assert (await consumer.lag())[0] == 1
        assert not consumer.has_work({0: 1})


async def test_rows_that_came_back_older_under_a_running_process_are_filled_without_a_record(
    feed: Feed, office: Office
) -> None:
    """Another server took over, which lagged: what it lacks is read again at the next look, though nothing comes."""
    await feed.send([office.stream.claim("c0", "li")])
    async with consuming(feed, office) as (consumer, _):
        await until(lambda: customers(office) == {"c0"}, "the claim")
        office.forget_all_but_positions()
        office.set_position(feed.topic, next=0)
        await consumer.look_back()
        await until(lambda: customers(office) == {"c0"}, "the claim, read again")
        await consumer.look_back()
        assert consumer.partitions[0] == 1


async def test_a_batch_that_fails_by_a_defect_is_read_again(
    feed: Feed, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of any kind loses no record: the batch comes again, and is taken in once the defect is gone."""
    failures = 0
    taken = Inbox.take

    def defective(inbox: Inbox, *given: Any) -> Any:
        nonlocal failures
        if failures < 2:
            failures += 1
            raise RuntimeError("a defect")
        return taken(inbox, *given)

    monkeypatch.setattr(Inbox, "take", defective)
    await feed.send([office.stream.claim("c1", "li")])
    async with consuming(feed, office):
        await until(lambda: customers(office) == {"c1"}, "the claim, read again")


async def test_a_partition_that_stands_at_a_fork_counts_as_behind(feed: Feed, office: Office) -> None:
    """What lies behind a second message under one seq is not applied, and the lag says so."""
    false, true = office.stream.claim("c1", "stranger"), Stream().claim("c1", "li")
    await feed.send([false, true, office.stream.claim("c2", "li")])
    async with consuming(feed, office) as (consumer, _):
        with anyio.fail_after(PATIENCE):
            while (await consumer.lag()).get(0) != 2 or not consumer.stopped:
                await anyio.lowlevel.checkpoint()


async def test_a_database_that_was_away_loses_nothing(feed: Feed, own_postgres: Any) -> None:
    """Records that come while PostgreSQL is killed are applied, each once, when it is back."""
    office = Office(own_postgres.dsn, local(1, 10))
    async with consuming(feed, office):
        await feed.send([office.stream.claim("c1", "li")])
        await until(lambda: customers(office) == {"c1"}, "the first claim")
        own_postgres.kill()
        await feed.send([office.stream.claim("c2", "li")])
        await anyio.to_thread.run_sync(own_postgres.start)
        await until(lambda: _quietly(office) == {"c1", "c2"}, "the second claim")
    assert len(office.states()) == 8
    office.close()


def _quietly(office: Office) -> set[str]:
    """The customers, or none while the database is not back."""
    return customers(office) if office.database.ping() else set()
