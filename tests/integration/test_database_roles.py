"""Each service signs in to PostgreSQL as a role that may do what its statements do, and nothing besides."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from shared.platform.postgres.database import MigrationError, connection_info, migrate, queries
from shared.platform.postgres.roles import prepare
from shared.platform.postgres.schemas import owned_schemas
from tests.support.panke import panke
from tests.support.parts import fresh_database
from tests.support.roles import Roles, prepared_database

OF_OPERATORS = {
    "intake": {
        "begin_epoch",
        "confirm_time",
        "forget_comparison",
        "forget_ids",
        "note_taken_back",
        "put_offices",
        # A journal in clear that is put under seal.
        "begin_sealing_over",
        "allow_sealing",
        "refuse_change_again",
        "put_sealed",
        "count_sealed",
        "end_sealing_over",
        "keep_reports_of_attribution",
        "drop_attribution",
        "keep_reports_of_registers",
        "drop_registers",
        "notified_staff",
        "put_notified_staff",
        "some_attempts",
        "put_attempts",
        "forget_limits",
        "forget_irregular",
        "scrub_facts",
        "scrub_ids",
        "scrub_imports",
        "scrub_attempts",
        "scrub_staff",
        "scrub_irregular",
        "scrub_limits",
        "remove_log",
        "keep_log",
        "read_settings",
        "pieces_of_log",
        "next_piece_of_log",
        "log_is_begun",
    },
    "attribution": {"after_restore", "put_rebuild"},
    "registers": {"empty_facts", "next_edition"},
    "vault": {"erase_people", "hold_people", "put_rotated", "scrub", "scrub_at_once", "some_of_other_keys"},
}
"""Statements of commands, which come as the owner."""
DRIVERS = (
    ("now)", "::timestamptz"), ("late)", "::interval"), ("within)", "::interval"), ("horizon)", "::interval"),
    ("base)", "::interval"), ("patience)", "::interval"), ("term)", "::interval"),
)  # fmt: skip
"""Types that the server cannot tell from a sum; the driver says them with the value."""
PLACEHOLDER = re.compile(r"%(\(\w+\))?[sbt]")
FACT = """
    INSERT INTO intake.facts (scope, seq, id, type, recorded_at, body)
    VALUES ('a', 1, gen_random_uuid(), 't', now(), '')
"""


@pytest.fixture(scope="module")
def roles(postgres_dsn: str) -> Iterator[Roles]:
    with prepared_database(postgres_dsn) as made:
        yield made


@pytest.mark.parametrize(
    ("role", "package"),
    [
        ("intake", "services.intake"),
        ("attribution", "services.attribution"),
        ("notifier", "services.notifier"),
        ("access", "services.access"),
        ("audit", "services.audit"),
        ("registers", "services.registers"),
        ("access", "services.access.record"),
        ("intake", "shared.sealing"),
    ],
)
def test_a_role_may_do_all_that_its_service_does(roles: Roles, role: str, package: str) -> None:
    """Each statement of a service is one that its role may run; what operators run is refused to it."""
    (schema,) = (one.name for one in owned_schemas() if one.package == package)
    refused = {name for name, text in queries(package).items() if not _may_run(roles, role, schema, text)}
    assert refused == OF_OPERATORS.get(schema, set())


@pytest.mark.parametrize("role", ["intake", "attribution", "notifier", "registers"])
def test_a_role_keeps_and_sends_what_the_record_of_access_is_told(roles: Roles, role: str) -> None:
    """The table of reports is one of each service's own schema."""
    statements = queries("shared.access")
    assert {name for name, text in statements.items() if not _may_run(roles, role, role, text)} == set()


@pytest.mark.parametrize("role", ["access", "audit", "registers"])
def test_a_role_moves_the_positions_of_its_topic(roles: Roles, role: str) -> None:
    """The table of positions is one of each service's own schema."""
    statements = queries("shared.platform.kafka")
    assert {name for name, text in statements.items() if not _may_run(roles, role, role, text)} == set()


def _may_run(roles: Roles, role: str, schema: str, text: str) -> bool:
    """Whether the server would run each statement, without running any."""
    with roles.as_role(role, schema) as connection:
        for statement in text.split(";"):
            given: Any = _numbered(statement.strip())
            if given.startswith(("SELECT set_config(", "SET LOCAL ")):
                continue  # of no table
            if given.startswith(("ALTER", "DROP", "TRUNCATE")):
                return False  # for owners alone, and nothing that could be planned
            if given.startswith("VACUUM"):  # skips with a warning what it may not touch
                return _holds(connection, given.split()[-1], "MAINTAIN")
            lock = given.startswith("LOCK TABLE")
            try:
                connection.execute(given if lock else "EXPLAIN (GENERIC_PLAN) " + given)
            except psycopg.errors.InsufficientPrivilege:
                return False
    return True


def _holds(connection: psycopg.Connection[Any], table: str, right: str) -> bool:
    try:
        row = connection.execute("SELECT has_table_privilege(%s, %s)", [table, right]).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return False  # of a schema that is closed to the role
    return row is not None and bool(row[0])


def _numbered(statement: str) -> str:
    """With the server's own placeholders: one for each name, or each place."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found[1] or str(len(names))
        names.extend([] if name in names else [name])
        return f"${names.index(name) + 1}" + next((kind for end, kind in DRIVERS if name.endswith(end)), "")

    return PLACEHOLDER.sub(number, statement)


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("intake", "UPDATE intake.facts SET body = ''"),
        ("intake", "DELETE FROM intake.facts"),
        ("intake", "TRUNCATE intake.facts"),
        ("intake", "ALTER TABLE intake.facts DISABLE TRIGGER ALL"),
        ("intake", "DROP TABLE intake.facts"),
        ("intake", "UPDATE intake.event_ids SET fingerprint = 0"),
        ("intake", "DELETE FROM intake.event_ids"),
        ("intake", "DELETE FROM intake.set_asides"),
        ("intake", "DELETE FROM intake.heads"),
        ("intake", "INSERT INTO intake.epochs (reason) VALUES ('another')"),
        ("intake", "CREATE TABLE intake.more (one int)"),
        ("intake", "DELETE FROM vault.people"),
        ("intake", "UPDATE vault.people SET scope = ''"),
        ("intake", "SELECT FROM attribution.facts"),
        ("intake", "SELECT FROM notifier.alerts"),
        ("intake", "SELECT FROM access.accounts"),
        ("attribution", "UPDATE attribution.facts SET body = ''"),
        ("attribution", "DELETE FROM attribution.stored_events"),
        ("attribution", "UPDATE attribution.decisions SET body = ''"),
        ("attribution", "UPDATE attribution.rulebooks SET text = ''"),
        ("attribution", "SELECT FROM intake.facts"),
        ("attribution", "SELECT FROM notifier.alerts"),
        ("attribution", "SELECT FROM access_record.entries"),
        ("attribution", "INSERT INTO vault.keys VALUES ('a', 'b')"),
        ("attribution", "DELETE FROM vault.people"),
        ("notifier", "DELETE FROM notifier.attempts"),
        ("notifier", "DELETE FROM notifier.transitions"),
        ("notifier", "UPDATE notifier.transitions SET state = ''"),
        ("notifier", "SELECT FROM attribution.claims"),
        ("notifier", "SELECT FROM intake.facts"),
        ("notifier", "INSERT INTO vault.keys VALUES ('a', 'b')"),
        ("access", "UPDATE access_record.entries SET act = ''"),
        ("access", "DELETE FROM access_record.entries"),
        ("access", "TRUNCATE access_record.entries"),
        ("access", "SELECT FROM vault.people"),
        ("access", "SELECT FROM intake.facts"),
    ],
)
def test_a_role_may_do_nothing_else(roles: Roles, role: str, statement: str) -> None:
    """No service can change what was recorded, or reach into the schema of another."""
    text: Any = statement
    with roles.as_role(role) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(text)


def test_a_fact_is_added_by_the_role_of_intake(roles: Roles) -> None:
    """What is refused is change, and not the writing of the journal."""
    with roles.as_role("intake") as connection:
        assert connection.execute(FACT).rowcount == 1


def test_a_role_that_is_no_owner_migrates_nothing(roles: Roles) -> None:
    """A service of a newer version says what its owner has to run first, and one of this version starts."""
    assert migrate(roles.url("intake"), "services.intake", "intake") == []
    with psycopg.connect(roles.owner) as owner:
        owner.execute("DELETE FROM intake.migrations WHERE name = (SELECT max(name) FROM intake.migrations)")
        owner.commit()
        try:
            with pytest.raises(MigrationError, match="panke database prepare"):
                migrate(roles.url("intake"), "services.intake", "intake")
        finally:
            shipped = sorted(one for one in _shipped("services.intake"))[-1]
            owner.execute("INSERT INTO intake.migrations (name, sha256) VALUES (%s, %s)", shipped)


def _shipped(package: str) -> list[tuple[str, str]]:
    from shared.platform.postgres.database import migrations

    return [(one.name, one.sha256) for one in migrations(package)]


def test_a_role_says_that_a_database_was_never_prepared(roles: Roles, postgres_dsn: str) -> None:
    """An empty database is not taken for one that lost everything: the owner is to prepare it."""
    with fresh_database(postgres_dsn) as empty:
        other = connection_info(empty, name="x")
        given = psycopg.conninfo.conninfo_to_dict(roles.url("notifier"))
        dsn = psycopg.conninfo.make_conninfo(other, user=given["user"], password=given["password"])
        with pytest.raises(MigrationError, match="panke database prepare"):
            migrate(dsn, "services.notifier", "notifier")


def test_preparing_again_leaves_passwords_and_takes_away_what_was_added(roles: Roles) -> None:
    """Rights that somebody gave by hand do not outlast the next preparation; whoever is signed in stays so."""
    kept = {role: roles.url(role) for role in ("intake", "attribution", "notifier", "access")}
    intake = sql.Identifier(f"{roles.prefix}_intake")
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        owner.execute(sql.SQL("GRANT UPDATE ON intake.facts TO {}").format(intake))
    prepare(roles.owner, prefix=roles.prefix, urls=roles.folder)
    assert {role: roles.url(role) for role in kept} == kept
    with roles.as_role("intake") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE intake.facts SET body = ''")


def test_the_files_of_connection_strings_are_of_their_owner_alone(roles: Roles) -> None:
    """Nobody else on the machine signs in as a service."""
    for role in ("intake", "attribution", "notifier", "access"):
        path = roles.folder / role / "database.url"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o077 == 0


def test_the_command_prepares_a_database_for_who_makes_roles_by_hand(roles: Roles) -> None:
    """Without a folder no password is set, and the command says what stands."""
    done = panke("database", "prepare", "--database-url", roles.owner, "--prefix", roles.prefix)
    assert done.returncode == 0, done.stderr
    assert b"intake: " in done.stdout and str(roles.folder).encode() not in done.stdout
