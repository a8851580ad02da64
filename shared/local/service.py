"""One of our own services as a process of its own: `panke serve NAME`, ready when its `/readyz` says so."""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from shared.local.errors import PortInUse, StartFailed
from shared.local.ports import HOST, is_free
from shared.local.process import ServerProcess

_START_SECONDS = 60.0
_TICK = 0.05


class ServiceProcess:
    """A service whose settings are `environment`; its pid file and log live in `directory`."""

    def __init__(
        self, name: str, directory: Path, port: int, environment: Mapping[str, str], *, tied: bool = True
    ) -> None:
        self.name = name
        self.directory = directory.absolute()
        self.port = port
        self.tied = tied
        self.environment = {**environment, f"PANKE_{name.upper()}_PORT": str(port)}
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
        return self.pid is not None

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
            if not is_free(self.port):
                raise PortInUse(self.name, self.port)
            command = [sys.executable, "-m", "shared.cli", "serve", self.name]
            self._process.launch(command, environment=self.environment, tied=self.tied)
        finally:
            self._process.unlock()

    def wait_ready(self, seconds: float = _START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self._process.ended() is not None:
                raise self._failed("进程已退出", "the process ended")
            if self.ready():
                return
            time.sleep(_TICK)
        raise self._failed(f"{seconds:.0f} 秒内未就绪", f"not ready after {seconds:.0f} s")

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

    def kill(self) -> None:
        self._process.kill()

    def _failed(self, zh: str, en: str) -> StartFailed:
        return StartFailed(self.name, zh, en, self.log, self._process.tail())
