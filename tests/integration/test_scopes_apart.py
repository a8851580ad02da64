"""Answers are read under row-level security: a statement that forgets its scope, or names another, sees nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from services.attribution.queries.reader import ScopeReader
from services.notifier.history.listing import Filter, Listing, UnknownAlertError
from shared.ids import ScopeId
from shared.platform.postgres.database import Database
from shared.platform.postgres.roles import prepare
from shared.platform.postgres.scoped import asked_of, everywhere, read_only, within
from shared.rules.rulebooks.registry import Registry
from tests.support.roles import Roles, prepared_database

SCOPED = {
    "attribution": {
        "facts",
        "claims",
        "records",
        "decisions",
        "staff",
        "deals",
        "warnings",
        "leaves",
        "homes",
    },
    "intake": {"facts", "set_asides"},
    "notifier": {"alerts", "scopes", "attempts", "transitions", "receipts"},
}
"""Tables that a reader may read, some of each schema."""
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def roles(postgres_dsn: str) -> Iterator[Roles]:
    with prepared_database(postgres_dsn) as made:
        with psycopg.connect(made.owner) as owner:
            for scope in ("east", "west"):
                _put(owner, scope)
        yield made


def _put(owner: psycopg.Connection[tuple[object, ...]], scope: str) -> None:
    owner.execute(
        "INSERT INTO attribution.scopes (scope, partition, book, received_seq, folded_seq, version, sent_seq)"
        " VALUES (%s, 0, 'base@1', 1, 1, 0, 0)",
        [scope],
    )
    owner.execute(
        "INSERT INTO attribution.facts (scope, seq, id, type, office, recorded_at, body)"
        " VALUES (%s, 1, %s, 'visit.registered', %s, %s, '{}')",
        [scope, f"e-{scope}", f"o-{scope}", AT],
    )
    owner.execute(
        "INSERT INTO attribution.offices (office, scope, born) VALUES (%s, %s, 1)", [f"o-{scope}", scope]
    )
    owner.execute(
        "INSERT INTO intake.facts (scope, seq, id, type, recorded_at, body) VALUES (%s, 1, %s, 't', %s, '')",
        [scope, uuid4(), AT],
    )
    alert = uuid4()
    owner.execute(
        "INSERT INTO notifier.alerts (id, scope, customer, claim_seq, rung, audience, due_at, deadline, state,"
        " changed_at) VALUES (%s, %s, 'c', 1, 'first', 'owner', %s, %s, 'dead', %s)",
        [alert, scope, AT, AT, AT],
    )
    owner.execute("INSERT INTO notifier.transitions (alert, at, state) VALUES (%s, %s, 'dead')", [alert, AT])


@pytest.fixture
def reading(roles: Roles) -> Iterator[Database]:
    """The pool by which attribution answers."""
    given = {"schema": "attribution", "name": "t", "max_size": 2}
    with Database(roles.url("attribution"), configure=read_only, **given) as database:  # type: ignore[arg-type]
        yield database


def test_a_statement_that_names_no_scope_sees_nothing(reading: Database) -> None:
    """Also one that goes by no scope at all."""
    with reading.connection() as connection:
        for table in sorted(SCOPED["attribution"]):
            assert connection.execute(f"SELECT count(*) FROM attribution.{table}".encode()).fetchone() == (0,)


def test_a_statement_sees_the_scope_of_its_transaction_alone(reading: Database) -> None:
    """It may ask for whatever it likes."""
    with within(reading, "east") as connection:
        assert connection.execute("SELECT scope FROM attribution.facts").fetchall() == [("east",)]
        asked = "SELECT scope FROM attribution.facts WHERE scope = 'west'"
        assert connection.execute(asked).fetchall() == []
    with reading.connection() as connection:
        assert connection.execute("SELECT scope FROM attribution.facts").fetchall() == []


def test_a_snapshot_is_of_one_scope(reading: Database) -> None:
    """What attribution answers about a scope reads no row of another."""
    reader = ScopeReader(reading, Registry("").books)
    with reader.of(ScopeId("east")) as snapshot:
        assert [one for one, *_ in snapshot.ask("facts_of_scope", ["east"])] == ["e-east"]
        assert snapshot.ask("facts_of_scope", ["west"]) == []
        assert snapshot.of_case(b"12345") == []
        assert snapshot.ask("facts_of_scope", ["west"]) == []


def test_what_is_about_no_one_scope_is_asked_so(reading: Database) -> None:
    """Which scope an office is of, and which scopes there are."""
    reader = ScopeReader(reading, Registry("").books)
    assert reader.scope_of("o-west") == "west"
    assert (reader.folded("east"), reader.folded("nowhere")) == (1, 0)
    assert len(reader.ask("page_of_scopes", {"after": "", "limit": 10, "known": None})) == 2
    with everywhere(reading) as connection:
        assert len(connection.execute("SELECT FROM attribution.facts").fetchall()) == 2


def test_who_answers_questions_writes_nothing(reading: Database) -> None:
    """The role that reads has no other right, in whatever scope."""
    with within(reading, "east") as connection:
        for text in (
            "UPDATE claims SET owner = NULL",
            "DELETE FROM outbox",
            "SELECT FROM notification_tracking",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(text.encode())


def test_the_fold_sees_every_scope(roles: Roles) -> None:
    """It folds whatever comes."""
    with roles.as_role("attribution") as connection:
        assert len(connection.execute("SELECT FROM attribution.facts").fetchall()) == 2


def test_the_journal_is_read_by_scope(roles: Roles) -> None:
    """The journal that is asked about one scope tells of no other, and intake itself numbers all of them."""
    with Database(roles.url("intake"), schema="intake") as database:
        with within(database, "west") as connection:
            assert connection.execute("SELECT scope FROM intake.facts").fetchall() == [("west",)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute("SELECT FROM intake.event_ids")
        with database.connection() as connection:
            assert len(connection.execute("SELECT FROM intake.facts").fetchall()) == 2


def test_alerts_are_read_by_scope_with_what_hangs_on_them(roles: Roles) -> None:
    """A list that is asked for one scope is read under it; one for all is the service's own."""
    with Database(roles.url("notifier"), schema="notifier") as database:
        with asked_of(database, "east") as connection:
            assert connection.execute("SELECT scope FROM alerts").fetchall() == [("east",)]
            assert len(connection.execute("SELECT FROM transitions").fetchall()) == 1
        listing = Listing(database)
        assert [one.scope for one in listing.page(Filter(scope="east"), None, 10)] == ["east"]
        assert len(listing.page(Filter(), None, 10)) == 2
        with pytest.raises(UnknownAlertError):
            listing.one(uuid4())


@pytest.mark.parametrize("schema", sorted(SCOPED))
def test_every_table_with_a_scope_is_closed(roles: Roles, schema: str) -> None:
    """A table that a later version adds is closed when the database is prepared, and open to nobody but by a policy."""
    with psycopg.connect(roles.owner, autocommit=True) as owner:
        owner.execute(f"CREATE TABLE {schema}.later (scope text, more text)".encode())
        prepare(roles.owner, prefix=roles.prefix)
        closed = owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace AND relrowsecurity", [schema]
        )
        assert {str(name) for (name,) in closed} >= SCOPED[schema] | {"later"}
        owner.execute(f"DROP TABLE {schema}.later".encode())


def test_whoever_owns_the_database_reads_as_before(roles: Roles) -> None:
    """One connection string for everything goes on answering."""
    with Database(roles.owner, schema="attribution", configure=read_only) as database:
        with within(database, "east") as connection:
            assert len(connection.execute("SELECT FROM facts").fetchall()) == 2
        with database.connection() as connection:
            assert len(connection.execute("SELECT FROM facts").fetchall()) == 2
