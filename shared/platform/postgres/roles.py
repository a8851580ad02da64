"""The roles of a deployment's database: each service does there what its statements do, and nothing else (ADR 0038).

The owner prepares a database: brings every schema up to date, makes the roles that are missing, and gives each its
rights anew. Services then sign in as their roles, and migrate nothing. A role whose name ends with `_reader` answers
questions for the one before it: it signs in as nobody, and sees the rows of one scope at a time (ADR 0039).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psycopg
from msgspec import Struct
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from shared.i18n import bilingual
from shared.platform.postgres.database import DatabaseError, connection_info, migrate, queries
from shared.platform.postgres.schemas import OwnedSchema, owned_schemas
from shared.platform.whole_file import private_file

PREFIX: Final = "panke"
URL_FILE: Final = "database.url"
VAULT_FILE: Final = "vault.url"
"""Where the vault is the only schema, it is a database of its own."""
READER: Final = "_reader"
_VAULT: Final = "vault"
_PREFIX: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_FOLDER: Final = 0o700
_SQL: Final = queries("shared.platform.postgres")

Connection = psycopg.Connection[Any]


class RolesError(DatabaseError):
    """The roles of a database could not be prepared; nothing of them was changed."""


class PreparedDatabase(Struct, frozen=True):
    """What preparing did: migrations by schema, roles that were made, files that hold connection strings."""

    migrations: Mapping[str, Sequence[str]]
    made: Sequence[str]
    files: Sequence[Path]


def prepare(
    dsn: str, *, prefix: str = PREFIX, only: Sequence[str] = (), urls: Path | None = None
) -> PreparedDatabase:
    """Bring the schemas up to date as their owner, and give the services' roles their rights.

    With `urls` each role that signs in gets a password, and a file of that folder that holds its connection string.
    """
    if not _PREFIX.fullmatch(prefix):
        raise RolesError(bilingual("the prefix of roles is small letters, digits and _"))
    schemas = owned_schemas(only)
    applied = {schema.name: migrate(dsn, schema.package, schema.name) for schema in schemas}
    with psycopg.connect(connection_info(dsn, name="panke-prepare")) as connection:
        connection.execute(_SQL["lock_roles"])
        roles = _Roles(connection, prefix, schemas)
        made = roles.make()
        for schema in schemas:
            roles.give_rights(schema)
        files = [] if urls is None else roles.sign_in_by(dsn, urls)
    return PreparedDatabase(applied, made, files)


class _Roles:
    """The roles of one deployment, in the transaction of a connection."""

    def __init__(self, connection: Connection, prefix: str, schemas: Sequence[OwnedSchema]) -> None:
        self._connection = connection
        self._schemas = schemas
        self._names = {role: f"{prefix}_{role}" for schema in schemas for role in schema.roles}
        self._identifiers = {role: sql.Identifier(name) for role, name in self._names.items()}

    def make(self) -> list[str]:
        """Make those that are missing; answers their names."""
        asked = {"roles": list(self._names.values())}
        there = {str(name) for (name,) in self._connection.execute(_SQL["roles_there"], asked)}
        missing = sorted(role for role, name in self._names.items() if name not in there)
        try:
            for role in missing:
                self._execute(f"CREATE ROLE {{role}} {_signs_in(role)}", role=self._identifiers[role])
            for role in self._readers():
                base = self._identifiers[role.removesuffix(READER)]
                self._execute(
                    "GRANT {reader} TO {base} WITH INHERIT FALSE", reader=self._identifiers[role], base=base
                )
        except psycopg.errors.InsufficientPrivilege:
            statements = " ".join(f"CREATE ROLE {self._names[role]} {_signs_in(role)};" for role in missing)
            raise RolesError(
                bilingual(
                    "this role may not make others; have made first: {statements}", statements=statements
                )
            ) from None
        return [self._names[role] for role in missing]

    def give_rights(self, schema: OwnedSchema) -> None:
        """Take away every right in the schema that a role has, and give it those that ship."""
        for role in schema.roles:
            for statement in _USE:
                self._execute(statement, schema=sql.Identifier(schema.name), role=self._identifiers[role])
        self._execute(schema.rights, **{role: self._identifiers[role] for role in schema.roles})
        if any(role.endswith(READER) for role in schema.roles):
            self._close_by_scope(schema)

    def _close_by_scope(self, schema: OwnedSchema) -> None:
        """Of each table with a scope a reader sees the rows of the one that is named, the service itself all.

        What is so already is left alone: to change it would wait for everybody who uses the table.
        """
        tables = self._connection.execute(_SQL["tables_of_scopes"], {"schema": schema.name}).fetchall()
        for name, closed, policies in tables:
            table = sql.Identifier(schema.name, name)
            if not closed:
                self._execute("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", table=table)
            for role in schema.roles:
                if self._names[role] not in policies:
                    policy = _ONE_SCOPE if role.endswith(READER) else _EVERY_SCOPE
                    self._execute(policy, table=table, role=self._identifiers[role])

    def _readers(self) -> list[str]:
        return sorted(role for role in self._names if role.endswith(READER))

    def sign_in_by(self, dsn: str, folder: Path) -> list[Path]:
        """Passwords of those that sign in: the one that the role's file holds, or a new one."""
        name = VAULT_FILE if [schema.name for schema in self._schemas] == [_VAULT] else URL_FILE
        files = []
        for role in sorted(set(self._names) - set(self._readers())):
            path = folder / role / name
            files.append(path)
            password = _kept_password(path) or secrets.token_urlsafe(24)
            self._set_password(role, password)
            _write(path, make_conninfo(dsn, user=self._names[role], password=password))
        return files

    def _set_password(self, role: str, password: str) -> None:
        """As the verifier by which the server knows it, so that no log of statements has the password."""
        pgconn = self._connection.pgconn
        verifier = pgconn.encrypt_password(
            password.encode(), self._names[role].encode(), b"scram-sha-256"
        ).decode()
        self._execute(
            "ALTER ROLE {role} PASSWORD {verifier}",
            role=self._identifiers[role],
            verifier=sql.Literal(verifier),
        )

    def _execute(self, statement: str, **parts: sql.Composable) -> None:
        self._connection.execute(sql.SQL(statement).format(**parts))


_ONE_SCOPE: Final = """
    CREATE POLICY {role} ON {table} FOR SELECT TO {role} USING (scope = current_setting('panke.scope', true))
"""
_EVERY_SCOPE: Final = "CREATE POLICY {role} ON {table} TO {role} USING (true) WITH CHECK (true)"
_USE: Final = (
    "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {role}",
    "REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM {role}",
    "REVOKE ALL ON SCHEMA {schema} FROM {role}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT ON {schema}.migrations TO {role}",
)


def _signs_in(role: str) -> str:
    return "NOLOGIN" if role.endswith(READER) else "LOGIN"


def url_files(folder: Path, services: Iterable[str]) -> dict[str, Path]:
    """The files of the services that have one in the folder."""
    return {name: path for name in services if (path := folder / name / URL_FILE).is_file()}


def _kept_password(path: Path) -> str | None:
    try:
        kept = conninfo_to_dict(path.read_text(encoding="utf-8").strip()).get("password")
    except FileNotFoundError:
        return None
    except psycopg.ProgrammingError:
        raise RolesError(bilingual("{path} holds no connection string", path=path)) from None
    return None if kept is None else str(kept)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with private_file(path) as file:
            file.write(text.encode())
