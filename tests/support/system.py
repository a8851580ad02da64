"""The three services as processes over real parts, under a driven clock: started, asked, killed, stopped by pid."""

from __future__ import annotations

import json
import math
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.local import LocalError
from deploy.local.ports import free_port
from deploy.local.service import ServiceProcess
from shared.platform.clock import ClockDriver
from shared.platform.postgres.roles import prepare
from tests.support.contract import JSON_BODY
from tests.support.panke import exported, judged
from tests.support.roles import drop_roles
from tests.support.tokens import admission

SERVICES = ("intake", "attribution", "notifier")
PARTITIONS = 3
# Far beyond what a slow machine needs: a guard against hanging, not part of what is tested.
PATIENCE = 180.0


@dataclass
class System:
    """One deployment of its own: a database, a prefix of topics, a clock and three processes, each of which signs in to
    the database as its own role; `database_url` is the owner's."""

    directory: Path
    database_url: str
    kafka: str
    topic_prefix: str
    clock: ClockDriver
    settings: Mapping[str, str] = field(default_factory=dict)
    secret: str = "whsec_" + "cGFua2UtdGVzdC1zZWNyZXQtb2YtMzItYnl0ZXM="
    roles: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}")

    def __post_init__(self) -> None:
        ports: list[int] = []
        for _ in SERVICES:
            ports.append(free_port(tuple(ports)))
        self.attribution_port = ports[SERVICES.index("attribution")]
        self.services = {
            name: ServiceProcess(name, self.directory / name, port, self._environment(name))
            for name, port in zip(SERVICES, ports, strict=True)
        }
        self.http = httpx.Client(
            timeout=PATIENCE, trust_env=False, headers=JSON_BODY, auth=admission().bearer()
        )

    def prepare(self) -> None:
        """As the owner does before the services start, also after a schema was lost or restored."""
        prepare(self.database_url, prefix=self.roles, urls=self.directory / "roles")

    def start(self) -> System:
        """Start all three side by side: the notifier waits for a topic that attribution makes."""
        self.prepare()
        for service in self.services.values():
            service.launch()
        try:
            for service in self.services.values():
                service.wait_ready(PATIENCE)
        except LocalError as error:
            raise AssertionError(f"{error}\n{self.tails()}") from error
        return self

    def stop(self) -> None:
        self.http.close()
        for service in self.services.values():
            service.stop()

    def address(self, name: str) -> str:
        return self.services[name].address

    def post(self, event: Mapping[str, Any] | bytes) -> httpx.Response:
        body = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
        return self.http.post(f"{self.address('intake')}/v1/events", content=body)

    def record(self, event: Mapping[str, Any] | bytes) -> int:
        """Have an event recorded; its seq within the scope."""
        answer = self.post(event)
        assert answer.status_code in (200, 202), answer.text
        return int(answer.json()["seq"])

    def ask(self, path: str, **query: Any) -> Any:
        """A question to attribution, as JSON; a `min_seq` is waited for."""
        return self.answer(path, **query).json()

    def answer(self, path: str, **query: Any) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.http.get(f"{self.address('attribution')}{path}", params=query, timeout=PATIENCE)
            if answer.status_code != 503 or time.monotonic() > deadline:
                assert answer.status_code == 200, f"{path} {query}: {answer.status_code} {answer.text}"
                return answer
            time.sleep(0.1)

    def pages(self, path: str, name: str, **query: Any) -> Iterator[Any]:
        """Everything of a list, page by page."""
        told = self.ask(path, limit=500, **query)
        yield from told[name]
        while told["cursor"] is not None:
            told = self.ask(path, limit=500, cursor=told["cursor"])
            yield from told[name]

    def behind(self) -> float:
        """Business seconds, whole ones, by which the notifier is behind the clock; infinite before it knows."""
        try:
            text = self.http.get(f"{self.address('notifier')}/metrics").text
        except httpx.TransportError:
            return math.inf
        name = "panke_notifier_watermark_age_seconds"
        ages = [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        ]
        return float(int(max(ages))) if len(ages) == PARTITIONS else math.inf

    def judgement(self, scope: str, **query: Any) -> bytes:
        """The answer that must equal what `panke judge` prints."""
        return self.answer(f"/v1/scopes/{scope}/judgement", **query).content

    def judged_offline(self, scope: str, as_of: str | None = None, books: Path | None = None) -> bytes:
        """What `panke judge` prints over `panke journal export`, with the offices' own books in that folder."""
        rulebook, lines = exported(self.database_url, scope, self.settings.get("PANKE_KEYS", ""))
        return judged(lines, rulebook, as_of, books)

    def logs(self) -> dict[str, str]:
        """All that each service wrote."""
        return {name: service.log.read_text(errors="replace") for name, service in self.services.items()}

    def tails(self) -> str:
        """The ends of all logs, for a message."""
        return "\n".join(f"== {name}\n{log[-3000:]}" for name, log in self.logs().items())

    def _environment(self, name: str) -> dict[str, str]:
        common = {
            "PATH": "/usr/bin:/bin",
            "PANKE_DATABASE_URL_FILE": str(self.directory / "roles" / name / "database.url"),
            "PANKE_KAFKA": self.kafka,
            "PANKE_TOPIC_PREFIX": self.topic_prefix,
            "PANKE_DEMONSTRATION": "true",
            "PANKE_CLOCK": f"file:{self.clock.path}",
            **admission().environment(),
        }
        # A test that leaps to a full hour finds what falls due then.
        own = {"PANKE_PARTITIONS": str(PARTITIONS)}
        if name == "notifier":
            own["PANKE_NOTIFIER_SPREAD"] = "0"
        if name == "intake":
            own["PANKE_INTAKE_JOURNAL_IN_CLEAR"] = "true"  # where a test gives no keys
            own["PANKE_INTAKE_ATTRIBUTION"] = f"http://127.0.0.1:{self.attribution_port}"
        prefixes = tuple(f"PANKE_{other.upper()}_" for other in SERVICES if other != name)
        given = {key: value for key, value in self.settings.items() if not key.startswith(prefixes)}
        return common | own | given


@contextmanager
def running(
    directory: Path,
    database_url: str,
    kafka: str,
    begin: datetime,
    *,
    topic_prefix: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> Iterator[System]:
    """A system that runs, with its clock at `begin`; stopped at the end."""
    clock = ClockDriver(directory / "clock.json")
    clock.hold(begin)
    prefix = topic_prefix or f"t{secrets.token_hex(6)}."
    system = System(directory, database_url, kafka, prefix, clock, settings or {})
    try:
        yield system.start()
    finally:
        print(system.tails())  # shown where a test failed
        system.stop()
        drop_roles(database_url, system.roles)
