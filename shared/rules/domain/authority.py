"""Who may decide: approvals, and the ranks of those who rule (procedure.md#approvals, procedure.md#disputes).

A role is the one that somebody held at the effective time of what was approved, decided, confirmed or ruled: who
left later did so all the same, and who came later did not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from shared.ids import StaffId
from shared.rules.domain.case import Case
from shared.rules.domain.rulebook import Disputes, Rulebook


def role_of(case: Case, staff: StaffId | None) -> str | None:
    """The role that a member of staff held when the event took effect (procedure.md#approvals-by-the-hour)."""
    return case.scope.role_at(staff, case.effective)


def approved(
    case: Case, needed: Iterable[str], approvers: Iterable[StaffId], at: datetime | None = None
) -> bool:
    """For each role needed, one of the approvers was enrolled with exactly that role (procedure.md#approvals-roles).

    `at` is the effective time of what was approved, where that is another record than the one at hand.
    """
    when = case.effective if at is None else at
    roles = {case.scope.role_at(staff, when) for staff in approvers}
    return all(role in roles for role in needed)


def rank(rules: Disputes, role: str | None) -> int | None:
    """The place of a role, lowest first; None without authority (procedure.md#fine-authority-order)."""
    above = tuple(role for role in rules.authority_after_deal or () if role not in rules.authority)
    ranks = (*rules.authority, *above)
    return ranks.index(role) if role in ranks else None


def manager_or_above(case: Case, staff: StaffId | None, book: Rulebook) -> bool:
    """`manager`, or a role that stands higher in the book's `disputes.authority` (procedure.md#manager-or-above)."""
    return at_least(role_of(case, staff), "manager", book)


def supervisor_or_above(case: Case, staff: StaffId | None, book: Rulebook) -> bool:
    """`supervisor`, or a role that stands higher in the book's `disputes.authority`."""
    return at_least(role_of(case, staff), "supervisor", book)


def at_least(role: str | None, least: str, book: Rulebook) -> bool:
    """Whether a role is `least`, or stands higher in the book's `disputes.authority`."""
    authority = book.disputes.authority
    if role == least:
        return True
    if role not in authority or least not in authority:
        return False
    return authority.index(role) > authority.index(least)
