"""Rehearsals: the journal alone, or the whole database, comes back older than Kafka, or rows of it are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from shared.contract import format_instant
from tests.support.dumping import dump, restore
from tests.support.panke import panke
from tests.support.parts import eventually
from tests.support.system import PATIENCE, SERVICES, System, running
from tests.support.tokens import admission

BEGIN = datetime(2026, 3, 2, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


@pytest.fixture
def system(directory: Path, database: str, kafka: str) -> Iterator[System]:
    settings = {"PANKE_DEFAULT_RULEBOOK": "shijiazhuang"}
    with running(directory, database, kafka, BEGIN, settings=settings) as found:
        yield found


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "restored",
    [
        pytest.param(("intake",), marks=pytest.mark.soak, id="the journal only"),
        pytest.param(SERVICES, id="the whole database"),
    ],
)
def test_what_was_restored_older_than_kafka_takes_back_what_it_lost_and_live_is_judge(
    system: System, directory: Path, restored: tuple[str, ...]
) -> None:
    """It numbers nothing anew; after `panke journal recover` every fact that was answered is there once, in the export
    and in the decisions, and the office goes on."""
    answered = [visited(system, "demo", n) for n in range(3)]
    settled(system, {"demo": 3})
    dump(system.database_url, restored, directory / "backup")
    answered += [visited(system, "demo", n) for n in range(3, 6)]
    answered += [visited(system, "east", n) for n in range(6, 8)]
    settled(system, {"demo": 6, "east": 2})
    for name in restored:
        system.services[name].stop()
    restore(system.database_url, restored, directory / "backup")
    for name in restored:
        system.services[name].launch()

    eventually(lambda: "demo 4–6" in unready(system), "intake says what it lacks", PATIENCE)
    refused = system.post(visit("demo", 8))
    assert (refused.status_code, "east 1–2" in refused.text) == (503, True)
    environment = ("--kafka", system.kafka, "--topic-prefix", system.topic_prefix)
    done = panke("journal", "recover", "--yes", *environment, "--database-url", system.database_url)
    assert done.returncode == 0, done.stderr.decode()
    for name in SERVICES:
        system.services[name].wait_ready(PATIENCE)

    assert noted(system) == [("taken_back", {"demo": [[4, 6]], "east": [[1, 2]]})]
    assert system.record(answered[4]) == 5  # known again: the first answer
    answered += [visited(system, scope, n) for n, scope in ((9, "demo"), (10, "east"))]
    settled(system, {"demo": 7, "east": 3})
    audited(system)
    ids = [system.http.get(f"{system.address('intake')}/v1/events/{one['id']}") for one in answered]
    assert {answer.status_code for answer in ids} == {200}
    for scope in ("demo", "east"):
        live = system.judgement(scope, as_of=format_instant(BEGIN))
        assert live == system.judged_offline(scope, format_instant(BEGIN))


LOST = (
    "SET session_replication_role = replica",  # the journal is append-only else
    "DELETE FROM intake.facts WHERE scope = 'demo' AND seq IN (2, 5)",
    "DELETE FROM intake.event_ids WHERE scope = 'demo' AND seq = 5",
    "DELETE FROM intake.facts WHERE scope = 'west' AND seq > 1",
    "DELETE FROM intake.event_ids WHERE scope = 'west' AND seq > 1",
    "UPDATE intake.heads SET seq = 1 WHERE scope = 'west'",
    "DELETE FROM intake.heads WHERE scope = 'east'",
)


@pytest.mark.timeout(900)
def test_rows_that_were_deleted_while_intake_was_down_come_back_and_live_is_judge(system: System) -> None:
    """Holes, an end that was cut off alike in every table, and a head with the rulebook that its scope began under:
    nothing is numbered anew, and every answered fact is there once after `panke journal recover`."""
    answered = [visited(system, "demo", n) for n in range(5)]
    answered += [visited(system, "west", n) for n in range(5, 8)]
    answered += [visited(system, "east", n) for n in range(8, 10)]
    settled(system, {"demo": 5, "west": 3, "east": 2})
    system.services["intake"].stop()
    with psycopg.connect(system.database_url) as connection:
        for statement in LOST:
            connection.execute(statement.encode())
    system.services["intake"].launch()

    eventually(lambda: "demo 2, 5" in unready(system), "intake says what it lacks", PATIENCE)
    refused = system.post(visit("demo", 11))
    assert (refused.status_code, "west 2–3" in refused.text) == (503, True)
    environment = ("--kafka", system.kafka, "--topic-prefix", system.topic_prefix)
    done = panke("journal", "recover", "--yes", *environment, "--database-url", system.database_url)
    assert done.returncode == 0, done.stderr.decode()
    system.services["intake"].wait_ready(PATIENCE)

    assert [system.record(one) for one in answered] == [1, 2, 3, 4, 5, 1, 2, 3, 1, 2]  # known again
    for n, scope in ((11, "demo"), (12, "west"), (13, "east")):
        visited(system, scope, n)
    settled(system, {"demo": 6, "west": 4, "east": 3})
    for scope in ("demo", "west", "east"):
        live = system.judgement(scope, as_of=format_instant(BEGIN))
        assert live == system.judged_offline(scope, format_instant(BEGIN))


def settled(system: System, seqs: dict[str, int]) -> None:
    """Attribution has folded so far, and the notifier has heard it."""
    for scope, seq in seqs.items():
        system.judgement(scope, as_of=format_instant(BEGIN), min_seq=seq)
    eventually(lambda: system.behind() == 0.0, "all is heard", PATIENCE)


def noted(system: System) -> list[tuple[str, Any]]:
    """What is noted beside the journal of what came back."""
    with psycopg.connect(system.database_url) as connection:
        return connection.execute("SELECT act, reached FROM intake.restorations ORDER BY number").fetchall()


def audited(system: System) -> None:
    """Everything that attribution keeps and told is what the facts give."""
    machine = str(admission().file_of("operator"))
    done = panke("audit", "run", "--attribution", system.address("attribution"), "--machine", machine)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def unready(system: System) -> str:
    """What intake says that fails; nothing while it does not answer yet."""
    service = system.services["intake"]
    try:
        return system.http.get(f"{service.address}/readyz").text
    except httpx.TransportError:
        return ""


def visited(system: System, scope: str, number: int) -> dict[str, Any]:
    event = visit(scope, number)
    system.record(event)
    return event


def visit(scope: str, number: int) -> dict[str, Any]:
    party = {"name": "演示客户", "phones": [f"138001380{number:02}"]}
    data = {"visit": f"v{number}", "customer": party, "received_by": "li", "capacity": "on_turn"}
    return {
        "id": str(uuid4()),
        "type": "visit.registered",
        "scope": scope,
        "office": f"{scope}-office",
        "actor": "desk",
        "occurred_at": format_instant(BEGIN),
        "data": data,
    }
