"""Every report by its name, as commands and calls ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from services.registers.reports.activity import activity
from services.registers.reports.basis import ReportBasis
from services.registers.reports.checks import checks
from services.registers.reports.complaints import complaints
from services.registers.reports.consistency import consistency
from services.registers.reports.consultants import CONSULTANT_GRAINS, consultants
from services.registers.reports.contracts import contracts
from services.registers.reports.conversion import COHORT_GRAINS, conversion
from services.registers.reports.daily import daily
from services.registers.reports.due import due
from services.registers.reports.levels import levels
from services.registers.reports.losses import LOSS_GRAINS, losses
from services.registers.reports.overdue import overdue
from services.registers.reports.period_report import period_report
from services.registers.reports.referrals import referrals
from services.registers.reports.report import OfficeReport
from services.registers.reports.reservations import reservations
from services.registers.reports.satisfaction import SURVEY_GRAINS, satisfaction
from services.registers.reports.targets_report import targets
from services.registers.reports.timeliness import timeliness
from services.registers.reports.traffic import GRAINS, traffic
from services.registers.reports.work import work


class KnownReport(Struct, frozen=True):
    """A report that may be asked for; `grains` are what its lines may be counted by."""

    code: str
    make: Callable[..., OfficeReport]
    grains: tuple[str, ...] = ()


REPORTS: Final[dict[str, KnownReport]] = {
    "traffic": KnownReport("R1", traffic, GRAINS),
    "daily": KnownReport("R2", daily),
    "period": KnownReport("R3", period_report),
    "consultants": KnownReport("R4", consultants, CONSULTANT_GRAINS),
    "work": KnownReport("R5", work),
    "activity": KnownReport("R6", activity),
    "levels": KnownReport("R7", levels),
    "due": KnownReport("R8", due),
    "conversion": KnownReport("R9", conversion, COHORT_GRAINS),
    "losses": KnownReport("R10", losses, LOSS_GRAINS),
    "overdue": KnownReport("R11", overdue),
    "contracts": KnownReport("R12", contracts),
    "referrals": KnownReport("R13", referrals),
    "timeliness": KnownReport("R14", timeliness),
    "satisfaction": KnownReport("R15", satisfaction, SURVEY_GRAINS),
    "complaints": KnownReport("R16", complaints),
    "reservations": KnownReport("R17", reservations),
    "consistency": KnownReport("R18", consistency),
    "checks": KnownReport("R19", checks),
    "targets": KnownReport("R20", targets),
}


class UnknownReportError(LookupError):
    """No report has that name or code."""


class UnknownGrainError(ValueError):
    """The report may not be counted by that."""


def find_report(name: str) -> tuple[str, KnownReport]:
    """A report by its name or its code. Raises `UnknownReportError`."""
    for known, report in REPORTS.items():
        if name.lower() in (known, report.code.lower()):
            return known, report
    raise UnknownReportError(name)


def make_report(name: str, basis: ReportBasis, grain: str | None = None) -> OfficeReport:
    """Make a report. Raises `UnknownReportError`, and `UnknownGrainError`."""
    _, report = find_report(name)
    if grain is None:
        return report.make(basis)
    if grain not in report.grains:
        raise UnknownGrainError(grain)
    return report.make(basis, grain)
