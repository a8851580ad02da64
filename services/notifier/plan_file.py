"""Reading a policy file into plans; each mistake names file, line, key and reason."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import structs

from services.notifier import plan_shape as shape
from services.notifier.calendar import Calendar, CalendarError, QuietHours
from services.notifier.ladder import Audience, LadderStep, OfficeHours, OfficeHoursError, Rung
from services.notifier.plan import (
    DigestTerms,
    EventKind,
    Language,
    OfficePlan,
    PersonPlan,
    Plans,
    Unavailable,
)
from services.notifier.plan_yaml import BadPolicy, Document, parse

S = TypeVar("S")
_AT = re.compile(r"(?P<reason>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]*)`")
_TOP = frozenset(field.name for field in structs.fields(shape.PolicyFile))


def read_plans(path: Path, hours: OfficeHours, channels: Iterable[str]) -> Plans:
    """The plans of a file. `hours` stand where it says nothing; `channels` are those that may be named."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadPolicy(str(path), 1, "", f"cannot be read: {error.strerror}") from None
    return plans_of(parse(raw, str(path)), hours, channels)


def plans_of(document: Document, hours: OfficeHours, channels: Iterable[str]) -> Plans:
    for key in document.values:
        if key not in _TOP:
            raise document.bad(key, _unknown(key, _TOP))
    if document.values.get("version") != 1:
        raise document.bad("version", "must be 1, the version of this format")
    known = frozenset(channels)
    defaults = _section(document, "defaults", shape.Office) or shape.Office()
    scopes = {
        name: _convert(document, f"scopes.{name}", given, shape.Office)
        for name, given in _named(document, "scopes", r"[a-z0-9-]{1,64}")
    }
    people = {
        name: _convert(document, f"people.{name}", given, shape.Person)
        for name, given in _named(document, "people", r"\S{1,64}")
    }
    base = OfficePlan(hours=hours, events=frozenset(EventKind))
    default = _office(document, "defaults", defaults, base, known)
    return Plans(
        default,
        {
            name: _office(document, f"scopes.{name}", office, default, known)
            for name, office in scopes.items()
        },
        {name: _person(document, f"people.{name}", person, known) for name, person in people.items()},
    )


def _section(document: Document, key: str, kind: type[S]) -> S | None:
    given = document.values.get(key)
    return None if given is None else _convert(document, key, given, kind)


def _named(document: Document, key: str, pattern: str) -> Iterable[tuple[str, object]]:
    given = document.values.get(key)
    if given is None:
        return
    if not isinstance(given, dict):
        raise document.bad(key, "must be a mapping of names")
    for name, value in given.items():
        if not re.fullmatch(pattern, name):
            raise document.bad(f"{key}.{name}", f"the name must match {pattern}")
        yield name, {} if value is None else value


def _convert(document: Document, key: str, given: object, kind: type[S]) -> S:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        found = _AT.fullmatch(str(error))
        assert found is not None
        path, reason = key + (found["path"] or ""), found["reason"]
        if unknown := _UNKNOWN.match(reason):
            fields = _fields_at(kind, found["path"] or "")
            path, reason = f"{path}.{unknown['field']}", _unknown(unknown["field"], fields)
        elif ".opt_out" in path:
            reason += "; reminders and the notice of a lapse cannot be declined"
        raise document.bad(path, reason) from None


def _fields_at(kind: Any, path: str) -> frozenset[str]:
    """The keys that are known where an unknown one stands."""
    found = kind
    for name in re.findall(r"\.([a-z_]+)", path):
        hints = {field.name: field.type for field in structs.fields(found)}
        found = next((one for one in _structs_in(hints.get(name))), found)
    return frozenset(field.name for field in structs.fields(found))


def _structs_in(kind: Any) -> Iterable[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for part in getattr(kind, "__args__", ()):
        yield from _structs_in(part)


def _unknown(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, list(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"
    return f"unknown key{hint}"


def _office(
    document: Document, key: str, given: shape.Office, base: OfficePlan, channels: frozenset[str]
) -> OfficePlan:
    plan = replace(base, hours=_hours(document, key, given, base.hours))
    if given.channels is not None:
        plan = replace(plan, channels=_channels(document, f"{key}.channels", given.channels, channels))
    if given.language is not None:
        plan = replace(plan, language=Language(given.language))
    if given.stand_in is not None:
        roles = {why: tuple(getattr(given.stand_in, why.value)) for why in Unavailable}
        plan = replace(plan, stand_in=roles)
    if given.digest is not None:
        plan = replace(plan, digest=DigestTerms(given.digest.at_opening, given.digest.threshold))
    return plan if given.events is None else replace(plan, events=frozenset(given.events))


def _hours(document: Document, key: str, given: shape.Office, base: OfficeHours) -> OfficeHours:
    """The hours of an office; what follows from one another is checked together, and named by its section."""
    changed: dict[str, Any] = {}
    if given.timezone is not None:
        changed["zone"] = _zone(document, f"{key}.timezone", given.timezone)
    if given.hours is not None:
        told = {name: value for name, value in structs.asdict(given.hours).items() if value is not None}
        changed |= {name: time.fromisoformat(value) for name, value in told.items()}
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


def _ladder(document: Document, key: str, given: tuple[shape.Step, ...]) -> tuple[LadderStep, ...]:
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


def _channels(
    document: Document, key: str, given: shape.Channels, known: frozenset[str]
) -> Mapping[str, tuple[str, ...]]:
    named = {role: names for role, names in structs.asdict(given).items() if names is not None}
    for role, names in named.items():
        _known_channels(document, f"{key}.{role}", names, known)
    return named


def _known_channels(document: Document, key: str, names: tuple[str, ...], known: frozenset[str]) -> None:
    for number, name in enumerate(names):
        if name not in known:
            raise document.bad(
                f"{key}[{number}]", f"there is no channel {name!r}; there are {', '.join(sorted(known))}"
            )
        if name in names[:number]:
            raise document.bad(f"{key}[{number}]", f"{name} stands twice")


def _person(document: Document, key: str, given: shape.Person, known: frozenset[str]) -> PersonPlan:
    _known_channels(document, f"{key}.channels", given.channels or (), known)
    away = tuple(_days(document, f"{key}.away[{n}]", text) for n, text in enumerate(given.away))
    own = key.removeprefix("people.")
    if own in given.stand_in:
        raise document.bad(f"{key}.stand_in", "nobody stands in for themselves")
    language = None if given.language is None else Language(given.language)
    return PersonPlan(language, given.channels, frozenset(given.opt_out), given.stand_in, away)


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
