"""A PostgreSQL and a Kafka for the tests: an address that is given, else containers, else the embedded ones.

ADR 0015: this is the order of choice, and what was chosen is
printed. `PANKE_TEST_POSTGRES` (a connection string of a user who may create databases) and
`PANKE_TEST_KAFKA` (a bootstrap address) give an address.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from deploy.local import EmbeddedKafka, EmbeddedPostgres
from deploy.local.kafka import SETTINGS
from deploy.local.kafka_probe import ask_cluster
from deploy.local.ports import HOST, free_port
from tests.support.patience import PATIENCE

POSTGRES_IMAGE = "postgres:18.1-bookworm"
KAFKA_IMAGE = "apache/kafka:4.3.1"
MEMORY = Path("/dev/shm")
ROOM = 6 * 1024**3
_PREFIX = "panke-test-"
_HELD = ".held"
Say = Callable[[str], None]


@contextmanager
def postgres(say: Say) -> Iterator[str]:
    """The connection string of a server for the whole run."""
    if given := os.environ.get("PANKE_TEST_POSTGRES"):
        say("PostgreSQL for the tests: the one of PANKE_TEST_POSTGRES")
        yield given
    elif engine_answers():
        say(f"PostgreSQL for the tests: a container of {POSTGRES_IMAGE}")
        with _postgres_container() as dsn:
            yield dsn
    else:
        with embedded_postgres() as server:
            say(f"PostgreSQL for the tests: embedded, {server.address}")
            yield server.dsn


@contextmanager
def kafka(say: Say) -> Iterator[str]:
    """The bootstrap address of a broker for the whole run."""
    if given := os.environ.get("PANKE_TEST_KAFKA"):
        say(f"Kafka for the tests: {given}, of PANKE_TEST_KAFKA")
        yield given
    elif engine_answers():
        say(f"Kafka for the tests: a container of {KAFKA_IMAGE}")
        with _kafka_container() as address:
            yield address
    else:
        with embedded_kafka() as broker:
            say(f"Kafka for the tests: embedded, {broker.address}")
            yield broker.address


@contextmanager
def embedded_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of one's own, to be killed and started at will; its data is deleted at the end."""
    with open_directory() as directory:
        server = EmbeddedPostgres(directory / "postgres", durable=False)
        try:
            yield server.start()
        finally:
            server.remove()


@contextmanager
def embedded_kafka() -> Iterator[EmbeddedKafka]:
    """A broker of one's own, to be killed and started at will; its data is deleted at the end."""
    with open_directory() as directory, EmbeddedKafka(directory / "kafka", short_lived=True) as broker:
        yield broker


def fresh_prefix() -> str:
    """What names of topics and groups begin with that nobody had before, also not whoever was given the same fixture
    before: a module whose tests are spread over time is set up more than once."""
    return f"t{uuid.uuid4().hex[:12]}."


@contextmanager
def fresh_database(server: str, template: str = "template0") -> Iterator[str]:
    """The connection string of a database of one's own on a server; dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        source = sql.Identifier(template)
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
    try:
        yield make_conninfo(server, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def eventually(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Poll until a condition holds; the time is a guard against hanging, not part of what is tested."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def engine_answers() -> bool:
    """Whether a container engine runs here; asked of its socket, as the client library leaks one on
    failure."""
    scheme, _, place = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").partition("://")
    family = socket.AF_UNIX if scheme == "unix" else socket.AF_INET
    host, _, port = place.partition(":")
    with socket.socket(family) as connection:
        connection.settimeout(3)
        try:
            connection.connect(place if scheme == "unix" else (host, int(port)))
            connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
        except (OSError, ValueError):
            return False


@contextmanager
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter; as root PostgreSQL runs as another one. Deleted at the end.

    It lies in memory where there is plenty: a database that is made and dropped for a test takes a fifth of the work
    there, and waits for no disk that others use.
    """
    within = _in_memory() or Path(tempfile.gettempdir())
    remove_abandoned(within)
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=within))
    fresh = _held(directory).with_suffix(".new")
    with fresh.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        fresh.rename(_held(directory))  # once it is locked: nobody finds it free
        directory.chmod(0o755)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)
            _held(directory).unlink(missing_ok=True)


def remove_abandoned(within: Path) -> None:
    """Delete what a run left that was killed: nobody holds the file beside it any more."""
    for beside in within.glob(f"{_PREFIX}*{_HELD}"):
        with suppress(OSError), beside.open("r") as held:  # held, or removed meanwhile by whoever made it
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(beside.with_suffix(""), ignore_errors=True)
            beside.unlink(missing_ok=True)


def _held(directory: Path) -> Path:
    return directory.with_name(directory.name + _HELD)


def _in_memory() -> Path | None:
    """The file system in memory, as far as there is one with room for the servers of every worker."""
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return None
    return MEMORY if free >= ROOM and os.access(MEMORY, os.W_OK) else None


@contextmanager
def _postgres_container() -> Iterator[str]:
    from testcontainers.community.postgres import PostgresContainer

    server = PostgresContainer(POSTGRES_IMAGE, driver=None)
    server.with_command("postgres -c fsync=off -c max_connections=200")
    with server:
        yield server.get_connection_url()


@contextmanager
def _kafka_container() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    port = free_port()
    settings = SETTINGS | {
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        # Clients come by the published port, which must be known before the start: so it is a fixed one.
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
    }
    broker = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for key, value in settings.items():
        broker.with_env("KAFKA_" + key.upper().replace(".", "_"), value)
    with broker:
        eventually(lambda: ask_cluster(port) is not None, f"{KAFKA_IMAGE} answers", seconds=90)
        yield f"{HOST}:{port}"
