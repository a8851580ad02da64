"""The reports of a policy as terms; what cannot come about, or would show somebody too much, is told by its key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Literal

from services.notifier.policy import shape
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.reporting import ReportTerms
from shared.access.readers import report_readers
from shared.i18n import bilingual, listed
from shared.ids import OfficeId
from shared.platform.officefile.document import Document


def reports_of(
    document: Document, key: str, given: Sequence[shape.ReportSection], hours: OfficeHours
) -> tuple[ReportTerms, ...]:
    """The terms of each; the mistake of one names its place."""
    found: list[ReportTerms] = []
    for number, one in enumerate(given):
        place = f"{key}[{number}]"
        terms = _terms(one)
        _check_readers(document, f"{place}.to", terms)
        if terms.days_after == 0 and terms.hour(hours) < hours.opening:
            told = bilingual(
                "before opening the day has not begun: give `days_after: 1` to close the day before"
            )
            raise document.bad(f"{place}.at", told)
        if any(_same(terms, other) for other in found):
            told = bilingual("the same report of the same office and period stands twice")
            raise document.bad(f"{place}.report", told)
        found.append(terms)
    return tuple(found)


def _terms(given: shape.ReportSection) -> ReportTerms:
    at: time | Literal["opening", "closing"] = "opening" if given.at == "opening" else "closing"
    if given.at not in ("opening", "closing"):
        at = time.fromisoformat(given.at)
    return ReportTerms(
        report=given.report,
        every=given.every,
        roles=given.to.roles,
        staff=given.to.staff,
        offices=tuple(map(OfficeId, given.offices)),
        at=at,
        days_after=given.days_after,
        ends=shape.WEEKDAYS.index(given.ends) + 1,
        attach=given.attach,
    )


def _check_readers(document: Document, key: str, terms: ReportTerms) -> None:
    if not terms.roles and not terms.staff:
        raise document.bad(key, bilingual("name roles, or staff ids"))
    readers = report_readers(terms.report)
    for role in terms.roles:
        if role not in readers:
            told = bilingual(
                "{role} does not read this report of a whole office; who does: {roles}",
                role=role, roles=listed(sorted(readers)),
            )  # fmt: skip
            raise document.bad(f"{key}.roles", told)


def _same(one: ReportTerms, other: ReportTerms) -> bool:
    if (one.report, one.every) != (other.report, other.every):
        return False
    return not one.offices or not other.offices or bool(set(one.offices) & set(other.offices))
