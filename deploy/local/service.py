"""One of our own services as a process of its own: `panke serve NAME`, ready when its `/readyz` says so."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from deploy.local.errors import NotReadyError, PortInUseError
from deploy.local.part import START_SECONDS, Part
from deploy.local.ports import HOST, soon_free
from deploy.local.private import write_private
from shared.i18n import bilingual, translated
from shared.platform.http import ANSWERED_BY

# A check of readiness may take some seconds itself before it says what is wrong.
_ANSWER_SECONDS = 10.0
_SILENT = bilingual("/readyz does not answer")
_PORT = "port.json"
_CERT = "PANKE_TLS_CERT"


def port_variable(name: str) -> str:
    """The setting that says where a service listens."""
    return f"PANKE_{name.upper()}_PORT"


def kept_port(directory: Path) -> int | None:
    """Where the service of a directory listens, or listened when it died; none once it was stopped."""
    try:
        return int(json.loads((directory / _PORT).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _reason(problem: bytes) -> str:
    """The detail of a problem document, or all that was said where it is none."""
    try:
        return str(json.loads(problem)["detail"])
    except (ValueError, TypeError, KeyError):
        return problem.decode(errors="replace")


class ServiceProcess(Part):
    """A service whose settings are `environment`; its pid file and log live in `directory`."""

    def __init__(
        self, name: str, directory: Path, port: int, environment: Mapping[str, str], *, tied: bool = True
    ) -> None:
        super().__init__(name, directory, tied=tied)
        self.name = name
        self.port = port
        self.environment = {**environment, port_variable(name): str(port)}

    @property
    def address(self) -> str:
        return f"{'https' if self._speaks_tls else 'http'}://{HOST}:{self.port}"

    @property
    def _speaks_tls(self) -> bool:
        return bool(self.environment.get(_CERT))

    def attach(self) -> bool:
        if self.pid is None:
            return False
        self.port = kept_port(self.directory) or self.port
        return True

    def start(self) -> Self:
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

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Wait until the service says that it is ready; one that runs and does not raises `NotReadyError`."""
        try:
            self._wait(self.ready, seconds, NotReadyError)
        except NotReadyError:
            if (reason := self.unready()) is not None:
                told = translated(
                    "not ready after {seconds} s: {reason}", seconds=f"{seconds:.0f}", reason=reason
                )
                raise NotReadyError(self.name, told, self.log, "") from None

    def ready(self) -> bool:
        """Whether `/readyz` answers 200 now."""
        return self.unready() is None

    def unready(self) -> str | None:
        """What `/readyz` says against the service, None where it is ready."""
        connection = self._connection()
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            # Two that start at the same moment find one port free: the other's answer says nothing of this one.
            if answer.getheader(ANSWERED_BY) != str(self.pid):
                return bilingual("another process answers on port {port}", port=self.port)
            return None if answer.status == 200 else _reason(answer.read())
        except (OSError, http.client.HTTPException):
            return _SILENT
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        """To this machine, whose certificate names the one that others reach: it is not looked at."""
        if not self._speaks_tls:
            return http.client.HTTPConnection(HOST, self.port, timeout=_ANSWER_SECONDS)
        unseen = ssl.create_default_context()
        unseen.check_hostname = False
        unseen.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(HOST, self.port, timeout=_ANSWER_SECONDS, context=unseen)

    def stop(self, seconds: float = 20.0) -> None:
        """Ask the service to finish what is in flight and end; kill it when it has not after `seconds`."""
        super().stop(seconds)
        (self.directory / _PORT).unlink(missing_ok=True)
