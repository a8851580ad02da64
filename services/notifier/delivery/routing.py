"""To whom an alert goes and by which channels: preferences of role and person, and who stands in.

Someone who has left, is away or has no contact is told nothing, and nobody would know: so another is told in
their place, and the words say so. With nobody left the alert could reach nobody, which is listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.notifier.channels import Channel
from services.notifier.channels.sms import SmsChannel
from services.notifier.model.alert import LeasedAlert, People, Person, Recipient
from services.notifier.model.kinds import Unavailable
from services.notifier.schedule.plan import Plans
from shared.ids import ScopeId

Ways = Sequence[tuple[Channel, str]]


@dataclass(frozen=True)
class Addressee:
    """Who is told, and by what."""

    recipient: Recipient
    ways: Ways


@dataclass(frozen=True)
class Unreachable:
    """Nobody can be told; `asked` says whether anybody was to stand in, `covered` that who does has the same alert."""

    why: Unavailable
    asked: bool
    covered: bool = False


class Router:
    """Decides by the plans of a deployment."""

    def __init__(self, channels: Sequence[Channel], plans: Plans) -> None:
        self._channels = {channel.name: channel for channel in channels}
        self._plans = plans

    def address(
        self, members: Sequence[LeasedAlert], people: People, now: datetime
    ) -> Addressee | Unreachable:
        """The person whom these alerts are for, or who stands in for them at business time `now`."""
        alert = members[0]
        assert alert.staff is not None  # the queue makes every alert out to a person
        person = people[alert.scope, alert.staff]
        if alert.kind == "report":
            return self._of_reader(members, person)
        found = self._reach(members, person, now)
        if not isinstance(found, Unavailable):
            return Addressee(Recipient(person), found)
        asked = False
        never = {person.staff, *(one.owner for one in members)}
        for other in self._stand_ins(alert.scope, person, found, people):
            if other.staff in never:
                continue
            asked = True
            ways = self._reach(members, other, now, standing_in=True)
            if isinstance(ways, Unavailable):
                continue
            if all(other.staff in one.also for one in members):
                return Unreachable(found, asked=True, covered=True)
            return Addressee(Recipient(other, (person, found)), ways)
        if found is Unavailable.AWAY and person.away:
            # Nobody stands in, and a telephone is carried along: better told there than not at all.
            ways = self._reach(members, replace(person, away=False), now)
            if not isinstance(ways, Unavailable):
                return Addressee(Recipient(person), ways)
        roles = self._plans.of(alert.scope).stand_in.get(found, ())
        return Unreachable(found, asked or bool(roles))

    def _of_reader(self, members: Sequence[LeasedAlert], person: Person) -> Addressee | Unreachable:
        """A report is for its readers alone: who stands in for one may not be one, and an absence does not matter."""
        if person.departed:
            return Unreachable(Unavailable.DEPARTED, asked=False)
        ways = [
            one for one in self._ways(members[0].scope, person) if _says(one[0], members, standing_in=False)
        ]
        if not ways:
            return Unreachable(Unavailable.NO_CONTACT, asked=False)
        return Addressee(Recipient(person), ways)

    def one_by_one(self, members: Sequence[LeasedAlert], people: People) -> bool:
        """Whether the person prefers a channel that has no words for several alerts in one message."""
        first = members[0]
        assert first.staff is not None
        ways = self._ways(first.scope, people[first.scope, first.staff])
        return bool(ways) and not _says(ways[0][0], members, standing_in=False)

    def _reach(
        self, members: Sequence[LeasedAlert], person: Person, now: datetime, *, standing_in: bool = False
    ) -> Ways | Unavailable:
        """The ways to the person by which there are words for these alerts."""
        scope = members[0].scope
        if person.departed:
            return Unavailable.DEPARTED
        day = now.astimezone(self._plans.hours_of(scope).zone).date()
        if person.away or self._plans.person(person.staff).is_away(day):
            return Unavailable.AWAY
        ways = [way for way in self._ways(scope, person) if _says(way[0], members, standing_in=standing_in)]
        return ways or Unavailable.NO_CONTACT

    def _ways(self, scope: ScopeId, person: Person) -> Ways:
        """The channels that reach the person, the preferred one first, each with where it reaches them."""
        order = self._plans.order(scope, person.staff, person.role, tuple(self._channels))
        channels = [self._channels[name] for name in order if name in self._channels]
        reached = ((channel, channel.destination(person)) for channel in channels)
        return [(channel, destination) for channel, destination in reached if destination]

    def _stand_ins(
        self, scope: ScopeId, person: Person, why: Unavailable, people: People
    ) -> Iterator[Person]:
        """Who is named for the person, then those of the roles of the plan, of the own team or office first."""
        own = self._plans.person(person.staff)
        yield from (people[scope, staff] for staff in own.stand_in if (scope, staff) in people)
        colleagues = sorted(
            (other for (of, _), other in people.items() if of == scope),
            key=lambda other: (not _same_office(other, person), other.staff),
        )
        for role in self._plans.of(scope).stand_in.get(why, ()):
            if role == "supervisor":
                yield from (people[scope, staff] for staff in own.supervisors if (scope, staff) in people)
            yield from (other for other in colleagues if other.role == role)


def _same_office(one: Person, other: Person) -> bool:
    return one.office is not None and one.office == other.office


def longest_ways(channels: Sequence[Channel], plans: Plans) -> list[list[Channel]]:
    """The lists of channels that one message may be tried by: how long a round can take follows from the longest.

    All robots of a provider take as long; so one stands for all of them.
    """
    of_kind = {channel.name.partition("/")[0]: channel for channel in channels}
    standard = [channel for channel in channels if "/" not in channel.name]
    listed = [
        [of_kind[kind] for name in names if (kind := name.partition("/")[0]) in of_kind]
        for names in plans.lists()
    ]
    return [standard, *listed]


def _says(channel: Channel, members: Sequence[LeasedAlert], *, standing_in: bool) -> bool:
    """Whether a channel has words for a message: SMS are approved templates, everything else says anything."""
    return not isinstance(channel, SmsChannel) or channel.says(members, standing_in=standing_in)
