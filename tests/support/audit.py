"""The checker after a storm: acknowledgements, journal, topics and decisions must tell one and the same story."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contract.topics import Topics
from tests.support.load import Desk
from tests.support.panke import exported, judged, panke
from tests.support.system import System

Json = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """A record of a topic, as far as the checker looks."""

    partition: int
    offset: int
    scope: str
    seq: int
    value: bytes


async def read_topic(bootstrap: str, topic: str) -> list[Record]:
    """Every record of a scope in a topic, from the beginning to the end that it has now; no watermarks."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in sorted(await _numbers(consumer, topic))]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Record] = []
        while any([await consumer.position(p) < ends[p] for p in partitions]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [_record(record) for record in records if record.value is not None]
        return found
    finally:
        await consumer.stop()


async def _numbers(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    await consumer._client.force_metadata_update()
    numbers = consumer.partitions_for_topic(topic)
    if numbers is None:
        await consumer._client.add_topic(topic)
        numbers = consumer.partitions_for_topic(topic)
    assert numbers, f"no topic {topic}"
    return set(numbers)


def _record(record: Any) -> Record:
    headers = dict(record.headers)
    return Record(record.partition, record.offset, record.key.decode(), int(headers["seq"]), record.value)


@dataclass
class Audit:
    """What is wrong, in words; nothing when all agrees."""

    system: System
    desks: list[Desk]

    async def problems(self, as_of: str) -> list[str]:
        topics = Topics(self.system.topic_prefix)
        intake = _by_scope(await read_topic(self.system.kafka, topics.intake))
        ownership = _by_scope(await read_topic(self.system.kafka, topics.ownership))
        found = list(self._quarantine())
        for desk in self.desks:
            asked = (self.system.database_url, desk.scope, self.system.settings.get("PANKE_KEYS", ""))
            rulebook, lines = exported(*asked)
            _, kept = exported(*asked, "--sealed")
            told = json.loads(judged(lines, rulebook, as_of))
            for problem in (
                *acknowledged(desk, lines),
                *same_order("intake", intake[desk.scope], [line.rstrip(b"\n") for line in kept]),
                *without_gaps("ownership", ownership[desk.scope]),
                *published(told, ownership[desk.scope]),
                *self._folded(desk.scope, len(lines), told, as_of),
            ):
                found.append(f"{desk.scope}: {problem}")
        return found

    def _quarantine(self) -> Iterator[str]:
        done = panke("quarantine", "list", "--database-url", self.system.database_url)
        if done.returncode or done.stdout:
            yield f"quarantine: {done.stdout.decode()}{done.stderr.decode()}"

    def _folded(self, scope: str, seq: int, told: Json, as_of: str) -> Iterator[str]:
        """The stored rows, and the judgement folded anew from the stored facts, are what judge says."""
        live = json.loads(self.system.judgement(scope, as_of=as_of, min_seq=seq))
        if live != told:
            yield "the judgement over HTTP is not that of judge"
        for name in ("customers", "deals", "disputes", "flags", "penalties"):
            pages = self.system.pages(f"/v1/scopes/{scope}/{name}", name, min_seq=seq)
            rows = list(_judged(pages, told[name]))
            if rows != told[name]:
                counts = f"{len(rows)} stored rows are not the {len(told[name])} of judge"
                yield f"{name}: {counts}: {_first(rows, told[name])}"


def _judged(rows: Iterable[Json], told: list[Json]) -> Iterator[Json]:
    """The rows without what lists say besides, such as the unit of a deal."""
    keys = {key for item in told for key in item}
    for row in rows:
        yield {key: value for key, value in row.items() if key in keys}


def acknowledged(desk: Desk, lines: Iterable[bytes]) -> Iterator[str]:
    """Everything that was answered is in the journal, once, at its place; nothing that was not sent is."""
    journal = [json.loads(line) for line in lines]
    places = {event["id"]: place for place, event in enumerate(journal, 1)}
    if len(places) != len(journal):
        yield "an event is twice in the journal"
    yield from (f"{id_} is in the journal but was never sent" for id_ in places.keys() - desk.sent.keys())
    yield from (f"{id_} was never answered" for id_ in desk.sent.keys() - desk.acknowledged.keys())
    for id_, answer in desk.acknowledged.items():
        place = places.get(id_)
        if place is None:
            yield f"{id_} was answered and is not in the journal"
        elif (answer.seq, answer.recorded_at) != (place, journal[place - 1]["recorded_at"]):
            yield f"{id_} was answered {answer} and stands at {place}"
    recorded = [event["recorded_at"] for event in journal]
    if recorded != sorted(recorded):
        yield "recorded_at goes back"


def without_gaps(topic: str, records: list[Record]) -> Iterator[str]:
    """One partition; each seq that is new follows the last one; a repetition repeats the bytes."""
    seen: dict[int, bytes] = {}
    if len({record.partition for record in records}) > 1:
        yield f"{topic}: a scope is in several partitions"
    for record in sorted(records, key=lambda record: record.offset):
        if record.seq in seen:
            if seen[record.seq] != record.value:
                yield f"{topic}: seq {record.seq} was repeated with other bytes"
        elif record.seq != len(seen) + 1:
            yield f"{topic}: seq {record.seq} came after {len(seen)}"
            return
        else:
            seen[record.seq] = record.value


def same_order(topic: str, records: list[Record], lines: list[bytes]) -> Iterator[str]:
    """The topic holds the journal's facts, in the journal's order."""
    yield from without_gaps(topic, records)
    values = {record.seq: record.value for record in records}
    if [values.get(seq) for seq in range(1, len(lines) + 1)] != lines or len(values) != len(lines):
        yield f"{topic}: {len(values)} facts are not the {len(lines)} of the journal"


def published(told: Json, records: list[Record]) -> Iterator[str]:
    """Every decision of judge was told once to whoever listens, and no other."""
    messages = [json.loads(value) for value in {record.seq: record.value for record in records}.values()]
    got = sum(message["kind"] == "decision" and "decision" in message for message in messages)
    wanted = sum(len(customer["decisions"]) for customer in told["customers"])
    if got < wanted:
        yield f"{got} decisions were published, judge makes {wanted}"


def _by_scope(records: Iterable[Record]) -> Mapping[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.scope].append(record)
    return found


def _first(rows: list[Json], told: list[Json]) -> str:
    """The first difference, down to the field or the item in which it lies."""
    for place, (row, wanted) in enumerate(zip(rows, told, strict=False)):
        if row != wanted:
            return f"[{place}]" + _difference(row, wanted)
    return "the shorter one is the beginning of the longer"


def _difference(row: Json, wanted: Json) -> str:
    for key in sorted(row.keys() | wanted.keys()):
        one, other = row.get(key), wanted.get(key)
        if one == other:
            continue
        if isinstance(one, list) and isinstance(other, list) and one and isinstance(one[0], dict):
            return f".{key}{_first(one, other)} (the same items: {_same_items(one, other)})"
        return f".{key} {one!r} is not {other!r}"
    return ""


def _same_items(one: list[Json], other: list[Json]) -> bool:
    return sorted(map(json.dumps, one)) == sorted(map(json.dumps, other))
