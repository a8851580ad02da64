"""Who is away: somebody goes and comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.page import Page
from services.console.frame.recording import TAKEN, FormEntry, envelope, record
from services.console.frame.refused import wrong_with
from services.console.pages.desk.desk_page import DeskRoom
from shared.contract.answers.scopes import ScopeAnswer
from shared.contract.value_words import ABSENCES
from shared.i18n import translated


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
        return wrong_with(error, {"data.staff": "staff", "data.reason": "reason"})
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
