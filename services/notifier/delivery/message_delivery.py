"""A round of one message while it runs: what is left of the message, and what the channels have said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from services.notifier.channels import ChannelError, TemporaryError
from services.notifier.channels.provider_verdict import TryLaterError
from services.notifier.delivery.queue import RoundResult
from services.notifier.delivery.routing import Addressee
from services.notifier.delivery.steps import is_mendable, why
from services.notifier.model.alert import LeasedAlert, People, State
from services.notifier.model.outgoing import OutgoingMessage

Settled = list[tuple[LeasedAlert, RoundResult]]


class OvertakenError(Exception):
    """No member of the message is to be sent any more, or the lease is lost: the call is not made."""


@dataclass
class MessageDelivery:
    """What the attempts change, until the round is settled."""

    packet: OutgoingMessage
    found: Addressee
    people: People
    overtaken: list[LeasedAlert] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    # How long to wait, as the channels that failed have told; and those that only keep their limits.
    waits: list[timedelta] = field(default_factory=list)
    limited: list[timedelta] = field(default_factory=list)
    again: bool = False
    # Whether a channel failed without saying when; what the channels that failed are called, and why, in one word.
    unwaited: bool = False
    mendable: bool = False
    waits_on: list[str] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)

    def failed(self, channel: str, error: ChannelError) -> None:
        """Keep what a channel has said."""
        self.said.append(f"{channel}: {error.answer}")
        self.again = self.again or isinstance(error, TemporaryError)
        self.mendable = self.mendable or is_mendable(error)
        self.unwaited = self.unwaited or not isinstance(error, TryLaterError)
        if isinstance(error, TemporaryError) or is_mendable(error):
            self.waits_on.append(channel)
            self.whys.append(why(error))

    @property
    def left(self) -> list[LeasedAlert]:
        """The members that still hold."""
        return [one for one in self.packet.members if one not in self.overtaken]

    def drop(self, begun: Sequence[UUID]) -> None:
        """Leave out the members of which no attempt was begun."""
        gone = [one for one in self.packet.members if one.id not in begun]
        self.overtaken += gone
        left = self.packet.without(one.id for one in gone)
        if left is None:
            raise OvertakenError
        self.packet = left

    def part(self, packet: OutgoingMessage, place: int) -> MessageDelivery:
        """A round of a part of the message, by the ways from this place on; what was said so far holds for it too."""
        found = replace(self.found, ways=self.found.ways[place:])
        return replace(
            self,
            packet=packet,
            found=found,
            overtaken=[],
            said=list(self.said),
            waits=list(self.waits),
            limited=list(self.limited),
            waits_on=list(self.waits_on),
            whys=list(self.whys),
        )

    def all(self, verdict: RoundResult) -> Settled:
        over = RoundResult(State.SUPERSEDED, "claim changed", overtaken=True)
        return [(one, over) for one in self.overtaken] + [(one, verdict) for one in self.left]
