"""A system whose facts come into a log: audit as a process of its own, with keys and files that it alone has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import free_port
from deploy.local.service import ServiceProcess
from tests.support.panke import panke
from tests.support.system import PATIENCE, System
from tests.support.tokens import admission


@dataclass
class LoggedSystem:
    """A system with a log beside it."""

    system: System
    audit: ServiceProcess
    files: Path

    def vkey(self) -> str:
        keys = self.system.http.get(f"{self.audit.address}/v1/log/keys").json()
        return str(keys["keys"][0])

    def pack(self, customer: str, path: Path) -> None:
        machine = str(admission().file_of("group_auditor"))
        done = panke(
            "evidence", "demo", customer, "-o", str(path), "--audit", self.audit.address, "--machine", machine
        )
        assert done.returncode == 0, (
            done.stderr.decode() + self.system.tails() + self.audit.log.read_text()[-4000:]
        )

    def covered(self, seq: int, scope: str = "demo") -> None:
        """A checkpoint holds the fact."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            answer = self.system.http.get(f"{self.audit.address}/v1/log/proof/inclusion/{scope}/{seq}")
            if answer.status_code == 200:
                return
            time.sleep(0.1)
        raise AssertionError(answer.text)

    def export(self, path: Path) -> None:
        url = self.system.database_url
        done = panke("journal", "export", "demo", "--sealed", "--output", str(path), "--database-url", url)
        assert done.returncode == 0, done.stderr.decode()


@contextmanager
def logged(system: System) -> Iterator[LoggedSystem]:
    """The system with its log, which signs within a tenth of a second; stopped at the end."""
    own = {
        "PANKE_AUDIT_KEYS": str(system.directory / "log-keys" / "log.keys"),
        "PANKE_AUDIT_FILES": str(system.directory / "log"),
        "PANKE_AUDIT_ORIGIN": "log.example/panke",
        "PANKE_AUDIT_EVERY": "0.1",
        "PANKE_AUDIT_EXIT_AFTER": "900",
        **{
            f"PANKE_AUDIT_{name.upper()}": system.address(name)
            for name in ("intake", "attribution", "notifier")
        },
    }
    # Without the folder of the office's own rulebooks: what was adopted is in the database.
    without = ("PANKE_DEFAULT_RULEBOOK", "PANKE_RULEBOOK_FOLDER")
    environment = {k: v for k, v in system._environment("audit").items() if k not in without}
    service = ServiceProcess("audit", system.directory / "audit", free_port(()), environment | own)
    service.launch()
    try:
        service.wait_ready(PATIENCE)
        yield LoggedSystem(system, service, system.directory / "log")
    finally:
        service.stop()
