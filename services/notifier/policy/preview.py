"""What a policy would do with one claim: every step, when, for whom and by which channels. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.notifier.model.alert import Step
from services.notifier.model.kinds import Audience
from services.notifier.schedule.ladder import lapse_notices, steps_ahead
from services.notifier.schedule.plan import OfficePlan, Plans, meant
from shared.ids import ScopeId


@dataclass(frozen=True)
class Previewed:
    """One alert to come, in the office's time."""

    at: datetime
    step: str
    audience: str
    channels: tuple[str, ...]
    language: str


def preview(
    plans: Plans, scope: ScopeId, expires_at: datetime, made_at: datetime, channels: Sequence[str]
) -> list[Previewed]:
    """The alerts of a claim in the scope that is made at `made_at` and ends at `expires_at`."""
    plan = plans.of(scope)
    return list(_previewed(plan, tuple(channels), _steps(plan, expires_at, made_at)))


def _steps(plan: OfficePlan, expires_at: datetime, made_at: datetime) -> tuple[Step, ...]:
    ahead = steps_ahead(expires_at, made_at, plan.hours, new_owner=True)
    return ahead + lapse_notices(expires_at, plan.hours, had_owner=True)


def _previewed(plan: OfficePlan, channels: tuple[str, ...], steps: Sequence[Step]) -> Iterator[Previewed]:
    for step in sorted(steps, key=lambda one: one.due_at):
        role = "consultant" if step.audience is Audience.OWNER else "supervisor"
        yield Previewed(
            step.due_at.astimezone(plan.hours.zone),
            step.rung.value,
            step.audience.value,
            meant(plan.channels_for(role) or channels, plan.robots),
            plan.language.value,
        )
