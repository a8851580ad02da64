"""One part comes back empty beside the others: nothing is lost, no alert goes out twice, live is judge."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.kafka import EmbeddedKafka
from shared.contract import format_instant
from shared.contract.topics import Topics
from tests.support.audit import read_topic
from tests.support.panke import panke
from tests.support.parts import embedded_kafka, eventually
from tests.support.receiver import Receiver, notified_by
from tests.support.system import PARTITIONS, PATIENCE, System, running

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=SHANGHAI).astimezone(UTC)
# Seen on 2 March, valid through 6 March: reminded of on the 5th, and on the 6th at 9:00, 16:00 and 17:00.
EVE = datetime(2026, 3, 5, 9, 0, 1, tzinfo=SHANGHAI).astimezone(UTC)
LAST_DAY = datetime(2026, 3, 6, 9, 0, 1, tzinfo=SHANGHAI).astimezone(UTC)
STAYS, RENEWED = "13800138001", "13800138002"
FIRST_MORNING, LAST_MORNING = 2, 2


@pytest.fixture(scope="module")
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A broker for this module, to be taken away; each test has topics of its own on it."""
    with embedded_kafka() as broker:
        yield broker


@pytest.fixture
def system(directory: Path, database: str, own_kafka: EmbeddedKafka, receiver: Receiver) -> Iterator[System]:
    settings = {
        **notified_by(receiver),
        # A part is away for as long as this machine needs; how the wait ends is another test's.
        "PANKE_NOTIFIER_WATERMARK_PATIENCE": "600",
        "PANKE_DEFAULT_RULEBOOK": "shijiazhuang",
        "PANKE_TOPIC_POLL": "1",
    }
    with running(directory, database, own_kafka.address, BEGIN, settings=settings) as found:
        yield found


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_topics_that_are_deleted_while_all_runs_are_made_and_filled_again(
    system: System, receiver: Receiver
) -> None:
    """Both topics gone: intake fills its own from the journal, attribution tells its own how everything stands."""
    reminded(system, receiver)
    asyncio.run(delete_topics(system))
    goes_on(system, receiver)


@pytest.mark.timeout(900)
def test_topics_that_are_emptied_while_all_runs_are_filled_again(system: System, receiver: Receiver) -> None:
    """Every record deleted under the same ids: what is built anew from the topics afterwards lacks nothing."""
    reminded(system, receiver)
    asyncio.run(empty_topics(system))
    topics = Topics(system.topic_prefix)
    for topic in (topics.intake, topics.ownership):
        eventually(partial(holds_records, system, topic), f"{topic} is filled again", PATIENCE)
    lose(system, "attribution")
    goes_on(system, receiver)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_kafka_that_came_back_empty_is_filled_again(
    system: System, receiver: Receiver, own_kafka: EmbeddedKafka
) -> None:
    """A new cluster at the old address: positions of the old one count for nothing, and nobody goes without."""
    reminded(system, receiver)
    for service in system.services.values():
        service.stop()
    own_kafka.kill()
    shutil.rmtree(own_kafka.directory / "data")
    own_kafka.start()
    system.start()
    goes_on(system, receiver)


@pytest.mark.soak  # as are those whose topics were emptied before
@pytest.mark.timeout(900)
def test_attribution_that_lost_its_rows_is_built_anew_from_the_topic(
    system: System, receiver: Receiver
) -> None:
    """It numbers its messages anew, in a later edition, and the notifier takes them for what they are."""
    reminded(system, receiver)
    lose(system, "attribution")
    goes_on(system, receiver)


@pytest.mark.timeout(900)
def test_a_notifier_that_lost_its_rows_sends_nothing_twice_and_goes_on_with_the_next_reminder(
    system: System, receiver: Receiver
) -> None:
    """A reminder whose hour was over before it began anew may have been sent: the next one stands for it."""
    reminded(system, receiver)
    lose(system, "notifier")
    goes_on(system, receiver)
    listed = {
        state: system.http.get(f"{system.address('notifier')}/v1/alerts", params={"state": state}).json()
        for state in ("dead", "superseded")
    }
    assert listed["dead"]["alerts"] == []
    due = {one["due_at"] for one in listed["superseded"]["alerts"]}
    assert format_instant(EVE - timedelta(seconds=1)) in due


@pytest.mark.timeout(900)
def test_attribution_and_notifier_that_are_restored_from_a_backup_lose_and_repeat_nothing(
    system: System, receiver: Receiver, directory: Path
) -> None:
    """Of a moment before the first reminder: it is not sent again but listed, and everything later is told as due."""
    file = directory / "panke.backup"
    claimed(system)
    given = ("--database-url", system.database_url)
    made = panke("backup", str(file), *given)
    assert made.returncode == 0, made.stderr.decode()
    assert file.stat().st_mode & 0o077 == 0
    told_once(system, receiver)
    parts = ("--only", "attribution", "--only", "notifier")
    for name in ("attribution", "notifier"):
        system.services[name].stop()
    refused = panke("restore", str(file), *parts, *given)
    assert (refused.returncode, b"--replace" in refused.stderr) == (1, True)
    clock = ("--clock", f"file:{system.clock.path}")
    restored = panke("restore", str(file), *parts, "--replace", *clock, *given)
    assert restored.returncode == 0, restored.stderr.decode()
    assert b"panke database prepare" in restored.stdout
    system.prepare()
    for name in ("attribution", "notifier"):
        system.services[name].launch()
    for name in ("attribution", "notifier"):
        system.services[name].wait_ready(PATIENCE)
    goes_on(system, receiver)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_scopes_are_sent_and_told_again_by_command(system: System, receiver: Receiver) -> None:
    """The journal or scopes of a list, and what stands of them: who has seen it decides and tells nothing anew."""
    reminded(system, receiver)
    given = ("--database-url", system.database_url)
    listed = panke("journal", "scopes", *given).stdout.decode()
    assert listed.split("\t")[:2] == ["demo", "3"]
    for command in (
        ("relay", "--all"),
        ("relay", "--scope", "demo"),
        ("restate", "--all"),
        ("restate", "--scope", "demo"),
    ):
        done = panke(*command, *given)
        assert done.returncode == 0, done.stderr.decode()
    for command in (
        ("relay",),
        ("restate",),
        ("relay", "--all", "--from", "2"),
        ("restate", "--scope", "nobody"),
    ):
        assert panke(*command, *given).returncode == 2
    goes_on(system, receiver)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_partitions_and_retention_that_somebody_changed_are_refused_until_they_are_right(
    system: System, receiver: Receiver
) -> None:
    """Readiness of all who read or write the topic says what is wrong and what to do; put right, all goes on."""
    reminded(system, receiver)
    topics = Topics(system.topic_prefix)
    asyncio.run(configure(system, topics.intake, "retention.ms", "60000"))
    for name in ("intake", "attribution"):
        eventually(
            lambda name=name: "retention.ms=60000" in unready(system, name), f"{name} refuses", PATIENCE
        )
    asyncio.run(configure(system, topics.intake, "retention.ms", "-1"))
    eventually(lambda: unready(system, "intake") + unready(system, "attribution") == "", "all well", PATIENCE)
    goes_on(system, receiver)
    for topic in (topics.intake, topics.ownership):
        asyncio.run(add_partitions(system, topic))
    for name in ("intake", "attribution", "notifier"):
        told = f"has {PARTITIONS + 1} partitions and {PARTITIONS} are set"
        eventually(lambda name=name, told=told: told in unready(system, name), f"{name} refuses", PATIENCE)


def reminded(system: System, receiver: Receiver) -> None:
    """Two claims of one consultant, of whose end he was told the first time."""
    claimed(system)
    told_once(system, receiver)


def claimed(system: System) -> None:
    """Two claims of one consultant, of which the notifier knows."""
    system.record(event("staff.enrolled", {"staff": "li", "name": "li", "role": "consultant"}, BEGIN))
    for visit, phone in (("v1", STAYS), ("v2", RENEWED)):
        system.record(event("visit.registered", visit_of(visit, phone), BEGIN))
    eventually(lambda: len(alerts(system)) == 8, "the notifier knows of both claims", PATIENCE)


def told_once(system: System, receiver: Receiver) -> None:
    """The first reminder of each is sent, and the answer stored."""
    system.clock.hold(EVE)
    eventually(lambda: len(receiver.taken) == FIRST_MORNING, "the first reminders", PATIENCE)
    eventually(lambda: sent(system) == FIRST_MORNING, "their answers are stored", PATIENCE)


def goes_on(system: System, receiver: Receiver) -> None:
    """What comes from here on is judged and told as if nothing had been lost; what was told is not repeated."""
    last = system.record(event("visit.registered", visit_of("v3", "13800138003"), EVE))
    as_of = format_instant(EVE)
    live = system.judgement("demo", as_of=as_of, min_seq=last)
    assert live == system.judged_offline("demo", as_of)
    eventually(lambda: unready(system, "notifier") == "", "the notifier is ready", PATIENCE)
    system.clock.hold(LAST_DAY)
    eventually(lambda: len(receiver.taken) == FIRST_MORNING + LAST_MORNING, "the next reminders", PATIENCE)
    eventually(lambda: system.behind() == 0.0, "all is heard", PATIENCE)
    by_customer = Counter(one["data"]["customer"] for one in receiver.taken)
    assert sorted(by_customer.values()) == [2, 2]


def lose(system: System, name: str) -> None:
    """The service comes back beside a schema that is gone."""
    system.services[name].stop()
    with psycopg.connect(system.database_url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {name} CASCADE".encode())
    system.prepare()
    system.services[name].launch()
    system.services[name].wait_ready(PATIENCE)


def unready(system: System, name: str) -> str:
    answer = system.http.get(f"{system.address(name)}/readyz")
    return "" if answer.status_code == 200 else answer.text


def alerts(system: System) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.http.get(f"{system.address('notifier')}/v1/alerts").json()["alerts"]
    return found


def sent(system: System) -> int:
    return sum(one["state"] == "sent" for one in alerts(system))


async def delete_topics(system: System) -> None:
    topics = Topics(system.topic_prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=system.kafka)
    await admin.start()
    try:
        await admin.delete_topics([topics.intake, topics.ownership])
    finally:
        await admin.close()


async def empty_topics(system: System) -> None:
    topics = Topics(system.topic_prefix)
    admin = AIOKafkaAdminClient(bootstrap_servers=system.kafka)
    await admin.start()
    try:
        for topic in (topics.intake, topics.ownership):
            places = (TopicPartition(topic, partition) for partition in range(PARTITIONS))
            await admin.delete_records({place: RecordsToDelete(before_offset=-1) for place in places})
    finally:
        await admin.close()


def holds_records(system: System, topic: str) -> bool:
    """Whether the topic has any record of a scope; watermarks are none."""
    return asyncio.run(read_topic(system.kafka, topic)) != []


async def configure(system: System, topic: str, name: str, value: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=system.kafka)
    await admin.start()
    try:
        given = {"retention.ms": "-1", "cleanup.policy": "delete", name: value}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=given)])
    finally:
        await admin.close()


async def add_partitions(system: System, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=system.kafka)
    await admin.start()
    try:
        await admin.create_partitions({topic: NewPartitions(PARTITIONS + 1)})
    finally:
        await admin.close()


def visit_of(visit: str, phone: str) -> dict[str, Any]:
    party = {"name": "演示客户", "phones": [phone]}
    return {"visit": visit, "customer": party, "received_by": "li", "capacity": "on_turn"}


def event(kind: str, data: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "type": kind,
        "scope": "demo",
        "office": "demo-office",
        "actor": "desk",
        "occurred_at": format_instant(at),
        "data": data,
    }
