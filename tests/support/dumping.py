"""Backups of schemas by PostgreSQL's own tools, as an operator makes them."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import psycopg

from deploy.local.postgres_user import ServerUser, binaries


def dump(dsn: str, schemas: Sequence[str], file: Path) -> None:
    """Write the schemas to a file, all of one moment."""
    chosen = [f"--schema={schema}" for schema in schemas]
    _run("pg_dump", "--format=custom", *chosen, f"--file={file}", f"--dbname={dsn}")


def dump_plain(dsn: str, file: Path, *schemas: str) -> None:
    """Write schemas, or the whole database, to a file as statements, which nothing compresses."""
    chosen = [f"--schema={schema}" for schema in schemas]
    _run("pg_dump", "--format=plain", *chosen, f"--file={file}", f"--dbname={dsn}")


def run_script(dsn: str, file: Path) -> None:
    """Run the statements of such a file on an empty database."""
    _run("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={file}", f"--dbname={dsn}")


def restore(dsn: str, schemas: Sequence[str], file: Path) -> None:
    """Put the schemas of the file in the place of what is there."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for schema in schemas:
            connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())
    _run("pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={dsn}", str(file))


def restore_rows(dsn: str, schema: str, file: Path) -> None:
    """Put the rows of the file in the place of those that are there; tables, and whoever is connected, stay."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        tables = connection.execute(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = %s", [schema]
        ).fetchall()
    rows, script = file.with_suffix(".rows.sql"), file.with_suffix(".sql")
    _run("pg_restore", "--data-only", f"--schema={schema}", f"--file={rows}", str(file))
    script.write_text(
        "SET session_replication_role = replica;\n"  # the journal is append-only else
        f"TRUNCATE {', '.join(table for (table,) in tables)};\n" + rows.read_text()
    )
    _run(
        "psql",
        "--quiet",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        f"--file={script}",
        f"--dbname={dsn}",
    )


def _run(program: str, *arguments: str) -> None:
    command = [str(binaries(ServerUser()) / program), *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
