"""A journal that lost rows in its own tables: it is found at the next start, and taken back from the topic."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
import pytest

from services.intake.main import IntakeService
from services.intake.settings import IntakeSettings
from shared.platform.clock import SystemClock
from shared.platform.postgres.database import connection_info
from tests.integration.test_intake_comparison import (
    figured,
    lacks,
    record,
    recover,
    rows,
    serving,
    until_taken,
)
from tests.support import parts
from tests.support.answering import answering
from tests.support.intake import Reader, compared, new_journal, prepare, raw, submission, visit
from tests.support.tokens import admission

SCOPES = [f"s{n}" for n in range(6)]
"""Recorded behind `demo`, so that its facts are the last of no partition."""

NOBODY = "127.0.0.1:1"

TABLES = (
    "SELECT scope, seq, recorded_at, default_rulebook FROM intake.heads ORDER BY scope",
    "SELECT scope, seq, id, type, recorded_at, body, contacts, traceparent FROM intake.facts ORDER BY scope, seq",
    "SELECT id, scope, seq, recorded_at, digest FROM intake.event_ids ORDER BY id",
)

FACTS_CUT = "DELETE FROM intake.facts WHERE scope = 'demo' AND seq > 3"
IDS_CUT = "DELETE FROM intake.event_ids WHERE scope = 'demo' AND seq > 3"
HEAD_CUT = """
    UPDATE intake.heads SET seq = 3, recorded_at =
        (SELECT recorded_at FROM intake.facts WHERE facts.scope = heads.scope AND seq = 3) WHERE scope = 'demo'
"""

DAMAGE = {
    "a hole in the middle": (["DELETE FROM intake.facts WHERE scope = 'demo' AND seq IN (2, 4)"], "demo 2, 4", 2),
    "a hole with its ids": (
        [f"DELETE FROM intake.{table} WHERE scope = 'demo' AND seq IN (1, 3)" for table in ("facts", "event_ids")],
        "demo 1, 3",
        2,
    ),
    "the end, the head kept": ([FACTS_CUT], "demo 4–5", 2),
    "the end of heads, facts and ids": ([FACTS_CUT, IDS_CUT, HEAD_CUT], "demo 4–5", 2),
    "a scope": ([f"DELETE FROM intake.{table} WHERE scope = 'demo'" for table in ("heads", "facts", "event_ids")],
                "demo 1–5", 5),
    "the table of facts": (["DELETE FROM intake.facts"], "demo 1–5", 11),
    "the heads alone": ([HEAD_CUT], "demo", 0),
    "every head": (["DELETE FROM intake.heads"], "demo", 0),
    "the ids alone": ([IDS_CUT], "event_ids 2", 0),
}  # fmt: skip


def damage(database: str, *statements: str) -> None:
    """As somebody does who may do anything: the journal refuses it to its own service."""
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())


def contents(database: str) -> list[Any]:
    return [rows(database, query) for query in TABLES]


@pytest.mark.parametrize("kind", DAMAGE)
async def test_rows_lost_while_intake_is_down_are_told_at_its_start_and_come_back_as_they_were(
    kind: str, database: str, kafka: str, topic_prefix: str
) -> None:
    """Heads, facts and ids are what they were, whichever of them was lost and whatever is known to be acknowledged; no
    seq is given twice, and a repeated event gets its first answer."""
    statements, place, missing = DAMAGE[kind]
    events = [visit() for _ in range(5)]
    async with serving(database, kafka, topic_prefix) as client:
        assert await record(client, *events) == [1, 2, 3, 4, 5]
        await record(client, *map(visit, SCOPES))
    before = contents(database)
    damage(database, *statements)
    async with serving(database, kafka, topic_prefix) as client:
        refused = await client.post("/v1/events", content=raw(visit()))
        ready = await client.get("/readyz")
        assert (refused.status_code, ready.status_code) == (503, 503)
        assert place in refused.text and place in ready.text
        if missing:
            await figured(client, f"panke_intake_journal_lacks {missing}.0")
        done = await recover(database, kafka, topic_prefix, "--yes")
        assert done.exit_code == 0, done.output
        assert contents(database) == before
        await asyncio.to_thread(parts.eventually, lambda: not lacks(database), "compared again")
        repeated = await until_taken(client, events[4])
        assert (repeated.status_code, repeated.json()["seq"]) == (200, 5)
        assert await record(client, visit()) == [6]
    async with Reader(kafka, f"{topic_prefix}panke.intake.v1") as reader:
        await reader.until_facts(12)
    assert len({(reader.place(fact), fact.value) for fact in reader.facts}) == 12  # one fact under each seq


@asynccontextmanager
async def unattended(database: str, topic_prefix: str) -> AsyncIterator[httpx.AsyncClient]:
    """The service beside a broker that is away."""
    chosen = IntakeSettings(
        intake_journal_in_clear=True,
        database_url=database,
        kafka=NOBODY,
        topic_prefix=topic_prefix,
        **admission().settings(),
    )
    service = IntakeService(chosen, SystemClock())
    async with answering(service) as client:
        yield client


async def test_a_journal_that_lost_rows_takes_no_fact_while_its_topic_cannot_be_asked(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """What was compared before the rows went counts no more, though the server went on: else what was lost would be
    numbered anew before the broker is back."""
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, *(visit() for _ in range(5)))
    damage(database, FACTS_CUT, IDS_CUT, HEAD_CUT)
    async with unattended(database, topic_prefix) as client:
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, "compared" in refused.text) == (503, True)
    async with serving(database, kafka, topic_prefix) as client:
        assert "demo 4–5" in (await client.get("/readyz")).text


async def test_a_whole_journal_goes_on_while_its_topic_cannot_be_asked(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """A broker that is away is no reason to refuse facts where nothing says that the journal lost any."""
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, *(visit() for _ in range(5)))
    async with unattended(database, topic_prefix) as client:
        assert await record(client, visit()) == [6]


async def test_what_neither_journal_nor_topic_has_is_told_and_numbered_over_by_nobody(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """A fact that was lost before it was sent cannot be taken back: intake takes nothing, recover says so."""
    topic = f"{topic_prefix}panke.intake.v1"
    prepare(database)
    compared(database, topic)
    journal = new_journal(connection_info(database, schema="intake"), topic=topic)
    journal.append([submission() for _ in range(3)])
    journal.close()
    damage(database, "DELETE FROM intake.facts WHERE seq = 2")
    async with serving(database, kafka, topic_prefix) as client:
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, "demo 2" in refused.text) == (503, True)
        assert "neither" in refused.text
        done = await recover(database, kafka, topic_prefix, "--yes")
        assert done.exit_code == 1
        assert "demo 2" in done.output


async def test_another_fact_than_the_one_that_was_lost_is_not_put_into_its_place(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """An id that was kept says what stood there: the topic's fact of another content is told and left."""
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, *(visit() for _ in range(3)))
    damage(
        database,
        "DELETE FROM intake.facts WHERE scope = 'demo' AND seq = 2",
        "UPDATE intake.event_ids SET digest = '\\x00' WHERE scope = 'demo' AND seq = 2",
    )
    async with serving(database, kafka, topic_prefix):
        done = await recover(database, kafka, topic_prefix, "--yes")
    assert done.exit_code == 1
    assert "demo 2" in done.output
    assert rows(database, "SELECT seq FROM intake.facts WHERE scope = 'demo' ORDER BY seq") == [(1,), (3,)]
