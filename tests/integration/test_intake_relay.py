"""The relay between a real PostgreSQL and a real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar

import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import EmbeddedKafka
from services.intake.journal.journal import Journal
from services.intake.journal.numbering import INSTANT
from services.intake.relay.outbox import FactOutbox
from services.intake.relay.relay import IntakeRelay
from services.intake.relay.resend import send_again
from shared.contract import parse_instant
from shared.platform.kafka.sender import OutgoingRecord, Sender, ensure_topic, look_at
from shared.platform.kafka.topic_state import LAST_OF_EACH_KEY, WrongTopicError, place_of
from tests.support import parts
from tests.support.intake import (
    NOON,
    TRACE,
    FixedClock,
    Reader,
    compared,
    new_journal,
    new_outbox,
    new_relay,
    prepare,
    submission,
    watermarks_of,
)


@pytest.fixture
def dsn(database: str) -> str:
    return prepare(database)


@pytest.fixture
def topic(topic_prefix: str) -> str:
    return f"{topic_prefix}panke.intake.v1"


@pytest.fixture
def journal(dsn: str, topic: str) -> Iterator[Journal]:
    compared(dsn, topic)
    opened = new_journal(dsn, topic=topic)
    yield opened
    opened.close()


@asynccontextmanager
async def running(*relays: IntakeRelay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for relay in relays:
            relay.stop()
        await asyncio.gather(*tasks)


async def eventually(condition: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(parts.eventually, condition, what)


def unsent(dsn: str) -> int:
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM intake.outbox"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_facts_arrive_in_order_with_their_headers(
    dsn: str, journal: Journal, kafka: str, topic: str
) -> None:
    """Key, value, seq and trace of every fact are on the topic, in order, and the outbox is empty."""
    scopes = [f"s{n}" for n in range(5)]
    group = [submission(scopes[n % 5]) for n in range(200)]
    journal.append(group)
    async with running(new_relay(dsn, kafka, topic, round_size=37)), Reader(kafka, topic) as reader:
        await reader.until_facts(200)
        await eventually(lambda: unsent(dsn) == 0, "the outbox is empty")
    assert all(reader.seqs(scope) == list(range(1, 41)) for scope in scopes)
    first = dict(reader.facts[0].headers)
    assert first["traceparent"] == TRACE.encode()
    assert first["contacts"] == b'{"138 0000 0001":"+8613800000001"}'
    assert first["default-rulebook"] == b"base"
    assert reader.facts[0].value.startswith(b'{"actor":"reception"')


async def test_a_scope_stays_in_one_partition(dsn: str, journal: Journal, kafka: str, topic: str) -> None:
    """All facts of a scope are in the partition that Kafka's own partitioner would choose for its key."""
    journal.append([submission(f"s{n % 7}") for n in range(70)])
    async with running(new_relay(dsn, kafka, topic)), Reader(kafka, topic) as reader:
        await reader.until_facts(70)
    homes = {(fact.key, fact.partition) for fact in reader.facts}
    assert len(homes) == 7


async def test_watermarks_cover_what_was_sent_before_them(
    dsn: str, journal: Journal, kafka: str, topic: str
) -> None:
    """While facts keep coming, no fact that a watermark covers lies at or behind the offset that it holds from."""

    def write() -> None:
        for n in range(60):
            journal.append([submission(f"s{n % 4}") for _ in range(5)])

    async with running(new_relay(dsn, kafka, topic, watermark_interval=0.02)), Reader(kafka, topic) as reader:
        await asyncio.to_thread(write)
        await reader.until_facts(300)
        await reader.until_watermarks(12)
        await reader.until_whole()
    for told in reader.watermarks:
        partition = place_of(told.source)[1]
        behind = [f for f in reader.facts if f.partition == partition and f.offset >= told.offset]
        assert all(recorded_at(fact) > told.watermark for fact in behind)
    assert sum(reader.holds().values()) == len(reader.facts) == 300


def recorded_at(fact: Any) -> datetime:
    return parse_instant(fact.value.split(b'"recorded_at":"')[1].split(b'"')[0].decode())


async def test_an_idle_intake_tells_the_time_of_every_partition_and_adds_no_record_to_it(
    dsn: str, journal: Journal, kafka: str, topic: str
) -> None:
    """Without a fact the watermark follows the clock, just behind it; the topic of facts has facts alone."""
    clock = FixedClock()
    journal.append([submission("a") for _ in range(4)])
    async with running(new_relay(dsn, kafka, topic, clock)), Reader(kafka, topic) as reader:
        await reader.until_facts(4)
        await eventually(lambda: unsent(dsn) == 0, "the outbox is empty")
        clock.advance(timedelta(days=999))
        await reader.until_told(NOON + timedelta(days=999) - INSTANT)
        await reader.until_whole()
        assert sum(await reader.ends()) == 4
    assert set(reader.holds()) == {0, 1, 2}
    assert sorted(reader.holds().values()) == [0, 0, 4]


async def test_a_topic_of_watermarks_that_was_deleted_is_made_and_filled_again(
    dsn: str, journal: Journal, kafka: str, topic: str
) -> None:
    """Nothing is lost with it: what holds is told each second, and facts go on their way."""
    told = watermarks_of(topic)
    journal.append([submission("a")])
    async with running(new_relay(dsn, kafka, topic, topic_poll=0.1)):
        async with Reader(kafka, topic) as reader:
            await reader.until_watermarks(3)
        first = await look_at(kafka, told, 1, 20, LAST_OF_EACH_KEY)
        admin: Any = AIOKafkaAdminClient(bootstrap_servers=kafka)
        await admin.start()
        await admin.delete_topics([told])
        await admin.close()
        await asyncio.to_thread(journal.append, [submission("a")])
        async with Reader(kafka, topic) as reader:
            await reader.until_facts(2)
            await reader.until_watermarks(3)
        assert await look_at(kafka, told, 1, 20, LAST_OF_EACH_KEY) != first


async def test_a_journal_from_a_backup_records_nothing_at_a_time_that_was_promised(
    dsn: str, journal: Journal, kafka: str, topic: str
) -> None:
    """A watermark that is told outlives the journal that promised it: facts are recorded behind it."""
    ahead = FixedClock(NOON + timedelta(days=9999))
    async with running(new_relay(dsn, kafka, topic, ahead)), Reader(kafka, topic) as reader:
        await reader.until_watermarks(3)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE intake.watermark SET promised_at = %s", [NOON])
    async with running(new_relay(dsn, kafka, topic)):

        def promised() -> bool:
            with psycopg.connect(dsn) as connection:
                row = connection.execute("SELECT promised_at FROM intake.watermark").fetchone()
            return row is not None and bool(row[0] == ahead.now() - INSTANT)

        await eventually(promised, "the promise holds again")
        await asyncio.to_thread(journal.append, [submission("a")])
        async with Reader(kafka, topic) as reader:
            await reader.until_facts(1)
    assert recorded_at(reader.facts[0]) >= ahead.now()


async def test_a_topic_of_watermarks_that_would_keep_all_of_them_is_refused(kafka: str, topic: str) -> None:
    """It is to keep the last of each partition: the reason says what to set, and the words can be followed."""
    await ensure_topic(kafka, watermarks_of(topic), 1, 1, 20)
    with pytest.raises(
        WrongTopicError, match=r"cleanup\.policy=delete.*--add-config cleanup\.policy=compact"
    ):
        await ensure_topic(kafka, watermarks_of(topic), 1, 1, 20, LAST_OF_EACH_KEY)


class Unplacing(Sender):
    """A broker that had each batch already: it is acknowledged without its offset."""

    async def send(self, partition: int, records: Sequence[OutgoingRecord]) -> int:
        count = await super().send(partition, records)
        if records[0].headers:
            del self.acknowledged[partition]
            self.unplaced.add(partition)
        return count


async def test_a_batch_that_is_acknowledged_without_its_offset_is_covered_too(
    dsn: str, journal: Journal, kafka: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the partition ends is asked of the broker then: a watermark never holds from before what it covers."""
    monkeypatch.setattr("shared.platform.kafka.outbox_relay.Sender", Unplacing)
    async with running(new_relay(dsn, kafka, topic)), Reader(kafka, topic) as reader:
        await reader.until_watermarks(3)
        await asyncio.to_thread(journal.append, [submission("a") for _ in range(4)])
        await reader.until_facts(4)
        await reader.until_whole()
    for told in reader.watermarks:
        partition = place_of(told.source)[1]
        behind = [f for f in reader.facts if f.partition == partition and f.offset >= told.offset]
        assert all(recorded_at(fact) > told.watermark for fact in behind)
    assert set(reader.holds().values()) == {0, 4}


async def test_of_two_relays_one_sends(dsn: str, journal: Journal, kafka: str, topic: str) -> None:
    """Each fact is sent once while both run; when the first ends, the second goes on."""
    first, second = new_relay(dsn, kafka, topic), new_relay(dsn, kafka, topic)
    async with Reader(kafka, topic) as reader, running(second):
        async with running(first):
            await asyncio.to_thread(journal.append, [submission("a") for _ in range(50)])
            await reader.until_facts(50)
        await asyncio.to_thread(journal.append, [submission("a") for _ in range(50)])
        await reader.until_facts(100)
    assert [reader.place(fact)[1] for fact in reader.facts] == list(range(1, 101))


async def met(dsn: str, kafka: str, topic: str) -> None:
    """Let a relay meet the topic before there is a fact: what stands in the outbox then is sent for the first time."""

    def known() -> bool:
        with psycopg.connect(dsn) as connection:
            return connection.execute("SELECT FROM intake.kept_topics").fetchone() is not None

    async with running(new_relay(dsn, kafka, topic)):
        await eventually(known, "the topic is known")


class DiesBeforeDeleting(FactOutbox):
    """An outbox whose process ends between the acknowledgement and the delete."""

    def delete(self, rows: Sequence[int], *rest: object) -> None:
        raise KeyboardInterrupt


async def test_killed_between_send_and_delete_it_loses_and_repeats_nothing(
    dsn: str, journal: Journal, kafka: str, topic: str
) -> None:
    """The next process finds on the topic what was sent and not deleted, and goes on behind it."""
    await met(dsn, kafka, topic)
    journal.append([submission("a") for _ in range(20)])
    outbox = new_outbox(dsn, kind=DiesBeforeDeleting)
    with pytest.raises(KeyboardInterrupt):
        await _raise_from(new_relay(dsn, kafka, topic, outbox=outbox))
    assert unsent(dsn) == 20
    journal.append([submission("a") for _ in range(5)])
    async with running(new_relay(dsn, kafka, topic)), Reader(kafka, topic) as reader:
        await reader.until_facts(25)
        await eventually(lambda: unsent(dsn) == 0, "the outbox is empty")
    assert [reader.place(fact)[1] for fact in reader.facts] == list(range(1, 26))


async def _raise_from(relay: IntakeRelay) -> None:
    """A task that ends by KeyboardInterrupt would end the event loop too, so it is awaited in place."""
    await relay.run()


async def test_sent_again_facts_repeat_in_order(dsn: str, journal: Journal, kafka: str, topic: str) -> None:
    """After `panke relay --from 3` the facts from 3 on come once more, in order."""
    journal.append([submission("a") for _ in range(5)])

    def again() -> int:
        with psycopg.connect(dsn) as connection:
            return send_again(connection, "a", 3)

    async with running(new_relay(dsn, kafka, topic)), Reader(kafka, topic) as reader:
        await reader.until_facts(5)
        await eventually(lambda: unsent(dsn) == 0, "the outbox is empty")
        assert await asyncio.to_thread(again) == 3
        await eventually(lambda: unsent(dsn) == 0, "the outbox is empty")
        await reader.until_records(8)
    assert [reader.place(fact)[1] for fact in reader.facts] == [1, 2, 3, 4, 5, 3, 4, 5]


class FailsAfterThree(Sender):
    """A broker that takes three facts, one at a time, and none after them."""

    taken: ClassVar[list[OutgoingRecord]] = []

    async def send(self, partition: int, records: Sequence[OutgoingRecord]) -> int:
        if records[0].value is not None:
            if len(self.taken) == 3:
                raise TimeoutError
            self.taken.append(records[0])
        return await super().send(partition, records[:1])


async def test_a_range_that_was_cut_off_is_sent_on_from_there(
    dsn: str, journal: Journal, kafka: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays in the outbox until its last fact is acknowledged; what the topic has already is not sent twice."""
    await met(dsn, kafka, topic)
    journal.append([submission("a") for _ in range(5)])
    relay = new_relay(dsn, kafka, topic)
    with monkeypatch.context() as patch:
        patch.setattr("shared.platform.kafka.outbox_relay.Sender", FailsAfterThree)
        async with running(relay), Reader(kafka, topic) as reader:
            await reader.until_facts(3)
            await eventually(lambda: relay.progress.problem == "TimeoutError", "the broker is away")
            assert unsent(dsn) >= 2
            patch.undo()
            await reader.until_facts(5)
            await eventually(lambda: unsent(dsn) == 0, "the outbox is empty")
    assert [reader.place(fact)[1] for fact in reader.facts] == [1, 2, 3, 4, 5]


async def test_the_topic_keeps_everything_and_its_partitions_are_checked(kafka: str, topic: str) -> None:
    """Made once with the set number of partitions; another number, or a topic that forgets, is refused."""
    await ensure_topic(kafka, topic, 3, 1, 20)
    await ensure_topic(kafka, topic, 3, 1, 20)
    with pytest.raises(WrongTopicError, match="3 partitions and 4"):
        await ensure_topic(kafka, topic, 4, 1, 20)
    admin: Any = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    for name in ("retention.ms", "retention.bytes"):
        short, forgets = f"{topic}.{name}", {"retention.ms": "-1", name: "1000"}
        await admin.create_topics([NewTopic(short, 3, 1, topic_configs=forgets)])
        with pytest.raises(WrongTopicError, match=f"has {name}=1000"):
            await ensure_topic(kafka, short, 3, 1, 20)
    await admin.close()


async def test_a_wrong_topic_blocks_the_relay_and_not_the_process(
    dsn: str, journal: Journal, kafka: str, topic: str
) -> None:
    """Nothing is sent, the reason is told, and the relay is not stuck: a new process would not help."""
    await ensure_topic(kafka, topic, 5, 1, 20)
    journal.append([submission("a")])
    relay = new_relay(dsn, kafka, topic)
    async with running(relay):
        await eventually(lambda: "5 partitions" in (relay.progress.problem or ""), "the reason is told")
    assert unsent(dsn) == 1
    assert relay.progress.stuck_for() == 0.0


async def test_a_broker_that_was_killed_gets_everything_in_order(dsn: str, own_kafka: EmbeddedKafka) -> None:
    """Facts journalled before, during and after the broker is away arrive, each scope in the order of seq."""
    topic, journal = "panke.intake.v1", new_journal(dsn)
    address, scopes = own_kafka.address, ["a", "b", "c"]

    def append(count: int) -> None:
        for n in range(count):
            journal.append([submission(scopes[(n + k) % 3]) for k in range(3)])

    async with running(new_relay(dsn, address, topic)):
        await asyncio.to_thread(append, 20)
        await eventually(lambda: unsent(dsn) == 0, "the first facts are sent")
        await asyncio.to_thread(own_kafka.kill)
        await asyncio.to_thread(append, 20)
        assert unsent(dsn) == 60
        await asyncio.to_thread(own_kafka.start)
        await asyncio.to_thread(append, 20)
        async with Reader(address, topic) as reader:
            await reader.until_facts(180)
    journal.close()
    assert all(reader.seqs(scope) == list(range(1, 61)) for scope in scopes)
