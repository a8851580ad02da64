"""Reports over all of a scope: counted over its offices together, for roles that reach all of it."""

from __future__ import annotations

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from services.registers.answering.exchange import CallerSight
from services.registers.answering.report_answers import (
    KnownReportList,
    NamedReport,
    ReportAnswer,
    ReportRows,
)
from services.registers.answering.reports import FigureAsked, ReportAsked, figure_rows, report_document
from services.registers.answering.workbooks import WorkbookAsked, report_workbook
from services.registers.http.asking import Calls, RegisterAsking, encoded
from services.registers.http.parameters import (
    Cursor,
    From,
    Grain,
    Ids,
    Limit,
    MinSeq,
    Moment,
    Scope,
    Slug,
    To,
    cursor_of,
    moment_of,
    past_moment,
    place_in,
)
from services.registers.http.reports_calls import Column, Line, Table, known_report
from services.registers.http.sight import ScopeCaller
from services.registers.http.workbook_calls import XLSX, English, workbook_file
from services.registers.reports.catalogue import REPORTS
from shared.access.readers import report_action
from shared.i18n import translated
from shared.platform.place_names import PlaceNames

READ_ALL = "report.read_scope"


class ScopeReportCalls:
    """The handlers of these calls."""

    def __init__(self, asking: RegisterAsking, names: PlaceNames) -> None:
        self._asking, self._names = asking, names

    def add_to(self, calls: Calls) -> None:
        """Add them."""
        calls.add(
            "GET", "reports", self.reports, "The reports over a scope that may be asked for", KnownReportList
        )
        calls.add("GET", "reports/{report}", self.report, "A report over a scope", ReportAnswer)
        calls.add(
            "GET", "reports/{report}/rows", self.rows, "The rows behind a figure over a scope", ReportRows
        )
        calls.add_file(
            "reports/{report}/workbook", self.workbook, "A report over a scope as a workbook", XLSX
        )

    async def reports(self, request: Request, scope: Scope) -> Response:
        """Those that the caller's roles allow over all of it."""
        caller = self._asking.scope_caller(request, scope)
        caller.sight_of_all(READ_ALL)
        found = [
            NamedReport(name, one.code, list(one.grains))
            for name, one in REPORTS.items()
            if caller.reaches_all(report_action(name))
        ]
        return encoded(KnownReportList(found))

    async def report(
        self,
        request: Request,
        scope: Scope,
        report: Slug,
        first: From = None,
        last: To = None,
        by: Grain = None,
        known_at: Moment = None,
        as_of: Moment = None,
        issued: Moment = None,
        ids: Ids = True,
        min_seq: MinSeq = None,
    ) -> Response:
        """Every figure counted over all offices; a customer who came to two of them is counted as one."""
        name, caller, sight = self._asked(request, scope, report)
        issued_at = past_moment("issued", issued, self._asking.now())
        asked = ReportAsked(name, first, last, by, issued_at, moment_of("as_of", as_of))
        moment = self._asking.moment(min_seq, known_at, as_of)
        return await self._asking.answer(caller, sight, moment, report_document, asked, ids)

    async def rows(
        self,
        request: Request,
        scope: Scope,
        report: Slug,
        column: Column,
        table: Table = None,
        line: Line = None,
        first: From = None,
        last: To = None,
        by: Grain = None,
        known_at: Moment = None,
        as_of: Moment = None,
        cursor: Cursor = None,
        limit: Limit = 100,
        min_seq: MinSeq = None,
    ) -> Response:
        """What a figure counts, row by row, each with its office."""
        at = cursor_of(cursor)
        name, caller, sight = self._asked(request, scope, report)
        asked = ReportAsked(name, first, last, by)
        figure = FigureAsked(column, table, line, limit=limit)
        figure = replace(figure, after=place_in(at, asked, figure))
        moment = self._asking.moment(min_seq, known_at, as_of, at)
        return await self._asking.answer(caller, sight, moment, figure_rows, asked, figure)

    async def workbook(
        self,
        request: Request,
        scope: Scope,
        report: Slug,
        first: From = None,
        last: To = None,
        by: Grain = None,
        english: English = False,
        known_at: Moment = None,
        as_of: Moment = None,
        min_seq: MinSeq = None,
    ) -> Response:
        """In the office's form, over all offices."""
        name, caller, sight = self._asked(request, scope, report)
        asked = ReportAsked(name, first, last, by, as_of=moment_of("as_of", as_of))
        how = WorkbookAsked(caller.staff(), english, self._names)
        moment = self._asking.moment(min_seq, known_at, as_of)
        made = await self._asking.answer(caller, sight, moment, report_workbook, asked, how)
        return workbook_file(
            made, f"{REPORTS[name].code} {translated('report').zh}", name, scope, first, last
        )

    def _asked(self, request: Request, scope: Scope, report: str) -> tuple[str, ScopeCaller, CallerSight]:
        """Which report, who asks, and how far they see."""
        caller = self._asking.scope_caller(request, scope)
        name = known_report(report)
        return name, caller, caller.sight_of_all(READ_ALL, report_action(name))
