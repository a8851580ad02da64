"""When what nobody was told of is tried again: in growing steps, until its deadline, and why it waits meanwhile. Pure.

Six tries in half an hour would leave a claim that runs for a day to whoever mends the channel after lunch. So there
is no number of rounds that ends a reminder: its deadline does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.notifier.channels import ChannelError, NoAnswerError, RefusedError
from services.notifier.channels.provider_verdict import MENDABLE, OF_CHANNEL, Reason, TryLaterError
from services.notifier.delivery.retry_policy import RetryPolicy
from services.notifier.model.alert import LeasedAlert

# Behind its deadline a reminder is found dead.
_BEHIND: Final = timedelta(seconds=1)
LIMIT, LATER, DOWN, UNANSWERED, REPORTED, REFUSED, DEFECT, HELD = (
    "limit",
    "later",
    "down",
    "unanswered",
    "reported",
    "refused",
    "defect",
    "held",
)
WHYS: Final = (
    *(LIMIT, LATER, DOWN, UNANSWERED, REPORTED, REFUSED, DEFECT, HELD),
    *(reason.name.lower() for reason in Reason if reason in MENDABLE),
)


class LeftAloneError(TryLaterError):
    """The channel has failed again and again, or its receiver wants no call yet; none was made."""


def why(error: ChannelError) -> str:
    """In one word, for the figures."""
    if isinstance(error, LeftAloneError):
        return DOWN
    if isinstance(error, TryLaterError):
        return LATER
    if isinstance(error, NoAnswerError):
        return UNANSWERED
    if isinstance(error, RefusedError):
        return Reason(error.reason).name.lower() if error.reason in MENDABLE else REFUSED
    return DOWN


def is_mendable(error: ChannelError) -> bool:
    """Whether somebody may mend what the channel refused, while the alert waits."""
    return isinstance(error, RefusedError) and error.reason in MENDABLE


def is_of_channel(error: ChannelError) -> bool:
    """Whether everything else that goes by the channel is refused too."""
    return isinstance(error, RefusedError) and error.reason in OF_CHANNEL


def remaining(alerts: Sequence[LeasedAlert], business_now: datetime, speed: float) -> timedelta | None:
    """Machine time until the first of these reminders is void; None where none is a reminder."""
    ends = [one.deadline for one in alerts if one.is_reminder]
    return (min(ends) - business_now) / (speed or 1.0) if ends else None


def next_step(step: timedelta, left: timedelta | None, policy: RetryPolicy) -> timedelta:
    """The step, and shorter ones where the deadline comes before its end."""
    if left is None or step < left:
        return step
    if left > 2 * policy.shortest_step:
        return left / 2
    return max(left, timedelta(0)) + _BEHIND


def is_given_up(alert: LeasedAlert, business_now: datetime, policy: RetryPolicy) -> bool:
    """Whether what has no deadline was tried for long enough."""
    if alert.is_reminder:
        return False
    return alert.rounds + 1 >= policy.rounds and business_now - alert.due_at >= policy.told_within
