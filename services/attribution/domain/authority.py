"""Who may decide: approvals, and the ranks of those who rule (sections 2, 7 and 8 of the rules)."""

from __future__ import annotations

from collections.abc import Iterable

from services.attribution.domain.case import Case
from services.attribution.domain.facts import StaffId
from services.attribution.domain.rulebook import Disputes, Rulebook


def approved(case: Case, needed: Iterable[str], approvers: Iterable[StaffId]) -> bool:
    """For each role needed, one of the approvers is enrolled with exactly that role."""
    roles = {case.scope.role(staff) for staff in approvers}
    return all(role in roles for role in needed)


def rank(rules: Disputes, role: str | None) -> int | None:
    """The place of a role, lowest first; one that only rules after a deal is above all; None without authority."""
    above = tuple(role for role in rules.authority_after_deal or () if role not in rules.authority)
    ranks = (*rules.authority, *above)
    return ranks.index(role) if role in ranks else None


def manager_or_above(case: Case, staff: StaffId | None, book: Rulebook) -> bool:
    """`manager`, or a role that stands higher in the book's `disputes.authority`."""
    return _at_least(case.scope.role(staff), "manager", book.disputes.authority)


def supervisor_or_above(case: Case, staff: StaffId | None, book: Rulebook) -> bool:
    """`supervisor`, or a role that stands higher in the book's `disputes.authority`."""
    return _at_least(case.scope.role(staff), "supervisor", book.disputes.authority)


def _at_least(role: str | None, least: str, authority: tuple[str, ...]) -> bool:
    if role == least:
        return True
    if role not in authority or least not in authority:
        return False
    return authority.index(role) > authority.index(least)
