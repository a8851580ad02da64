"""The workbook that goes with a mail about a report, where the policy says so.

It has the names of customers in it, so it is kept nowhere here: it is had while the mail is sent. A mail goes out
without it rather than late.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import structlog

from services.notifier.channels.mail import Attached
from services.notifier.model.alert import RenderedMessage
from services.notifier.reports.asking import (
    AskedReport,
    AsksReports,
    RegistersAwayError,
    ReportRefusedError,
)
from shared.contract.times import parse_instant
from shared.ids import OfficeId

log: Final = structlog.get_logger("notifier.reports")


class Workbooks:
    """What mails attach."""

    def __init__(self, registers: AsksReports) -> None:
        self._registers = registers

    async def of(self, notice: RenderedMessage) -> Attached | None:
        """The workbook of a report; None of what has none, and where it cannot be had now."""
        detail: Mapping[str, Any] = notice.detail or {}
        if notice.kind != "report" or not detail.get("attach"):
            return None
        asked = AskedReport(
            OfficeId(str(detail["office"])),
            str(detail["report"]),
            date.fromisoformat(str(detail["first"])),
            date.fromisoformat(str(detail["last"])),
            parse_instant(str(detail["known_at"])),
        )
        try:
            content = await self._registers.workbook(asked)
        except (RegistersAwayError, ReportRefusedError) as error:
            log.warning("a mail goes out without its workbook", report=asked.report, error=str(error))
            return None
        return Attached(f"{asked.report}_{asked.office}_{asked.first}_{asked.last}.xlsx", content)
