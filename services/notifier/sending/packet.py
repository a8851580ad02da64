"""What goes out as one message: one alert, or several to the same person. Pure.

Digest instead of a storm: the day's list at opening, what falls due at once in numbers, and what has gathered
while a channel's limit made it wait. Each member keeps a state and a log of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from uuid import UUID, uuid5

from services.notifier.alert import LeasedAlert, State
from services.notifier.planning.plan import Plans

_DIGESTS = UUID("0c6a1a4e-3a0d-5a3b-8a55-4d1b6f9d2c10")
# More than these nobody reads in one message; what a channel does not take whole goes as several.
MOST = 25


@dataclass(frozen=True)
class Packet:
    """The alerts of one message, the most urgent first."""

    members: tuple[LeasedAlert, ...]
    # Of a message that may have arrived: it keeps its key, whoever of its members is left.
    key: UUID | None = None

    @property
    def first(self) -> LeasedAlert:
        return self.members[0]

    @property
    def digest(self) -> UUID | None:
        """The key of a message about several; the same members give the same key when it is sent again."""
        if len(self.members) == 1 and self.key in (None, self.first.id):
            return None
        return self.key or uuid5(_DIGESTS, "/".join(sorted(str(one.id) for one in self.members)))

    @property
    def id(self) -> UUID:
        return self.digest or self.first.id

    def kept(self) -> Packet:
        """The message from when an answer was lost: under another key a receiver would take it for another."""
        return replace(self, key=self.id)

    def halves(self) -> tuple[Packet, Packet]:
        """Two messages in the place of one, under keys of their own."""
        middle = len(self.members) // 2
        return Packet(self.members[:middle]), Packet(self.members[middle:])

    def without(self, gone: Iterable[UUID]) -> Packet | None:
        """What is left of it."""
        dropped = frozenset(gone)
        left = tuple(one for one in self.members if one.id not in dropped)
        return Packet(left, self.key) if left else None


def packets(alerts: Sequence[LeasedAlert], plans: Plans) -> list[Packet]:
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


def _of_one_person(members: list[LeasedAlert], plans: Plans) -> Iterator[Packet]:
    plan = plans.of(members[0].scope)
    opening = any(_at_opening(one, plans) for one in members)
    waited = plan.digest.wanted and any(one.limited for one in members)
    if members[0].digest is not None:
        yield Packet(tuple(members), members[0].digest)
        return
    members.sort(key=lambda one: (not one.is_reminder, one.deadline, one.id))
    if waited or plan.digest.gathers(len(members), opening=opening):
        for begin in range(0, len(members), MOST):
            yield Packet(tuple(members[begin : begin + MOST]))
    else:
        yield from (Packet((one,)) for one in members)
