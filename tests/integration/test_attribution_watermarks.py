"""Lapses are decided as far as a watermark holds: never before everything that it covers was folded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from msgspec.structs import replace

from services.attribution.fold.application import BatchOutcome, FoldApplication
from services.attribution.settings import AttributionSettings
from services.attribution.store.recorder import StalePositionError
from services.attribution.store.store import Store
from shared.contract import format_instant
from shared.contract.topics import decode_headers, decode_message, decode_watermark
from shared.platform.kafka.sender import Sender, ensure_topic, look_at, watermark_record
from shared.platform.kafka.topic_state import LAST_OF_EACH_KEY
from shared.platform.kafka.watermarks import Mark, Watermarks
from tests.integration.test_attribution_service import (
    PARTITIONS,
    Line,
    eventually,
    folded,
    running,
    settings,
)
from tests.support.attribution import SOURCE, START, Deployment, Journal, deployment

pytestmark = pytest.mark.anyio
__all__ = ["settings"]

LI, WANG = "13800000001", "13800000002"
MIDNIGHT = 111
"""Hours behind the start by which a claim of four days has lapsed."""


@pytest.fixture
def live(database: str) -> Iterator[Deployment]:
    with deployment(database) as found:
        yield found


class Told:
    """An attribution over a deployment, and the watermarks that it was told."""

    def __init__(self, live: Deployment) -> None:
        self.live = live
        self.watermarks = Watermarks()
        self.attribution = FoldApplication(
            Store(live.database), live.recorder, live.rules, "base", watermarks=self.watermarks
        )

    def tell(self, hours: float, offset: int, source: str = SOURCE.name) -> None:
        self.watermarks.hear(source, Mark(at(hours), offset))

    def sweep(self, position: int) -> BatchOutcome:
        return self.attribution.fold_batch(SOURCE, position, [])


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def decided(live: Deployment) -> list[str]:
    return [told["decision"] for told in live.messages() if told["kind"] == "decision"]


def test_a_watermark_ahead_of_the_position_decides_no_lapse(live: Deployment) -> None:
    """The follow-up that it covers is still to be folded: the claim is renewed and does not lapse."""
    told, journal = Told(live), Journal()
    party = {"name": "张伟", "phones": [LI]}
    words = {"method": "phone", "subject": "回访", "content": "客户计划周末再来看样板间。"}
    log = [
        journal.visit(LI, "li"),
        journal.event("followup.recorded", {"customer": party, "by": "li", **words}, hours=80),
        journal.visit(WANG, "wang", hours=81),
    ]
    told.tell(MIDNIGHT, 3)
    for offset, record in enumerate(log):
        assert not told.attribution.unswept(SOURCE, offset)
        outcome = told.attribution.fold_batch(SOURCE, offset, [record])
        assert (outcome.watermark is not None) == (offset == 2)
    assert decided(live) == ["established", "renewed", "established"]
    assert live.rows("SELECT watermark FROM watermarks") == [{"watermark": at(MIDNIGHT)}]


def test_without_a_record_the_lapse_is_decided_and_nothing_moves(live: Deployment) -> None:
    """An idle partition: the claim lapses by the watermark alone, once, and the position stays where it is."""
    told, journal = Told(live), Journal()
    told.attribution.fold_batch(SOURCE, 0, [journal.visit(LI, "li")])
    for hours in (110, MIDNIGHT, MIDNIGHT, 200):
        told.tell(hours, 1)
        assert told.sweep(1).next_offset == 1
    assert decided(live) == ["established", "lapsed"]
    assert told.attribution.positions([SOURCE]) == {SOURCE.name: 1}


def test_a_new_process_goes_by_the_last_watermark_that_the_topic_has(live: Deployment) -> None:
    """What was folded before the restart is below the offset, so the lapse is decided at once."""
    journal = Journal()
    Told(live).attribution.fold_batch(SOURCE, 0, [journal.visit(LI, "li")])
    told = Told(live)
    told.tell(MIDNIGHT, 1)
    assert told.attribution.unswept(SOURCE, 1)
    told.sweep(1)
    assert decided(live) == ["established", "lapsed"]


def test_a_consumer_that_lost_its_partition_decides_no_lapse(live: Deployment) -> None:
    """The sweep is fenced by the position like every batch."""
    stale, other, journal = Told(live), Told(live), Journal()
    stale.attribution.fold_batch(SOURCE, 0, [journal.visit(LI, "li")])
    other.attribution.fold_batch(SOURCE, 1, [journal.visit(WANG, "wang", hours=1)])
    stale.tell(MIDNIGHT, 1)
    with pytest.raises(StalePositionError):
        stale.sweep(1)
    assert "lapsed" not in decided(live)


def test_a_watermark_whose_batch_failed_decides_nothing_before_the_batch_is_folded(live: Deployment) -> None:
    """One of before there was a topic for them, behind a fact: what lies below it comes again first."""
    told, journal = Told(live), Journal()
    told.attribution.fold_batch(SOURCE, 0, [journal.visit(LI, "li")])
    party = {"name": "张伟", "phones": [LI]}
    words = {"method": "phone", "subject": "回访", "content": "客户计划周末再来看样板间。"}
    renewal = journal.event("followup.recorded", {"customer": party, "by": "li", **words}, hours=80)
    batch = [renewal, journal.watermark(hours=MIDNIGHT)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live.recorder, "commit_batch", _away)
        with pytest.raises(OSError, match="away"):
            told.attribution.fold_batch(SOURCE, 1, batch)
    assert not told.attribution.unswept(SOURCE, 1)
    told.sweep(1)
    told.attribution.fold_batch(SOURCE, 1, batch)
    assert decided(live) == ["established", "renewed"]


def _away(*_: object, **__: object) -> None:
    raise OSError("away")


def test_a_watermark_of_another_log_decides_nothing(live: Deployment) -> None:
    """Offsets of a topic that was made anew have nothing to do with those of the one before."""
    told, journal = Told(live), Journal()
    told.attribution.fold_batch(SOURCE, 0, [journal.visit(LI, "li")])
    told.tell(MIDNIGHT, 0, "cluster/topic@other:0")
    assert not told.attribution.unswept(SOURCE, 1)


def test_messages_say_up_to_when_all_was_known(live: Deployment) -> None:
    """Just before the fact, or before the lapse, however late that is decided."""
    told, journal = Told(live), Journal()
    told.attribution.fold_batch(SOURCE, 0, [journal.visit(LI, "li", hours=1)])
    told.tell(1000, 1)
    told.sweep(1)
    known = [row["known_at"] for row in live.rows("SELECT known_at FROM outbox ORDER BY id")]
    moment = timedelta(microseconds=1)
    assert known == [at(1) - moment, at(1) - moment, at(MIDNIGHT) - moment, at(MIDNIGHT) - moment]
    told.attribution.fold_batch(SOURCE, 1, [journal.visit(WANG, "wang", hours=999)])
    late = live.rows("SELECT known_at FROM outbox ORDER BY id DESC LIMIT 1")
    assert late == [{"known_at": at(1000)}]


class Teller:
    """What stands for intake: tells how far its topic is whole."""

    def __init__(self, settings: AttributionSettings, line: Line) -> None:
        self._kafka = settings.kafka
        self._topics = line.topics

    async def tell(self, hours: float, ends: dict[int, int] | None = None) -> None:
        """Of each partition, up to its end or up to the offset that is given."""
        state = await look_at(self._kafka, self._topics.intake, PARTITIONS, 10)
        assert state is not None
        told = self._topics.intake_watermark
        await ensure_topic(self._kafka, told, 1, 1, 10, LAST_OF_EACH_KEY)
        async with Sender(self._kafka, told, 10, "test") as sender:
            records = [
                watermark_record(state.source(n), (ends or {}).get(n, 0), at(hours))
                for n in range(PARTITIONS)
            ]
            await sender.send_all(0, records)

    async def delete(self) -> None:
        admin: Any = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        try:
            await admin.delete_topics([self._topics.intake_watermark])
        finally:
            await admin.close()


async def test_a_watermark_on_its_topic_lets_claims_lapse_and_is_passed_on(
    settings: AttributionSettings,
) -> None:
    """Behind what was decided by it, with the offset behind that; neither topic that keeps everything has it."""
    line, journal = Line(settings), Journal()
    teller = Teller(settings, line)
    await line.send([journal.visit(LI, "li")])
    async with running(replace(settings, topic_poll=0.5)) as (service, client):
        await folded(client, "demo", 1)
        await teller.tell(MIDNIGHT, dict.fromkeys(range(PARTITIONS), 1))
        await eventually(lambda: _lapsed(client, 1))
        told = await _passed_on(line, lambda found: any(one.watermark == at(MIDNIGHT) for one in found))
        sent = await line.read(line.topics.ownership, lambda found: len(found) >= 4)
        # Only the partition of the visit has a record, so only there the watermark holds.
        home = {record.partition for record in sent}
        assert service.consumer is not None
        state = await look_at(settings.kafka, line.topics.ownership, PARTITIONS, 10)
        assert state is not None
        assert {(one.source, one.offset) for one in told} == {(state.source(n), 4) for n in home}
        known = [decode_headers(record.headers).known_at for record in sent]
        assert known == sorted(known)  # type: ignore[type-var]
        lapse = decode_message(sent[2].value)
        assert format_instant(known[2]) < format_instant(lapse.at)  # type: ignore[arg-type, union-attr]

        await teller.delete()
        await line.send([journal.visit(WANG, "wang", hours=MIDNIGHT)])
        await folded(client, "demo", 2)
        await teller.tell(3 * MIDNIGHT, dict.fromkeys(range(PARTITIONS), 2))
        await eventually(lambda: _lapsed(client, 2))


async def test_of_two_members_each_goes_by_the_watermarks_of_its_partitions(
    settings: AttributionSettings,
) -> None:
    """Claims lapse once, whoever has the partition; when one leaves, the other goes on with what was told before."""
    line, journal = Line(settings), Journal()
    teller = Teller(settings, line)
    scopes = [f"s{number}" for number in range(12)]
    await line.send([journal.visit(LI, "li", scope=scope) for scope in scopes])
    ends = dict.fromkeys(range(PARTITIONS), 0)
    async with running(settings) as (_, client):
        async with running(settings) as (_, other):
            for scope in scopes:
                await folded(other, scope, 1)
            for record in await line.read(line.topics.intake, lambda found: len(found) >= 12):
                ends[record.partition] += 1
            await teller.tell(MIDNIGHT, ends)
            for scope in scopes:
                await eventually(lambda scope=scope: _lapsed(other, 1, scope))  # type: ignore[misc]
        await line.send([journal.visit(WANG, "wang", scope=s, hours=MIDNIGHT) for s in scopes])
        await teller.tell(3 * MIDNIGHT, {n: 2 * end for n, end in ends.items()})
        for scope in scopes:
            await eventually(lambda scope=scope: _lapsed(client, 2, scope))  # type: ignore[misc]
        sent = await line.read(line.topics.ownership, lambda found: len(found) >= 12 * 8)
    told = [decode_message(record.value) for record in sent]
    lapses = [(one.scope, one.customer) for one in told if getattr(one, "decision", None) == "lapsed"]
    assert len(lapses) == len(set(lapses)) == 24


async def _lapsed(client: Any, count: int, scope: str = "demo") -> bool:
    found = await client.get(f"/v1/scopes/{scope}/customers", params={"status": "lapsed"})
    return found.status_code == 200 and len(found.json()["customers"]) == count


async def _passed_on(line: Line, enough: Any) -> list[Any]:
    """What the topic of the ownership's watermarks has, once that is enough."""
    found = await asyncio.wait_for(
        line.read(line.topics.ownership_watermark, lambda records: enough(_told(records)), partitions=1), 90
    )
    return [one for one in _told(found) if one.watermark == at(MIDNIGHT)]


def _told(records: list[Any]) -> list[Any]:
    return [decode_watermark(record.value) for record in records]
