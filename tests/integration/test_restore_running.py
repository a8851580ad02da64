"""A restore under a service that runs: it would go on from what it remembers, so it is refused, or noticed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from deploy.backup.cli import backup, restore
from services.intake.journal.heads import SeenHeads, WentBackError
from services.intake.main import SCHEMA
from services.intake.model.submission import IntakeUnavailableError
from shared.platform.postgres.database import Database, connection_info, migrate
from tests.integration.test_intake_comparison import lacks, record, recover, serving
from tests.support import parts
from tests.support.dumping import dump, restore_rows
from tests.support.intake import compared, new_journal, prepare, raw, submission, visit
from tests.support.patience import PATIENCE


def test_a_part_whose_service_runs_is_not_restored(database: str, tmp_path: Path) -> None:
    """The service is named with how to stop it, and nothing is changed; stopped, the part comes back."""
    migrate(database, "services.intake", SCHEMA)
    file, runner = str(tmp_path / "backup"), CliRunner()
    given = ["--only", "intake", "--database-url", database]
    assert runner.invoke(backup, [file, *given]).exit_code == 0
    with Database(database, schema=SCHEMA, name="panke-intake") as running:
        assert running.ping()
        refused = runner.invoke(restore, [file, "--replace", *given])
        assert running.ping()
    done = runner.invoke(restore, [file, "--replace", *given])
    assert (refused.exit_code, done.exit_code) == (1, 0), done.output
    assert "intake still runs on this database" in refused.output


async def test_rows_that_are_restored_under_a_running_intake_are_compared_before_the_next_fact(
    database: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """The comparison that came back with them counts for nothing: what is lacking is told and taken back, and the next
    fact gets the next seq."""
    file = tmp_path / "backup"
    async with serving(database, kafka, topic_prefix) as client:
        assert await record(client, visit(), visit()) == [1, 2]
        await asyncio.to_thread(dump, database, [SCHEMA], file)
        assert await record(client, visit(), visit()) == [3, 4]
        await asyncio.to_thread(parts.eventually, lambda: unsent(database) == 0, "all is sent", 60)
        await asyncio.to_thread(restore_rows, database, SCHEMA, file)
        refused = await client.post("/v1/events", content=raw(visit()))
        assert refused.status_code == 503
        await asyncio.to_thread(parts.eventually, lambda: lacks(database), "it says what it lacks", 60)
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, "demo 3–4" in refused.text) == (503, True)
        done = await recover(database, kafka, topic_prefix, "--yes")
        assert done.exit_code == 0, done.output
        await asyncio.to_thread(parts.eventually, lambda: not lacks(database), "compared again", 60)
        async with asyncio.timeout(PATIENCE):
            while (answer := await client.post("/v1/events", content=raw(visit()))).status_code == 503:
                pass
        assert answer.json()["seq"] == 5


async def test_rows_that_came_back_without_the_offsets_are_missed_all_the_same(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """Offsets that were acknowledged to the newer journal do not hide what the older one lacks: it is told, taken
    back, and the next fact gets the next seq."""
    async with serving(database, kafka, topic_prefix) as client:
        assert await record(client, visit(), visit(), visit(), visit()) == [1, 2, 3, 4]
        await asyncio.to_thread(parts.eventually, lambda: unsent(database) == 0, "all is sent", 60)
        await asyncio.to_thread(go_back, database, 2)
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, "demo 4 → 2" in refused.text) == (503, True)
        await asyncio.to_thread(parts.eventually, lambda: lacks(database), "it says what it lacks", 60)
        refused = await client.post("/v1/events", content=raw(visit()))
        assert (refused.status_code, "demo 3–4" in refused.text) == (503, True)
        done = await recover(database, kafka, topic_prefix, "--yes")
        assert done.exit_code == 0, done.output
        async with asyncio.timeout(PATIENCE):
            while (answer := await client.post("/v1/events", content=raw(visit()))).status_code == 503:
                pass
        assert answer.json()["seq"] == 5


async def test_rows_of_some_tables_that_came_back_while_intake_was_down_are_missed(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """Facts and heads that were put in anew, with the offsets left alone: intake says at its start what they lack."""
    async with serving(database, kafka, topic_prefix) as client:
        assert await record(client, visit(), visit(), visit()) == [1, 2, 3]
        await asyncio.to_thread(parts.eventually, lambda: unsent(database) == 0, "all is sent", 60)
    go_back(database, 1)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("VACUUM FULL intake.facts")  # new files, as after TRUNCATE and COPY
    async with serving(database, kafka, topic_prefix):
        await asyncio.to_thread(
            parts.eventually, lambda: "demo 2–3" in found(database), "it says what it lacks", 60
        )


def test_a_journal_that_holds_less_than_was_committed_takes_no_fact(database: str) -> None:
    """Also where the comparison was left alone: the scope is named with both seqs, once, and it is compared anew."""
    topic = "panke.intake.v1"
    prepare(database)
    compared(database, topic)
    journal = new_journal(connection_info(database, schema=SCHEMA), topic=topic)
    journal.append([submission() for _ in range(3)])
    go_back(database, 1)
    with pytest.raises(WentBackError, match="demo 3 → 1"):
        journal.append([submission()])
    with pytest.raises(IntakeUnavailableError, match="not been compared"):
        journal.append([submission()])
    compared(database, topic)
    journal.append([submission()])
    journal.close()


def test_as_many_scopes_are_remembered_as_were_written_last() -> None:
    """Memory stays bounded; one that was forgotten is believed."""
    seen = SeenHeads(kept=2)
    seen.note({"a": 5, "b": 5, "c": 5})
    seen.demand(["a"], {"a": 1})
    with pytest.raises(WentBackError):
        seen.demand(["c"], {})


def go_back(database: str, seq: int) -> None:
    """Leave the first facts of each scope, as rows of an older backup would, and all other tables as they are."""
    with psycopg.connect(database) as connection:
        connection.execute("SET session_replication_role = replica")  # the journal is append-only else
        connection.execute("DELETE FROM intake.facts WHERE seq > %s", [seq])
        connection.execute("DELETE FROM intake.event_ids WHERE seq > %s", [seq])
        connection.execute(
            "UPDATE intake.heads SET seq = fact.seq, recorded_at = fact.recorded_at"
            " FROM intake.facts AS fact WHERE fact.scope = heads.scope AND fact.seq = %s",
            [seq],
        )


def found(database: str) -> str:
    """What the last comparison says that the journal lacks."""
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT lacks FROM intake.comparison").fetchone()
    return "" if row is None else str(row[0])


def unsent(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM intake.outbox").fetchone()
    assert row is not None
    return int(row[0])
