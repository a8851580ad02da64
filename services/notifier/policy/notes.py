"""What a policy says that will not come about as it stands: told by `panke alerts check`, before anybody misses it.

No mistake of the file: the service starts, and what has no words by SMS goes by the next channel of the list. But
who set the list up should know, and where nothing is left in it, nobody would be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.notifier.channels.sms_templates import DIGEST, NEEDED, missing
from services.notifier.model.kinds import EventKind
from services.notifier.policy.mistake_words import policy_mistake
from services.notifier.schedule.plan import OfficePlan, Plans, meant
from shared.platform.officefile.document import Document

# By the channel of an SMS provider, the kinds of message that have a template; None: nobody here knows.
Templates = Mapping[str, frozenset[str] | None]


@dataclass(frozen=True)
class Note:
    """One thing to know; with `lost`, somebody would not be told."""

    text: str
    lost: bool


def notes(document: Document, plans: Plans, standard: Sequence[str], templates: Templates) -> list[Note]:
    """Of every list of channels: what its SMS have no template for. `standard` is the order of the settings."""
    offices = {"defaults": plans.default, **{f"scopes.{name}": plan for name, plan in plans.scopes.items()}}
    found: list[Note] = []
    for key, plan in offices.items():
        if key != "defaults" and _same(plan, plans.default):
            continue
        lists: Mapping[str, tuple[str, ...]] = plan.channels or {"default": tuple(standard)}
        for role, names in lists.items():
            found += _of_list(
                document, f"{key}.channels.{role}", meant(names, plan.robots), _wanted(plan), templates
            )
        found += _idle_robots(document, key, plan, lists)
    for staff, person in plans.people.items():
        if person.channels is not None:
            events = (
                frozenset[EventKind]().union(*(plan.events for plan in offices.values())) - person.opt_out
            )
            wanted = (*NEEDED, *sorted(events))
            found += _of_list(document, f"people.{staff}.channels", person.channels, wanted, templates)
    return found


def _same(plan: OfficePlan, default: OfficePlan) -> bool:
    return (plan.channels, plan.robots, plan.digest, plan.events) == (
        default.channels,
        default.robots,
        default.digest,
        default.events,
    )


def _wanted(plan: OfficePlan) -> tuple[str, ...]:
    """The kinds of message that there are in an office."""
    return (*NEEDED, *((DIGEST,) if plan.digest.wanted else ()), *sorted(plan.events))


def _of_list(
    document: Document, key: str, names: Sequence[str], wanted: Sequence[str], templates: Templates
) -> Iterator[Note]:
    """What becomes of the messages that the first SMS of a list has no words for."""
    name = next((one for one in names if one in templates), None)
    if name is None:
        return
    has = templates[name]
    if has is None:
        remark = (
            f"the templates of {name} stand neither here nor in the settings at hand: they were not looked at"
        )
        yield Note(policy_mistake(document.bad(key, remark)), lost=False)
        return
    lacking = missing(wanted, has)
    if DIGEST in lacking:
        lacking.remove(DIGEST)
        remark = f"{name} has no template for {DIGEST}: each alert goes by itself"
        yield Note(policy_mistake(document.bad(key, remark)), lost=False)
    by: dict[str, list[str]] = {}
    for kind in lacking:
        by.setdefault(_other(names, name, kind, templates), []).append(kind)
    for other, kinds in by.items():
        what = f"{name} has no template for {', '.join(kinds)}"
        remark = (
            f"{other} tells it instead" if other else "no other channel of the list tells it: nobody is told"
        )
        yield Note(policy_mistake(document.bad(key, f"{what}; {remark}")), lost=not other)


def _other(names: Sequence[str], name: str, kind: str, templates: Templates) -> str:
    """The channel that tells it where the first SMS does not; empty where none does."""
    return next((one for one in names if one != name and kind in (templates.get(one) or {kind})), "")


def _idle_robots(
    document: Document, key: str, plan: OfficePlan, lists: Mapping[str, Sequence[str]]
) -> Iterator[Note]:
    listed = {name for names in lists.values() for name in names}
    for provider in plan.robots:
        if provider not in listed:
            reason = f"no list of channels names {provider} here: the robot stays silent"
            yield Note(policy_mistake(document.bad(f"{key}.robots.{provider}", reason)), lost=False)
