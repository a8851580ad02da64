"""Reading a policy file into plans; each mistake names file, line, key and reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, time
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import structs

from services.notifier.model.kinds import Audience, EventKind, Language, Rung, Unavailable
from services.notifier.policy import shape
from services.notifier.policy.reports import reports_of
from services.notifier.policy.robots import check_list, check_office, own_robots, robots_of
from services.notifier.policy.sms import sms_of
from services.notifier.schedule.calendar import Calendar, CalendarError, QuietHours
from services.notifier.schedule.ladder import LadderStep, OfficeHours, OfficeHoursError
from services.notifier.schedule.plan import DigestTerms, OfficePlan, PersonPlan, Plans, RobotTerms
from shared.platform.officefile.conversion import convert, named, section, unknown
from shared.platform.officefile.document import Document, parse_file

S = TypeVar("S")
_TOP = frozenset(field.name for field in structs.fields(shape.PolicyFile))


def read_plans(path: Path, hours: OfficeHours, channels: Iterable[str]) -> Plans:
    """The plans of a file. `hours` stand where it says nothing; `channels` are those that may be named."""
    return plans_of(parse_file(path), hours, channels)


def plans_of(document: Document, hours: OfficeHours, channels: Iterable[str]) -> Plans:
    for key in document.values:
        if key not in _TOP:
            raise document.bad(key, unknown(key, _TOP))
    if document.values.get("version") != 1:
        raise document.bad("version", "must be 1, the version of this format")
    robots = robots_of(document)
    there = _There(frozenset(channels) | {one.channel for one in robots}, robots)
    defaults = section(document, "defaults", shape.Office) or shape.Office()
    scopes = {
        name: convert(document, f"scopes.{name}", given, shape.Office)
        for name, given in named(document, "scopes", r"[a-z0-9-]{1,64}")
    }
    people = {
        name: convert(document, f"people.{name}", given, shape.PersonSection)
        for name, given in named(document, "people", r"\S{1,64}")
    }
    base = OfficePlan(hours=hours, events=frozenset(EventKind))
    default = _office(document, "defaults", defaults, base, there)
    offices = {
        name: _office(document, f"scopes.{name}", office, default, there) for name, office in scopes.items()
    }
    # A person may be of any office, and its robot is theirs too.
    somewhere = there.with_own(default, *offices.values())
    persons = {
        name: _person(document, f"people.{name}", person, somewhere) for name, person in people.items()
    }
    return Plans(default, offices, persons, robots, sms_of(document))


@dataclass(frozen=True)
class _There:
    """The channels that may be named, and the robots of the file."""

    channels: frozenset[str]
    robots: tuple[RobotTerms, ...]

    def with_own(self, *plans: OfficePlan | PersonPlan) -> _There:
        """Also the providers that somebody has a robot of."""
        own = (provider for plan in plans for provider in plan.robots)
        return replace(self, channels=self.channels.union(own))


def _office(document: Document, key: str, given: shape.Office, base: OfficePlan, there: _There) -> OfficePlan:
    plan = replace(base, hours=_hours(document, key, given, base.hours))
    if given.robots is not None:
        own = own_robots(document, f"{key}.robots", given.robots, there.robots)
        plan = replace(plan, robots=own)
    if given.channels is not None:
        lists = {role: names for role, names in structs.asdict(given.channels).items() if names is not None}
        plan = replace(plan, channels=lists)
    check_office(document, key, plan, there.channels)
    if given.language is not None:
        plan = replace(plan, language=Language(given.language))
    if given.stand_in is not None:
        roles = {why: tuple(getattr(given.stand_in, why.value)) for why in Unavailable}
        plan = replace(plan, stand_in=roles)
    if given.digest is not None:
        plan = replace(plan, digest=DigestTerms(given.digest.at_opening, given.digest.threshold))
    if given.masked_names is not None:
        plan = replace(plan, masked_names=given.masked_names)
    if given.reports is not None:
        plan = replace(plan, reports=reports_of(document, f"{key}.reports", given.reports, plan.hours))
    return plan if given.events is None else replace(plan, events=frozenset(given.events))


def _hours(document: Document, key: str, given: shape.Office, base: OfficeHours) -> OfficeHours:
    """The hours of an office; what follows from one another is checked together, and named by its section."""
    changed: dict[str, Any] = {}
    if given.timezone is not None:
        changed["zone"] = _zone(document, f"{key}.timezone", given.timezone)
    if given.hours is not None:
        hours = {name: value for name, value in structs.asdict(given.hours).items() if value is not None}
        changed |= {name: time.fromisoformat(value) for name, value in hours.items()}
    if given.closed is not None:
        changed["calendar"] = _calendar(document, f"{key}.closed", given.closed)
    if given.quiet is not None:
        changed["quiet"] = _quiet(document, f"{key}.quiet", given.quiet)
    if given.ladder is not None:
        changed["ladder"] = _ladder(document, f"{key}.ladder", given.ladder)
    try:
        return replace(base, **changed)
    except OfficeHoursError as error:
        section = "hours" if given.hours is not None else "quiet"
        raise document.bad(f"{key}.{section}", str(error)) from None


def _zone(document: Document, key: str, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise document.bad(key, f"{name!r} is not the name of a time zone") from None


def _calendar(document: Document, key: str, given: shape.Closed) -> Calendar:
    weekdays = frozenset(shape.WEEKDAYS.index(name) + 1 for name in given.weekdays)
    closed = tuple(_days(document, f"{key}.dates[{n}]", text) for n, text in enumerate(given.dates))
    worked = frozenset(_day(document, f"{key}.worked[{n}]", text) for n, text in enumerate(given.worked))
    try:
        return Calendar(weekdays, closed, worked)
    except CalendarError as error:
        raise document.bad(f"{key}.weekdays", str(error)) from None


def _quiet(document: Document, key: str, given: shape.Quiet) -> QuietHours:
    if given.begin == given.end:
        raise document.bad(key, "quiet hours that begin and end together would be none, or all of them")
    return QuietHours(time.fromisoformat(given.begin), time.fromisoformat(given.end))


def _ladder(document: Document, key: str, given: tuple[shape.StepSection, ...]) -> tuple[LadderStep, ...]:
    steps: list[LadderStep] = []
    for number, one in enumerate(given):
        at = None if one.at == "opening" else time.fromisoformat(one.at)
        step = LadderStep(Rung(one.step), Audience(one.to), one.days_before, at)
        if any((step.rung, step.audience) == (other.rung, other.audience) for other in steps):
            raise document.bad(f"{key}[{number}].step", f"{one.step} to {one.to} stands twice")
        steps.append(step)
    if not any(step.audience is Audience.OWNER for step in steps):
        raise document.bad(key, "no step is for the owner: whose claim runs out must be told before")
    return tuple(steps)


def _person(document: Document, key: str, given: shape.PersonSection, there: _There) -> PersonPlan:
    robots = {} if given.robots is None else own_robots(document, f"{key}.robots", given.robots, there.robots)
    check_list(document, f"{key}.channels", given.channels or (), {*there.channels, *robots})
    away = tuple(_days(document, f"{key}.away[{n}]", text) for n, text in enumerate(given.away))
    own = key.removeprefix("people.")
    if own in given.stand_in:
        raise document.bad(f"{key}.stand_in", "nobody stands in for themselves")
    language = None if given.language is None else Language(given.language)
    if own in given.supervisors:
        raise document.bad(f"{key}.supervisors", "nobody supervises themselves")
    opt_out, supervisors = frozenset(given.opt_out), given.supervisors
    return PersonPlan(language, given.channels, opt_out, given.stand_in, away, supervisors, robots)


def _days(document: Document, key: str, text: str) -> tuple[date, date]:
    first, _, last = text.partition("..")
    begun = _day(document, key, first)
    ended = _day(document, key, last) if last else begun
    if ended < begun:
        raise document.bad(key, f"{text} ends before it begins")
    return begun, ended


def _day(document: Document, key: str, text: str) -> date:
    return _or_bad(document, key, text, date.fromisoformat)


def _or_bad(document: Document, key: str, text: str, make: Callable[[str], S]) -> S:
    try:
        return make(text)
    except ValueError:
        raise document.bad(key, f"{text} is not a day of the calendar") from None
