"""Everything that Panke needs on this machine, as one list of processes: PostgreSQL, Kafka, then the
services.

Architecture, "Real parts without a container engine": an address that is given is used, the rest is embedded.
The demonstration and `panke up` share this code.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Protocol

from shared.cli import GROUP
from shared.local.kafka import EmbeddedKafka
from shared.local.postgres import EmbeddedPostgres
from shared.local.service import ServiceProcess

# In the order in which a fact passes them; a service that comes later is added to `serve.*` and started last.
_ORDER = ("intake", "attribution", "notifier")
PORTS = {"intake": 8001, "attribution": 8002, "notifier": 8003}
# Delivery reports come from outside: their address has a secret and is opened by `panke serve receipts` alone.
_APART = {"receipts"}
# Settings without the name of a service in theirs, which not every service reads.
_READ_BY = {
    "PANKE_DEFAULT_RULEBOOK": ("intake", "attribution"),
    "PANKE_PARTITIONS": ("intake", "attribution"),
    "PANKE_REPLICATION": ("intake", "attribution"),
    "PANKE_RULEBOOK_FOLDER": ("intake", "attribution"),
    "PANKE_RULEBOOKS": ("intake",),
}
Say = Callable[[str], None]


class Part(Protocol):
    """A process of the stack."""

    name: str

    @property
    def address(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def log(self) -> Path: ...
    def attach(self) -> bool: ...
    def start(self) -> object: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


def registered_services() -> list[str]:
    """The services that have a `panke serve` command, in the order of their start, but for those apart."""
    entries = metadata.distribution("panke").entry_points.select(group=GROUP)
    names = {e.name.removeprefix("serve.") for e in entries if e.name.startswith("serve.")}
    names -= _APART
    known = [name for name in _ORDER if name in names]
    return known + sorted(names - set(known))


class Stack:
    """The processes below `directory`; `settings` are what the services are given besides the addresses."""

    def __init__(
        self,
        directory: Path,
        *,
        settings: Mapping[str, str] | None = None,
        ports: Mapping[str, int] | None = None,
        services: list[str] | None = None,
        durable: bool = True,
        tied: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.settings = dict(settings or {})
        self._given_ports = dict(ports or {})
        self.tied = tied
        self._environment = dict(os.environ if environment is None else environment)
        self._wanted = registered_services() if services is None else services
        self.postgres = EmbeddedPostgres(
            directory / "postgres", self._given_ports.get("postgres", 0), durable=durable, tied=tied
        )
        self.kafka = EmbeddedKafka(directory / "kafka", self._given_ports.get("kafka", 0), tied=tied)
        self.given = self._given()
        self.embedded: list[Part] = [
            part
            for part, given in ((self.postgres, "PANKE_DATABASE_URL"), (self.kafka, "PANKE_KAFKA"))
            if given not in self.given
        ]
        self.services: list[ServiceProcess] = []

    @property
    def parts(self) -> list[Part]:
        """Every process, in the order of the start."""
        return [*self.embedded, *(self.services or self.make_services())]

    @property
    def possible(self) -> list[Part]:
        """Every process that may run here, also one that was embedded when it was started and is given now."""
        return [self.postgres, self.kafka, *(self.services or self.make_services())]

    def start(self, say: Say) -> None:
        """Start what does not run yet; what was started now is stopped again when something fails."""
        started: list[Part] = []
        try:
            self._start_embedded(say, started)
            self.services = self.make_services(self.addresses())
            for service in self.services:
                self._start(service, say, started)
        except BaseException:
            for part in reversed(started):
                part.stop()
            raise

    def stop(self, say: Say) -> None:
        """Stop every process: the services first, so that they finish while their parts still answer."""
        for part in reversed(self.possible):
            if part.attach():
                part.stop()
                say(f"{part.name}: 已停止 stopped")

    def remove(self) -> None:
        """Delete the data, logs and pid files of everything here; call it after `stop`."""
        self.postgres.remove()  # its data may lie elsewhere
        shutil.rmtree(self.directory, ignore_errors=True)

    def addresses(self) -> dict[str, str]:
        """What the services are told about database and broker."""
        embedded: dict[str, str] = {}
        if self.postgres in self.embedded:
            embedded["PANKE_DATABASE_URL"] = self.postgres.dsn
        if self.kafka in self.embedded:
            embedded["PANKE_KAFKA"] = self.kafka.address
        return {**self.given, **embedded}

    def _given(self) -> dict[str, str]:
        names = ("PANKE_DATABASE_URL", "PANKE_KAFKA")
        found = {name: self.settings.get(name) or self._environment.get(name) for name in names}
        return {name: value for name, value in found.items() if value}

    def _start_embedded(self, say: Say, started: list[Part]) -> None:
        """Side by side: each waits mostly for itself."""
        threads = ThreadPoolExecutor(max_workers=2)
        try:
            starts = [threads.submit(self._start, part, say, started) for part in self.embedded]
            for start in starts:
                start.result()
        finally:
            # Also after Ctrl-C: a part that is half started could not be stopped.
            threads.shutdown(wait=True)

    def _start(self, part: Part, say: Say, started: list[Part]) -> None:
        if part.attach():
            say(f"{part.name}: 已在运行 already running, {part.address}, pid {part.pid}")
            return
        part.start()
        started.append(part)
        say(f"{part.name}: 已启动 started, {part.address}, pid {part.pid}")

    def make_services(self, addresses: Mapping[str, str] | None = None) -> list[ServiceProcess]:
        """The processes of the services, not started; without `addresses` they know only what was given."""
        addresses = self.given if addresses is None else addresses
        return [
            ServiceProcess(
                name,
                self.directory / name,
                self._port(name),
                self._settings_of(name, addresses),
                tied=self.tied,
            )
            for name in self._wanted
        ]

    def _settings_of(self, service: str, addresses: Mapping[str, str]) -> dict[str, str]:
        """The environment of one service, without what is meant for us or for another service.

        A service reports each variable with our prefix that it does not read.
        """
        others = tuple(f"PANKE_{name.upper()}_" for name in {*PORTS, *self._wanted} - {service})
        environment = {**self._environment, **addresses, **self.settings}
        environment.setdefault("PANKE_INTAKE_ATTRIBUTION", f"http://127.0.0.1:{self._port('attribution')}")
        not_its_own = ("PANKE_LOCAL", "PANKE_TEST_", *others)
        return {
            key: value
            for key, value in environment.items()
            if not key.startswith(not_its_own) and service in _READ_BY.get(key, (service,))
        }

    def _port(self, service: str) -> int:
        """As given to us, else as the environment says it to the service, else the usual one."""
        told = self._environment.get(f"PANKE_{service.upper()}_PORT", "")
        return self._given_ports.get(service) or (int(told) if told.isdecimal() else PORTS.get(service, 0))
