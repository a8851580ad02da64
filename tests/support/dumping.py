"""Backups of schemas by PostgreSQL's own tools, as an operator makes them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg

from shared.local.postgres_user import ServerUser, binaries


def dump(dsn: str, schemas: Sequence[str], file: Path) -> None:
    """Write the schemas to a file, all of one moment."""
    chosen = [f"--schema={schema}" for schema in schemas]
    _run("pg_dump", "--format=custom", *chosen, f"--file={file}", f"--dbname={dsn}")


def restore(dsn: str, schemas: Sequence[str], file: Path) -> None:
    """Put the schemas of the file in the place of what is there."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for schema in schemas:
            connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    _run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={dsn}", str(file))


def _run(program: str, *arguments: str) -> None:
    command = [str(binaries(ServerUser()) / program), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
