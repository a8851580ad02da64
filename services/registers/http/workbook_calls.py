"""Registers and reports as workbooks over HTTP: an export, which goes on the record of access as one."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Query, Request
from starlette.responses import Response

from services.registers.answering.registers import RegisterAsked
from services.registers.answering.reports import ReportAsked
from services.registers.answering.workbooks import WorkbookAsked, register_workbook, report_workbook
from services.registers.http.asking import Calls, RegisterAsking
from services.registers.http.parameters import (
    Flag,
    From,
    Grain,
    MinSeq,
    Moment,
    Office,
    Search,
    Slug,
    To,
    Words,
    moment_of,
    sort_of,
)
from services.registers.http.registers_calls import Sort, known_register
from services.registers.http.reports_calls import known_report
from services.registers.reports.catalogue import REPORTS
from services.registers.sheets.forms import FORMS
from shared.access.readers import report_action
from shared.i18n import translated
from shared.platform.place_names import PlaceNames

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
English = Annotated[bool, Query(description="headings in English as well")]


class WorkbookCalls:
    """The handlers of these calls."""

    def __init__(self, asking: RegisterAsking, names: PlaceNames) -> None:
        self._asking, self._names = asking, names

    def add_to(self, calls: Calls) -> None:
        calls.add_file("registers/{register}/workbook", self.register, "A register as a workbook", XLSX)
        calls.add_file("reports/{report}/workbook", self.report, "A report as a workbook", XLSX)

    async def register(
        self,
        request: Request,
        office: Office,
        register: Slug,
        first: From = None,
        last: To = None,
        staff: Words = None,
        channel: Words = None,
        level: Words = None,
        customer: Words = None,
        search: Search = None,
        flag: Flag = None,
        sort: Sort = None,
        english: English = False,
        known_at: Moment = None,
        as_of: Moment = None,
        min_seq: MinSeq = None,
    ) -> Response:
        """Every row that the pages of the register have, in the office's form; without days, all that there are."""
        kind = known_register(register)
        asked = RegisterAsked(
            register, first, last, staff, channel, level, customer, search, flag, sort_of(sort)
        )
        caller = await self._asking.caller(request, office)
        how = WorkbookAsked(caller.staff(), english, self._names)
        moment = self._asking.moment(min_seq, known_at, as_of)
        made = await self._asking.answer(
            caller, caller.sight(kind.action), moment, register_workbook, asked, how
        )
        return workbook_file(made, FORMS[register].title.zh, register, office, first, last)

    async def report(
        self,
        request: Request,
        office: Office,
        report: Slug,
        first: From = None,
        last: To = None,
        by: Grain = None,
        english: English = False,
        known_at: Moment = None,
        as_of: Moment = None,
        min_seq: MinSeq = None,
    ) -> Response:
        """In the office's form, with charts and the sheet that says what it was made from."""
        name = known_report(report)
        asked = ReportAsked(name, first, last, by, as_of=moment_of("as_of", as_of))
        caller = await self._asking.caller(request, office)
        how = WorkbookAsked(caller.staff(), english, self._names)
        moment = self._asking.moment(min_seq, known_at, as_of)
        made = await self._asking.answer(
            caller, caller.sight(report_action(name)), moment, report_workbook, asked, how
        )
        return workbook_file(
            made, f"{REPORTS[name].code} {translated('report').zh}", name, office, first, last
        )


def workbook_file(made: Response, title: str, name: str, *of: Any) -> Response:
    """The answer as a file; its name is in Chinese for whom reads RFC 6266, and plain for all others."""
    told = "_".join(str(one) for one in of if one is not None)
    named = f"attachment; filename=\"{name}_{told}.xlsx\"; filename*=UTF-8''{quote(f'{title}_{told}.xlsx', safe='')}"
    made.headers["Content-Type"] = XLSX
    made.headers["Content-Disposition"] = named
    return made
