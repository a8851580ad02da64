"""The console over everything that it asks, for browsers: one deployment, shared by the workers of a run that need it.

An invented office has lived some days in it. Its clock runs on, so that what is recorded in a test is recorded now.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time as clocks
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from deploy.demo.deployment import CONSOLE, SERVICES, Deployment, deployed
from deploy.demo.scenario.diary import DiaryEntry
from deploy.demo.scenario.office import OFFICE, SCOPE, instant
from deploy.demo.scenario.plan import make_plan
from deploy.local.ports import free_port
from shared.access.machine import AsMachine, MachineTokens
from shared.platform.clock import ClockDriver
from tests.support.contract import JSON_BODY
from tests.support.openid_provider import foreign_provider
from tests.support.parts import open_directory

DAYS = 5
SEED = 7
PATIENCE = 120.0
CHROMIUM = "/usr/bin/chromium"
SIZES: Mapping[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
LANGUAGE_COOKIE = "panke_language"
ELSEWHERE = "127.0.0.2"
"""Where the provider listens at which people may sign in: to a browser, another site than the console."""
PROVIDERS = """\
providers:
  corp:
    issuer: {issuer}
    client_id: panke
    client_secret_file: {secret}
    title: {{zh: 集团统一登录, en: Group sign-in}}
"""


@dataclass(frozen=True, eq=False)
class ConsoleUnderTest:
    """Where the console is, who may sign in, and how a test records and asks beside it."""

    address: str
    services: Mapping[str, str]
    logins: Mapping[str, str]
    password: str
    machine: str
    scope: str
    office: str
    clock: str
    provider: str

    def now(self) -> datetime:
        """What time it is in the office, to the second."""
        return ClockDriver(Path(self.clock)).now().replace(microsecond=0)

    def login(self, role: str) -> str:
        """Whoever has this role."""
        return next(login for login, held in self.logins.items() if held == role)

    @contextmanager
    def desk(self) -> Iterator[httpx.Client]:
        """The machine at which the office's desk hands everything in."""
        auth = AsMachine(MachineTokens(Path(self.machine), self.services["access"], clocks.monotonic))
        with httpx.Client(timeout=60.0, trust_env=False, auth=auth, headers=JSON_BODY) as http:
            yield http

    def record(self, event: Mapping[str, Any]) -> int:
        """Have an event recorded and folded; its seq."""
        with self.desk() as http:
            answer = http.post(f"{self.services['intake']}/v1/events", json=event)
            assert answer.status_code in (200, 202), answer.text
            seq = int(answer.json()["seq"])
            self._ask(http, f"/v1/scopes/{self.scope}/flags", limit=1, min_seq=seq)
            return seq

    def ask(self, path: str, **query: Any) -> Any:
        """What attribution answers."""
        with self.desk() as http:
            return self._ask(http, path, **query)

    def look_up(self, phone: str) -> str:
        """The id of the customer with this phone."""
        with self.desk() as http:
            path = f"{self.services['attribution']}/v1/scopes/{self.scope}/lookup"
            answer = http.post(path, json={"contact": phone})
            assert answer.status_code == 200, answer.text
            return str(answer.json()["customer"])

    def _ask(self, http: httpx.Client, path: str, **query: Any) -> Any:
        deadline = clocks.monotonic() + PATIENCE
        while True:
            answer = http.get(f"{self.services['attribution']}{path}", params=query)
            if answer.status_code == 200:
                return answer.json()
            assert answer.status_code == 503 and clocks.monotonic() < deadline, answer.text
            clocks.sleep(0.05)


@contextmanager
def shared_console(folder: Path, days: int = DAYS, until: time | None = None) -> Iterator[ConsoleUnderTest]:
    """The deployment of a run: whoever comes first starts it, and stops it when the last one has left.

    `folder` is one for all workers of the run. Who comes after that has another one started. The office has lived so
    many `days` in it, and is closed; with `until`, the last of them has come as far as this time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told, users = folder / "console.json", folder / "users"
    users.mkdir(exist_ok=True)
    own = users / str(os.getpid())
    with _alone(folder):
        own.touch()
        started = None if told.exists() else _Started(_entries(days, until))
        if started is not None:
            told.write_text(json.dumps(asdict(started.console)))
    try:
        yield ConsoleUnderTest(**json.loads(told.read_text()))
    finally:
        own.unlink()
        if started is not None:
            _until_nobody(folder, users, told)
            started.stop()


class _Started:
    """The deployment, as the worker has it that started it."""

    def __init__(self, entries: Sequence[DiaryEntry]) -> None:
        self._running = ExitStack()
        try:
            place = self._running.enter_context(open_directory())
            clock = ClockDriver(place / "clock.json")
            clock.hold(entries[0].at)
            provider = self._running.enter_context(foreign_provider(place / "provider.log", host=ELSEWHERE))
            offered = place / "providers.yaml"
            secret = place / "provider.secret"
            secret.write_text(secrets.token_urlsafe(24))
            offered.write_text(PROVIDERS.format(issuer=provider, secret=secret), encoding="utf-8")
            given = {"PANKE_ACCESS_PROVIDERS": str(offered)}
            parts = deployed(place / "parts", clock, given, lambda _: None, _own_ports())
            deployment = self._running.enter_context(parts)
            for entry in entries:
                clock.hold(entry.at)
                if entry.event is not None:
                    seq = deployment.send(entry.event)
            deployment.folded(seq)
            clock.run(until=None)
            self.console = _told(deployment, place, provider)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._running.close()


def _entries(days: int, until: time | None) -> Sequence[DiaryEntry]:
    entries = make_plan(SEED, days).entries
    return entries if until is None else [one for one in entries if one.at <= instant(days - 1, until)]


def _own_ports() -> Mapping[str, int]:
    """None of the usual ones: other tests of the run start what listens there."""
    ports: dict[str, int] = {}
    for name in SERVICES:
        ports[name] = free_port(tuple(ports.values()))
    return ports


def _told(deployment: Deployment, place: Path, provider: str) -> ConsoleUnderTest:
    addresses = {part.name: part.address for part in deployment.stack.services}
    return ConsoleUnderTest(
        addresses[CONSOLE], addresses, dict(deployment.accounts.roles), deployment.accounts.password,
        str(place / "parts" / "keys" / "desk.json"), SCOPE, OFFICE,
        str(place / "clock.json"), provider,
    )  # fmt: skip


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _until_nobody(folder: Path, users: Path, told: Path) -> None:
    """Until each of the others has left, or is no more; nobody who comes later is led to the deployment."""
    deadline = clocks.monotonic() + 1800
    while True:
        with _alone(folder):
            left = any(Path("/proc", one.name).exists() for one in users.iterdir())
            if not left or clocks.monotonic() > deadline:
                told.unlink()
                return
        clocks.sleep(0.2)


class Visitors:
    """Browsers of people who are signed in; each role signs in once and is known again by its cookie."""

    def __init__(self, browser: Browser, console: ConsoleUnderTest) -> None:
        self._browser = browser
        self._console = console
        self._signed_in: dict[str, Any] = {}
        self._reading: dict[tuple[str | None, ...], tuple[Page, list[str]]] = {}

    def reading(
        self, role: str | None, script: str, *, size: str = "desktop", language: str = "zh"
    ) -> tuple[Page, list[str]]:
        """The window in which somebody with this role reads one page after another, and what went wrong there since.

        Nothing is typed in it, so no page finds what another one kept; a window for each page is most of the work.
        `script` runs before those of each page.
        """
        key = (role, script, size, language)
        if key not in self._reading:
            heard: list[str] = []
            opened = self.visit(role, size=size, language=language)
            opened.add_init_script(script)
            opened.on("console", lambda told: heard.append(told.text) if told.type == "error" else None)
            opened.on("pageerror", lambda error: heard.append(str(error)))
            self._reading[key] = opened, heard
        page, errors = self._reading[key]
        errors.clear()
        return page, errors

    def visit(self, role: str | None, *, size: str = "desktop", language: str = "zh") -> Page:
        """A page of somebody with this role; of nobody where there is none."""
        return self.context(role, size=size, language=language).new_page()

    def context(
        self, role: str | None, *, size: str = "desktop", language: str = "zh", worker: bool = True
    ) -> BrowserContext:
        """A browser of its own for somebody with this role; the caller closes it, or the run does.

        Without the `worker` that keeps the desk, whatever a page asks for passes the test first: what goes by way of
        a worker may reach the network beside it.
        """
        state = None if role is None else self._state(role)
        made = self._browser.new_context(
            base_url=self._console.address, viewport=SIZES[size], storage_state=state, locale="zh-CN",
            is_mobile=size == "phone", has_touch=size == "phone", accept_downloads=True,
            service_workers="allow" if worker else "block",
        )  # fmt: skip
        if language != "zh":
            cookie: Any = {"name": LANGUAGE_COOKIE, "value": language, "url": self._console.address}
            made.add_cookies([cookie])
        return made

    def asking(self, role: str | None) -> httpx.Client:
        """The same person without a browser's window: a client with their cookie, which follows no redirect."""
        kept = {} if role is None else {one["name"]: one["value"] for one in self._state(role)["cookies"]}
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        return httpx.Client(
            base_url=self._console.address,
            cookies=kept,
            headers=headers,
            trust_env=False,
            timeout=PATIENCE,
            verify=False,
        )

    def _state(self, role: str) -> Any:
        if role not in self._signed_in:
            with self._browser.new_context(base_url=self._console.address) as context:
                page = context.new_page()
                sign_in(page, self._console.login(role), self._console.password)
                self._signed_in[role] = context.storage_state()
        return self._signed_in[role]


def sign_in(page: Page, login: str, password: str, then: str = "/sign-in") -> None:
    """Fill the page of signing in, and wait for what follows."""
    page.goto(then)
    page.fill("#login", login)
    page.fill("#password", password)
    page.click("main button.main")
    page.wait_for_url(lambda url: "/sign-in" not in url)
