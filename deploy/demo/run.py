"""The demonstration itself: the plan is lived step by step, then told, then compared with `panke judge`.

The clock is driven (ADR 0013): it goes to the next planned entry, stands there, and goes on only
when the fact is folded; at the hours at which reminders fall due it waits until nothing is under way any more.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.demo.alerting import notifier_settings, write_policy
from deploy.demo.bubbles import transcript
from deploy.demo.console import Screen
from deploy.demo.conversations import Conversation, joined
from deploy.demo.deployment import CONSOLE, SERVICES, Deployment, deployed
from deploy.demo.providers.message import Arrivals
from deploy.demo.providers.secrets import drawn
from deploy.demo.providers.server import providing
from deploy.demo.scenario.office import ABSENT_DATE, SCOPE
from deploy.demo.scenario.plan import DemoPlan, make_plan
from deploy.demo.story import worded, worth_showing_decisions
from deploy.local.errors import LocalError
from shared.contract import format_instant
from shared.i18n import translated
from shared.platform.clock import ClockDriver


class NotTheSameError(LocalError):
    """Live and offline do not give the same bytes."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            translated(
                "The live judgement is not that of panke judge; both are in {directory}.", directory=directory
            )
        )


@dataclass(frozen=True)
class Wishes:
    """What the person who calls may choose."""

    days: int
    seed: int
    directory: Path
    hold: bool


def demonstrate(wishes: Wishes, screen: Screen, hold: Any) -> None:
    """All of it; `hold` is called at the end while everything still runs."""
    plan = make_plan(wishes.seed, wishes.days)
    secrets = drawn(wishes.seed)
    policy = write_policy(wishes.directory / "alerts.yaml")
    clock = ClockDriver(wishes.directory / "clock.json")
    clock.hold(plan.entries[0].at)
    with (
        providing(secrets, clock.now, ABSENT_DATE) as providers,
        deployed(
            wishes.directory, clock, notifier_settings(policy, providers, secrets), screen.say
        ) as deployment,
    ):
        screen.head(
            translated(
                "An invented office lives {days} days, seed {seed}: {events} events",
                days=wishes.days,
                seed=wishes.seed,
                events=len(plan.events),
            ).beside
        )
        _live(plan, clock, deployment, providers.arrivals, screen)
        _report(plan, wishes, deployment, providers.arrivals, screen)
        if wishes.hold:
            clock.run(until=None)  # whoever signs in now finds an office that is open
        hold()


def _live(
    plan: DemoPlan, clock: ClockDriver, deployment: Deployment, arrivals: Arrivals, screen: Screen
) -> None:
    recorded = 0
    with screen.living(len(plan.entries)) as living:
        for entry in plan.entries:
            clock.hold(entry.at)
            if entry.event is not None:
                deployment.folded(deployment.send(entry.event))
                recorded += 1
            if entry.notifier is not None:
                screen.switched(entry.at, entry.notifier)
                deployment.switch("notifier", entry.notifier)
            if entry.settles:
                deployment.settled()
            living.at(entry.at, recorded, arrivals.messages)


def _report(
    plan: DemoPlan, wishes: Wishes, deployment: Deployment, arrivals: Arrivals, screen: Screen
) -> None:
    as_of = format_instant(plan.entries[-1].at)
    live = deployment.ask(f"/v1/scopes/{SCOPE}/judgement", as_of=as_of).content
    judgement = json.loads(live)
    screen.statuses(judgement)
    names = {customer["customer"]: customer["names"] for customer in judgement["customers"]}
    screen.decisions(
        [
            worded(deployment.ask(f"/v1/scopes/{SCOPE}/customers/{name}/history").json(), place, names[name])
            for name, place in worth_showing_decisions(judgement)
        ]
    )
    sent = deployment.alerts("sent")
    told = joined(arrivals.messages, sent)
    screen.messages(told, arrivals.refusals, _keep(wishes.directory, sent, told))
    _compare(live, as_of, wishes, deployment, screen)
    if not wishes.hold:
        screen.ended()
        return
    screen.accounts(deployment.accounts.roles, deployment.accounts.password)
    screen.places({name: deployment.address(name) for name in SERVICES if name != CONSOLE})
    screen.pages(deployment.address(CONSOLE))


def _keep(directory: Path, sent: list[dict[str, Any]], told: Sequence[Conversation]) -> Path:
    """Everything that was sent and came, for whoever wants to read more than a few of each kind."""
    (directory / "alerts.json").write_text(json.dumps(sent, ensure_ascii=False, indent=1))
    everything = directory / "messages.txt"
    everything.write_text(transcript(told), encoding="utf-8")
    return everything


def _compare(live: bytes, as_of: str, wishes: Wishes, deployment: Deployment, screen: Screen) -> None:
    """Shows contract.md#g3 before one's eyes."""
    offline = deployment.judge_offline(as_of)
    (wishes.directory / "live.json").write_bytes(live)
    (wishes.directory / "offline.json").write_bytes(offline)
    screen.head(translated("Live and offline").beside)
    if live != offline:
        raise NotTheSameError(wishes.directory)
    same = translated(
        "panke judge over the exported journal gives the same bytes as the live system ({size} bytes, as of {as_of})",
        size=len(live),
        as_of=as_of,
    )
    screen.say(f"  {same.zh}\n  {same.en}")
