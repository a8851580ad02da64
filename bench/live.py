"""How soon an open page of the console shows a new fact: from the answer of intake to the page that has it.

A browser's stream says that something moved, and the part of the page is asked for anew, as the page itself does it.
The facts are people who go away from the desk and come back, in an office with a day behind it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from statistics import median
from typing import Any, Final

import httpx

from bench.console import PATIENCE, p95, signed_in
from bench.lived_office import lived_office
from bench.measure import Result, at_most, rounded
from deploy.demo.deployment import CONSOLE, Deployment
from deploy.demo.scenario.office import OFFICE, SCOPE
from shared.platform.clock import ClockDriver

FACTS: Final = 30
WHO: Final = "li"
GOAL_SECONDS: Final = 2.0


def run() -> Result:
    """One fact after the other; the goal of seconds is the one that people were promised."""
    with lived_office() as office:
        return _measured(office.deployment, office.clock, office.seq)


def _measured(deployment: Deployment, clock: ClockDriver, seq: int) -> Result:
    told: list[float] = []
    shown: list[float] = []
    at = clock.now()
    with (
        closing(signed_in(deployment.address(CONSOLE), "desk", deployment)) as browser,
        browser.stream("GET", f"/live/{SCOPE}", headers={"accept": "text/event-stream"}) as stream,
    ):
        moves = _moves(stream)
        _until(moves, seq)
        for number in range(FACTS):
            at += timedelta(minutes=1)
            clock.hold(at)
            away = number % 2 == 0
            fact = deployment.send(_fact(at.isoformat(), away=away))
            begun = time.perf_counter()
            _until(moves, fact)
            told.append(time.perf_counter() - begun)
            _seen(browser, away=away)
            shown.append(time.perf_counter() - begun)
    goal = f"95th percentile from a fact to the page that shows it, in {GOAL_SECONDS:g} s"
    figures = {
        "facts": FACTS,
        "seconds": {
            name: {"median": rounded(median(one)), "p95": rounded(p95(one)), "most": rounded(max(one))}
            for name, one in (("told", told), ("shown", shown))
        },
    }
    return Result("live", (at_most(goal, p95(shown) / GOAL_SECONDS, 1.0),), figures)


def _fact(at: str, *, away: bool) -> dict[str, Any]:
    data = {"staff": WHO, "reason": "brief"} if away else {"staff": WHO}
    return {
        "id": str(uuid.uuid4()), "type": "staff.away" if away else "staff.back", "scope": SCOPE, "office": OFFICE,
        "actor": "desk", "occurred_at": at, "data": data,
    }  # fmt: skip


def _moves(stream: httpx.Response) -> Iterator[int]:
    """The seq of each event of the stream."""
    for line in stream.iter_lines():
        if line.startswith("data: "):
            yield int(line.removeprefix("data: "))


def _until(moves: Iterator[int], seq: int) -> None:
    """Wait until the stream tells of this fact."""
    for moved in moves:
        if moved >= seq:
            return
    raise RuntimeError(f"the stream ended before fact {seq}")


def _seen(browser: httpx.Client, *, away: bool) -> None:
    """Ask for the part of the page until it shows the fact; it does at once."""
    deadline = time.perf_counter() + PATIENCE
    while time.perf_counter() < deadline:
        answer = browser.get(f"/at/{SCOPE}/{OFFICE}/desk/boards", headers={"hx-request": "true"})
        if answer.status_code != 200:
            raise RuntimeError(f"the boards: {answer.status_code}")
        if (f'id="back-{WHO}"' in answer.text) == away:
            return
    raise RuntimeError("the page never showed it")
