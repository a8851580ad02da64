"""The demonstration's own deployment: embedded parts and the services as processes, asked over HTTP alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx
from prometheus_client.parser import text_string_to_metric_families

from deploy.demo.accounts import DemoAccounts, make_accounts
from deploy.demo.scenario.office import SCOPE
from deploy.local.errors import LocalError
from deploy.local.ports import free_port, take
from deploy.local.service import ServiceProcess
from deploy.local.stack import Stack, usual_port
from shared.access.machine import AsMachine, MachineTokens
from shared.i18n import translated
from shared.platform.clock import ClockDriver

T = TypeVar("T")

# What the demonstration is about; whatever else a deployment may serve needs settings that it has no use for.
CONSOLE = "console"
_NAMES = Path(__file__).parents[1] / "names.yaml"
SERVICES = ("intake", "access", "audit", "attribution", "notifier", "registers", CONSOLE)
PARTITIONS = 3
PATIENCE = 120.0
_TICK = 0.02
# The watermark stays a moment behind the clock; a step of the plan is a second or more.
_BEHIND = 0.5
# What the shell may have set for another deployment must not reach this one.
_OURS = "PANKE_"


class StalledError(LocalError):
    """The services did not catch up with the demonstration's clock."""

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(
            translated("The demonstration stands still: {what}. The logs are in {log}.", what=what, log=log)
        )


class CommandFailedError(LocalError):
    """A command of ours did not do what it is for."""

    def __init__(self, arguments: Sequence[str], said: str) -> None:
        called = f"panke {' '.join(arguments)}"
        super().__init__(translated("{program} failed: {said}", program=called, said=said))


@dataclass
class Deployment:
    """The services that run, and what the demonstration asks them."""

    stack: Stack
    http: httpx.Client
    accounts: DemoAccounts

    def address(self, service: str) -> str:
        return self._service(service).address

    def switch(self, service: str, to: Literal["stop", "start"]) -> None:
        """Stop one of the services, or start it again."""
        part = self._service(service)
        part.stop() if to == "stop" else part.start()

    def _service(self, name: str) -> ServiceProcess:
        return next(part for part in self.stack.services if part.name == name)

    def send(self, event: Mapping[str, Any]) -> int:
        """Enter an event as a desk does; answers its seq once it is durable."""
        answer = self.http.post(f"{self.address('intake')}/v1/events", json=event)
        if answer.status_code not in (200, 202):
            raise StalledError(f"intake {answer.status_code} {answer.text}", self.stack.directory)
        return int(answer.json()["seq"])

    def ask(self, path: str, **query: Any) -> httpx.Response:
        """A question to attribution; one that asks for a seq is repeated until that is folded."""
        answer = self._until(
            lambda: self.http.get(f"{self.address('attribution')}{path}", params=query),
            lambda answer: answer.status_code not in (404, 503),
            f"attribution {path}",
        )
        if answer.status_code != 200:
            raise StalledError(f"attribution {path} {answer.status_code} {answer.text}", self.stack.directory)
        return answer

    def folded(self, seq: int) -> None:
        """Wait until a fact is folded: nothing of the scope waits in the relay or in the topic then."""
        self.ask(f"/v1/scopes/{SCOPE}/flags", limit=1, min_seq=seq)

    def settled(self, patience: float = PATIENCE) -> None:
        """Wait until everything up to the clock has passed through, and no alert that is due waits.

        At most `patience` seconds for each of reports and alerts. Raises `StalledError`.

        The watermark travels behind every fact and every decision, so a notifier that has applied it has had all of
        them: relay backlog and lag are zero up to there. Reports are looked for first: what is due becomes alerts.
        """
        self._until(self._figures, _reports_made, "the notifier's reports", patience)
        self._until(self._figures, _all_quiet, "the notifier's watermark and due alerts", patience)

    def alerts(self, state: str) -> list[dict[str, Any]]:
        """All alerts that the notifier has in a state."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            asked = {"state": state, "limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = self.http.get(f"{self.address('notifier')}/v1/alerts", params=asked).json()
            found += page["alerts"]
            cursor = page["next"]
            if cursor is None:
                return found

    def judge_offline(self, as_of: str) -> bytes:
        """What `panke judge` prints over `panke journal export`, as anyone would call them."""
        environment = os.environ | {
            "PANKE_DATABASE_URL": self.stack.addresses()["PANKE_DATABASE_URL"],
            "PANKE_KEYS": self.stack.keys or "",
        }
        export = self.stack.directory / "journal.ndjson"
        done = _panke("journal", "export", SCOPE, "--output", str(export), environment=environment)
        rulebook = done.stderr.decode().split()[-1]
        return _panke(
            "judge", "--rulebook", rulebook, "--as-of", as_of, str(export), environment=environment
        ).stdout

    def _figures(self) -> dict[str, list[float]]:
        text = self.http.get(f"{self.address('notifier')}/metrics").text
        found: dict[str, list[float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name.removeprefix("panke_notifier_"), []).append(sample.value)
        return found

    def _until(
        self, ask: Callable[[], T], enough: Callable[[T], bool], what: str, patience: float = PATIENCE
    ) -> T:
        deadline = time.monotonic() + patience
        last = what
        while True:
            try:
                answer = ask()
                if enough(answer):
                    return answer
            except httpx.TransportError as error:
                last = f"{what}: {error}"
            if time.monotonic() > deadline:
                raise StalledError(last, self.stack.directory)
            time.sleep(_TICK)


def _reports_made(figures: Mapping[str, list[float]]) -> bool:
    """Whether nothing of any schedule is left undone at the clock, which stands."""
    return max(figures.get("reports_behind_seconds", [PATIENCE])) < _BEHIND


def _all_quiet(figures: Mapping[str, list[float]]) -> bool:
    ages = figures.get("watermark_age_seconds", [])
    waiting = ("alerts_due", "alerts_retrying", "alerts_under_way")
    return len(ages) == PARTITIONS and max(ages) < _BEHIND and not any(sum(figures[name]) for name in waiting)


@contextmanager
def deployed(
    directory: Path,
    clock: ClockDriver,
    settings: Mapping[str, str],
    say: Callable[[str], None],
    ports: Mapping[str, int] | None = None,
    durable: bool = False,
) -> Iterator[Deployment]:
    """Everything that runs, on fresh data; `settings` are the notifier's, `ports` those of the services, the usual ones
    where they are free unless given; `durable`: PostgreSQL waits for the disk. Stopped at the end, however it comes."""
    ports = dict(ports or _ports())
    stack = Stack(
        directory,
        settings={
            "PANKE_PUBLIC_ADDRESS": f"http://127.0.0.1:{ports[CONSOLE]}",
            "PANKE_PLACE_NAMES": str(_NAMES),
            "PANKE_DEMONSTRATION": "true",
            "PANKE_CLOCK": f"file:{clock.path}",
            "PANKE_PARTITIONS": str(PARTITIONS),
            **settings,
        },
        ports=ports,
        services=list(SERVICES),
        durable=durable,
        tied=True,
        environment={name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
    )
    try:
        stack.start(say)
        access = next(part.address for part in stack.services if part.name == "access")
        machine = directory / "keys" / "desk.json"
        accounts = make_accounts(access, _administrator(stack), machine)
        desk = AsMachine(MachineTokens(machine, access, time.monotonic))
        with httpx.Client(timeout=60.0, trust_env=False, auth=desk) as http:
            yield Deployment(stack, http, accounts)
    finally:
        stack.stop(lambda _: None)


def _administrator(stack: Stack) -> str:
    """The code by which the first administrator is set up; the services have a machine then, too."""
    environment = os.environ | stack.addresses()
    made = _panke("access", "bootstrap", "--services", str(stack.machine), environment=environment)
    return made.stdout.decode().splitlines()[0].split()[-1]


def _ports() -> dict[str, int]:
    """The usual ports where they are free: `make demo` runs beside `make up`."""
    chosen: dict[str, int] = {}
    for service in SERVICES:
        usual = usual_port(service)
        chosen[service] = usual if take(usual) else free_port(tuple(chosen.values()))
    return chosen


def _panke(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "shared.cli", *arguments]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=PATIENCE
    )
    if done.returncode != 0:
        raise CommandFailedError(arguments, done.stderr.decode(errors="replace"))
    return done
