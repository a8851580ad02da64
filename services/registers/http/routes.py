"""Every call of the registers, with the schemas of what it answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.registers.http.asking import AsksRegisters, Calls, RegisterAsking
from services.registers.http.registers_calls import RegisterCalls
from services.registers.http.reports_calls import ReportCalls


def calls_of(reader: AsksRegisters, now: Callable[[], datetime]) -> Calls:
    """The calls of the service; health, metrics and docs are those of every service."""
    calls, asking = Calls(), RegisterAsking(reader, now)
    RegisterCalls(asking).add_to(calls)
    ReportCalls(asking).add_to(calls)
    return calls
