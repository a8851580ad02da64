"""Who reads a report of a whole office, by role: what a schedule may be for, before anybody asks for the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.access.roles import Reach
from shared.access.table import permission_table

READ: Final = "report.read"
REPORT_ACTIONS: Final[Mapping[str, str]] = {"satisfaction": "report.satisfaction", "checks": "report.checks"}
"""Reports that not everybody reads who reads the others."""


def report_action(report: str) -> str:
    """The action that reading a report is."""
    return REPORT_ACTIONS.get(report, READ)


def report_readers(report: str) -> dict[str, Reach]:
    """The roles of the journal that read it of a whole office, and how far: of their office, or of the scope."""
    table = permission_table()
    both = (table.actions[READ].may, table.actions[report_action(report)].may)
    found: dict[str, Reach] = {}
    for role in table.staff_roles:
        reaches = [may.get(role) for may in both]
        if all(one in ("office", "scope") for one in reaches):
            found[role] = "office" if "office" in reaches else "scope"
    return found
