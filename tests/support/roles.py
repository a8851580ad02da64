"""A database whose services have roles of their own, and connections as these."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from shared.platform.postgres.database import connection_info
from shared.platform.postgres.roles import prepare
from tests.support.parts import fresh_database, open_directory


@dataclass(frozen=True)
class Roles:
    """A prepared database; `folder` holds a connection string for each role that signs in."""

    owner: str
    prefix: str
    folder: Path

    def url(self, role: str) -> str:
        return (self.folder / role / "database.url").read_text()

    @contextmanager
    def as_role(self, role: str, schema: str | None = None) -> Iterator[psycopg.Connection[Any]]:
        """A connection of a role; what it does is rolled back."""
        with psycopg.connect(connection_info(self.url(role), schema=schema)) as connection:
            yield connection
            connection.rollback()


@contextmanager
def prepared_database(server: str) -> Iterator[Roles]:
    """A database of one's own with roles of its own, which are dropped at the end."""
    prefix = f"t{secrets.token_hex(4)}"
    try:
        with fresh_database(server) as owner, open_directory() as folder:
            prepare(owner, prefix=prefix, urls=folder)
            yield Roles(owner, prefix, folder)
    finally:
        drop_roles(server, prefix)


def drop_roles(server: str, prefix: str) -> None:
    """Drop what `panke database prepare` made with the prefix, and what it was given in the database that is named."""
    with psycopg.connect(server, autocommit=True) as connection:
        named = connection.execute(
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [f"{prefix}_"]
        )
        for (name,) in named.fetchall():
            for text in ("DROP OWNED BY {}", "DROP ROLE {}"):
                connection.execute(sql.SQL(text).format(sql.Identifier(name)))
