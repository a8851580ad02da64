"""Where somebody begins: their first room, or a choice where they have several offices."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from services.console.frame.navigation import OfficePlace, first_room, own_places
from services.console.frame.page import Page, PageRequest
from shared.access.table import permission_table
from shared.contract.answers.scopes import ScopesPage

PLACES: Final = 500


async def home(page: Page) -> Response:
    """The first room at one's own office, or the only one there is; else a list of them."""
    own = [one for one in own_places(page.caller) if first_room(page.caller, one) is not None]
    places = own if len(own) == 1 else await _places(page)
    if len(places) == 1 and (room := first_room(page.caller, places[0])) is not None:
        return RedirectResponse(room.address(places[0]), 303)
    if not places and page.keeps_accounts:
        return RedirectResponse("/accounts", 303)
    return await _offered(page, places)


async def places(page: Page) -> Response:
    """Every office that one's roles reach, with the room that one begins in there."""
    return await _offered(page, await _places(page))


async def _offered(page: PageRequest, places: list[OfficePlace]) -> Response:
    offered = [(one, first_room(page.caller, one)) for one in places]
    return page.render(
        "home.html",
        facts=await page.own_scope(),
        offered=[(one, room) for one, room in offered if room is not None],
    )


async def _places(page: PageRequest) -> list[OfficePlace]:
    """One's own offices first, then the others of the same scopes where a role reaches that far."""
    if not permission_table().permits(page.caller, "scope.list"):
        return []  # who keeps accounts, or keeps the services running, has no room at an office
    told = await page.services.get("attribution", "/v1/scopes", ScopesPage, limit=PLACES)
    known = [OfficePlace(one.scope, office) for one in told.scopes for office in one.offices]
    return list(dict.fromkeys([*own_places(page.caller), *known]))


def home_routes() -> APIRouter:
    made = APIRouter(include_in_schema=False)
    made.add_api_route("/", home, methods=["GET"], response_model=None)
    made.add_api_route("/places", places, methods=["GET"], response_model=None)
    return made
