"""The shelf of reports and registers, one report over its days, and the rows behind a figure."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import Query
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.registers_answers import (
    OfferedRegisters,
    OfferedReport,
    OfferedReports,
    ShownFigureRows,
    ShownIssued,
    ShownIssuedPage,
    ShownReport,
)
from services.console.frame.files import passed_on
from services.console.frame.forms import Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.refused import in_words, sentence
from services.console.frame.report_words import report_name
from services.console.frame.trade_words import AWAITED
from services.console.pages.reports.figures import tables_of
from services.console.pages.reports.names import GRAINS, ISSUED_STAGES, STEP_ACTIONS, scheme_name
from services.console.pages.reports.periods import PERIODS, AskedPeriod, TypedPeriod, asked_period
from services.console.pages.reports.row_words import RowWords
from shared.i18n import Text, listed
from shared.platform.place_names import PlaceNames

ROOM: Final = "reports"
ACTION: Final = "page.reports"
ISSUED_SHOWN: Final = 30
ROWS: Final = 100

Typed = Annotated[str, Query(max_length=40)]
First = Annotated[str, Query(max_length=40, alias="from")]
Last = Annotated[str, Query(max_length=40, alias="to")]
Words = Annotated[str, Query(max_length=400)]
Cursor = Annotated[str | None, Query(max_length=1000)]


async def shelf(page: Page, scope: str, office: str) -> Response:
    """What somebody may read at an office, and the reports that were issued there with what each waits for."""
    place = page.at(scope, office, ACTION)
    facts = await page.scope(scope)
    at = f"/v1/offices/{office}"
    reports = await page.services.get("registers", f"{at}/reports", OfferedReports)
    registers = await page.services.get("registers", f"{at}/registers", OfferedRegisters)
    return page.render(
        "reports/shelf.html", place=place, room=ROOM, facts=facts,
        reports=[(one, report_name(one.report)) for one in reports.reports],
        registers=registers.registers, issued=await _issued(page, place), stages=ISSUED_STAGES, awaited=AWAITED,
        report_name=report_name, mine=lambda one: one.awaits is not None and may_set(page, place, one, one.awaits),
    )  # fmt: skip


async def _issued(page: PageRequest, place: OfficePlace) -> list[ShownIssued] | None:
    """The last reports that were issued; None for whoever may not read them."""
    if not page.may("report.read_issued", place):
        return None
    path = f"/v1/offices/{place.office}/issued-reports"
    return (await page.services.get("registers", path, ShownIssuedPage, limit=ISSUED_SHOWN)).reports


def is_issuer(page: PageRequest, place: OfficePlace, one: ShownIssued) -> bool:
    """Whether whoever looks issued the report."""
    return one.issued_by in page.caller.names(place.scope)


def may_set(page: PageRequest, place: OfficePlace, one: ShownIssued, stage: str) -> bool:
    """Whether to offer a stage of a report: whoever issued it does not approve it."""
    own = stage == "approved" and is_issuer(page, place, one)
    return not own and page.may(STEP_ACTIONS[stage], place)


async def report(
    page: Page,
    scope: str,
    office: str,
    report: str,
    period: Typed = "",
    first: First = "",
    last: Last = "",
    by: Typed = "",
    known_at: Typed = "",
) -> Response:
    """A report over its days: tables with their definitions, charts, and where each figure is opened."""
    place = page.at(scope, office, ACTION)
    return await report_page(page, place, report, TypedPeriod(period, first, last, known_at), by, Wrong())


async def report_page(
    page: PageRequest,
    place: OfficePlace,
    report: str,
    typed: TypedPeriod,
    by: str,
    wrong: Wrong,
    status: int = 200,
) -> Response:
    """The page of a report, also when it could not be issued: `wrong` says why."""
    facts = await page.scope(place.scope)
    asked = asked_period(report, typed, page.now, facts.zone, wrong)
    query = asked.query | ({"by": by} if by else {})
    shown, grains = await asyncio.gather(
        _counted(page, place, report, query, wrong), _grains(page, place, report)
    )
    here = f"/at/{place.scope}/{place.office}/reports/{report}"
    return page.render(
        "reports/report.html", status=422 if wrong else status, place=place, room=ROOM, facts=facts,
        report=report, name=report_name(report), shown=shown, asked=asked, by=by, wrong=wrong, here=here,
        tables=tables_of(shown, f"{here}/rows", query, page.parts.names) if shown is not None else [],
        periods=PERIODS, grains=[(one, GRAINS.get(one, one)) for one in grains],
        known_at=typed.known_at, query=query, scheme_name=scheme_name,
        may_issue=shown is not None and page.may("report.issue", place),
    )  # fmt: skip


async def _counted(
    page: PageRequest, place: OfficePlace, report: str, query: dict[str, str], wrong: Wrong
) -> ShownReport | None:
    """The report; None where it was asked for wrongly. Of the rows behind figures the page tells whether there are any,
    and their ids would be most of the answer."""
    path = f"/v1/offices/{place.office}/reports/{report}"
    try:
        return await page.services.get("registers", path, ShownReport, **query, ids=False)
    except ServiceRefusedError as error:
        said_beside(error, wrong)
        return None


def said_beside(error: ServiceRefusedError, wrong: Wrong) -> None:
    """A refusal of the question beside the field of it; any other refusal is the page's own."""
    if error.status != 422:
        raise error
    for one in error.errors:
        wrong.fields[one.path.removeprefix("query.")] = sentence(one)
    if not error.errors:
        wrong.whole += in_words(error)


async def _grains(page: PageRequest, place: OfficePlace, report: str) -> list[str]:
    offered = await page.services.get("registers", f"/v1/offices/{place.office}/reports", OfferedReports)
    found: list[OfferedReport] = [
        one for one in offered.reports if report.lower() in (one.report, one.code.lower())
    ]
    return found[0].grains if found else []


async def rows(
    page: Page,
    scope: str,
    office: str,
    report: str,
    column: Typed,
    table: Typed = "",
    line: Words = "",
    first: First = "",
    last: Last = "",
    by: Typed = "",
    known_at: Typed = "",
    cursor: Cursor = None,
) -> Response:
    """What a figure counts, row by row, with what each adds to it."""
    place = page.at(scope, office, ACTION)
    facts = await page.scope(scope)
    typed, wrong = TypedPeriod("days", first, last, known_at), Wrong()
    asked = asked_period(report, typed, page.now, facts.zone, wrong)
    query = asked.query | {key: said for key, said in (("by", by), ("table", table), ("line", line)) if said}
    shown = await page.services.get(
        "registers", f"/v1/offices/{office}/reports/{report}/rows", ShownFigureRows,
        **query, column=column, cursor=cursor, limit=ROWS,
    )  # fmt: skip
    return page.render(
        "reports/rows.html", place=place, room=ROOM, facts=facts, name=report_name(report), shown=shown, asked=asked,
        words=RowWords(facts), line=line_words(line, facts, page.parts.names), back=_back(place, report, asked, by),
        further=further(page, shown.cursor),
    )  # fmt: skip


def line_words(line: str, facts: SeenScope, places: PlaceNames) -> Text | None:
    """The key of a line for people: names instead of ids of staff and offices, nothing of ids that no person reads.

    None of a total, and of a line that has no such words.
    """
    parts = [one for one in line.strip("[]").replace('"', "").split(",") if one and len(one) < 30]
    said = [facts.name(one) if one in facts.people else places.office(one) for one in parts]
    return listed(said, Text(" · ", " · ")) if said else None


def _back(place: OfficePlace, report: str, asked: AskedPeriod, by: str) -> str:
    days = f"?period=days&from={asked.first}&to={asked.last}"
    known = f"&known_at={asked.known_at}" if asked.known_at is not None else ""
    return f"/at/{place.scope}/{place.office}/reports/{report}{days}{known}" + (f"&by={by}" if by else "")


def further(page: PageRequest, cursor: str | None) -> str | None:
    """The address of the next page of the same list."""
    if cursor is None:
        return None
    return str(page.request.url.include_query_params(cursor=cursor).replace(scheme="", netloc=""))


async def workbook(
    page: Page,
    scope: str,
    office: str,
    report: str,
    first: First = "",
    last: Last = "",
    by: Typed = "",
    known_at: Typed = "",
    english: Typed = "",
) -> Response:
    """The report as a workbook, as the registers make it."""
    page.at(scope, office, ACTION)
    return await passed_on(
        page, "registers", f"/v1/offices/{office}/reports/{report}/workbook",
        **{"from": first or None, "to": last or None}, by=by or None, known_at=known_at or None,
        english=english == "true",
    )  # fmt: skip
