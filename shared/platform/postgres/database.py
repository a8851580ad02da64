"""Connections, migrations and named SQL: how each service reaches its own schema in PostgreSQL.

ADR 0021: SQL stands in named, commented `.sql` files, migrations run in order, and
each service owns one schema. hazards.md#psycopg-and-postgresql: decide on the primary only, short timeouts,
and synchronous drivers run in a thread, never on the event loop.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import LiteralString

import psycopg
import structlog
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool

from shared.platform.postgres.away import why_away

log = structlog.get_logger()

_MIGRATION = re.compile(r"(?P<number>\d{3})_[a-z0-9_]+\.sql")
_BLOCK = re.compile(r"^-- *name: *(?P<name>[a-z][a-z0-9_]*) *$", re.MULTILINE)
_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,62}")

# Whether the role may make schemas, and tables in this one; null for a schema that is not there.
_MAY_MAKE = b"""
    SELECT has_database_privilege(current_database(), 'CREATE'),
           (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = %(schema)s)
"""
_OWNER = b"""
    SELECT current_user FROM pg_namespace
    WHERE nspname = %(schema)s AND pg_has_role(current_user, nspowner, 'USAGE')
"""

# A frozen owner inside a transaction holds its row locks, so every wait on the server has an end.
_LIMITS = {
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
}


class DatabaseError(Exception):
    """The database or the SQL that ships with a service is not as the service needs it."""


class MigrationError(DatabaseError):
    """The migrations of a schema and those that ship do not fit together; nothing was changed."""


class QueryFileError(DatabaseError):
    """A `.sql` file names a query twice, or has none."""


@dataclass(frozen=True)
class Migration:
    """One migration as it ships: its file name, its text and the digest by which a change is found."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


class Database:
    """A pool of connections to one PostgreSQL; `schema` comes first on the search path.

    The pool connects in the background: a service starts while the database is down, and `/readyz` says so.
    """

    def __init__(
        self,
        dsn: str,
        *,
        schema: str | None = None,
        name: str = "panke",
        min_size: int = 1,
        max_size: int = 8,
        wait: float = 5.0,
        configure: Callable[[psycopg.Connection[tuple[object, ...]]], None] | None = None,
    ) -> None:
        self._schema = schema
        self.dsn = connection_info(dsn, schema=schema, name=name)
        self.pool: ConnectionPool[psycopg.Connection[tuple[object, ...]]] = ConnectionPool(
            self.dsn,
            min_size=min_size,
            max_size=max_size,
            timeout=wait,
            name=name,
            open=False,
            # A server that was killed leaves dead connections in the pool: each is asked before it is lent.
            check=ConnectionPool.check_connection,
            reconnect_timeout=5.0,
            configure=configure,
        )

    def open(self) -> None:
        self.pool.open(wait=False)

    def close(self) -> None:
        self.pool.close()

    def __enter__(self) -> Database:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
        """A connection for one transaction: committed at the block's end, rolled back by an exception."""
        with self.pool.connection() as connection:
            yield connection

    def ping(self) -> bool:
        """Whether the primary answers now; for readiness, so it never raises for a database that is away."""
        try:
            with self.pool.connection(timeout=1.0) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:  # the pool's own timeout is one of these too
            return False
        return True

    def problem(self) -> str | None:
        """What stands against the database, for readiness."""
        return None if self.ping() else why_away(self.dsn)

    def owner(self) -> str | None:
        """The role that this connects as, where it may do anything in the schema; None where it may do its work alone,
        or the database does not answer."""
        try:
            with self.pool.connection() as connection:
                row = connection.execute(_OWNER, {"schema": self._schema}).fetchone()
        except psycopg.Error:
            return None
        return None if row is None else str(row[0])


def connection_info(dsn: str, *, schema: str | None = None, name: str = "panke") -> str:
    """The connection string with our time limits; what the operator gave stands before our defaults."""
    given = conninfo_to_dict(dsn)
    limits = dict(_LIMITS)
    if schema is not None:
        limits["search_path"] = _checked(schema)
    options = " ".join(f"-c {key}={value}" for key, value in limits.items())
    defaults: dict[str, object] = {
        "application_name": name,
        "connect_timeout": 3,
        "target_session_attrs": "read-write",
        "tcp_user_timeout": 10_000,
    }
    merged = {**defaults, **given, "options": f"{options} {given.get('options') or ''}".strip()}
    return make_conninfo("", **merged)  # type: ignore[arg-type]


def migrations(package: str) -> list[Migration]:
    """The migrations that ship in `sql/migrations` of a package, in order; two of one number are an error."""
    folder = resources.files(package).joinpath("sql", "migrations")
    found: dict[str, Migration] = {}
    for entry in sorted(_sql_files(folder), key=lambda item: item.name):
        match = _MIGRATION.fullmatch(entry.name)
        if match is None:
            raise MigrationError(f"{package}: {entry.name} is not named like 001_what_it_does.sql")
        if match["number"] in found:
            raise MigrationError(f"{package}: two migrations have the number {match['number']}")
        found[match["number"]] = Migration(entry.name, entry.read_text(encoding="utf-8"))
    return list(found.values())


def migrate(dsn: str, package: str, schema: str) -> list[str]:
    """Bring `schema` to the state that `package` ships; answers the names that were applied now.

    Services that start together wait for one another on an advisory lock; each migration is one transaction
    with the row that records it, so a kill leaves it applied or not, never half. A role that may not change the
    schema only looks whether it is up to date, and raises `MigrationError` where it is not.
    """
    shipped = migrations(package)
    with psycopg.connect(connection_info(dsn, name=f"{schema}-migrate"), autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute("SET lock_timeout = 0")
        connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"panke.migrate.{schema}"])
        if not _prepare(connection, schema):
            _demand_up_to_date(connection, shipped, schema)
            return []
        pending = _pending(shipped, _applied(connection), schema)
        for migration in pending:
            _apply(connection, migration)
    return [migration.name for migration in pending]


def queries(package: str) -> dict[str, LiteralString]:
    """The named queries of a package: each `-- name: xyz` block of `sql/*.sql`, or a whole file by its stem.

    They are literals of the package, which is why they may be executed as they are. Whole-line comments are left out
    of what is sent: a percent sign in one would be read as a parameter.
    """
    found: dict[str, LiteralString] = {}
    for entry in sorted(_sql_files(resources.files(package).joinpath("sql")), key=lambda item: item.name):
        for name, text in _blocks(entry):
            if name in found:
                raise QueryFileError(
                    f"{package}: the query {name} stands twice, the second time in {entry.name}"
                )
            found[name] = text
    return found


def _blocks(entry: Traversable) -> Iterator[tuple[str, str]]:
    text = entry.read_text(encoding="utf-8")
    marks = list(_BLOCK.finditer(text))
    if not marks:
        yield _named(entry.name.removesuffix(".sql"), text, entry)
        return
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        yield _named(mark["name"], text[mark.end() : following.start() if following else None], entry)


def _named(name: str, text: str, entry: Traversable) -> tuple[str, str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("--")]
    if not lines:
        raise QueryFileError(f"{entry.name}: the query {name} is empty")
    return name, "\n".join(lines)


def _sql_files(folder: Traversable) -> list[Traversable]:
    if not folder.is_dir():
        return []
    return [entry for entry in folder.iterdir() if entry.is_file() and entry.name.endswith(".sql")]


def _checked(schema: str) -> str:
    if not _SCHEMA.fullmatch(schema):
        raise DatabaseError(f"not a schema name: {schema!r}")
    return schema


def _prepare(connection: psycopg.Connection[tuple[object, ...]], schema: str) -> bool:
    """Make the schema and its list of migrations where they are missing; False for a role that may not."""
    name = sql.Identifier(_checked(schema))
    connection.execute(sql.SQL("SET search_path TO {}").format(name))
    row = connection.execute(_MAY_MAKE, {"schema": schema}).fetchone() or (False, None)
    if not (row[0] if row[1] is None else row[1]):
        return False
    if row[1] is None:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(name))
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations"
        " (name text PRIMARY KEY, sha256 text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    return True


def _demand_up_to_date(
    connection: psycopg.Connection[tuple[object, ...]], shipped: list[Migration], schema: str
) -> None:
    """For a role that may change nothing: it is the owner who brings the schema up to date."""
    try:
        pending = _pending(shipped, _applied(connection), schema)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable):
        pending = shipped
    if pending:
        lacking = f"{len(pending)} migrations, {pending[0].name} the first,"
        reason = (
            f"schema {schema} lacks {lacking}, and the role {connection.info.user} may not change it:"
            " run `panke database prepare` as its owner first"
        )
        log.critical("database_unprepared", reason=reason)
        raise MigrationError(reason)


def _applied(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, str]:
    rows = connection.execute("SELECT name, sha256 FROM migrations ORDER BY name").fetchall()
    return {str(name): str(sha256) for name, sha256 in rows}


def _pending(shipped: list[Migration], applied: dict[str, str], schema: str) -> list[Migration]:
    known = {migration.name for migration in shipped}
    for name in applied:
        if name not in known:
            raise MigrationError(
                f"schema {schema} has the migration {name}, which this version does not ship:"
                " the database was made by a newer version; run that one, or restore a backup of before"
            )
    pending = [migration for migration in shipped if migration.name not in applied]
    for migration in shipped:
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            raise MigrationError(
                f"schema {schema}: the migration {migration.name} was applied with sha256"
                f" {applied[migration.name]}, but what ships has {migration.sha256}:"
                " an applied migration is never edited; put its text back and add a new one"
            )
    if pending and applied and pending[0].name < max(applied):
        raise MigrationError(
            f"schema {schema}: {pending[0].name} comes before {max(applied)}, which is applied already:"
            " give it the next free number"
        )
    return pending


def _apply(connection: psycopg.Connection[tuple[object, ...]], migration: Migration) -> None:
    with connection.transaction():
        try:
            connection.execute(migration.text.encode())
        except psycopg.Error as error:
            raise MigrationError(f"the migration {migration.name} failed: {error}") from error
        connection.execute(
            "INSERT INTO migrations (name, sha256) VALUES (%s, %s)", [migration.name, migration.sha256]
        )
