"""What a policy says of days and zones that contradicts itself, or means the opposite of how it reads. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from services.notifier.schedule.calendar import LONGEST_CLOSURE
from services.notifier.schedule.plan import OfficePlan, Plans
from shared.i18n import bilingual
from shared.platform.officefile.document import Document

_ETC = re.compile(r"Etc/GMT([+-])([0-9]{1,2})")


def day_notes(document: Document, plans: Plans) -> Iterator[tuple[str, str]]:
    """Key and remark: days that are closed and worked at once, closures beyond belief, zones whose sign is the other
    way round."""
    offices: Mapping[str, OfficePlan] = {
        "defaults": plans.default,
        **{f"scopes.{name}": plan for name, plan in plans.scopes.items()},
    }
    for key, plan in offices.items():
        if f"{key}.closed" in document.lines:
            yield from _contradictions(f"{key}.closed", plan)
            yield from _endless(f"{key}.closed", plan)
        remark = zone_remark(plan.hours.zone.key)
        if remark is not None and f"{key}.timezone" in document.lines:
            yield f"{key}.timezone", remark


def _contradictions(key: str, plan: OfficePlan) -> Iterator[tuple[str, str]]:
    calendar = plan.hours.calendar
    for day in sorted(calendar.worked):
        for first, last in calendar.closed:
            if first <= day <= last:
                yield (
                    f"{key}.worked",
                    bilingual(
                        "{day} stands in `dates` ({first}..{last}) and in `worked`: the office counts as open",
                        first=first,
                        last=last,
                        day=day,
                    ),
                )


def _endless(key: str, plan: OfficePlan) -> Iterator[tuple[str, str]]:
    """Most are a mistyped year."""
    for first, last in plan.hours.calendar.closed:
        if (last - first).days + 1 >= LONGEST_CLOSURE:
            yield (
                f"{key}.dates",
                bilingual(
                    "{first}..{last} is {days} days or longer: nothing waits so long, and the office counts as open",
                    first=first,
                    last=last,
                    days=LONGEST_CLOSURE,
                ),
            )


def zone_remark(name: str | None) -> str | None:
    """What is to be known of a zone by its name; None for one that means what it says."""
    found = _ETC.fullmatch(name or "")
    if found is None or found[2] == "0":
        return None
    true = "-" if found[1] == "+" else "+"
    return bilingual(
        "{name} is UTC{offset}, the other way round than it reads; name a place, such as Asia/Shanghai",
        name=name,
        offset=true + found[2],
    )


def zone_remarks(plans: Plans) -> list[str]:
    """What is to be known of the zones of a deployment, each once."""
    zones = [plan.hours.zone.key for plan in (plans.default, *plans.scopes.values())]
    remarks = (zone_remark(name) for name in dict.fromkeys(zones))
    return [one for one in remarks if one is not None]
