"""Issuing a report, taking it on, and what is different since: the figures stay as they were issued."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.registers_answers import ShownDifference, ShownIssued, ShownReport
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.refused import in_words
from services.console.frame.report_words import report_name
from services.console.frame.trade_words import AWAITED, role_word
from services.console.pages.reports.figures import tables_of
from services.console.pages.reports.names import ISSUED_STAGES, NEXT, STEP_ACTIONS, cell_words
from services.console.pages.reports.one_report import ACTION, ROOM, is_issuer, may_set, report_page
from services.console.pages.reports.periods import TypedPeriod
from shared.access.table import permission_table
from shared.contract.answers.values import BothLanguages
from shared.i18n import Text, listed, translated
from shared.platform.place_names import PlaceNames


async def issue(page: Page, scope: str, office: str, report: str) -> Response:
    """Keep a report as it is known now, under its digest; on to the page of it."""
    place = page.at(scope, office, ACTION)
    form = await page.form()
    body: dict[str, Any] = {"report": report, "from": form["from"], "to": form["to"]}
    body |= {name: form[name] for name in ("by", "known_at", "remark") if form[name]}
    try:
        made = await page.services.post(
            "registers", f"/v1/offices/{office}/issued-reports", body, ShownIssued
        )
    except ServiceRefusedError as error:
        if error.status not in (403, 409, 422):
            raise
        typed = TypedPeriod("days", form["from"], form["to"], form["known_at"])
        return await report_page(page, place, report, typed, form["by"], _wrong_of(error), status=422)
    told = translated("The report is issued, and stays as it is now.")
    return page.see_other(_address(place, made.id), told)


def _wrong_of(error: ServiceRefusedError) -> Wrong:
    wrong = Wrong()
    wrong.whole += in_words(error)
    return wrong


def _address(place: OfficePlace, issued: str) -> str:
    return f"/at/{place.scope}/{place.office}/issued-reports/{issued}"


async def issued_report(page: Page, scope: str, office: str, issued: str) -> Response:
    """The report as it was issued, its stages, and how the report of now differs."""
    return await _issued_page(page, page.at(scope, office, ACTION), issued, Wrong())


async def _issued_page(
    page: PageRequest, place: OfficePlace, issued: str, wrong: Wrong, form: Form | None = None
) -> Response:
    facts = await page.scope(place.scope)
    at = f"/v1/offices/{place.office}/issued-reports/{issued}"
    kept = await page.services.get("registers", at, ShownIssued)
    document = await page.services.get("registers", f"{at}/document", ShownReport)
    now = await page.services.get("registers", f"{at}/differences", ShownReport)
    places = page.parts.names
    return page.render(
        "reports/issued.html", status=422 if wrong else 200, place=place, room=ROOM, facts=facts, kept=kept,
        name=report_name(kept.report), document=document, tables=tables_of(document, None, {}, places),
        differences=[difference_words(document, one, places) for one in now.differences], stages=ISSUED_STAGES,
        awaited=AWAITED, steps=_steps(page, place, kept), others=_who_approves(page, place, kept), wrong=wrong,
        remark=form["remark"] if form is not None else "", now_at=now.known_at,
    )  # fmt: skip


def _steps(page: PageRequest, place: OfficePlace, kept: ShownIssued) -> list[tuple[str, Text]]:
    """What whoever looks may do next with the report: the stage that it waits for, or return it."""
    if kept.awaits is None:
        return []
    return [(one, NEXT[one]) for one in (kept.awaits, "returned") if may_set(page, place, kept, one)]


def _who_approves(page: PageRequest, place: OfficePlace, kept: ShownIssued) -> Text | None:
    """Who may approve a report that waits for it, told to its issuer, who may not."""
    if kept.awaits != "approved" or not is_issuer(page, place, kept):
        return None
    return listed(role_word(role) for role in permission_table().actions[STEP_ACTIONS["approved"]].may)


def difference_words(document: ShownReport, one: ShownDifference, places: PlaceNames) -> dict[str, Any]:
    """A figure that differs, in the words of the report."""
    table = next((each for each in document.tables if each.table == one.table), None)
    heading: BothLanguages | str = one.column
    line: list[Text | str] = []
    if table is not None:
        heading = next((each.heading for each in table.columns if each.column == one.column), one.column)
        found = next((each for each in table.lines if each.line == one.line), None)
        first = table.columns[0].column
        line = [cell_words(first, found.figures[first].value, places)] if found is not None else []
    reasons = list(dict.fromkeys(reason.title for row in one.rows for reason in row.reasons))
    return {
        "table": table.title if table is not None else one.table, "line": line, "heading": heading,
        "issued": one.issued, "later": one.later, "reasons": reasons, "rows": len(one.rows),
    }  # fmt: skip


async def step(page: Page, scope: str, office: str, issued: str) -> Response:
    """Take the report to its next stage."""
    place = page.at(scope, office, ACTION)
    form = await page.form()
    body = {"stage": form["stage"]} | ({"remark": form["remark"]} if form["remark"] else {})
    at = f"/v1/offices/{office}/issued-reports/{issued}/steps"
    try:
        await page.services.post("registers", at, body, ShownIssued)
    except ServiceRefusedError as error:
        if error.status not in (403, 409, 422):
            raise
        return await _issued_page(page, place, issued, _wrong_of(error), form)
    told = translated("The report is {stage} now.", stage=ISSUED_STAGES.get(form["stage"], form["stage"]))
    return page.see_other(_address(place, issued), told)
