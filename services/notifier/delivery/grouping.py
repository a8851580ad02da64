"""What goes out as one message: one alert, or several to the same person. Pure.

Digest instead of a storm: the day's list at opening, what falls due at once in numbers, and what has gathered
while a channel's limit made it wait. Each member keeps a state and a log of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from services.notifier.model.alert import LeasedAlert, State
from services.notifier.model.outgoing import OutgoingMessage
from services.notifier.schedule.plan import Plans

# More than these nobody reads in one message; what a channel does not take whole goes as several.
MOST = 25


def packets(alerts: Sequence[LeasedAlert], plans: Plans) -> list[OutgoingMessage]:
    """The messages that these alerts make, by the plans of their scopes."""
    ordered = sorted(alerts, key=_group)
    return [
        packet for _, group in groupby(ordered, key=_group) for packet in _of_one_person(list(group), plans)
    ]


def _group(alert: LeasedAlert) -> tuple[str, str, str]:
    """What may go into one message. What may have arrived already is not mixed with what has not."""
    again = str(alert.digest or alert.id if alert.state is State.UNKNOWN else alert.digest or "")
    return alert.scope, alert.staff or "", again


def _at_opening(alert: LeasedAlert, plans: Plans) -> bool:
    """Whether it was due at the office's opening, or in the minutes over which that is spread."""
    return plans.hours_of(alert.scope).next_opening(alert.due_at) - alert.due_at <= plans.spread


def _of_one_person(members: list[LeasedAlert], plans: Plans) -> Iterator[OutgoingMessage]:
    # A report is read for itself: its figures would be lost among others.
    yield from (OutgoingMessage((one,), one.digest) for one in members if one.kind == "report")
    members = [one for one in members if one.kind != "report"]
    if not members:
        return
    plan = plans.of(members[0].scope)
    opening = any(_at_opening(one, plans) for one in members)
    waited = plan.digest.wanted and any(one.limited for one in members)
    if members[0].digest is not None:
        yield OutgoingMessage(tuple(members), members[0].digest)
        return
    members.sort(key=lambda one: (not one.is_reminder, one.deadline, one.id))
    if waited or plan.digest.gathers(len(members), opening=opening):
        for begin in range(0, len(members), MOST):
            yield OutgoingMessage(tuple(members[begin : begin + MOST]))
    else:
        yield from (OutgoingMessage((one,)) for one in members)
