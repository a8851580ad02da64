"""A round of one message while it runs: what is left of the message, and what the channels have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from services.notifier.alert import LeasedAlert, State
from services.notifier.sending.packet import Packet
from services.notifier.sending.queue import People, Verdict
from services.notifier.sending.routing import Addressee

Settled = list[tuple[LeasedAlert, Verdict]]


class OvertakenError(Exception):
    """No member of the message is to be sent any more, or the lease is lost: the call is not made."""


@dataclass
class Round:
    """What the attempts change, until the round is settled."""

    packet: Packet
    found: Addressee
    people: People
    overtaken: list[LeasedAlert] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    # How long to wait, as the channels that failed have told; and those that only keep their limits.
    waits: list[timedelta] = field(default_factory=list)
    limited: list[timedelta] = field(default_factory=list)
    again: bool = False

    def drop(self, begun: Sequence[UUID]) -> None:
        """Leave out the members of which no attempt was begun."""
        gone = [one for one in self.packet.members if one.id not in begun]
        self.overtaken += gone
        left = self.packet.without(one.id for one in gone)
        if left is None:
            raise OvertakenError
        self.packet = left

    def part(self, packet: Packet, place: int) -> Round:
        """A round of a part of the message, by the ways from this place on; what was said so far holds for it too."""
        found = replace(self.found, ways=self.found.ways[place:])
        waits, limited = list(self.waits), list(self.limited)
        return Round(packet, found, self.people, [], list(self.said), waits, limited, self.again)

    def all(self, verdict: Verdict) -> Settled:
        over = Verdict(State.SUPERSEDED, "claim changed", overtaken=True)
        left = [one for one in self.packet.members if one not in self.overtaken]
        return [(one, over) for one in self.overtaken] + [(one, verdict) for one in left]
