"""A journal that was begun in clear is put under seal, once, with all that follows from it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from deploy.local import EmbeddedKafka, EmbeddedPostgres
from services.intake.journal.journal import WrongDeploymentError, declare_deployment
from services.intake.sealing import facts
from shared.platform.postgres.database import connection_info, migrate
from shared.sealing.keys import KeyFile
from shared.sealing.vault import PACKAGE, SCHEMA, Vault
from tests.e2e.test_sealed import (
    ADDRESS,
    BEGIN,
    CALL,
    CORRECTION,
    EVENTS,
    PERSONAL,
    REMINDER,
    VISIT,
    _found,
)
from tests.support.keys import key_file
from tests.support.panke import panke
from tests.support.parts import eventually, fresh_database
from tests.support.searching import found_below
from tests.support.smtp import Post, posting
from tests.support.system import PATIENCE, System, running

AS_OF = "2026-03-03T00:00:00Z"


@pytest.fixture
def post() -> Iterator[Post]:
    with posting() as found:
        yield found


@pytest.mark.timeout(900)
def test_a_journal_in_clear_is_put_under_seal_and_nothing_personal_is_left(
    directory: Path, own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka, post: Post
) -> None:
    """Interrupted and called again: every file is free of what was entered, the answers are the same, and what comes
    after goes on behind it."""
    settings = {
        "PANKE_DEFAULT_RULEBOOK": "shijiazhuang",
        "PANKE_NOTIFIER_CHANNELS": "email",
        "PANKE_NOTIFIER_SMTP_HOST": "127.0.0.1",
        "PANKE_NOTIFIER_SMTP_PORT": str(post.port),
        "PANKE_NOTIFIER_SMTP_SENDER": "alerts@panke.example",
        "PANKE_NOTIFIER_SMTP_SECURITY": "none",
    }
    prefix = "over."
    with fresh_database(own_postgres.dsn) as database:
        given = (directory, database, own_kafka.address)
        with running(*given, BEGIN, topic_prefix=prefix, settings=settings) as system:
            last = [system.record(each) for each in EVENTS][-1]
            before = system.judgement("demo", as_of=AS_OF, min_seq=last)
            reminded(system, post)
            assert _found(system), "the search finds what stands in clear"
            proof = attempts(system)
            refused = panke_seal(system, key_file(directory), own_kafka, prefix)
            assert refused.returncode == 1 and b"panke-" in refused.stderr
        for service in directory.glob("*/server.log"):
            service.unlink()  # what each process said then; `test_sealed` holds that it says nothing personal
        keys = key_file(directory)
        interrupted(database, keys)
        done = panke_seal(system, keys, own_kafka, prefix)
        assert done.returncode == 0, done.stderr.decode()
        kept = own_kafka.directory / "data"
        eventually(
            lambda: not [name for name in os.listdir(kept) if name.endswith("-delete")],
            "the old topics go",
            PATIENCE,
        )
        for folder in (own_kafka.directory, own_postgres.directory, own_postgres.data, directory):
            assert found_below(folder, PERSONAL) == {}
        assert panke_seal(system, keys, own_kafka, prefix).returncode == 1, "once"

        with running(
            *given, REMINDER, topic_prefix=prefix, settings=settings | {"PANKE_KEYS": keys}
        ) as system:
            after = system.judgement("demo", as_of=AS_OF, min_seq=last)
            assert after == before
            assert after == system.judged_offline("demo", AS_OF)
            assert system.post(VISIT).status_code == 200
            assert system.post(VISIT | {"data": VISIT["data"] | {"notes": "另外"}}).status_code == 409
            read = system.http.get(f"{system.address('intake')}/v1/events/{CORRECTION['id']}").json()
            assert read["data"] == CORRECTION["data"]
            assert attempts(system) == proof, "where a message went is read as before"
            assert system.record(CALL | {"id": "0198a000-0000-7000-8000-00000000000a"}) == last + 1
            assert _found(system) == {}
            with psycopg.connect(connection_info(database, schema="intake")) as connection:
                (row,) = connection.execute(
                    "SELECT by, ended_at IS NOT NULL, facts FROM sealing_over"
                ).fetchall()
                assert row[0] and row[1] and row[2] == len(EVENTS) - 2, "two have nothing personal"


def interrupted(database: str, keys: str) -> None:
    """A first piece is under seal, and the rest is not: intake does not start so."""
    migrate(database, "services.intake", "intake")
    migrate(database, PACKAGE, SCHEMA)
    info = connection_info(database, schema="intake", name="panke-cli")
    people = connection_info(database, schema=SCHEMA, name="panke-cli")
    with (
        psycopg.connect(info, autocommit=True) as connection,
        psycopg.connect(people, autocommit=True) as vault_connection,
    ):
        vault = Vault(KeyFile(Path(keys)))
        vault.demand_own_keys(vault_connection)
        facts.begin(connection, "somebody", datetime(2026, 3, 5, 2, tzinfo=UTC))
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(facts, "PIECE", 3)
            next(iter(facts.seal_facts(connection, vault_connection, vault)))
        for sealed in (False, True):
            with pytest.raises(WrongDeploymentError, match="half under seal"):
                declare_deployment(connection, demonstration=True, sealed=sealed)


def panke_seal(system: System, keys: str, kafka: EmbeddedKafka, prefix: str) -> Any:
    environment = os.environ | {
        "PANKE_DATABASE_URL": system.database_url, "PANKE_KEYS": keys, "PANKE_KAFKA": kafka.address,
        "PANKE_TOPIC_PREFIX": prefix,
    }  # fmt: skip
    return panke("journal", "seal", "--yes", environment=environment)


def reminded(system: System, post: Post) -> None:
    eventually(lambda: system.behind() == 0, "the notifier hears", PATIENCE)
    system.clock.hold(REMINDER)
    eventually(lambda: bool(post.received), "the reminder arrives", PATIENCE)
    eventually(lambda: bool(attempts(system)), "the answer is kept", PATIENCE)


def attempts(system: System) -> list[Any]:
    """To whom what went, and where."""
    answer = system.http.get(
        f"{system.address('notifier')}/v1/alerts", params={"scope": "demo", "state": "sent"}
    )
    found = [
        (one["recipient"], one["destination"])
        for alert in answer.json()["alerts"]
        for one in alert["attempts"]
    ]
    assert all(destination == ADDRESS for _, destination in found), json.dumps(found)
    return found
