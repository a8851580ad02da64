"""The day's order as one page, for the desk and for whoever leads the floor: a place beside each name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from fastapi import APIRouter
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace, first_room
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.place_facts import RECEIVERS
from services.console.frame.recording import TAKEN, FormEntry, envelope, record
from services.console.frame.refused import wrong_with
from shared.contract.answers.desk import BoardsAnswer
from shared.contract.answers.lists import StaffMember
from shared.contract.answers.scopes import ScopeAnswer
from shared.i18n import translated

ACTION: Final = "page.shift"
_ON_DUTY: Final = ("supervisor", "manager", "director")
_PLACE: Final = "place-"
_FIELDS: Final = {"data.order": "order", "data.duty_manager": "duty_manager"}


class ShiftLine(Struct, frozen=True):
    """Somebody who may be in the order of the day, and the place that is proposed; empty for nobody's."""

    person: StaffMember
    place: str


async def shift_page(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """Choose who is here today, and in which order they receive."""
    return await _shown(page, page.at(scope, office, ACTION), Form({}), None)


async def open_shift(page: Page, scope: PlaceName, office: PlaceName) -> Response:
    """The day's order counts from now; on to where the day of whoever opened it goes on."""
    place = page.at(scope, office, ACTION)
    form, wrong = await page.form(), Wrong()
    order = order_of(form, wrong)
    if not wrong:
        wrong = await _handed_in(page, place, form, order)
    if wrong:
        return await _shown(page, place, form, wrong)
    room = first_room(page.caller, place)
    address = room.address(place) if room is not None else f"/at/{scope}/{office}/shift"
    return page.see_other(address, translated("The shift is open."))


def order_of(form: Form, wrong: Wrong) -> list[str]:
    """Who receives, by the places that were typed; what is no order of people goes to `wrong`."""
    places: dict[int, str] = {}
    for name in form.names():
        if not name.startswith(_PLACE) or not form[name]:
            continue
        if not form[name].isdecimal() or int(form[name]) < 1:
            wrong.fields[name] = translated("A place is 1, 2, 3 and so on; empty for who is not here.")
        elif int(form[name]) in places:
            wrong.fields[name] = translated("Two people have this place.")
        else:
            places[int(form[name])] = name.removeprefix(_PLACE)
    if not places and not wrong:
        wrong.whole.append(translated("Nobody has a place: type 1 beside who receives first."))
    return [places[number] for number in sorted(places)]


def proposed(people: Iterable[StaffMember], queue: Sequence[str], form: Form) -> list[ShiftLine]:
    """Everybody who may receive, with a place: as it was typed, else as the board stands, else one after another."""
    rank = {staff: number for number, staff in enumerate(queue)}
    here = [one for one in people if one.role in RECEIVERS]
    here.sort(key=lambda one: (rank.get(one.staff, len(rank)), RECEIVERS.index(one.role), one.name))
    typed = any(name.startswith(_PLACE) for name in form.names())
    lines, place = [], 0
    for one in here:
        received = one.staff in rank if rank else one.role == "consultant"
        place += received
        given = form[_PLACE + one.staff] if typed else str(place) if received else ""
        lines.append(ShiftLine(one, given))
    return lines


async def _handed_in(page: PageRequest, place: OfficePlace, form: Form, order: list[str]) -> Wrong:
    """Record it as of now, and wait until the boards have it. A form that is sent again records nothing again."""
    facts = await page.scope(place.scope)
    entry = FormEntry.of(form, page.now, facts.zone).later(page.now)
    data = {"order": order, "duty_manager": form.given("duty_manager")}
    try:
        recorded = await record(page, envelope(page, place, "shift.opened", data, entry))
        path = f"/v1/scopes/{place.scope}"
        await page.services.get("attribution", path, ScopeAnswer, min_seq=recorded.seq)
    except ServiceRefusedError as error:
        if error.status == TAKEN and error.wrong("id") is not None:
            return Wrong()
        return wrong_with(error, _FIELDS)
    page.parts.known.forget(place.scope)
    return Wrong()


async def _shown(page: PageRequest, place: OfficePlace, form: Form, wrong: Wrong | None) -> Response:
    facts = await page.scope(place.scope)
    boards = await page.services.get("attribution", f"/v1/offices/{place.office}/boards", BoardsAnswer)
    here = facts.at_work(place.office)
    room = first_room(page.caller, place)
    return page.render(
        "shift/shift.html", status=422 if wrong else 200, place=place, room=room.key if room is not None else "",
        facts=facts, lines=proposed(here, boards.visit.queue, form),
        duty=[(one.staff, one.name) for one in here if one.role in _ON_DUTY], typed=form, wrong=wrong,
        back=room.address(place) if room is not None else "/",
        entry=FormEntry.of(form, page.now, facts.zone).later(page.now),
    )  # fmt: skip


def shift_routes() -> APIRouter:
    """The one address of the shift of an office."""
    made = APIRouter(include_in_schema=False)
    path = "/at/{scope}/{office}/shift"
    made.add_api_route(path, shift_page, methods=["GET"], response_model=None)
    made.add_api_route(path, open_shift, methods=["POST"], response_model=None)
    return made
