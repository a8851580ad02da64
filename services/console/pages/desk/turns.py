"""The day's order and who is away: a shift is opened, somebody goes and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.page import Page
from services.console.frame.recording import TAKEN, FormEntry, envelope, record
from services.console.frame.refused import wrong_with
from services.console.frame.trade_words import ABSENCES, role_word
from services.console.pages.desk.desk_page import EMPTY, DeskRoom
from shared.contract.answers.lists import StaffMember
from shared.contract.answers.scopes import ScopeAnswer
from shared.i18n import translated

_PLACE: Final = "place-"
_FIELDS: Final = {"data.order": "order", "data.duty_manager": "duty_manager"}


class ShiftLine(Struct, frozen=True):
    """Somebody who may be in the order of the day, and the place that is proposed; empty for nobody's."""

    person: StaffMember
    place: str


async def shift_page(page: Page, scope: str, office: str) -> Response:
    """Choose who is here today, and in which order they receive."""
    room = await DeskRoom.of(page, scope, office)
    return _shift(room, EMPTY, None)


async def open_shift(page: Page, scope: str, office: str) -> Response:
    """The day's order counts from now."""
    room = await DeskRoom.of(page, scope, office)
    form = await page.form()
    wrong = Wrong()
    order = order_of(form, wrong)
    if not wrong:
        data = {"order": order, "duty_manager": form.given("duty_manager")}
        wrong = await _handed_in(room, "shift.opened", data, form)
    if wrong:
        return _shift(room, form, wrong, 422)
    return page.see_other(room.address, translated("The shift is open."))


async def leave(page: Page, scope: str, office: str) -> Response:
    """Somebody goes away for a while."""
    room = await DeskRoom.of(page, scope, office)
    form = await page.form()
    data = {"staff": form["staff"], "reason": form["reason"]}
    told = translated("{name} is away.", name=room.floor.name(form["staff"]))
    return await _moved(room, "staff.away", data, form, told)


async def come_back(page: Page, scope: str, office: str) -> Response:
    """Somebody is back."""
    room = await DeskRoom.of(page, scope, office)
    form = await page.form()
    told = translated("{name} is back.", name=room.floor.name(form["staff"]))
    return await _moved(room, "staff.back", {"staff": form["staff"]}, form, told)


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


def proposed(room: DeskRoom, form: Form) -> list[ShiftLine]:
    """Everybody who may receive, with a place: as it was typed, else as the board stands, else one after another."""
    queue = room.floor.boards.visit.queue
    people = room.floor.in_turn(queue)
    typed = any(name.startswith(_PLACE) for name in form.names())
    lines, place = [], 0
    for one in people:
        received = one.staff in queue if queue else one.role == "consultant"
        place += received
        given = form[_PLACE + one.staff] if typed else str(place) if received else ""
        lines.append(ShiftLine(one, given))
    return lines


def _shift(room: DeskRoom, form: Form, wrong: Wrong | None, status: int = 200) -> Response:
    page = room.page
    may = page.may("event.open_shift", room.place)
    duty = [
        one
        for one in room.facts.at_work(room.place.office)
        if one.role in ("manager", "supervisor", "director")
    ]
    return page.render(
        "desk/shift.html", status=status, place=room.place, room="desk", facts=room.facts, desk=room,
        may=may, lines=proposed(room, form), role_word=role_word, duty=duty, typed=form, wrong=wrong,
        entry=FormEntry.of(form, page.now, room.facts.zone).later(page.now),
    )  # fmt: skip


async def _handed_in(room: DeskRoom, kind: str, data: Mapping[str, Any], form: Form) -> Wrong:
    """Record it as of now, and wait until the boards have it. A form that is sent again records nothing again."""
    page, place = room.page, room.place
    entry = FormEntry.of(form, page.now, room.facts.zone).later(page.now)
    try:
        recorded = await record(page, envelope(page, place, kind, data, entry))
        path = f"/v1/scopes/{place.scope}"
        await page.services.get("attribution", path, ScopeAnswer, min_seq=recorded.seq)
    except ServiceRefusedError as error:
        if error.status == TAKEN and error.wrong("id") is not None:
            return Wrong()
        return wrong_with(error, _FIELDS)
    page.parts.known.forget(place.scope)
    return Wrong()


async def _moved(room: DeskRoom, kind: str, data: Mapping[str, str], form: Form, told: Any) -> Response:
    wrong = Wrong()
    if not data["staff"] or ("reason" in data and data["reason"] not in ABSENCES):
        wrong.whole.append(translated("Choose who goes, and why."))
    else:
        wrong = await _handed_in(room, kind, data, form)
    if wrong:
        return room.shown("visit", status=422, turned_away=wrong)
    return room.page.see_other(room.address, told)
