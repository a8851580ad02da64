"""Whether a part of a service moves: for liveness and for the watchdog, by the machine's clock alone.

An idempotent producer can wedge for good while the broker is well
(hazards.md#an-idempotent-producer-tries-for-ever); only a new process helps then. A broker or a database that
is away is no reason to die: what was answered is in the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Monotonic = Callable[[], float]
Answers = Callable[[], Awaitable[bool]]
"""Whether all that a part stands on answers."""

INTERVAL = 1.0


class Progress:
    """Set by the part that works; read by whoever must know whether it is stuck.

    Work that takes long counts its steps (`step`, from any thread): as long as they go on it is not stuck, however
    long the whole of it takes.
    """

    def __init__(self, monotonic: Monotonic) -> None:
        self._monotonic = monotonic
        self._busy_since: float | None = None
        self._steps = self._seen = 0
        self._mark: object = None
        self.problem: str | None = None

    def working(self) -> None:
        """There is work. Time counts from the first call after the last progress."""
        if self._busy_since is None:
            self._busy_since = self._monotonic()

    def step(self) -> None:
        """A part of the work that is under way was done."""
        self._steps += 1

    def failed(self, problem: str) -> None:
        """A round failed; the work is still there."""
        self.problem = problem

    def blocked(self, problem: str) -> None:
        """Nothing can be sent until somebody changes the deployment: a new process would not help."""
        self._busy_since = None
        self.problem = problem

    def moved(self) -> None:
        """Something was acknowledged, or there was nothing to do."""
        self._busy_since = None
        self.problem = None

    def look(self, mark: object, *, has_work: bool) -> None:
        """Go by a mark that changes whenever the part moves, where the part does not tell by itself."""
        if mark != self._mark or not has_work:
            self._mark = mark
            self.moved()
        if has_work:
            self.working()

    def stuck_for(self) -> float:
        """Seconds without progress though there is work; 0 when all is well. Steps count from when this is asked."""
        if self._steps != self._seen:
            self._seen = self._steps
            if self._busy_since is not None:
                self._busy_since = self._monotonic()
        return 0.0 if self._busy_since is None else self._monotonic() - self._busy_since


class Watchdog:
    """Tells a part that is stuck from one whose broker or database is away, and ends a stuck process."""

    def __init__(self, progress: Progress, parts_answer: Answers, monotonic: Monotonic) -> None:
        self._progress = progress
        self._parts_answer = parts_answer
        self._monotonic = monotonic
        self._answering_since: float | None = None

    def stuck_for(self) -> float:
        """Seconds without progress during which broker and database answered all the time."""
        if self._answering_since is None:
            return 0.0
        return min(self._progress.stuck_for(), self._monotonic() - self._answering_since)

    def problem(self, part: str, stuck_after: float) -> str | None:
        """What liveness says of the part."""
        stuck = self.stuck_for()
        return f"{part} has not moved for {stuck:.0f} s" if stuck > stuck_after else None

    async def look(self) -> None:
        """Note whether the parts answer; asked only while it does not move."""
        if self._progress.stuck_for() < INTERVAL or not await self._parts_answer():
            self._answering_since = None
        elif self._answering_since is None:
            self._answering_since = self._monotonic()

    async def run(self, exit_after: float, on_wedged: Callable[[], None]) -> None:
        """Look each second until cancelled."""
        while True:
            await self.look()
            if self.stuck_for() > exit_after:
                on_wedged()
            await asyncio.sleep(INTERVAL)
