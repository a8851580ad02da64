"""Corrections: ask for one from a record, see what it would change, approve it or send it back."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.books_in_force import book_in_force
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.parameters import PlaceName
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import (
    FormEntry,
    actor_at,
    envelope,
    preview,
    record,
)
from services.console.frame.refused import wrong_with
from services.console.pages.floor.approvals import stage_id
from services.console.pages.floor.correcting import (
    FIELDS,
    CorrectionTyped,
    checked,
    correctable,
    corrected_party,
    proposed,
    proposed_words,
)
from services.console.pages.floor.parameters import RecordOfPath
from shared.contract.answers.desk import PreviewAnswer
from shared.contract.answers.records import RecordedEvent
from shared.i18n import Text, bilingual, translated
from shared.platform.http.problem import ProblemError

ACTION: Final = "page.corrections"


async def correction(page: Page, scope: PlaceName, office: PlaceName, record: RecordOfPath) -> Response:
    """The record, or the request with the record that it is about, and the form."""
    desk = await _desk(page, scope, office, record)
    return _shown(desk, desk.typed(), FormEntry.fresh(page.now))


async def correct(page: Page, scope: PlaceName, office: PlaceName, record: RecordOfPath) -> Response:
    """See what it would change, record it with the approvals, ask for it, or send the request back."""
    desk = await _desk(page, scope, office, record)
    form = await page.form()
    typed, entry = CorrectionTyped.of(form), FormEntry.of(form, page.now, desk.facts.zone)
    if form["do"] == "return" and desk.request is not None:
        return await _send_back(desk, form, typed, entry)
    party = corrected_party(typed, desk.record)
    wrong = checked(typed, party)
    if wrong:
        return _shown(desk, typed, entry, wrong)
    data = desk.correction(party, typed.reason, form.all("approved_by"))
    event = envelope(page, desk.place, "record.corrected", data, entry)
    try:
        if form["do"] == "preview":
            told = await preview(page, {**event, "id": FormEntry.fresh(page.now).event})
            return _shown(desk, typed, entry.later(page.now), told=told)
        if form["do"] == "ask" or not page.may("event.decide", desk.place):
            return await _asked(desk, party, typed, entry)
        return await _corrected(desk, event, entry)
    except ServiceRefusedError as error:
        if error.status >= 500:
            raise
        return _shown(desk, typed, entry, wrong_with(error, FIELDS))


class CorrectionDesk(Struct, frozen=True):
    """Whoever looks at a record that is to be corrected; `request` is what asked for it."""

    page: PageRequest
    place: OfficePlace
    facts: SeenScope
    record: RecordedEvent
    request: RecordedEvent | None

    @property
    def wanted(self) -> dict[str, list[str]]:
        """Who may approve a correction, by the roles whose approval the rulebook wants."""
        book = book_in_force(self.facts.scope)
        roles = book.corrections.approved_by if book is not None else ("manager",)
        here = [one for one in self.facts.people.values() if one.departed_at is None]
        return {role: [one.staff for one in here if one.role == role] for role in roles}

    @property
    def me(self) -> str:
        return actor_at(self.page.caller, self.place)

    def typed(self) -> CorrectionTyped:
        """The form at first: as recorded, or as it was proposed."""
        as_is = CorrectionTyped.as_recorded(self.record)
        if self.request is None:
            return as_is
        return as_is.with_proposed(self.request.data.get("proposed", ""), self.request.data["reason"])

    def correction(self, party: dict[str, Any], reason: str, approved: list[str]) -> dict[str, Any]:
        """The data of `record.corrected`."""
        own = [self.me] if any(self.me in people for people in self.wanted.values()) else []
        by = self.request.data["by"] if self.request is not None else self.me
        may_name = self.page.may("event.name_party", self.place)
        return {
            "record": self.record.id, "customer": party, "reason": reason,
            "requested_by": by if may_name else self.me,
            "approved_by": list(dict.fromkeys([*approved, *own])),
            "request": self.request.data["request"] if self.request is not None else None,
        }  # fmt: skip


async def _desk(page: PageRequest, scope: str, office: str, record_: str) -> CorrectionDesk:
    place = page.at(scope, office, ACTION)
    facts = await page.scope(scope)
    event = await page.services.get("intake", f"/v1/events/{record_}", RecordedEvent)
    request = None
    if event.type == "request.submitted":
        about = event.data.get("record")
        if about is None:
            raise ProblemError(404, bilingual("this request names no record that could be corrected"))
        request, event = event, await page.services.get("intake", f"/v1/events/{about}", RecordedEvent)
    if event.scope != scope or not correctable(event):
        raise ProblemError(404, bilingual("this record names no customer: there is nothing to correct"))
    return CorrectionDesk(page, place, facts, event, request)


async def _corrected(desk: CorrectionDesk, event: dict[str, Any], entry: FormEntry) -> Response:
    """Record the correction and, where it was asked for, that the request is approved."""
    done = await record(desk.page, event)
    if desk.request is not None:
        data = {"record": desk.request.id, "stage": "approved", "by": desk.me}
        own = FormEntry(stage_id(entry.event, desk.request.id, "approved"), entry.at)
        done = await record(desk.page, envelope(desk.page, desk.place, "record.approved", data, own))
    return desk.page.see_other(_approvals(desk, done.seq), translated("The correction is recorded."))


async def _asked(
    desk: CorrectionDesk, party: dict[str, Any], typed: CorrectionTyped, entry: FormEntry
) -> Response:
    """Ask for it: a request that waits for whoever decides."""
    data = {
        "request": f"r-{entry.event}", "kind": "data_change", "by": desk.me, "reason": typed.reason,
        "record": desk.record.id, "proposed": proposed(party),
    }  # fmt: skip
    done = await record(desk.page, envelope(desk.page, desk.place, "request.submitted", data, entry))
    told = translated("The correction is asked for; it waits for approval.")
    return desk.page.see_other(_approvals(desk, done.seq), told)


async def _send_back(desk: CorrectionDesk, form: Form, typed: CorrectionTyped, entry: FormEntry) -> Response:
    assert desk.request is not None
    if not form["remark"]:
        wrong = Wrong()
        wrong.fields["remark"] = translated("say what is to be mended")
        return _shown(desk, typed, entry, wrong)
    data = {"record": desk.request.id, "stage": "returned", "by": desk.me, "remark": form["remark"]}
    try:
        done = await record(desk.page, envelope(desk.page, desk.place, "record.approved", data, entry))
    except ServiceRefusedError as error:
        return _shown(desk, typed, entry, wrong_with(error, {"data.remark": "remark"}))
    return desk.page.see_other(_approvals(desk, done.seq), translated("The request is sent back."))


def _shown(
    desk: CorrectionDesk,
    typed: CorrectionTyped,
    entry: FormEntry,
    wrong: Wrong | None = None,
    told: PreviewAnswer | None = None,
) -> Response:
    page = desk.page
    return page.render(
        "floor/correction.html", status=422 if wrong else 200, place=desk.place, room="floor", facts=desk.facts,
        record=desk.record, request_=desk.request, proposals=_proposals(desk), typed=typed, entry=entry, wrong=wrong,
        told=told,
        was=CorrectionTyped.as_recorded(desk.record), wanted=desk.wanted, me=desk.me,
        may_decide=page.may("event.decide", desk.place), may_preview=page.may("desk.preview", desk.place),
    )  # fmt: skip


def _proposals(desk: CorrectionDesk) -> list[Text | str]:
    return [] if desk.request is None else proposed_words(desk.request.data.get("proposed", ""))


def _approvals(desk: CorrectionDesk, seq: int) -> str:
    own = desk.request.id if desk.request is not None else desk.record.id
    return f"/at/{desk.place.scope}/{desk.place.office}/approvals?seq={seq}&done={own}"
