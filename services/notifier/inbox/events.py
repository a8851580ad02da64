"""What a decision means for the people concerned: who is told, of what, when the office is open. Pure.

Other than reminders these are courtesies: a person may decline them, and one that is old news when it is read
(a notifier that begins anew reads years of them) is not told at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from services.notifier.inbox.derive import Again
from services.notifier.model.alert import OLD_NEWS
from services.notifier.model.kinds import EventKind
from services.notifier.schedule.plan import Plans
from services.notifier.schedule.spread import spread_key, spread_out
from shared.ids import CustomerId, DealId, ScopeId, StaffId

_EVENTS = UUID("3b8e4f0a-54d0-5c59-9d5f-6a2f1f0f7b21")
# Of these both are told: whose the customer is now, and whose it was.
_BOTH = frozenset(
    {EventKind.SUPERSEDED, EventKind.RETURNED, EventKind.TRANSFERRED, EventKind.RULED, EventKind.DISPUTED}
)
_DECISIONS: Mapping[str, EventKind] = {kind.value: kind for kind in EventKind if kind is not EventKind.SHARES}


@dataclass(frozen=True)
class DecisionChange:
    """One `kind: decision` message, of a customer or (with `deal`) of a deal."""

    scope: ScopeId
    seq: int
    customer: CustomerId
    at: datetime
    clause: str
    decision: str | None
    owner: StaffId | None
    previous: StaffId | None
    deal: DealId | None
    status: str | None
    shares: Mapping[StaffId, int]
    traceparent: str | None = None


@dataclass(frozen=True)
class NewEvent:
    """An alert that no claim makes; `detail` is what there is to say."""

    id: UUID
    change: DecisionChange
    staff: StaffId
    due_at: datetime
    detail: Mapping[str, object]
    again: bool = False


def event_alerts(
    change: DecisionChange,
    plans: Plans,
    known_at: datetime,
    business_now: datetime,
    again: Again | None = None,
) -> list[NewEvent]:
    """Who is told of a decision that was heard of at `known_at`; heard again, it is as old as the decision itself."""
    if business_now - (known_at if again is None else min(known_at, change.at)) > OLD_NEWS:
        return []
    due_at = plans.hours_of(change.scope).when_open(known_at)
    if again is not None and again.begun_at is not None:
        # What is told anew comes behind what was there, but is not as new as that.
        told_at = plans.hours_of(change.scope).when_open(change.at) if again.restated else due_at
        if told_at <= again.begun_at:
            return []

    def moment(alert: UUID, staff: StaffId) -> datetime:
        return spread_out(plans, change.scope, due_at, spread_key(plans, change.scope, alert, staff))

    def named(kind: EventKind, staff: StaffId) -> UUID:
        return uuid5(_EVENTS, f"{change.scope}/{change.seq}/{kind}/{staff}")

    return [
        NewEvent(
            named(kind, staff),
            change,
            staff,
            moment(named(kind, staff), staff),
            {"event": kind.value, "clause": change.clause, **said},
            again is not None,
        )
        for kind, staff, said in _concerned(change)
        if plans.announces(change.scope, staff, kind)
    ]


def _concerned(change: DecisionChange) -> Iterator[tuple[EventKind, StaffId, Mapping[str, object]]]:
    if change.deal is not None:
        for staff, share in sorted(change.shares.items()):
            yield EventKind.SHARES, staff, {"share": share, "status": change.status or "final"}
        return
    kind = _DECISIONS.get(change.decision or "")
    if kind is None:
        return
    if change.owner is not None:
        yield kind, change.owner, {"mine": True}
    if kind in _BOTH and change.previous is not None and change.previous != change.owner:
        yield kind, change.previous, {"mine": False}
