"""A journal that came back older than its topic: it numbers nothing anew, and takes back what it has lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg.conninfo import conninfo_to_dict

from services.intake import cli
from services.intake.journal.comparison import Findings
from services.intake.journal.journal import Archive
from services.intake.journal.spans import Span, Spans
from services.intake.journal.topic_tail import reading
from services.intake.main import IntakeService
from services.intake.settings import IntakeSettings
from shared.platform.clock import SystemClock
from shared.platform.kafka.sender import OutgoingRecord, Sender, look_at
from shared.platform.postgres.database import connection_info
from tests.support import parts
from tests.support.answering import answering
from tests.support.intake import (
    Reader,
    compared,
    new_journal,
    new_outbox,
    prepare,
    raw,
    submission,
    taking,
    visit,
)
from tests.support.patience import PATIENCE
from tests.support.tokens import admission

PARTITIONS = 3


@asynccontextmanager
async def serving(database: str, kafka: str, topic_prefix: str) -> AsyncIterator[httpx.AsyncClient]:
    chosen = IntakeSettings(
        intake_journal_in_clear=True,
        database_url=database,
        kafka=kafka,
        topic_prefix=topic_prefix,
        partitions=PARTITIONS,
        **admission().settings(),
    )
    service = IntakeService(chosen, SystemClock())
    async with answering(service) as client:
        async with asyncio.timeout(PATIENCE):
            await service.relay.compared()
        await taking(service)
        yield client
        await asyncio.to_thread(parts.eventually, lambda: waiting(database) == 0 or lacks(database), "sent")


async def record(client: httpx.AsyncClient, *events: dict[str, Any]) -> list[int]:
    answers = [await client.post("/v1/events", content=raw(event)) for event in events]
    assert [answer.status_code for answer in answers] == [202] * len(events), answers[-1].text
    return [answer.json()["seq"] for answer in answers]


@contextmanager
def backup(server: str, database: str) -> Iterator[str]:
    """A copy of the database as it is now; what restores it is the same."""
    with parts.fresh_database(server, conninfo_to_dict(database)["dbname"]) as copy:
        yield copy


def rows(database: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


def waiting(database: str) -> int:
    return int(rows(database, "SELECT count(*) FROM intake.outbox")[0][0])


def lacks(database: str) -> bool:
    return bool(rows(database, "SELECT 1 FROM intake.comparison WHERE lacks <> ''"))


def lines(database: str, scope: str) -> list[bytes]:
    with psycopg.connect(connection_info(database, schema="intake")) as connection:
        return list(Archive().export(connection, scope))


async def recover(database: str, kafka: str, topic_prefix: str, *more: str) -> Result:
    arguments = ["recover", "--kafka", kafka, "--topic-prefix", topic_prefix, "--database-url", database]
    runner = CliRunner()
    return await asyncio.to_thread(runner.invoke, cli.journal, [*arguments, *more])


async def test_a_journal_older_than_its_topic_takes_no_fact_until_it_has_taken_back_what_it_lost(
    database: str, postgres_dsn: str, kafka: str, topic_prefix: str
) -> None:
    """Refusal, readiness, figures and the command name scopes and seqs; the facts come back as they were answered, a
    repeated event is known again, and the next fact gets the next seq under a new epoch."""
    late, office = visit(), visit("east")
    async with serving(database, kafka, topic_prefix) as client:
        assert await record(client, visit(), visit()) == [1, 2]
    with backup(postgres_dsn, database) as old:
        async with serving(database, kafka, topic_prefix) as client:
            assert await record(client, visit(), late, office) == [3, 4, 1]
        async with serving(old, kafka, topic_prefix) as client:
            refused = await client.post("/v1/events", content=raw(visit()))
            ready = await client.get("/readyz")
            for told in (refused.text, ready.text):
                assert "demo 3–4" in told and "east 1" in told
            assert (refused.status_code, ready.status_code) == (503, 503)
            assert int(refused.headers["retry-after"]) > 0
            await figured(client, "panke_intake_journal_lacks 3.0")
            assert (await recover(old, kafka, topic_prefix)).exit_code == 1  # nobody said yes
            assert lines(old, "east") == []
            done = await recover(old, kafka, topic_prefix, "--yes")
            assert (done.exit_code, "demo, 2" in done.output) == (0, True), done.output
            assert [lines(old, s) for s in ("demo", "east")] == [lines(database, s) for s in ("demo", "east")]
            await asyncio.to_thread(parts.eventually, lambda: not lacks(old), "compared again")
            repeated = await until_taken(client, late)
            assert (repeated.status_code, repeated.json()["seq"]) == (200, 4)
            assert await record(client, visit(), visit("east")) == [5, 2]
        async with Reader(kafka, f"{topic_prefix}panke.intake.v1") as reader:
            await reader.until_facts(7)
    assert sorted(set(map(reader.place, reader.facts))) == [  # one whose acknowledgement was late comes twice
        *(("demo", n) for n in range(1, 6)), ("east", 1), ("east", 2),
    ]  # fmt: skip
    epochs = {reader.place(fact): dict(fact.headers)["epoch"] for fact in reader.facts}
    assert epochs["demo", 1] == epochs["demo", 4] == epochs["east", 1]
    assert epochs["demo", 5] == epochs["east", 2] != epochs["demo", 1]


async def figured(client: httpx.AsyncClient, line: str) -> None:
    """Figures follow the rows, which are seen first."""
    async with asyncio.timeout(PATIENCE):
        while line not in (await client.get("/metrics")).text.splitlines():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.05)


async def until_taken(client: httpx.AsyncClient, event: dict[str, Any]) -> httpx.Response:
    async with asyncio.timeout(PATIENCE):
        while (answer := await client.post("/v1/events", content=raw(event))).status_code == 503:
            assert "journal" in answer.text
    return answer


async def test_what_the_outbox_of_an_old_journal_holds_and_the_topic_has_is_not_sent_twice(
    database: str, postgres_dsn: str, kafka: str, topic_prefix: str
) -> None:
    """A backup that was made between the commit and the sending needs nothing taken back, and doubles nothing."""
    topic = f"{topic_prefix}panke.intake.v1"
    prepare(database)
    compared(database, topic)
    journal = new_journal(connection_info(database, schema="intake"), topic=topic)
    journal.append([submission() for _ in range(5)])
    journal.close()
    with backup(postgres_dsn, database) as old:
        async with serving(database, kafka, topic_prefix):
            pass
        assert waiting(old) == 1
        async with serving(old, kafka, topic_prefix) as client:
            assert await record(client, visit()) == [6]
        async with Reader(kafka, topic) as reader:
            await reader.until_facts(6)
    assert list(dict.fromkeys(reader.place(fact)[1] for fact in reader.facts)) == [1, 2, 3, 4, 5, 6]


async def test_a_fork_is_shown_and_neither_side_is_overwritten(
    database: str, postgres_dsn: str, kafka: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Two facts under one seq: no fact is taken, recover names both, keeps the topic's for recording it anew, and says
    what to do; what only continues another scope is taken back all the same."""
    topic, theirs, ours = f"{topic_prefix}panke.intake.v1", visit(), submission()
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, visit())
    with backup(postgres_dsn, database) as old:
        async with serving(database, kafka, topic_prefix) as client:
            assert await record(client, theirs, visit("east")) == [2, 1]
        compared(old, topic)
        journal = new_journal(connection_info(old, schema="intake"), topic=topic)
        journal.append([ours])
        journal.close()
        rows_before = lines(old, "demo")
        rows(old, "SELECT 1")
        with psycopg.connect(old) as connection:
            connection.execute("DELETE FROM intake.comparison")
        async with serving(old, kafka, topic_prefix) as client:
            await asyncio.to_thread(parts.eventually, lambda: lacks(old), "the fork is found")
            refused = await client.post("/v1/events", content=raw(visit()))
            assert refused.status_code == 503 and "demo 2" in refused.text
            await figured(client, "panke_intake_journal_forks 1.0")
            left = tmp_path / "left.ndjson"
            done = await recover(old, kafka, topic_prefix, "--yes", "--left", str(left))
            assert done.exit_code == 1
            assert theirs["id"] in done.output and ours.id in done.output and "runbook" in done.output
        assert [json.loads(line) for line in left.read_bytes().splitlines()] == [theirs]
        assert lines(old, "demo") == rows_before
        assert len(lines(old, "east")) == 1
        assert waiting(old) == 1


async def test_a_comparison_reads_on_from_what_was_acknowledged(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """However long the topic is, a restart reads the few records behind the last acknowledgement."""
    topic = f"{topic_prefix}panke.intake.v1"
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, *(visit() for _ in range(20)))
    outbox = new_outbox(connection_info(database, schema="intake"))
    assert outbox.try_lead()
    state = await look_at(kafka, topic, PARTITIONS, 10)
    assert state is not None
    _, known = outbox.begin((state.log, topic))
    outbox.close()
    async with reading(kafka, topic, known, PARTITIONS) as tail:
        assert known == tail.ends
        assert [piece async for piece in tail.pieces()] == []
    async with reading(kafka, topic, {}, PARTITIONS) as tail:
        assert sum([len(piece.facts) async for piece in tail.pieces()]) == 20


async def test_what_a_stranger_wrote_is_not_taken_for_a_fact(
    database: str, kafka: str, topic_prefix: str
) -> None:
    """Records without a place in the order are passed over: they stop nobody."""
    topic = f"{topic_prefix}panke.intake.v1"
    async with serving(database, kafka, topic_prefix) as client:
        await record(client, visit())
    junk = [
        OutgoingRecord(b"demo", b"{}", [("seq", b"2")]),
        OutgoingRecord(b"demo", b"\xff", [("seq", b"\xff")]),
        OutgoingRecord(b"other", raw({**visit(), "recorded_at": "2026-03-01T02:00:00Z"}), [("seq", b"2")]),
    ]
    async with Sender(kafka, topic, 10, "test") as sender:
        await sender.send(0, junk)
    async with serving(database, kafka, topic_prefix) as client:
        assert await record(client, visit()) == [2]


@pytest.mark.parametrize("count", [1, 7])
def test_what_is_lacking_is_told_in_few_words(count: int) -> None:
    """Some scopes by name, the rest by number."""
    findings = Findings(ahead={f"s{n}": Spans(Span(2, 2 + n)) for n in range(count)})
    assert "s0 2" in findings.lacks
    assert ("+2" in findings.lacks) == (count == 7)
