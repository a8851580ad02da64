"""A plan about a customer: what is to be done on which day; the record that names it fulfils it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.customer_words import METHODS_OFFERED
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.recording import TAKEN, FormEntry, actor_at, envelope, record
from services.console.frame.refused import wrong_with
from services.console.pages.mine.customer_entry import EntryCustomer, customer_of, doer_of, doers
from shared.contract.value_words import PLAN_KINDS
from shared.i18n import translated

KIND: Final = "plan.made"
_FIELDS: Final = {
    "data.kind": "kind", "data.on": "on", "data.purpose": "purpose", "data.method": "method",
    "data.place": "where", "data.by": "by",
}  # fmt: skip
OFFERED: Final = {kind: words for kind, words in PLAN_KINDS.items() if kind != "work"}


class PlanForm(Struct, frozen=True, kw_only=True):
    """What stands in the form."""

    kind: str = "follow_up"
    on: str = ""
    purpose: str = ""
    method: str = ""
    where: str = ""
    by: str = ""

    @classmethod
    def of(cls, form: Form) -> PlanForm:
        """As it was typed."""
        return cls(
            kind=form["kind"], on=form["on"], purpose=form["purpose"], method=form["method"],
            where=form["where"], by=form["by"],
        )  # fmt: skip


async def plan_page(page: Page, scope: str, office: str, customer: str) -> Response:
    """The form."""
    place = page.at(scope, office, "page.mine")
    found = await customer_of(page, place, customer)
    typed = PlanForm(by=found.answer.owner or "")
    return await _form(page, place, found, typed, FormEntry.fresh(page.now))


async def plan(page: Page, scope: str, office: str, customer: str) -> Response:
    """Record the plan, and go back to the list."""
    place = page.at(scope, office, "page.mine")
    facts, found = await asyncio.gather(page.scope(scope), customer_of(page, place, customer))
    form = await page.form()
    typed, entry = PlanForm.of(form), FormEntry.of(form, page.now, facts.zone)
    wrong = _lacking(typed)
    if wrong:
        return await _form(page, place, found, typed, entry, wrong)
    try:
        placed = await record(
            page, envelope(page, place, KIND, _data(page, place, form, found, entry), entry)
        )
    except ServiceRefusedError as error:
        if error.status not in (403, TAKEN, 422):
            raise
        return await _form(page, place, found, typed, entry, wrong_with(error, _FIELDS), status=error.status)
    told = translated("The plan is made for {day}.", day=typed.on)
    done = _kept(found)
    return page.see_other(f"/at/{scope}/{office}/mine?seq={placed.seq}&done={done}", told)


def _lacking(typed: PlanForm) -> Wrong:
    wrong = Wrong()
    if not typed.on:
        wrong.fields["on"] = translated("choose a day")
    if not typed.purpose:
        wrong.fields["purpose"] = translated("say in a few words what for")
    return wrong


def _data(
    page: PageRequest, place: OfficePlace, form: Form, found: EntryCustomer, entry: FormEntry
) -> dict[str, Any]:
    return {
        "plan": entry.event,
        "by": doer_of(form, page, place, found.answer.owner),
        "kind": form["kind"],
        "on": form["on"],
        "purpose": form["purpose"],
        "customer": found.party,
        "method": form.given("method"),
        "place": form.given("where"),
    }


async def _form(
    page: PageRequest,
    place: OfficePlace,
    found: EntryCustomer,
    typed: PlanForm,
    entry: FormEntry,
    wrong: Wrong | None = None,
    *,
    status: int | None = None,
) -> Response:
    facts = await page.scope(place.scope)
    return page.render(
        "mine/plan.html",
        status=status or (422 if wrong else 200),
        place=place, room="mine", facts=facts, found=found, typed=typed, entry=entry, wrong=wrong,
        kinds=OFFERED, methods=METHODS_OFFERED, doers=doers(page, place, facts),
        own=actor_at(page.caller, place), today=page.now.astimezone(facts.zone).date(),
        form_name=_kept(found),
    )  # fmt: skip


def _kept(found: EntryCustomer) -> str:
    """Under which name a browser keeps what was typed of this customer."""
    return f"plan/{found.answer.customer}"
