"""When an event counts, and what is said of one that was entered late (procedure.md#time)."""

from __future__ import annotations

from shared.ids import StaffId
from shared.rules.domain.authority import at_least
from shared.rules.domain.calendar import same_day
from shared.rules.domain.case import Case, book_at
from shared.rules.domain.facts import FollowUp


def time_event(case: Case) -> list[str]:
    """Set the effective time: `occurred_at` if recorded on that local day, or vouched for, else `recorded_at`.

    It is never later than `recorded_at`, which a desk clock that runs fast can be behind. Answers the flags that
    this calls for.
    """
    fact = case.fact
    happened = min(fact.occurred_at, fact.recorded_at)
    in_time = same_day(happened, fact.recorded_at, case.timezone)
    case.effective = case.clock = happened if in_time else fact.recorded_at
    flags = []
    if fact.attested_by is not None:
        if _vouched_for(case, fact.attested_by):
            case.turn_past = True
            case.effective, case.clock = happened, fact.recorded_at
            return []
        flags.append("unapproved")
    if not in_time:
        flags.append("backfilled" if isinstance(fact.matter, FollowUp) else "late_entry")
    return flags


def _vouched_for(case: Case, staff: StaffId) -> bool:
    """Whether who attests an older register was a manager or above when the entry was recorded."""
    recorded = case.fact.recorded_at
    book = case.books[book_at(case.scope, recorded)]
    return at_least(case.scope.role_at(staff, recorded), "manager", book)
