"""Who may decide: approvals, and the ranks of those who rule (sections 2, 7 and 8 of the rules)."""

from __future__ import annotations

from collections.abc import Iterable

from services.attribution.domain.case import Case
from services.attribution.domain.facts import StaffId


def approved(case: Case, needed: Iterable[str], approvers: Iterable[StaffId]) -> bool:
    """For each role needed, one of the approvers is enrolled with exactly that role."""
    roles = {case.scope.role(staff) for staff in approvers}
    return all(role in roles for role in needed)


def rank(case: Case, role: str | None) -> int | None:
    """The place of a role in `disputes.authority`, lowest first; None without authority."""
    authority = case.book.disputes.authority
    return authority.index(role) if role in authority else None


def manager_or_above(case: Case, staff: StaffId | None) -> bool:
    """`manager`, or a role that stands higher in `disputes.authority`."""
    return _at_least(case, staff, "manager")


def supervisor_or_above(case: Case, staff: StaffId | None) -> bool:
    """`supervisor`, or a role that stands higher in `disputes.authority`."""
    return _at_least(case, staff, "supervisor")


def _at_least(case: Case, staff: StaffId | None, least: str) -> bool:
    role = case.scope.role(staff)
    if role == least:
        return True
    own, bound = rank(case, role), rank(case, least)
    return own is not None and bound is not None and own > bound
