"""One process of a service: its parts in the order in which they start, and stopped in the opposite one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias, TypeVar

import structlog

from shared.platform.liveness import Answers, Progress, Watchdog
from shared.platform.runtime import background, cancelled, exit_wedged, prepared, spare_collector
from shared.platform.settings import ServingSettings, load
from shared.platform.telemetry.telemetry import configure_logging

log: Final = structlog.get_logger()

Check: TypeAlias = Callable[[], str | Awaitable[str | None] | None]
"""What stands against it, or None when all is well."""
Step: TypeAlias = Callable[[], Awaitable[None]]
Settings = TypeVar("Settings", bound=ServingSettings)


@dataclass(frozen=True, slots=True)
class ServicePart:
    """A part of a service.

    `ready` says whether it can do its work now, `live` whether only a new process would help; each is shown under the
    name of the part. A part without `start` is there from the beginning, one without `stop` needs no end.
    """

    name: str
    start: Step | None = None
    stop: Step | None = None
    ready: Check | None = None
    live: Check | None = None


class ServiceHost:
    """Starts the parts of a service one after the other, and stops those that were started, the last one first."""

    def __init__(self, parts: Sequence[ServicePart]) -> None:
        self._parts = tuple(parts)
        self.ready = _by_name((part.name, part.ready) for part in parts)
        self.live = _by_name((part.name, part.live) for part in parts)

    @asynccontextmanager
    async def lifespan(self, _app: object = None) -> AsyncIterator[None]:
        """All parts run inside; one that cannot start stops those before it, and is raised."""
        async with AsyncExitStack() as started:
            for part in self._parts:
                if part.start is not None:
                    await part.start()
                if part.stop is not None:
                    started.push_async_callback(part.stop)
            yield


class BackgroundTask:
    """A coroutine that runs as long as the service does; a defect in it ends the process.

    Told to end by `end`, it has `grace` seconds (None: as long as it takes) before it is cancelled.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[], Coroutine[object, object, None]],
        end: Callable[[], None] | None = None,
        grace: float | None = 0.0,
    ) -> None:
        self._name = name
        self._run = run
        self._end = end
        self._grace = grace
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = background(self._run(), self._name)

    async def stop(self) -> None:
        if self._task is None:
            return
        if self._end is not None:
            self._end()
            await asyncio.wait([self._task], timeout=self._grace)
        await cancelled([self._task])


def in_background(
    name: str,
    run: Callable[[], Coroutine[object, object, None]],
    *,
    end: Callable[[], None] | None = None,
    grace: float | None = 0.0,
    after: Step | None = None,
    ready: Check | None = None,
) -> ServicePart:
    """A part that runs in the background; `after` is done once it has ended."""
    task = BackgroundTask(name, run, end, grace)

    async def stop() -> None:
        await task.stop()
        if after is not None:
            await after()

    return ServicePart(name, task.start, stop, ready)


@dataclass(frozen=True, slots=True)
class LivenessLimits:
    """How long a part may stand, in seconds, while all `answers` that it stands on: then /healthz fails, and then the
    process ends."""

    stuck_after: float
    exit_after: float
    answers: Answers


def watched(name: str, part: str, progress: Progress, limits: LivenessLimits) -> ServicePart:
    """The liveness of a part."""
    dog = Watchdog(progress, limits.answers, time.monotonic)
    task = BackgroundTask(f"watchdog of {name}", lambda: dog.run(limits.exit_after, exit_wedged))
    return ServicePart(name, task.start, task.stop, live=lambda: dog.problem(part, limits.stuck_after))


def as_step(work: Callable[[], object]) -> Step:
    """Work that blocks, done in a thread."""

    async def step() -> None:
        await asyncio.to_thread(work)

    return step


def closed(name: str, close: Callable[[], None]) -> ServicePart:
    """A part that is there from the beginning, and is closed in a thread."""
    return ServicePart(name, stop=as_step(close))


class ServiceDatabase(Protocol):
    """What a host asks of the database of a service."""

    def open(self) -> None: ...
    def close(self) -> None: ...
    def problem(self) -> str | None: ...
    def owner(self) -> str | None: ...


def database_part(database: ServiceDatabase, migrations: Callable[[], Sequence[str]]) -> ServicePart:
    """The service's database: migrated and opened first, closed last, ready while it answers."""

    async def start() -> None:
        await prepared(migrations)
        database.open()
        if (owner := await asyncio.to_thread(database.owner)) is not None:
            log.warning("database_owner", role=owner, do="panke database prepare")

    async def ready() -> str | None:
        return await asyncio.to_thread(database.problem)

    return ServicePart("database", start, as_step(database.close), ready)


def run_service(name: str, kind: type[Settings], serve: Callable[[Settings], None]) -> None:
    """One process of a service: its settings from the environment, then `serve` until a signal."""
    configure_logging(name)  # what is said of the settings is a line of the log like any other
    settings = load(kind)
    configure_logging(name, settings.log_level)
    spare_collector()
    serve(settings)


def _by_name(checks: Iterable[tuple[str, Check | None]]) -> dict[str, Check]:
    named: dict[str, Check] = {}
    for name, check in checks:
        if check is not None:
            if name in named:
                raise ValueError(f"two parts are named {name}")
            named[name] = check
    return named
