"""Writes and reads backups with PostgreSQL's own tools.

All schemas of one backup are of one moment: a single `pg_dump` reads them in one snapshot. What a part must know after
it was restored (it is older than what it sent, or than what it told people) is the part's own statement,
`after_restore` of its `.sql` files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from deploy.backup.noting import note
from deploy.local.errors import LocalError
from deploy.local.postgres_user import binaries, server_user
from shared.i18n import bilingual
from shared.platform.postgres.database import connection_info, queries
from shared.platform.whole_file import open_private, whole_file

PARTS: Final = ("intake", "attribution", "notifier", "registers", "audit", "access", "access_record")
_ALWAYS: Final = ("intake", "attribution", "notifier")
"""What every deployment has; the others are there once their services ran."""
VAULT: Final = "vault"
"""Whom contacts stand for: backed up by itself, never beside the others."""
_CREATED: Final = "; Archive created at "
_ENDING: Final = 5.0
"""So long the connections of a service that was just stopped may take to end."""
_VARIABLES: Final = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
    "dbname": "PGDATABASE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "service": "PGSERVICE", "passfile": "PGPASSFILE",
}  # fmt: skip


class BackupError(Exception):
    """The backup was not written, or not restored; nothing was changed."""


def kept_parts(dsn: str) -> tuple[str, ...]:
    """The parts that a whole backup is of."""
    there = _present(dsn)
    return tuple(part for part in PARTS if part in there or part in _ALWAYS)


def held_parts(dsn: str, file: Path) -> tuple[str, ...]:
    """The parts that a whole backup brings back."""
    listed = _listed(dsn, file)
    return tuple(part for part in PARTS if _named(part) in listed or part in _ALWAYS)


def listed_parts(file: Path) -> tuple[str, ...]:
    """Every schema that a backup holds, without a database to bring it back into."""
    listed = _run("pg_restore", ["--list", str(file)], "")
    return tuple(part for part in (*PARTS, VAULT) if _named(part) in listed)


def listed_tables(file: Path) -> set[str]:
    """Every table of which a backup says that it holds rows."""
    lines = (
        line.split(" TABLE DATA ") for line in _run("pg_restore", ["--list", str(file)], "").splitlines()
    )
    return {".".join(line[1].split()[:2]) for line in lines if len(line) == 2}


def created_at(file: Path) -> str:
    """When a backup was made, as its list says."""
    for line in _run("pg_restore", ["--list", str(file)], "").splitlines():
        if line.startswith(_CREATED):
            return line.removeprefix(_CREATED).strip()
    return ""


def back_up(dsn: str, file: Path, parts: Sequence[str]) -> None:
    """Write the parts to a file that only this user may read; it takes its name when it is whole."""
    there = _present(dsn)
    missing = [part for part in parts if part not in there]
    if missing:
        raise BackupError(bilingual("the database has no schema {missing}", missing=", ".join(missing)))
    schemas = [f"--schema={part}" for part in parts]
    with whole_file(file, open_private) as output:
        _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges", *schemas], dsn, output.fileno())


def restore(dsn: str, file: Path, parts: Sequence[str], business_now: datetime, *, replace: bool) -> None:
    """Restore the parts in one transaction each; a part that is there is refused, or with `replace` dropped first."""
    for part in parts:
        if _named(part) not in _listed(dsn, file):
            raise BackupError(bilingual("the backup does not hold {part}", part=part))
    in_the_way = sorted(_present(dsn) & set(parts))
    if in_the_way and not replace:
        raise BackupError(
            bilingual(
                "the database has {in_the_way} already: stop the services, back it up, and give "
                "--replace to have it dropped first",
                in_the_way=", ".join(in_the_way),
            )
        )
    _demand_stopped(dsn, parts)
    for part in parts:
        _restore(dsn, file, part, business_now)
    if VAULT not in parts:
        note(dsn, parts, created_at(file), business_now)


def _demand_stopped(dsn: str, parts: Sequence[str]) -> None:
    """A service that runs would go on from what it remembers, and give numbers of the journal twice."""
    until = time.monotonic() + _ENDING
    with psycopg.connect(connection_info(dsn, name="panke-restore"), autocommit=True) as connection:
        while running := _running(connection, parts):
            if time.monotonic() > until:
                raise BackupError(
                    bilingual(
                        "{running} still runs on this database, and nothing was changed: stop it first; where "
                        "`panke up` started it: panke down, then panke up --without-services",
                        running=", ".join(running),
                    )
                )
            time.sleep(_ENDING / 20)


def _running(connection: psycopg.Connection[tuple[object, ...]], parts: Sequence[str]) -> list[str]:
    rows = connection.execute(
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database()"
    )
    names = [str(name) for (name,) in rows]
    services = {part: _connected_as(part) for part in parts}
    return [part for part, one in services.items() if any(f"{name}-".startswith(one) for name in names)]


def _connected_as(part: str) -> tuple[str, ...]:
    """How a connection is named that must not be there: every service opens the vault."""
    names = _ALWAYS if part == VAULT else (part.partition("_")[0],)
    return tuple(f"panke-{name}-" for name in names)


def _named(part: str) -> str:
    """How the list of a backup names a schema."""
    return f" SCHEMA - {part} "


def _restore(dsn: str, file: Path, part: str, business_now: datetime) -> None:
    """Aside first: what stands under the name goes only when the backup of it is whole."""
    kept = f"{part}_before_restore"
    with psycopg.connect(connection_info(dsn, name="panke-restore"), autocommit=True) as connection:
        connection.execute("SET statement_timeout = 0")
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(kept)))
        had = part in _present(dsn)
        if had:
            _rename(connection, part, kept)
        try:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(part)))
            options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
            _run("pg_restore", [*options, f"--schema={part}", "--dbname", _database(dsn), str(file)], dsn)
            _after(connection, part, business_now)
        except BaseException:
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(part)))
            if had:
                _rename(connection, kept, part)
            raise
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(kept)))


def _after(connection: psycopg.Connection[tuple[object, ...]], part: str, business_now: datetime) -> None:
    if part == VAULT:
        return
    statement = queries(f"services.{part.replace('_', '.')}").get("after_restore")
    if statement is not None:
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(part)))
        with connection.transaction():
            for one in statement.split(";"):
                if one.strip():
                    connection.execute(one, {"business_now": business_now})


def _rename(connection: psycopg.Connection[tuple[object, ...]], name: str, other: str) -> None:
    text = sql.SQL("ALTER SCHEMA {} RENAME TO {}")
    connection.execute(text.format(sql.Identifier(name), sql.Identifier(other)))


def _present(dsn: str) -> set[str]:
    with psycopg.connect(connection_info(dsn, name="panke-backup")) as connection:
        rows: Iterable[tuple[object, ...]] = connection.execute("SELECT nspname FROM pg_namespace")
        return {str(name) for (name,) in rows} & {*PARTS, VAULT}


def _listed(dsn: str, file: Path) -> str:
    return _run("pg_restore", ["--list", str(file)], dsn)


def _database(dsn: str) -> str:
    return str(conninfo_to_dict(dsn).get("dbname") or "postgres")


def _run(program: str, arguments: Sequence[str], dsn: str, output: int | None = None) -> str:
    """Run one of PostgreSQL's tools; what it is to connect with is no argument, which everybody could read."""
    try:
        done = subprocess.run(
            [tool(program), *arguments],
            env={**os.environ, **_environment(dsn)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if output is None else output,
            stderr=subprocess.PIPE,
            check=False,
        )
    except OSError as error:
        raise BackupError(
            bilingual("cannot run {program}: {strerror}", program=program, strerror=error.strerror)
        ) from None
    if done.returncode != 0:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise BackupError(bilingual("{program} failed: {said}", program=program, said=" / ".join(told[-3:])))
    return (done.stdout or b"").decode("utf-8", "replace")


def _environment(dsn: str) -> Mapping[str, str]:
    given = conninfo_to_dict(dsn)
    return {
        variable: str(given[name]) for name, variable in _VARIABLES.items() if given.get(name) is not None
    }


def tool(name: str) -> str:
    """That of the embedded PostgreSQL, which is of the newest version that Panke knows; else the one of the machine."""
    try:
        bundled = binaries(server_user()) / name
        if bundled.is_file():
            return str(bundled)
    except LocalError:
        pass  # not installed here, as in the container: the machine's own serves as well
    return shutil.which(name) or name
