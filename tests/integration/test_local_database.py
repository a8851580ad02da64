"""Migrations and pools against a real PostgreSQL."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.local import EmbeddedPostgres
from shared.platform.postgres.database import (
    Database,
    DatabaseError,
    MigrationError,
    QueryFileError,
    migrate,
    queries,
)
from tests.support.parts import eventually

FIRST = "CREATE TABLE facts (seq bigint PRIMARY KEY);"
SECOND = "ALTER TABLE facts ADD note text; INSERT INTO facts VALUES (1, '100%');"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The `sql` folder of a package `sample_service` that can be imported."""
    (tmp_path / "sample_service" / "sql" / "migrations").mkdir(parents=True)
    (tmp_path / "sample_service" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "sample_service" / "sql"
    sys.modules.pop("sample_service", None)


def ship(package: Path, **texts: str) -> None:
    for name, text in texts.items():
        (package / "migrations" / f"{name.lstrip('m')}.sql").write_text(text)


def test_migrations_are_applied_once_and_in_order(database: str, package: Path) -> None:
    """The second run applies only what was added since the first."""
    ship(package, m001_facts=FIRST)
    assert migrate(database, "sample_service", "sample") == ["001_facts.sql"]
    ship(package, m002_note=SECOND)
    assert migrate(database, "sample_service", "sample") == ["002_note.sql"]
    assert migrate(database, "sample_service", "sample") == []
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT seq, note FROM sample.facts").fetchall() == [(1, "100%")]


def test_services_that_start_together_migrate_once(database: str, package: Path) -> None:
    """Of eight starts at the same moment one applies the migration and the others find it applied."""
    ship(package, m001_facts=FIRST)
    done: list[list[str]] = []
    starts = [
        threading.Thread(target=lambda: done.append(migrate(database, "sample_service", "sample")))
        for _ in range(8)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert sorted(map(len, done)) == [0] * 7 + [1]


def test_an_altered_migration_is_an_error(database: str, package: Path) -> None:
    """A migration whose text changed after it was applied is named, and nothing runs."""
    ship(package, m001_facts=FIRST)
    migrate(database, "sample_service", "sample")
    ship(package, m001_facts=FIRST + " -- changed", m002_note=SECOND)
    with pytest.raises(MigrationError, match=r"001_facts\.sql was applied with sha256"):
        migrate(database, "sample_service", "sample")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT name FROM sample.migrations").fetchall() == [("001_facts.sql",)]


def test_a_database_of_a_newer_version_is_refused(database: str, package: Path) -> None:
    """A schema with a migration that does not ship was made by a newer version."""
    ship(package, m001_facts=FIRST, m002_note=SECOND)
    migrate(database, "sample_service", "sample")
    (package / "migrations" / "002_note.sql").unlink()
    with pytest.raises(MigrationError, match="newer version"):
        migrate(database, "sample_service", "sample")


def test_a_migration_is_not_slipped_in_before_an_applied_one(database: str, package: Path) -> None:
    """A new migration takes the next number, or databases would differ by their history."""
    ship(package, m002_facts=FIRST)
    migrate(database, "sample_service", "sample")
    ship(package, m001_early="SELECT 1;")
    with pytest.raises(MigrationError, match="next free number"):
        migrate(database, "sample_service", "sample")


def test_a_migration_that_fails_leaves_nothing_behind(database: str, package: Path) -> None:
    """What a failing migration did before its error is undone, and the error names it."""
    ship(package, m001_facts=FIRST + " SELECT nothing_of_this_name;")
    with pytest.raises(MigrationError, match=r"001_facts\.sql failed"):
        migrate(database, "sample_service", "sample")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regclass('sample.facts')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("names", "message"),
    [(("001_a", "001_b"), "two migrations have the number 001"), (("1_a",), "not named like")],
)
def test_names_of_migrations_are_checked(package: Path, names: tuple[str, ...], message: str) -> None:
    """Two migrations of one number, or one without three digits, are an error before anything runs."""
    ship(package, **{f"m{name}": FIRST for name in names})
    with pytest.raises(MigrationError, match=message):
        migrate("postgresql://127.0.0.1:1/none", "sample_service", "sample")


def test_queries_are_read_by_name(package: Path) -> None:
    """A file holds named blocks, or one query under the file's name; comments are not sent."""
    (package / "facts.sql").write_text(
        "-- All of them.\n\n-- name: all_facts\n-- 100% of them, in order.\nSELECT 1;\n\n"
        "-- name: one_fact\nSELECT %(seq)s;\n"
    )
    (package / "heads.sql").write_text("-- Why this is needed.\nSELECT 2;\n")
    assert queries("sample_service") == {
        "all_facts": "SELECT 1;",
        "one_fact": "SELECT %(seq)s;",
        "heads": "SELECT 2;",
    }


def test_a_query_stands_once(package: Path) -> None:
    """Two queries of one name are an error, and so is an empty one."""
    (package / "a.sql").write_text("-- name: x\nSELECT 1;\n")
    (package / "b.sql").write_text("-- name: x\nSELECT 2;\n")
    with pytest.raises(QueryFileError, match="twice"):
        queries("sample_service")
    (package / "b.sql").write_text("-- name: y\n-- nothing\n")
    with pytest.raises(QueryFileError, match="empty"):
        queries("sample_service")


def test_a_pool_works_in_its_own_schema(database: str, package: Path) -> None:
    """Names without a schema are the service's own; a block is one transaction."""
    ship(package, m001_facts=FIRST)
    migrate(database, "sample_service", "sample")
    with Database(database, schema="sample") as pool:
        with pytest.raises(psycopg.errors.UniqueViolation), pool.connection() as connection:
            connection.execute("INSERT INTO facts VALUES (1), (1)")
        with pool.connection() as connection:
            connection.execute("INSERT INTO facts VALUES (7)")
        with pool.connection() as connection:
            assert connection.execute("SELECT * FROM sample.facts").fetchall() == [(7,)]


def test_a_schema_name_is_checked() -> None:
    """What is not a plain name never reaches the search path."""
    with pytest.raises(DatabaseError, match="not a schema name"):
        Database("postgresql://127.0.0.1/x", schema="a; drop")


def test_a_pool_says_whether_the_server_is_there(own_postgres: EmbeddedPostgres) -> None:
    """`ping` is true, false after a kill, and true again when the server is back, without a new pool."""
    with Database(own_postgres.dsn) as pool:
        eventually(pool.ping, "the pool connects")
        own_postgres.kill()
        eventually(lambda: not pool.ping(), "the pool notices")
        own_postgres.start()
        eventually(pool.ping, "the pool connects again")
