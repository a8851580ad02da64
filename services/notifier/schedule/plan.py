"""Who is told, when and how, by scope and person: what an office may decide about its alerts. Pure.

Without a policy file there is one plan for all, that of the settings: their hours, every channel in the order of
the settings, both languages, no digests, nothing told but claims that run out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.notifier.model.kinds import EventKind, Language, Unavailable
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.reporting import ReportTerms
from shared.ids import ScopeId, StaffId
from shared.platform.place_names import PlaceNames


@dataclass(frozen=True)
class DigestTerms:
    """When several alerts to one person go out as one message; empty: never."""

    at_opening: bool = False
    threshold: int | None = None

    def gathers(self, count: int, *, opening: bool) -> bool:
        """Whether so many alerts that are due together become one message."""
        if count < 2:
            return False
        return (opening and self.at_opening) or (self.threshold is not None and count >= self.threshold)

    @property
    def wanted(self) -> bool:
        return self.at_opening or self.threshold is not None


@dataclass(frozen=True)
class SecretPlace:
    """Where a secret is: a variable of the environment, or a file."""

    env: str | None = None
    file: str | None = None


@dataclass(frozen=True)
class RobotTerms:
    """A robot of an office or a team, or its receiver of webhooks: where it listens, and where its secrets are."""

    provider: str
    name: str
    address: str | None = None
    token: SecretPlace | None = None
    secret: SecretPlace | None = None

    @property
    def channel(self) -> str:
        """The name in lists of channels, metrics and the log."""
        return f"{self.provider}/{self.name}"


@dataclass(frozen=True)
class SmsTemplate:
    """A template that the provider has approved: its id, and its variables in order."""

    id: str
    variables: tuple[str, ...]


@dataclass(frozen=True)
class SmsTerms:
    """The templates of an SMS provider by kind of message, and how long a variable may be, where that is said."""

    templates: Mapping[str, SmsTemplate] = field(default_factory=dict)
    longest: int | None = None


@dataclass(frozen=True)
class OfficePlan:
    """What holds in one scope. `channels` by role, `default` for the others; without it, those of the settings."""

    hours: OfficeHours = field(default_factory=OfficeHours)
    channels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # The office's own robot by provider: meant wherever a list names the provider alone.
    robots: Mapping[str, str] = field(default_factory=dict)
    language: Language = Language.BOTH
    # The roles that are asked to stand in, one after another, by the reason why.
    stand_in: Mapping[Unavailable, tuple[str, ...]] = field(default_factory=dict)
    digest: DigestTerms = DigestTerms()
    events: frozenset[EventKind] = frozenset()
    # Whether chats show a masked name behind each case number.
    masked_names: bool = False
    # The reports that go out by themselves.
    reports: tuple[ReportTerms, ...] = ()

    def channels_for(self, role: str) -> tuple[str, ...] | None:
        return self.channels.get(role) or self.channels.get("default")


@dataclass(frozen=True)
class PersonPlan:
    """What one person has asked for, and when they are away."""

    language: Language | None = None
    channels: tuple[str, ...] | None = None
    opt_out: frozenset[EventKind] = frozenset()
    stand_in: tuple[StaffId, ...] = ()
    away: tuple[tuple[date, date], ...] = ()
    # Who answers for the person's team, before the supervisors of the office.
    supervisors: tuple[StaffId, ...] = ()
    # The robots of the person's team, before those of the office.
    robots: Mapping[str, str] = field(default_factory=dict)

    @property
    def beside(self) -> tuple[StaffId, ...]:
        """Whoever may be told in the person's place by name."""
        return (*self.stand_in, *self.supervisors)

    def is_away(self, day: date) -> bool:
        return any(first <= day <= last for first, last in self.away)


_NOTHING_SAID = PersonPlan()


def meant(names: Iterable[str], robots: Mapping[str, str]) -> tuple[str, ...]:
    """The channels of a list, with one's own robot in the place of its provider; each once."""
    own = (f"{name}/{robots[name]}" if name in robots else name for name in names)
    return tuple(dict.fromkeys(own))


@dataclass(frozen=True)
class Plans:
    """The plans of a deployment."""

    default: OfficePlan = field(default_factory=OfficePlan)
    scopes: Mapping[str, OfficePlan] = field(default_factory=dict)
    people: Mapping[str, PersonPlan] = field(default_factory=dict)
    robots: tuple[RobotTerms, ...] = ()
    # By provider: `aliyun`, `tencent`.
    sms: Mapping[str, SmsTerms] = field(default_factory=dict)
    # Over how long what falls due at a full hour is spread.
    spread: timedelta = field(default=timedelta(0), compare=False)
    # Where people open what a message tells of; empty: nowhere.
    console: str = field(default="", compare=False)
    # What offices are called in messages.
    names: PlaceNames = field(default=PlaceNames(), compare=False)
    # The zones of the scopes' rulebooks, learned from what attribution tells; they go before those written here.
    zones: dict[str, ZoneInfo] = field(default_factory=dict, compare=False, repr=False)

    def of(self, scope: ScopeId) -> OfficePlan:
        return self.scopes.get(scope, self.default)

    def hours_of(self, scope: ScopeId) -> OfficeHours:
        """The hours of a scope, in the zone in which its claims end."""
        hours, zone = self.of(scope).hours, self.zones.get(scope)
        return hours if zone is None or zone.key == hours.zone.key else replace(hours, zone=zone)

    def learn(self, scope: ScopeId, timezone: str | None) -> None:
        """The zone of a scope's rulebook; a name that this machine does not know is passed over."""
        known = self.zones.get(scope)
        if timezone and (known is None or known.key != timezone):
            with suppress(ZoneInfoNotFoundError, ValueError, OSError):
                self.zones[scope] = ZoneInfo(timezone)

    def person(self, staff: StaffId) -> PersonPlan:
        return self.people.get(staff, _NOTHING_SAID)

    def language(self, scope: ScopeId, staff: StaffId) -> Language:
        return self.person(staff).language or self.of(scope).language

    def channels(self, scope: ScopeId, staff: StaffId, role: str) -> tuple[str, ...] | None:
        """The channels of a person in order of preference; None: those of the settings, in their order."""
        return self.person(staff).channels or self.of(scope).channels_for(role)

    def order(self, scope: ScopeId, staff: StaffId, role: str, there: Sequence[str]) -> tuple[str, ...]:
        """The channels by which a person is tried, of all that are `there`; a robot only where somebody names it."""
        names = self.channels(scope, staff, role)
        if names is None:
            names = tuple(name for name in there if "/" not in name)
        return meant(names, {**self.of(scope).robots, **self.person(staff).robots})

    def announces(self, scope: ScopeId, staff: StaffId, kind: EventKind) -> bool:
        """Whether a person is told of an event that is not asked for."""
        return kind in self.of(scope).events and kind not in self.person(staff).opt_out

    def lists(self) -> tuple[tuple[str, ...], ...]:
        """Every list of channels that stands anywhere."""
        offices = (self.default, *self.scopes.values())
        of_people = (one.channels for one in self.people.values() if one.channels is not None)
        return (*(names for plan in offices for names in plan.channels.values()), *of_people)

    def stand_in_roles(self) -> frozenset[str]:
        """Every role that is asked to stand in anywhere."""
        offices = (self.default, *self.scopes.values())
        return frozenset(role for plan in offices for roles in plan.stand_in.values() for role in roles)
