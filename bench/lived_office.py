"""A deployment whose invented office has lived a day: the services as processes, for what is measured from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct

from bench.parts import directory
from deploy.demo.deployment import Deployment, deployed
from deploy.demo.scenario.plan import make_plan
from shared.platform.clock import ClockDriver

UNBOUNDED: Final = {"PANKE_CALLER_REQUESTS": "1000000"}
"""Nobody asks as often as a benchmark."""
POLICY: Final[dict[str, Any]] = {
    "version": 1,
    "defaults": {
        "channels": {"default": ["log"]},
        "ladder": [{"step": "last_call", "to": "owner", "days_before": 0, "at": "18:30"}],
        "digest": {"at_opening": True, "threshold": 2},
        "events": [],
    },
}
"""One reminder of each claim, all that is due to a person at once in one message, and into the log: where days pass
within seconds, what a provider takes of a day's messages in a minute would be waited for by the hour."""


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
        with deployed(
            place / "parts", clock, _settings(place), lambda _: None, durable=durable
        ) as deployment:
            for entry in plan.entries:
                clock.hold(entry.at)
                if entry.event is not None:
                    seq = deployment.send(entry.event)
            deployment.folded(seq)
            yield LivedOffice(deployment, clock, seq)


def _settings(place: Path) -> dict[str, str]:
    policy = place / "alerts.yaml"
    policy.write_text(yaml.safe_dump(POLICY), encoding="utf-8")
    return UNBOUNDED | {"PANKE_NOTIFIER_POLICY": str(policy)}
