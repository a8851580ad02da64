"""The log as a service: from the topic of facts to a checkpoint that verifies, over HTTP, in files and on a topic."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.audit.main import AuditService, create_service
from services.audit.settings import AuditSettings
from shared.access.caller import GrantedRole, StaffRole
from shared.contract.topics import Topics
from shared.platform.kafka.sender import OutgoingRecord, Sender, ensure_topic
from shared.tlog.checkpoints import SignedCheckpoint, open_checkpoint
from shared.tlog.hashing import leaf_hash
from shared.tlog.leaves import FactLeaf, decode_entry
from shared.tlog.notes import read_vkey
from shared.tlog.proofs import verify_consistency, verify_inclusion
from shared.tlog.tiles import Tile, decode_bundle
from tests.support.answering import answering
from tests.support.attribution import Journal, Raw
from tests.support.tokens import admission

pytestmark = pytest.mark.anyio

PARTITIONS = 3
DEADLINE = 180


@pytest.fixture
def settings(database: str, kafka: str, topic_prefix: str, tmp_path: Path) -> AuditSettings:
    return AuditSettings(
        database_url=database, kafka=kafka, topic_prefix=topic_prefix, partitions=PARTITIONS, audit_port=0,
        audit_keys=str(tmp_path / "keys" / "log.keys"), audit_files=str(tmp_path / "log"), audit_every=0.05,
        audit_origin="log.example/panke", **admission().settings(),
    )  # fmt: skip


@asynccontextmanager
async def running(settings: AuditSettings) -> AsyncIterator[tuple[AuditService, httpx.AsyncClient]]:
    service = create_service(settings)
    async with answering(service) as client:
        yield service, client


async def send(settings: AuditSettings, records: Sequence[Raw]) -> None:
    topic = Topics(settings.topic_prefix).intake
    await ensure_topic(settings.kafka, topic, PARTITIONS, 1, 10)
    async with Sender(settings.kafka, topic, 10, "test") as sender:
        for raw in records:
            record = OutgoingRecord(raw.key, raw.value, raw.headers)
            await sender.send(crc32(raw.key or b"") % PARTITIONS, [record])


async def shown(client: httpx.AsyncClient, size: int) -> SignedCheckpoint:
    """The checkpoint over HTTP, once it holds so many entries."""
    async with asyncio.timeout(DEADLINE):
        while True:
            answer = await client.get("/v1/log/checkpoint")
            assert answer.status_code in (200, 404, 503), answer.text
            if answer.status_code == 200 and int(answer.text.split("\n")[1]) >= size:
                keys = (await client.get("/v1/log/keys")).json()
                return open_checkpoint(answer.content, [read_vkey(keys["keys"][0])], keys["origin"])
            await asyncio.sleep(0.02)


def hashes(told: Sequence[str]) -> list[bytes]:
    return [b64decode(one) for one in told]


async def test_facts_on_the_topic_are_proved_to_an_outsider(settings: AuditSettings) -> None:
    """Two processes take them in side by side; checkpoint, proofs, tiles and the topic of checkpoints agree."""
    journal = Journal()
    records = [
        journal.event("shift.opened", {"order": ["li"]}, scope=f"s{n % 5}", hours=n / 100) for n in range(300)
    ]
    await send(settings, records[:200])
    async with running(settings) as (_, client), running(settings) as (_, other):
        earlier = (await shown(client, 200)).checkpoint
        await send(settings, records[200:])
        signed = await shown(other, 300)
        later = signed.checkpoint
        assert (earlier.size, later.size, later.origin) == (200, 300, "log.example/panke")
        grown = (await client.get("/v1/log/proof/consistency", params={"first": 200})).json()
        assert grown["checkpoint"].encode() == bytes(signed.note)
        verify_consistency(200, 300, hashes(grown["proof"]), earlier.root, later.root)
        told = (await client.get("/v1/log/proof/inclusion/s3/7")).json()
        verify_inclusion(told["index"], 300, b64decode(told["leaf"]), hashes(told["proof"]), later.root)
        tile = Tile(None, told["index"] // 256, min(256, 300 - told["index"] // 256 * 256))
        entries = decode_bundle(tile, (await client.get(f"/v1/log/{tile.path}")).content)
        entry = entries[told["index"] % 256]
        leaf = decode_entry(entry)
        assert (leaf_hash(entry), isinstance(leaf, FactLeaf)) == (b64decode(told["leaf"]), True)
        assert (leaf.scope, leaf.seq, leaf.body.raw) == ("s3", 7, _body(records, "s3", 7))  # type: ignore[union-attr]
        by_index = (await client.get("/v1/log/proof/inclusion", params={"index": 3, "size": 200})).json()
        verify_inclusion(3, 200, b64decode(by_index["leaf"]), hashes(by_index["proof"]), earlier.root)
        assert by_index["checkpoint"] is None
        await on_topic(settings, bytes(signed.note))
        await refusals(client)
    assert (Path(settings.audit_files) / "checkpoint").read_bytes() == bytes(signed.note)


def _body(records: Sequence[Raw], scope: str, seq: int) -> bytes | None:
    return next(
        one.value for one in records if one.key == scope.encode() and dict(one.headers)["seq"] == b"%d" % seq
    )


async def on_topic(settings: AuditSettings, note: bytes) -> None:
    """Until the topic of the log has this checkpoint."""
    consumer: Any = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        partition = TopicPartition(Topics(settings.topic_prefix).log, 0)
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        async with asyncio.timeout(DEADLINE):
            while note != (await consumer.getone()).value:
                pass
    finally:
        await consumer.stop()


async def refusals(client: httpx.AsyncClient) -> None:
    """What is not there is said so, field by field; who may not see entries sees hashes alone."""
    for path, status, word in [
        ("/v1/log/proof/inclusion/s3/1000", 404, "fact"), ("/v1/log/proof/inclusion/s9/1", 404, "fact"),
        ("/v1/log/proof/inclusion?index=300", 422, "query.index"),
        ("/v1/log/proof/inclusion?index=1&size=301", 422, "query.size"),
        ("/v1/log/proof/consistency?first=7&second=6", 422, "query.first"),
        ("/v1/log/proof/consistency?first=7&second=301", 422, "query.second"),
        ("/v1/log/tile/0/5", 404, "path"), ("/v1/log/tile/0/999", 404, "file"),
        (f"/v1/log/body/{'0' * 64}", 404, "file"),
    ]:  # fmt: skip
        answer = await client.get(path)
        assert (answer.status_code, word in answer.text) == (status, True), (path, answer.text)
    consultant = admission().bearer(StaffRole("s1", "s1-office", "consultant", "li"))
    auditor = admission().bearer(StaffRole("s1", "s1-office", "auditor", "shen"))
    everything = admission().bearer(GrantedRole("group_auditor", ("*",)))
    for auth, path, status in [
        (consultant, "/v1/log/checkpoint", 200), (consultant, "/v1/log/tile/0/000", 200),
        (consultant, "/v1/log/proof/inclusion/s1/1", 403), (auditor, "/v1/log/proof/inclusion/s1/1", 200),
        (auditor, "/v1/log/proof/inclusion/s2/1", 404), (auditor, "/v1/log/tile/entries/000", 403),
        (everything, "/v1/log/tile/entries/000", 200),
    ]:  # fmt: skip
        answer = await client.get(path, auth=auth)
        assert answer.status_code == status, (path, answer.text)


async def test_a_scope_that_waits_and_one_that_forked_are_told(settings: AuditSettings) -> None:
    """In words where readiness is asked, and as figures; other scopes are shown meanwhile."""
    journal, another = Journal(), Journal()
    waits = [journal.event("shift.opened", {"order": ["li"]}, scope="waits") for _ in range(3)]
    forks = [journal.event("shift.opened", {"order": ["li"]}, scope="forks") for _ in range(1)]
    fork = another.event("shift.opened", {"order": ["wang"]}, scope="forks")
    await send(settings, [waits[0], waits[2], *forks, fork])
    async with running(settings) as (service, client):
        await shown(client, 2)

        async def told() -> bool:
            return "forks" in (await client.get("/readyz")).text

        await until(told)
        standing = service._standing()
        assert standing == (1, 1, "waits", "forks")
        await send(settings, [waits[1], waits[2]])
        assert (await shown(client, 4)).checkpoint.size == 4

        async def counted() -> bool:
            figures = (await client.get("/metrics")).text
            return "panke_audit_scopes_waiting 0.0" in figures and "panke_audit_scopes_forked 1.0" in figures

        await until(counted)


async def until(ask: Any) -> None:
    async with asyncio.timeout(DEADLINE):
        while not await ask():  # noqa: ASYNC110 - what is polled lies behind HTTP
            await asyncio.sleep(0.05)
