"""The addresses of the floor."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from services.console.frame.page import Page
from services.console.frame.parameters import PlaceName
from services.console.pages.floor.approvals import approvals, take_further
from services.console.pages.floor.corrections import correct, correction
from services.console.pages.floor.findings import close_finding, findings
from services.console.pages.floor.questions import SHOWN
from services.console.pages.floor.today import floor_lately, floor_today, found_today

ACTION: Final = "page.floor"


async def floor(page: Page, scope: PlaceName, office: PlaceName, whole: bool = False) -> Response:
    """Who receives now, what happened today, what lapses, what waits; every number leads to its rows.

    The days around today follow as a part of their own; `whole` has them on the page, for browsers without scripts.
    """
    place = page.at(scope, office, ACTION)
    if page.is_part:  # the stream said that something moved: who is away may be that
        page.parts.known.forget(scope)
    facts = await page.scope(scope)
    today = await floor_today(page, place, facts)
    lately = await floor_lately(page, place, facts) if whole else None
    return page.render(
        "floor/floor.html", place=place, room="floor", facts=facts, floor=today, lately=lately, shown=SHOWN,
        offices=facts.scope.offices,
    )  # fmt: skip


async def lately_on_floor(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """The days around today; whoever opens it by itself is led to the floor."""
    place = page.at(scope, office, ACTION)
    if not page.is_part:
        return page.see_other(f"/at/{scope}/{office}/floor?whole=true#lately")
    facts = await page.scope(scope)
    lately = await floor_lately(page, place, facts)
    return page.render("floor/lately.html", place=place, facts=facts, lately=lately, shown=SHOWN)


async def floor_findings(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """The part of the floor that comes after it; whoever opens it by itself is led to the floor."""
    place = page.at(scope, office, ACTION)
    if not page.is_part:
        return page.see_other(f"/at/{scope}/{office}/floor#findings")
    return page.render("floor/found.html", place=place, found=await found_today(page, place))


def floor_routes() -> APIRouter:
    """The room of the floor."""
    made = APIRouter(include_in_schema=False)
    room = "/at/{scope}/{office}"
    for path, handler, method in (
        (f"{room}/floor", floor, "GET"),
        (f"{room}/floor/lately", lately_on_floor, "GET"),
        (f"{room}/floor/findings", floor_findings, "GET"),
        (f"{room}/approvals", approvals, "GET"),
        (f"{room}/approvals", take_further, "POST"),
        (f"{room}/findings", findings, "GET"),
        (f"{room}/findings", close_finding, "POST"),
        (f"{room}/corrections/{{record}}", correction, "GET"),
        (f"{room}/corrections/{{record}}", correct, "POST"),
    ):
        made.add_api_route(path, handler, methods=[method], response_model=None)
    return made
