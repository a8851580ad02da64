"""Everything that Panke needs on this machine, as one list of processes: PostgreSQL, Kafka, then the
services.

ADR 0015: an address that is given is used, the rest is embedded.
The demonstration and `panke up` share this code.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from msgspec.structs import fields

from deploy.local.errors import (
    AlreadyRunningError,
    LocalError,
    NotRunningError,
    PortInUseError,
    SeveralFailedError,
)
from deploy.local.kafka import EmbeddedKafka
from deploy.local.part import Part
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.private import FOLDER
from deploy.local.process import ServerProcess
from deploy.local.roles import ROLES, prepare_roles, signed_in
from deploy.local.service import ServiceProcess, kept_port, port_variable
from shared.cli import GROUP
from shared.i18n import bilingual, translated
from shared.platform.settings import registered_settings, variables
from shared.sealing.keys import make_keys

# In the order in which a fact passes them; a service that comes later is added to `serve.*` and started last.
_ORDER = ("intake", "access", "audit", "attribution", "notifier", "registers", "console")
# Delivery reports come from outside: their address has a secret and is opened by `panke serve receipts` alone.
_APART = {"receipts"}
Say = Callable[[str], None]


def registered_services() -> list[str]:
    """The services that have a `panke serve` command, in the order of their start, but for those apart."""
    entries = metadata.distribution("panke").entry_points.select(group=GROUP)
    names = {e.name.removeprefix("serve.") for e in entries if e.name.startswith("serve.")}
    names -= _APART
    known = [name for name in _ORDER if name in names]
    return known + sorted(names - set(known))


def usual_port(service: str) -> int:
    """Where a service listens unless it is told another port, by its own settings; 0 of one that has none."""
    kind = registered_settings().get(service)
    return next((one.default for one in fields(kind) if one.name == f"{service}_port"), 0) if kind else 0


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
        self.kafka = EmbeddedKafka(
            directory / "kafka",
            self._given_ports.get("kafka", 0),
            tied=tied,
            short_lived=tied and not durable,
        )
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
        """Start what does not run yet. What runs goes on, also when another part does not start.

        An interrupt stops again what was started now.
        """
        started: list[Part] = []
        self._make_keys(say)
        logged = self._log_keys().exists()
        try:
            failed = self._start_embedded(say, started)
            if not failed:
                self._prepare_roles()
                self.services = self.make_services(self.addresses())
                failed = [error for part in self.services if (error := self._tried(part, say, started))]
                self._say_log_keys(say, logged)
        except BaseException:
            for part in reversed(started):
                part.stop()
            raise
        if failed:
            raise failed[0] if len(failed) == 1 else SeveralFailedError(failed)

    @property
    def keys(self) -> str | None:
        """The file by which personal texts are sealed: the one that is given, else our own; none where it is said that
        the journal stands in clear."""
        own = self._own_keys()
        return self._variable("PANKE_KEYS") or (
            str(own.absolute()) if own.exists() and not self._in_clear() else None
        )

    def _in_clear(self) -> bool:
        return (self._variable("PANKE_INTAKE_JOURNAL_IN_CLEAR") or "").lower() in ("true", "1", "yes", "on")

    def _variable(self, name: str) -> str | None:
        return self.settings.get(name) or self._environment.get(name)

    @property
    def machine(self) -> Path:
        """The file by which the services sign in themselves."""
        return (self.directory / "keys" / "services.json").absolute()

    def _own_keys(self) -> Path:
        """Beside the data and never in it: whoever has a copy of the one has not the other."""
        return self.directory / "keys" / "people.json"

    def _make_keys(self, say: Say) -> None:
        """A journal that begins begins under seal. Of one that is there in clear intake says what can be done."""
        begun = self.postgres in self.embedded and self.postgres.directory.exists()
        wanted = self.postgres in self.embedded or "intake" in self._wanted
        if wanted and not begun and self.keys is None and not self._in_clear():
            path = self._own_keys()
            path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
            make_keys(path)
            say(bilingual("keys: {path}. Keep a copy apart from every backup of the database", path=path))

    def _log_keys(self) -> Path:
        """Beside the data and never in it: who alters rows has no key to sign them by."""
        return (self.directory / "keys" / "log.keys").absolute()

    def _say_log_keys(self, say: Say, before: bool) -> None:
        path = self._log_keys()
        if path.exists() and not before:
            say(
                bilingual(
                    "key of the log: {path}. Keep a copy apart from every backup of the database", path=path
                )
            )

    def _prepare_roles(self) -> None:
        """Our own database, up to date, with a role for each service; a server that is given is its owner's."""
        if self.postgres in self.embedded and self._wanted:
            prepare_roles(self.postgres.dsn, self.directory)

    def begin(self, part: Part) -> None:
        """Start one part and wait until it is ready; whoever else started it meanwhile is welcome."""
        part.stop_if_abandoned()
        try:
            part.launch() if isinstance(part, ServiceProcess) else part.start()
        except (AlreadyRunningError, PortInUseError):
            if not part.attach():
                raise
        if isinstance(part, ServiceProcess):
            part.wait_ready()

    def restart(self, names: Collection[str], say: Say) -> None:
        """Stop these parts and start them again, on their data and ports, with the settings of now."""
        for part in self.embedded:
            if part.name in names:
                self._restart(part, say)
            elif not part.attach():
                raise NotRunningError(part.name)
        self._prepare_roles()
        self.services = self.make_services(self.addresses())
        for service in self.services:
            if service.name in names:
                self._restart(service, say)

    def _restart(self, part: Part, say: Say) -> None:
        if part.attach():
            part.stop()
        self.begin(part)
        say(f"{part.name}: {translated('started again').beside}, {part.address}, pid {part.pid}")

    def stop(self, say: Say) -> None:
        """Stop every process: the services first, so that they finish while their parts still answer."""
        for part in reversed(self.possible):
            if part.attach():
                part.stop()
                say(f"{part.name}: {translated('stopped').beside}")

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
        """The addresses of servers that are not ours; our own, as `panke status` tells them, are embedded."""
        owners: dict[str, Callable[[str], bool]] = {
            "PANKE_DATABASE_URL": self.postgres.owns,
            "PANKE_KAFKA": self.kafka.owns,
        }
        found = {name: self.settings.get(name) or self._environment.get(name) for name in owners}
        return {name: value for name, value in found.items() if value and not owners[name](value)}

    def _start_embedded(self, say: Say, started: list[Part]) -> list[LocalError]:
        """Side by side: each waits mostly for itself."""
        threads = ThreadPoolExecutor(max_workers=2)
        try:
            starts = [threads.submit(self._tried, part, say, started) for part in self.embedded]
            return [error for start in starts if (error := start.result()) is not None]
        finally:
            # Also after Ctrl-C: a part that is half started could not be stopped.
            threads.shutdown(wait=True)

    def _tried(self, part: Part, say: Say, started: list[Part]) -> LocalError | None:
        """Why a part does not run, or nothing."""
        try:
            part.stop_if_abandoned()
            if part.attach():
                if isinstance(part, ServiceProcess):
                    part.wait_ready()
                say(f"{part.name}: {translated('already running').beside}, {part.address}, pid {part.pid}")
            else:
                started.append(part)
                self.begin(part)
                say(f"{part.name}: {translated('started').beside}, {part.address}, pid {part.pid}")
        except LocalError as error:
            return error
        return None

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
        reads = {name: variables(kind) for name, kind in registered_settings().items()}
        others = tuple(f"PANKE_{name.upper()}_" for name in {*reads, *self._wanted} - {service})
        environment = {**self._environment, **addresses, **self.settings}
        environment.setdefault("PANKE_INTAKE_ATTRIBUTION", f"http://127.0.0.1:{self._port('attribution')}")
        # Beside the data and never in it: whoever has a copy of the one has not the other.
        environment.setdefault("PANKE_ACCESS_KEYS", str((self.directory / "keys" / "access.json").absolute()))
        environment.setdefault("PANKE_AUDIT_ATTRIBUTION", f"http://127.0.0.1:{self._port('attribution')}")
        environment.setdefault("PANKE_AUDIT_INTAKE", f"http://127.0.0.1:{self._port('intake')}")
        environment.setdefault("PANKE_AUDIT_NOTIFIER", f"http://127.0.0.1:{self._port('notifier')}")
        environment.setdefault("PANKE_NOTIFIER_REGISTERS", f"http://127.0.0.1:{self._port('registers')}")
        environment.setdefault("PANKE_REGISTERS_ATTRIBUTION", f"http://127.0.0.1:{self._port('attribution')}")
        environment.setdefault("PANKE_REGISTERS_INTAKE", f"http://127.0.0.1:{self._port('intake')}")
        for asked in ("intake", "attribution", "notifier", "audit", "registers"):
            name = f"PANKE_CONSOLE_{asked.upper()}"
            environment.setdefault(name, f"http://127.0.0.1:{self._port(asked)}")
        own_key = (self.directory / "keys" / "console.json").absolute()
        environment.setdefault("PANKE_CONSOLE_KEYS", str(own_key))
        environment.setdefault("PANKE_AUDIT_KEYS", str(self._log_keys()))
        environment.setdefault("PANKE_AUDIT_FILES", str((self.directory / "audit" / "log").absolute()))
        if self.keys is not None:
            environment.setdefault("PANKE_KEYS", self.keys)
        access = f"http://127.0.0.1:{self._port('access')}"
        environment.setdefault("PANKE_ACCESS_PUBLIC_URL", access)
        environment.setdefault("PANKE_TOKENS_FROM", access)
        environment.setdefault("PANKE_MACHINE", str(self.machine))
        own = self.directory if self.postgres in self.embedded else None
        environment = signed_in(service, environment, own)
        others = (*others, "PANKE_ACCESS_ADDRESS", "PANKE_SESSION_FILE", ROLES)
        not_its_own = ("PANKE_LOCAL", "PANKE_TEST_", *others)
        known = frozenset().union(*reads.values())
        own_variables = reads.get(service, known)
        return {
            key: value
            for key, value in environment.items()
            if not key.startswith(not_its_own) and (key in own_variables or key not in known)
        }

    def _port(self, service: str) -> int:
        """Where it listens; else as given to us, as its setting says, as when it died, or the usual one."""
        directory = self.directory / service
        kept = kept_port(directory)
        if kept is not None and ServerProcess(service, directory).running() is not None:
            return kept
        told = self._environment.get(port_variable(service), "")
        given = self._given_ports.get(service) or (int(told) if told.isdecimal() else None)
        return given or kept or usual_port(service)
