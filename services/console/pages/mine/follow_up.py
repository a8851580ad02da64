"""A follow-up in two taps: the customer's line, then what came of it; told is whether it counts, and until when.

An outcome says in words what was said, so that nothing needs to be typed; what is typed stands behind it.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.customer_answers import LevelsAnswered
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.customer_words import METHODS_OFFERED
from services.console.frame.follow_up_words import OUTCOMES, SUBJECT, UNREACHED
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.recording import (
    TAKEN,
    FormEntry,
    actor_at,
    envelope,
    preview,
    record,
)
from services.console.frame.refused import in_one_line, wrong_with
from services.console.pages.mine.counting import Counted, counted_of_history, counted_of_preview
from services.console.pages.mine.customer_entry import EntryCustomer, customer_of, doer_of, doers
from services.console.pages.mine.own_list import last_day
from shared.contract.answers.history import HistoryAnswer
from shared.i18n import Text, translated

KIND: Final = "followup.recorded"
_FIELDS: Final = {
    "data.method": "method", "data.content": "content", "data.level": "level", "data.next_on": "next_on",
    "data.next_step": "next_step", "data.by": "by", "data.subject": "content",
}  # fmt: skip

RecordedSeq = Annotated[int, Query(ge=1)]
RecordedAt = Annotated[str, Query(max_length=40)]


class FollowUpForm(Struct, frozen=True, kw_only=True):
    """What stands in the form."""

    method: str = "phone"
    content: str = ""
    level: str = ""
    next_on: str = ""
    next_step: str = ""
    by: str = ""

    @classmethod
    def of(cls, form: Form) -> FollowUpForm:
        """As it was typed."""
        return cls(
            method=form["method"] or "phone", content=form["content"], level=form["level"],
            next_on=form["next_on"], next_step=form["next_step"], by=form["by"],
        )  # fmt: skip


async def follow_up_page(page: Page, scope: str, office: str, customer: str) -> Response:
    """The form, with what it would bring if the customer is reached."""
    place = page.at(scope, office, "page.mine")
    found = await customer_of(page, place, customer)
    typed = FollowUpForm(by=found.answer.owner or "")
    return await _form(page, place, found, typed, FormEntry.fresh(page.now))


async def follow_up(page: Page, scope: str, office: str, customer: str) -> Response:
    """Record it, and go on to what it brought."""
    place = page.at(scope, office, "page.mine")
    facts, found = await asyncio.gather(page.scope(scope), customer_of(page, place, customer))
    form = await page.form()
    typed = FollowUpForm.of(form)
    entry = FormEntry.of(form, page.now, facts.zone)
    if form["outcome"] not in OUTCOMES:
        wrong = Wrong()
        wrong.fields["outcome"] = translated("choose what came of it")
        return await _form(page, place, found, typed, entry, wrong)
    data = _data(page, place, form, found)
    try:
        placed = await record(page, envelope(page, place, KIND, data, entry))
    except ServiceRefusedError as error:
        return await _refused(page, place, found, typed, entry, error)
    path = f"/at/{scope}/{office}/mine/{found.answer.customer}/follow-up/{placed.id}"
    return page.see_other(f"{path}?seq={placed.seq}&at={placed.recorded_at}")


async def follow_up_preview(page: Page, scope: str, office: str, customer: str) -> Response:
    """A part of the page: whether it would count, and until when."""
    place = page.at(scope, office, "page.mine")
    facts, found = await asyncio.gather(page.scope(scope), customer_of(page, place, customer))
    form = await page.form()
    entry = FormEntry.of(form, page.now, facts.zone)
    event = envelope(page, place, KIND, _data(page, place, form, found), entry)
    told: Counted | None = None
    refused: Text | None = None
    try:
        told = counted_of_preview(await preview(page, event), entry.event, facts.zone)
    except ServiceRefusedError as error:
        refused = in_one_line(error)
    return page.render(
        "mine/counting.html", place=place, room="mine", facts=facts, told=told, refused=refused
    )


async def follow_up_result(
    page: Page, scope: str, office: str, customer: str, event: str, seq: RecordedSeq, at: RecordedAt
) -> Response:
    """Whether it counts, until when the customer is whose, and by which clause."""
    place = page.at(scope, office, "page.mine")
    facts, found, history = await asyncio.gather(
        page.scope(scope), customer_of(page, place, customer, seq), _history(page, scope, customer, seq, at)
    )
    ends = found.answer.expires_at
    return page.render(
        "mine/follow_up_result.html",
        place=place, room="mine", facts=facts, found=found, form_name=_kept(found),
        told=counted_of_history(found.answer, history, event, facts.zone), next_on=_next_on(history, event),
        ends_on=last_day(ends, facts.zone).isoformat() if ends is not None else None,
    )  # fmt: skip


def _next_on(history: list[HistoryAnswer], event: str) -> str | None:
    """The day of the next contact that a follow-up names."""
    made = (one for told in history for one in told.events if one.id == event)
    return next((str(one.data["next_on"]) for one in made if one.data.get("next_on")), None)


async def _history(page: PageRequest, scope: str, customer: str, seq: int, at: str) -> list[HistoryAnswer]:
    """Every page of the customer's history as known when the record was made."""
    pages: list[HistoryAnswer] = []
    cursor: str | None = None
    while True:
        told = await page.services.get(
            "attribution", f"/v1/scopes/{scope}/customers/{customer}/history", HistoryAnswer,
            known_at=at, limit=500, min_seq=seq, cursor=cursor,
        )  # fmt: skip
        pages.append(told)
        if not isinstance(told.cursor, str):
            return pages
        cursor = told.cursor


def _data(page: PageRequest, place: OfficePlace, form: Form, found: EntryCustomer) -> dict[str, Any]:
    """What the event says; without an outcome, as in a preview, the customer was reached."""
    outcome = form["outcome"] if form["outcome"] in OUTCOMES else "interested"
    said = getattr(OUTCOMES[outcome], page.language)
    return {
        "customer": found.party,
        "by": doer_of(form, page, place, found.answer.owner),
        "method": form["method"] or "phone",
        "subject": getattr(SUBJECT, page.language),
        "content": f"{said}\n{form['content']}" if form["content"] else said,
        "reached": outcome != UNREACHED,
        "level": form.given("level"),
        "next_on": form.given("next_on"),
        "next_step": form.given("next_step"),
    }


async def _refused(
    page: PageRequest,
    place: OfficePlace,
    found: EntryCustomer,
    typed: FollowUpForm,
    entry: FormEntry,
    error: ServiceRefusedError,
) -> Response:
    if error.status not in (403, TAKEN, 422):
        raise error
    wrong = wrong_with(error, _FIELDS)
    if error.status == TAKEN:
        wrong = Wrong()
        wrong.whole.append(
            translated("This form was recorded already. Send it again if it is another follow-up.")
        )
        entry = FormEntry.fresh(page.now)
    return await _form(page, place, found, typed, entry, wrong, status=error.status)


async def _form(
    page: PageRequest,
    place: OfficePlace,
    found: EntryCustomer,
    typed: FollowUpForm,
    entry: FormEntry,
    wrong: Wrong | None = None,
    *,
    status: int | None = None,
) -> Response:
    facts: SeenScope = await page.scope(place.scope)
    return page.render(
        "mine/follow_up.html",
        status=status or (422 if wrong else 200),
        place=place, room="mine", facts=facts, found=found, typed=typed, entry=entry, wrong=wrong,
        methods=METHODS_OFFERED, outcomes=OUTCOMES, unreached=UNREACHED, doers=doers(page, place, facts),
        levels=await _levels(page, place), form_name=_kept(found), own=actor_at(page.caller, place),
        today=page.now.astimezone(facts.zone).date(), previews=page.may("desk.preview", place),
    )  # fmt: skip


async def _levels(page: PageRequest, place: OfficePlace) -> list[str]:
    """The levels of the office's scheme, to choose from; none where the caller may not see the board."""
    if not page.may("register.customers", place):
        return []
    told = await page.services.get("registers", f"/v1/offices/{place.office}/level-board", LevelsAnswered)
    return [one.level for one in told.levels]


def _kept(found: EntryCustomer) -> str:
    """Under which name a browser keeps what was typed of this customer."""
    return f"follow-up/{found.answer.customer}"
