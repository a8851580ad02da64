"""Reports over HTTP: the document that `panke report --json` prints, and the rows behind each of its figures."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from msgspec.structs import replace
from starlette.responses import Response

from services.registers.answering.report_answers import (
    KnownReportList,
    NamedReport,
    ReportAnswer,
    ReportRows,
)
from services.registers.answering.reports import FigureAsked, ReportAsked, figure_rows, report_document
from services.registers.http.asking import Calls, RegisterAsking, encoded
from services.registers.http.parameters import (
    Cursor,
    From,
    Grain,
    Ids,
    Limit,
    MinSeq,
    Moment,
    Office,
    Slug,
    To,
    cursor_of,
    moment_of,
    past_moment,
    place_in,
)
from services.registers.reports.catalogue import REPORTS, UnknownReportError, find_report
from shared.access.readers import report_action
from shared.i18n import bilingual, listed
from shared.platform.http.problem import ProblemError

Table = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z_]+$", description="the first unless said")]
Line = Annotated[
    str | None,
    Query(
        max_length=400,
        description="the line's key as JSON, or as it is where it has one part; the total unless said",
    ),
]
Column = Annotated[
    str, Query(max_length=40, pattern=r"^[0-9A-Za-z_]+$", description="whose figure is opened")
]


class ReportCalls:
    """The handlers of these calls."""

    def __init__(self, asking: RegisterAsking) -> None:
        self._asking = asking

    def add_to(self, calls: Calls) -> None:
        calls.add("GET", "reports", self.reports, "The reports that may be asked for", KnownReportList)
        calls.add("GET", "reports/{report}", self.report, "A report", ReportAnswer)
        calls.add("GET", "reports/{report}/rows", self.rows, "The rows behind a figure", ReportRows)

    async def reports(self, request: Request, office: Office) -> Response:
        """Those that the caller's roles allow."""
        caller = await self._asking.caller(request, office)
        found = [
            NamedReport(name, one.code, list(one.grains))
            for name, one in REPORTS.items()
            if caller.may(report_action(name))
        ]
        return encoded(KnownReportList(found))

    async def report(
        self,
        request: Request,
        office: Office,
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
        """Every figure with its definition and the ids behind it; `issued` explains how it differs from the run that
        was known then. Whoever sees own rows alone has the figures of these."""
        name = known_report(report)
        issued_at = past_moment("issued", issued, self._asking.now())
        asked = ReportAsked(name, first, last, by, issued_at, moment_of("as_of", as_of))
        caller = await self._asking.caller(request, office)
        sight, moment = caller.sight(report_action(name)), self._asking.moment(min_seq, known_at, as_of)
        return await self._asking.answer(caller, sight, moment, report_document, asked, ids)

    async def rows(
        self,
        request: Request,
        office: Office,
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
        """What a figure counts, row by row in the order of the report; `amount` is what each adds to it."""
        name, at = known_report(report), cursor_of(cursor)
        asked = ReportAsked(name, first, last, by)
        figure = FigureAsked(column, table, line, limit=limit)
        figure = replace(figure, after=place_in(at, asked, figure))
        caller = await self._asking.caller(request, office)
        sight, moment = caller.sight(report_action(name)), self._asking.moment(min_seq, known_at, as_of, at)
        return await self._asking.answer(caller, sight, moment, figure_rows, asked, figure)


def known_report(name: str) -> str:
    """A report by name or code; 404 of one that is not there."""
    try:
        return find_report(name)[0]
    except UnknownReportError:
        known = listed(f"{one} ({report.code})" for one, report in REPORTS.items())
        raise ProblemError(
            404, bilingual("no report {name}; there are {known}", name=name, known=known)
        ) from None
