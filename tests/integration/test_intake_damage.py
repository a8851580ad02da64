"""Rows of the journal that are lost in its side tables, altered in place, or go while intake runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.intake.journal import damage_watch
from services.intake.journal.damage_watch import DamageWatch
from services.intake.journal.set_asides import SetAsides
from shared.contract import SetAside, SettingAside, decode_set_aside
from shared.platform.postgres.database import migrate
from tests.integration.test_intake_comparison import (
    figured,
    lacks,
    record,
    recover,
    rows,
    serving,
    until_taken,
)
from tests.integration.test_intake_holes import damage
from tests.support import parts
from tests.support.intake import FixedClock, new_metrics, prepare, raw, visit

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"

SIDE_TABLES = (
    "SELECT office, scope FROM intake.offices ORDER BY office",
    "SELECT scope, staff, departed_at FROM intake.staff ORDER BY scope, staff",
)

LOST = {
    "an office": ("DELETE FROM intake.offices WHERE office = 'demo-office'", "offices demo", 1),
    "every office": ("DELETE FROM intake.offices", "offices demo", 2),
    "an office given to another scope": ("UPDATE intake.offices SET scope = 'east' WHERE scope = 'demo'",
                                         "offices demo", 2),
    "a member of staff": ("DELETE FROM intake.staff WHERE staff = 'wang'", "staff demo", 1),
    "all staff": ("DELETE FROM intake.staff", "staff demo", 1),
    "what they are counted by": ("DELETE FROM intake.tallies", "offices demo", 2),
}  # fmt: skip

ALTERED = {
    "a body": ("UPDATE intake.facts SET body = convert_to(replace(convert_from(body, 'UTF8'), '张伟', '张三'), 'UTF8')"
               " WHERE scope = 'demo' AND seq = 2", "different facts"),
    "when it was recorded": ("UPDATE intake.facts SET recorded_at = recorded_at - interval '1 day'"
                             " WHERE scope = 'demo' AND seq = 2", "changed"),
    "its contacts": ("UPDATE intake.facts SET contacts = NULL WHERE scope = 'demo' AND seq = 2", "changed"),
    "its id": ("UPDATE intake.facts SET id = gen_random_uuid() WHERE scope = 'demo' AND seq = 2", "changed"),
    "the digest of its id": ("UPDATE intake.event_ids SET digest = '\\x00' WHERE scope = 'demo' AND seq = 2",
                             "changed"),
    "the time of its id": ("UPDATE intake.event_ids SET recorded_at = recorded_at + interval '1 year'"
                           " WHERE scope = 'demo' AND seq = 2", "changed"),
}  # fmt: skip


def enrolment(staff: str, kind: str = "staff.enrolled") -> dict[str, Any]:
    data: dict[str, Any] = {"staff": staff}
    return visit(
        type=kind, data=data | ({"name": "王芳", "role": "consultant"} if kind == "staff.enrolled" else {})
    )


def contents(database: str) -> list[Any]:
    return [rows(database, query) for query in SIDE_TABLES]


@pytest.mark.parametrize("kind", LOST)
async def test_rows_of_a_side_table_that_were_lost_alone_are_told_and_come_back(
    kind: str, database: str, kafka: str, topic_prefix: str
) -> None:
    """Offices and staff are what the facts say: a scope gets no other scope's office, and nobody is unknown who was
    enrolled."""
    statement, place, scopes = LOST[kind]
    async with serving(database, kafka, topic_prefix) as client:
        await record(
            client, enrolment("li"), enrolment("wang"), enrolment("wang", "staff.departed"), visit("east")
        )
    before = contents(database)
    damage(database, statement)
    async with serving(database, kafka, topic_prefix) as client:
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, place in refused.text) == (503, True), refused.text
        await figured(client, f"panke_intake_journal_damaged {scopes}.0")
        done = await recover(database, kafka, topic_prefix, "--yes")
        assert done.exit_code == 0, done.output
        assert contents(database) == before
        await asyncio.to_thread(parts.eventually, lambda: not lacks(database), "compared again")
        stolen = await until_taken(client, visit("west", office="demo-office"))
        assert stolen.status_code == 422
    async with serving(database, kafka, topic_prefix) as client:
        assert await record(client, visit()) == [4]


async def test_set_asides_that_were_lost_alone_are_told_and_come_back_from_attribution(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """No topic has them: intake names the scopes until they are there again, as the runbook puts them back."""
    aside = visit()
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, aside, visit())
    set_aside(database, aside["id"])
    before = set_asides(database)
    damage(database, "DELETE FROM intake.set_asides")
    async with serving(database, kafka, topic_prefix) as client:
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, "set_asides demo" in refused.text) == (503, True), refused.text
        done = await recover(database, kafka, topic_prefix, "--yes")
        assert (done.exit_code, "set_asides demo" in done.output) == (1, True), done.output
        with psycopg.connect(database) as connection:
            connection.execute(_from_runbook("INSERT INTO intake.set_asides").encode())
        assert set_asides(database) == before
        assert (await until_taken(client, visit())).json()["seq"] == 3


@pytest.mark.parametrize("kind", ALTERED)
async def test_a_fact_that_was_altered_in_place_is_told_at_the_start_and_replaced_by_what_was_answered(
    kind: str, database: str, kafka: str, topic_prefix: str
) -> None:
    """Scope and seq are named, as a fork where the topic has another body, and nothing is taken or overwritten; where
    the altered rows are removed, as the runbook says, what was answered comes back from the topic."""
    statement, words = ALTERED[kind]
    events = [visit() for _ in range(3)]
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, *events, visit("east"))
    before = rows(database, "SELECT id, recorded_at, body, contacts FROM intake.facts ORDER BY scope, seq")
    damage(database, statement)
    altered = rows(database, "SELECT * FROM intake.facts ORDER BY scope, seq")
    async with serving(database, kafka, topic_prefix) as client:
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, "demo 2" in refused.text, words in refused.text) == (503, True, True), (
            refused.text
        )
        left = await recover(database, kafka, topic_prefix, "--yes")
        assert (left.exit_code, "demo 2" in left.output) == (1, True), left.output
        assert rows(database, "SELECT * FROM intake.facts ORDER BY scope, seq") == altered
        remove = _from_runbook("BEGIN;").replace("'SCOPE'", "'demo'").replace("SEQ", "2")
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(remove.encode())
        done = await recover(database, kafka, topic_prefix, "--yes")
        assert done.exit_code == 0, done.output
        assert (
            rows(database, "SELECT id, recorded_at, body, contacts FROM intake.facts ORDER BY scope, seq")
            == before
        )
        await asyncio.to_thread(parts.eventually, lambda: not lacks(database), "compared again")
        repeated = await until_taken(client, events[1])
        assert (repeated.status_code, repeated.json()["seq"]) == (200, 2)


@pytest.mark.parametrize(
    ("statement", "place"),
    [
        ("DELETE FROM intake.facts WHERE scope = 'demo' AND seq = 2", "demo 2"),
        (ALTERED["a body"][0], "demo 2"),
        ("DELETE FROM intake.event_ids WHERE scope = 'demo' AND seq = 2", "event_ids 1"),
        ("DELETE FROM intake.offices", "offices demo"),
    ],
)  # fmt: skip
async def test_rows_that_go_while_intake_runs_are_noticed(
    statement: str, place: str, database: str, kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to start it anew: what is lacking is told, and comes back as after a start."""
    monkeypatch.setattr(damage_watch, "INTERVAL", 0.1)
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, visit(), visit(), visit())
        damage(database, statement)
        await asyncio.to_thread(parts.eventually, lambda: lacks(database), "noticed")
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, place in refused.text) == (503, True), refused.text


def test_a_journal_that_was_examined_is_not_read_again_before_rows_of_it_went(database: str) -> None:
    """One look at what the server counts tells that nothing was deleted or altered, however many facts there are."""
    prepare(database)
    with psycopg.connect(database) as connection:
        watch = DamageWatch(new_metrics())
        assert not watch.examine(connection)
        once = _scans(connection)
        assert not watch.examine(connection)
        assert (once > 0, _scans(connection)) == (True, once)


def set_aside(database: str, id_: str) -> None:
    """As intake and attribution do, one after the other."""
    migrate(database, "services.attribution", "attribution")
    with psycopg.connect(database) as connection:
        asked = SettingAside(id_, "认错了人", "chen")
        record, _ = SetAsides(FixedClock()).record(connection, "demo", asked, lambda: None)
        connection.execute(
            "INSERT INTO attribution.set_aside (scope, seq, id, reason, by, at) VALUES (%s, 1, %s, %s, %s, %s)",
            ["demo", id_, record.reason, record.by, record.at],
        )


def set_asides(database: str) -> list[SetAside]:
    return [decode_set_aside(bytes(body)) for (body,) in rows(database, "SELECT body FROM intake.set_asides")]


def _scans(connection: psycopg.Connection[Any]) -> int:
    """Of the facts, in this transaction."""
    row = connection.execute(
        "SELECT seq_scan + idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'intake.facts'::regclass"
    ).fetchone()
    assert row is not None
    return int(row[0])


def _from_runbook(beginning: str) -> str:
    """The statements of the runbook that begin so."""
    text = RUNBOOK.read_text(encoding="utf-8")
    start = text.index(f"    {beginning}")
    return "\n".join(line.strip() for line in text[start : text.index("\n\n", start)].splitlines())
