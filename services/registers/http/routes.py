"""Every call of the registers, with the schemas of what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.registers.findings.store import FindingSteps
from services.registers.http.asking import AsksRegisters, Calls, RegisterAsking
from services.registers.http.findings_calls import FindingCalls
from services.registers.http.issued_calls import IssuedCalls
from services.registers.http.registers_calls import RegisterCalls
from services.registers.http.reports_calls import ReportCalls
from services.registers.http.scope_reports_calls import ScopeReportCalls
from services.registers.http.workbook_calls import WorkbookCalls
from services.registers.issued.store import IssuedReports
from shared.platform.place_names import PlaceNames


@dataclass(frozen=True, slots=True)
class KeptByPeople:
    """What is kept besides the facts: reports that were issued, and what was made of findings."""

    issued: IssuedReports
    findings: FindingSteps


def calls_of(
    reader: AsksRegisters, kept: KeptByPeople, now: Callable[[], datetime], names: PlaceNames
) -> Calls:
    """The calls of the service; health, metrics and docs are those of every service. Workbooks have `names`."""
    calls, asking = Calls(), RegisterAsking(reader, now)
    RegisterCalls(asking).add_to(calls)
    ReportCalls(asking).add_to(calls)
    IssuedCalls(asking, kept.issued, names).add_to(calls)
    FindingCalls(asking, kept.findings).add_to(calls)
    WorkbookCalls(asking, names).add_to(calls)
    over_scopes = Calls("/v1/scopes/{scope}")
    ScopeReportCalls(asking, names).add_to(over_scopes)
    calls.include(over_scopes)
    return calls
