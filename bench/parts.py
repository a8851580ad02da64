"""The real parts under a benchmark, with everything as durable as in production: own servers, own directories."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from deploy.local import EmbeddedKafka, EmbeddedPostgres

START_SECONDS = 60.0
STOP_SECONDS = 20.0


class NotReadyError(Exception):
    """A process that was started for a benchmark does not answer; the message holds the end of its log."""


@contextmanager
def directory() -> Iterator[Path]:
    """A directory that every user may enter; as root PostgreSQL runs as another one. Deleted at the end."""
    place = Path(tempfile.mkdtemp(prefix="panke-bench-"))
    place.chmod(0o755)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[str]:
    """The connection string of a server that syncs each commit to disk."""
    with directory() as place:
        server = EmbeddedPostgres(place / "postgres")
        try:
            yield server.start().dsn
        finally:
            server.remove()


@contextmanager
def kafka() -> Iterator[str]:
    """The bootstrap address of a broker."""
    with directory() as place, EmbeddedKafka(place / "kafka") as broker:
        yield broker.address


@contextmanager
def database(server: str) -> Iterator[str]:
    """The connection string of an empty database; dropped at the end."""
    name = f"bench_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def settle(dsn: str) -> None:
    """Vacuum and a checkpoint, so that no measurement pays for what the one before it wrote."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


@contextmanager
def service(module: Sequence[str], settings: Mapping[str, str], health: str) -> Iterator[int]:
    """A process that serves until the end of the block; answers its pid once `health` answers 200."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**_inherited(), **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            if not _answers(process, health):
                log.seek(0)
                raise NotReadyError(f"{module[0]}: " + log.read()[-2000:].decode(errors="replace"))
            yield process.pid
        finally:
            _stop(process)


def _inherited() -> dict[str, str]:
    """The environment without settings of a deployment that happens to be named in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PANKE_")}


def _answers(process: subprocess.Popen[bytes], health: str) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(health, timeout=2) as answer:
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
