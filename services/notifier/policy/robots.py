"""The robots of offices and teams in a policy file: which there are, and where lists of channels mean them.

An office has its own group, so it has its own robot: a deployment with one robot a provider would tell one office
of another's customers. What opens a robot never stands in the file; it says where that is to be found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import structs

from services.notifier.policy import shape_senders as shape
from services.notifier.schedule.plan import OfficePlan, RobotTerms, SecretPlace
from shared.platform.officefile.conversion import convert, named, unknown
from shared.platform.officefile.document import Document

_SHAPES: Mapping[str, type[Any]] = {
    "dingtalk": shape.ChatRobot,
    "wecom": shape.KeyRobot,
    "feishu": shape.ChatRobot,
    "webhook": shape.HookRobot,
}


def robots_of(document: Document) -> tuple[RobotTerms, ...]:
    """Every robot of the file."""
    for provider, _ in named(document, "robots", ".*"):
        if provider not in _SHAPES:
            raise document.bad(f"robots.{provider}", unknown(provider, _SHAPES))
    return tuple(one for provider in _SHAPES for one in _robots(document, provider))


def _robots(document: Document, provider: str) -> Iterator[RobotTerms]:
    for name, given in named(document, f"robots.{provider}", shape.ROBOT):
        key = f"robots.{provider}.{name}"
        found = structs.asdict(convert(document, key, given, _SHAPES[provider]))
        token, secret = (_place(document, f"{key}.{part}", found.get(part)) for part in ("token", "secret"))
        yield RobotTerms(provider, name, found.get("base") or found.get("url"), token, secret)


def _place(document: Document, key: str, given: shape.SecretSection | None) -> SecretPlace | None:
    if given is None:
        return None
    if (given.env is None) == (given.file is None):
        raise document.bad(key, "either `env` or `file`")
    return SecretPlace(given.env, given.file)


def own_robots(
    document: Document, key: str, given: shape.OwnRobots, robots: Iterable[RobotTerms]
) -> Mapping[str, str]:
    """Which robot is meant by each provider; each must be one of the file."""
    own = {provider: name for provider, name in structs.asdict(given).items() if name is not None}
    there = {one.channel for one in robots}
    for provider, name in own.items():
        if f"{provider}/{name}" not in there:
            known = sorted(
                one.removeprefix(f"{provider}/") for one in there if one.startswith(f"{provider}/")
            )
            choice = f"there are {', '.join(known)}" if known else f"`robots.{provider}` has none"
            raise document.bad(f"{key}.{provider}", f"there is no robot {name!r}; {choice}")
    return own


def check_list(document: Document, key: str, names: tuple[str, ...], known: Iterable[str]) -> None:
    """A list of channels: each is there, and stands once."""
    there = frozenset(known)
    for number, name in enumerate(names):
        if name not in there:
            known_ones = ", ".join(sorted(there))
            raise document.bad(f"{key}[{number}]", f"there is no channel {name!r}; there are {known_ones}")
        if name in names[:number]:
            raise document.bad(f"{key}[{number}]", f"{name} stands twice")


def check_office(document: Document, key: str, plan: OfficePlan, known: Iterable[str]) -> None:
    """The lists of an office, also those that it has from `defaults`: a provider may be one by its own robot alone."""
    for role, names in plan.channels.items():
        check_list(document, f"{key}.channels.{role}", names, {*known, *plan.robots})
