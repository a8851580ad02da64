"""A deployment whose invented office has lived a day: the services as processes, for what is measured from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import Struct

from bench.parts import directory
from deploy.demo.deployment import Deployment, deployed
from deploy.demo.scenario.plan import make_plan
from shared.platform.clock import ClockDriver

UNBOUNDED: Final = {"PANKE_CALLER_REQUESTS": "1000000"}
"""Nobody asks as often as a benchmark."""


class LivedOffice(Struct, frozen=True):
    """What runs, the clock that it goes by, and the seq of the last fact, which is folded."""

    deployment: Deployment
    clock: ClockDriver
    seq: int


@contextmanager
def lived_office(*, durable: bool = False) -> Iterator[LivedOffice]:
    """Everything on fresh data, stopped at the end; `durable`: PostgreSQL waits for the disk."""
    with directory() as place:
        clock, plan, seq = ClockDriver(place / "clock.json"), make_plan(1, 1), 0
        clock.hold(plan.entries[0].at)
        with deployed(place / "parts", clock, UNBOUNDED, lambda _: None, durable=durable) as deployment:
            for entry in plan.entries:
                clock.hold(entry.at)
                if entry.event is not None:
                    seq = deployment.send(entry.event)
            deployment.folded(seq)
            yield LivedOffice(deployment, clock, seq)
