"""One of our own services as a process of its own: `panke serve NAME`, ready when its `/readyz` says so."""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.local.errors import NotReadyError, PortInUseError, StartFailedError
from deploy.local.ports import HOST, soon_free
from deploy.local.private import write_private
from deploy.local.process import ServerProcess
from shared.i18n import translated

_START_SECONDS = 90.0
_TICK = 0.05
_PORT = "port.json"


def port_variable(name: str) -> str:
    """The setting that says where a service listens."""
    return f"PANKE_{name.upper()}_PORT"


def kept_port(directory: Path) -> int | None:
    """Where the service of a directory listens, or listened when it died; none once it was stopped."""
    try:
        return int(json.loads((directory / _PORT).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


class ServiceProcess:
    """A service whose settings are `environment`; its pid file and log live in `directory`."""

    def __init__(
        self, name: str, directory: Path, port: int, environment: Mapping[str, str], *, tied: bool = True
    ) -> None:
        self.name = name
        self.directory = directory.absolute()
        self.port = port
        self.tied = tied
        self.environment = {**environment, port_variable(name): str(port)}
        self._process = ServerProcess(name, self.directory)

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        running = self._process.running()
        return None if running is None else running.pid

    @property
    def log(self) -> Path:
        return self._process.log

    def attach(self) -> bool:
        """Whether the service of this directory runs already."""
        if self.pid is None:
            return False
        self.port = kept_port(self.directory) or self.port
        return True

    def start(self) -> ServiceProcess:
        """Start the service and wait until it says that it is ready."""
        self.launch()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def launch(self) -> None:
        """Start the service without waiting: it may be meant to wait for a part that is away."""
        self._process.lock()
        try:
            if not soon_free(self.port):
                raise PortInUseError(self.name, self.port)
            command = [sys.executable, "-m", "shared.cli", "serve", self.name]
            environment = self.environment | {port_variable(self.name): str(self.port)}
            self._process.launch(command, environment=environment, tied=self.tied)
            write_private(self.directory / _PORT, json.dumps(self.port))
        finally:
            self._process.unlock()

    def wait_ready(self, seconds: float = _START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.pid is None:
                raise StartFailedError(
                    self.name, translated("the process ended"), self.log, self._process.tail()
                )
            if self.ready():
                return
            time.sleep(_TICK)
        waited = translated("not ready after {seconds} s", seconds=f"{seconds:.0f}")
        raise NotReadyError(self.name, waited, self.log, self._process.tail())

    def ready(self) -> bool:
        """Whether `/readyz` answers 200 now."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self, seconds: float = 20.0) -> None:
        """Ask the service to finish what is in flight and end; kill it when it has not after `seconds`."""
        self._process.stop(seconds)
        (self.directory / _PORT).unlink(missing_ok=True)

    def stop_if_abandoned(self) -> None:
        """End what was to end with its starter, which was killed."""
        if self._process.abandoned():
            self._process.stop()

    def kill(self) -> None:
        self._process.kill()
