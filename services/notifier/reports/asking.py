"""Asks the registers for reports, in the notifier's own name: contacts are masked for it, as for whoever sees none."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol

import httpx
import msgspec
from msgspec import Struct

from services.notifier.reports.figures import ReportTotals, report_totals
from shared.access.machine import AsMachine, MachineTokenError
from shared.contract import BadEvent, format_instant
from shared.contract.times import parse_instant
from shared.ids import CustomerId, OfficeId

WAIT: Final = 30.0
WORKBOOK_WAIT: Final = 6.0
"""Seconds; a mail, which waits for a workbook while it is sent, has little more in all."""
NAME_WAIT: Final = 2.0
WHOLE_UNTIL: Final = "Panke-Whole-Until"


class _NamedCustomer(Struct, frozen=True):
    name: str | None


class _CustomerRow(Struct, frozen=True):
    customer: _NamedCustomer | None


class _CustomerRows(Struct, frozen=True):
    rows: list[_CustomerRow]


class AskedReport(NamedTuple):
    """A report of an office over some days, as it was known at a moment."""

    office: OfficeId
    report: str
    first: date
    last: date
    known_at: datetime

    @property
    def path(self) -> str:
        """Where the registers answer it."""
        return f"/v1/offices/{self.office}/reports/{self.report}"

    @property
    def query(self) -> dict[str, str]:
        """What is asked."""
        days = {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return days | {"known_at": format_instant(self.known_at)}


class RegistersAwayError(Exception):
    """The registers did not answer; they may do so later."""


class ReportRefusedError(Exception):
    """The registers will not answer this, whenever they are asked."""


class AsksReports(Protocol):
    """Where reports are had."""

    async def report(self, asked: AskedReport) -> ReportTotals:
        """What is said of it. Raises `RegistersAwayError`, `ReportRefusedError`."""

    async def workbook(self, asked: AskedReport) -> bytes:
        """The same as a file. Raises as `report`."""


class AskedRegisters:
    """The registers at an address."""

    def __init__(self, address: str, auth: AsMachine) -> None:
        self._address, self._auth = address, auth
        self._trust = ssl.create_default_context()

    async def report(self, asked: AskedReport) -> ReportTotals:
        """What is said of it."""
        answer = await self._get(asked.path, asked.query, WAIT)
        try:
            return report_totals(answer.content, whole=_is_whole(answer, asked.known_at))
        except msgspec.MsgspecError as error:
            raise ReportRefusedError(f"not a report: {error}") from None

    async def workbook(self, asked: AskedReport) -> bytes:
        """The same as a file."""
        return (await self._get(f"{asked.path}/workbook", asked.query, WORKBOOK_WAIT)).content

    async def customer_name(self, office: OfficeId, customer: CustomerId) -> str | None:
        """The name of a customer of an office; None of one whom its registers do not have, or who gave none."""
        path = f"/v1/offices/{office}/registers/customers"
        answer = await self._get(path, {"customer": customer, "limit": "1"}, NAME_WAIT)
        try:
            rows = msgspec.json.decode(answer.content, type=_CustomerRows).rows
        except msgspec.MsgspecError as error:
            raise ReportRefusedError(f"not a register: {error}") from None
        return rows[0].customer.name if rows and rows[0].customer is not None else None

    async def _get(self, path: str, query: Mapping[str, str], wait: float) -> httpx.Response:
        try:
            async with httpx.AsyncClient(
                base_url=self._address, timeout=wait, trust_env=False, verify=self._trust, auth=self._auth
            ) as client:
                answer = await client.get(path, params=query)
        except (httpx.HTTPError, httpx.InvalidURL, MachineTokenError) as error:
            raise RegistersAwayError(f"{type(error).__name__}: {error}") from None
        if answer.is_success:
            return answer
        told = f"{answer.status_code} {answer.text[:300]}"
        if answer.is_server_error or answer.status_code in (401, 429):
            raise RegistersAwayError(told)
        raise ReportRefusedError(told)


def _is_whole(answer: httpx.Response, known_at: datetime) -> bool:
    """Whether all that was recorded by then was there."""
    try:
        return parse_instant(answer.headers.get(WHOLE_UNTIL, "")) >= known_at
    except BadEvent:
        return False
