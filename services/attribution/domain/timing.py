"""Section 1 of the rules, time: when an event counts, and what is said of one that was entered late."""

from __future__ import annotations

from services.attribution.domain.authority import manager_or_above
from services.attribution.domain.calendar import same_day
from services.attribution.domain.case import Case
from services.attribution.domain.facts import FollowUp


def time_event(case: Case) -> list[str]:
    """Set the effective time: `occurred_at` if recorded on that local day, or vouched for, else `recorded_at`.

    Answers the flags that this calls for.
    """
    fact = case.fact
    in_time = fact.recorded_at <= fact.occurred_at or same_day(
        fact.occurred_at, fact.recorded_at, case.timezone
    )
    case.effective = case.clock = fact.occurred_at if in_time else fact.recorded_at
    flags = []
    if fact.attested_by is not None:
        if manager_or_above(case, fact.attested_by, case.book):
            case.carried = True
            case.effective, case.clock = fact.occurred_at, fact.recorded_at
            return []
        flags.append("unapproved")
    if not in_time:
        flags.append("backfilled" if isinstance(fact.matter, FollowUp) else "late_entry")
    return flags
