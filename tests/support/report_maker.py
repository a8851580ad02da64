"""The timers of reports as a process of their own, which looks once: for kills in between.

    python -m tests.support.report_maker DSN REGISTERS MINUTES

The registers are whoever listens there; the clock stands so many minutes behind the closing of 5 March 2026.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import timedelta

from services.notifier.model.metrics import Metrics
from services.notifier.policy.file import plans_of
from services.notifier.reports.asking import AskedRegisters
from services.notifier.reports.store import ReportStore
from services.notifier.reports.timers import ReportTimers
from services.notifier.schedule.ladder import OfficeHours
from services.notifier.schedule.plan import Plans
from shared.access.machine import AsMachine, MachineTokens
from shared.platform.clock import MachineClock
from shared.platform.officefile.document import parse
from shared.platform.postgres.database import Database
from tests.support.notifier import SetClock, local

POLICY = """
version: 1
scopes:
  demo:
    reports:
      - {report: daily, every: day, to: {roles: [manager, general_manager]}}
"""
CLOSING = local(5, 18)


def reporting_plans(reports: str = POLICY) -> Plans:
    """The plans of a policy."""
    return plans_of(parse(reports.encode(), "policy.yaml"), OfficeHours(), ("keeping", "email"))


async def _look(dsn: str, address: str, minutes: int) -> None:
    database = Database(dsn, schema="notifier", name="report-maker", max_size=2)
    database.open()
    registers = AskedRegisters(address, AsMachine(MachineTokens(None, None, time.monotonic)))
    clocks = (SetClock(CLOSING + timedelta(minutes=minutes)), MachineClock())
    await ReportTimers(ReportStore(database), registers, clocks, reporting_plans(), Metrics()).look()
    database.close()


if __name__ == "__main__":
    asyncio.run(_look(sys.argv[1], sys.argv[2], int(sys.argv[3])))
