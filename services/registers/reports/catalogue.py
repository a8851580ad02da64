"""Every report by its name, as commands and calls ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from services.registers.reports.basis import ReportBasis
from services.registers.reports.consultants import CONSULTANT_GRAINS, consultants
from services.registers.reports.daily import daily
from services.registers.reports.due import due
from services.registers.reports.overdue import overdue
from services.registers.reports.report import OfficeReport
from services.registers.reports.traffic import GRAINS, traffic


class KnownReport(Struct, frozen=True):
    """A report that may be asked for; `grains` are what its lines may be counted by."""

    code: str
    make: Callable[..., OfficeReport]
    grains: tuple[str, ...] = ()


REPORTS: Final[dict[str, KnownReport]] = {
    "traffic": KnownReport("R1", traffic, GRAINS),
    "daily": KnownReport("R2", daily),
    "consultants": KnownReport("R4", consultants, CONSULTANT_GRAINS),
    "due": KnownReport("R8", due),
    "overdue": KnownReport("R11", overdue),
}


class UnknownReportError(LookupError):
    """No report has that name or code."""


def find_report(name: str) -> tuple[str, KnownReport]:
    """A report by its name or its code. Raises `UnknownReportError`."""
    for known, report in REPORTS.items():
        if name.lower() in (known, report.code.lower()):
            return known, report
    raise UnknownReportError(name)


def make_report(name: str, basis: ReportBasis, grain: str | None = None) -> OfficeReport:
    """Make a report. Raises `UnknownReportError`, and `ValueError` for a grain that it does not have."""
    _, report = find_report(name)
    if grain is None:
        return report.make(basis)
    if grain not in report.grains:
        raise ValueError(grain)
    return report.make(basis, grain)
