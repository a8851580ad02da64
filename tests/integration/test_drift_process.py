"""Audits over HTTP: asked for, made in a process apart with the topics, told by readiness, marked as seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from services.attribution.main import create_service
from services.attribution.settings import AttributionSettings
from shared.access.caller import GrantedRole
from shared.contract.topics import Topics
from shared.platform.kafka.sender import OutgoingRecord, Sender, ensure_topic
from tests.support.answering import answering
from tests.support.attribution import Journal
from tests.support.tokens import admission

pytestmark = pytest.mark.anyio

DEADLINE = 180.0
PARTITIONS = 3
AUDITOR = admission().bearer(GrantedRole("group_auditor", ("*",)))
ELSEWHERE = admission().bearer(GrantedRole("group_auditor", ("west",)))


class Served:
    """The service, and the broker and the database behind it."""

    def __init__(self, client: httpx.AsyncClient, settings: AttributionSettings) -> None:
        self.client, self.settings = client, settings
        self.topics = Topics(settings.topic_prefix)

    async def audit(self, **order: Any) -> dict[str, Any]:
        """Ask for an audit, and wait for its end."""
        asked = await self.client.post("/v1/audits", json=order, auth=AUDITOR)
        assert asked.status_code == 200, asked.text
        async with asyncio.timeout(DEADLINE):
            while True:
                found = await self.client.get(f"/v1/audits/{asked.json()['audit']}", auth=AUDITOR)
                if found.json()["state"] in ("ended", "failed"):
                    told: dict[str, Any] = found.json()
                    return told
                await asyncio.sleep(0.2)

    async def differences(self, state: str = "open", auth: httpx.Auth = AUDITOR) -> list[dict[str, Any]]:
        page = await self.client.get("/v1/differences", params={"state": state}, auth=auth)
        found: list[dict[str, Any]] = page.json()["differences"]
        return found

    async def readiness(self) -> dict[str, Any]:
        answer = await self.client.get("/readyz")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def damage(self, statement: str) -> None:
        with psycopg.connect(self.settings.database_url) as connection:
            connection.execute("SET search_path TO attribution")
            assert connection.execute(statement.encode()).rowcount > 0


@pytest.fixture
async def served(database: str, kafka: str, topic_prefix: str) -> AsyncIterator[Served]:
    settings = AttributionSettings(
        database_url=database, kafka=kafka, topic_prefix=topic_prefix, partitions=PARTITIONS, attribution_port=0,
        **admission().settings(),
    )  # fmt: skip
    async with answering(create_service(settings)) as client:
        yield Served(client, settings)


async def record(served: Served, *, scope: str = "demo") -> Journal:
    """Two customers of a scope, folded, and their messages sent."""
    journal = Journal()
    raws = [
        journal.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}, scope=scope),
        journal.visit("13800000001", "li", scope=scope),
        journal.visit("13800000002", "li", scope=scope),
    ]
    topic = served.topics.intake
    await ensure_topic(served.settings.kafka, topic, PARTITIONS, 1, 10)
    async with Sender(served.settings.kafka, topic, 10, "test") as sender:
        await sender.send(1, [OutgoingRecord(raw.key, raw.value, raw.headers) for raw in raws])
    answer = await served.client.get(f"/v1/scopes/{scope}/customers", params={"min_seq": 3}, auth=AUDITOR)
    async with asyncio.timeout(DEADLINE):
        while answer.status_code != 200:
            await asyncio.sleep(0.2)
            answer = await served.client.get(
                f"/v1/scopes/{scope}/customers", params={"min_seq": 3}, auth=AUDITOR
            )
        while (await asyncio.to_thread(waits, served)) > 0:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.1)
    return journal


def waits(served: Served) -> int:
    with psycopg.connect(served.settings.database_url) as connection:
        row = connection.execute("SELECT count(*) FROM attribution.outbox").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.timeout(600)
async def test_what_somebody_changed_is_told_until_it_is_seen_and_is_gone_when_it_is_put_right(
    served: Served,
) -> None:
    """Rows, messages and facts: a clean deployment differs in nothing; each damage is told with its place, by
    readiness too, which stays 200; whoever may audit another scope learns nothing of it."""
    await record(served)
    clean = await served.audit()
    assert (clean["state"], clean["scopes"], clean["facts"], clean["differences"]) == ("ended", 1, 3, 0)
    assert clean["unknown"] == []
    assert "drift" not in await served.readiness()

    served.damage("UPDATE claims SET owner = 'mo' WHERE born = 2")
    await sent_again_otherwise(served)
    found = await served.audit(scope="demo")
    told = await served.differences()
    assert found["differences"] == len(told) > 0
    places = {(one["comparison"], one["place"], one["field"]) for one in told}
    assert ("facts", "claims", "owner") in places
    assert ("messages", served.topics.ownership, "") in places
    assert ("journal", served.topics.intake, "") in places
    claim = next(one for one in told if one["place"] == "claims" and one["comparison"] == "facts")
    assert (claim["stored"], claim["given"], claim["state"]) == ("mo", "li", "open")
    assert "demo" in await said_by_readiness(served)
    assert await served.differences(auth=ELSEWHERE) == []
    assert (await served.client.post("/v1/audits", json={}, auth=ELSEWHERE)).status_code == 403

    for one in told:
        seen = await served.client.post(
            f"/v1/differences/{one['difference']}/seen", json={"note": "looked at"}, auth=AUDITOR
        )
        assert (seen.status_code, seen.json()["state"]) == (200, "seen")
    assert await served.differences() == []
    served.damage("UPDATE claims SET owner = 'li' WHERE born = 2")
    await served.audit(scope="demo")
    gone = {(one["place"], one["field"]) for one in await served.differences("gone")}
    assert ("claims", "owner") in gone


async def sent_again_otherwise(served: Served) -> None:
    """The last message with another owner, and a fact that attribution never folded as it stands."""
    with psycopg.connect(served.settings.database_url) as connection:
        row = connection.execute(
            "SELECT sent_seq, (SELECT number FROM attribution.edition) FROM attribution.scopes"
        )
        found = row.fetchone()
    assert found is not None
    last, edition = found
    headers = [("seq", b"%d" % last), ("edition", b"%d" % edition)]
    body = {"kind": "claim", "scope": "demo", "seq": last, "customer": "x", "owner": "mo", "status": "owned"}
    async with Sender(served.settings.kafka, served.topics.ownership, 10, "test") as sender:
        await sender.send(1, [OutgoingRecord(b"demo", json.dumps(body).encode(), headers)])
    served.damage("UPDATE facts SET body = body || ' ' WHERE seq = 2")


async def said_by_readiness(served: Served) -> str:
    async with asyncio.timeout(DEADLINE):
        while "drift" not in (told := await served.readiness()):  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0.2)
    return str(told["drift"])
