"""What is known of a customer, by a few keys of the catalogue that are in clear for whoever sees the customer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from services.console.asking.customer_answers import CardAnswered
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.recording import TAKEN, FormEntry, actor_at, envelope, record
from services.console.frame.refused import wrong_with
from services.console.pages.mine.customer_entry import EntryCustomer, customer_of, doer_of, doers
from shared.contract.profile import catalogue
from shared.contract.value_words import CATEGORIES
from shared.i18n import Text, translated

KIND: Final = "profile.recorded"
KEYS: Final = (
    "wanted_unit", "wanted_area", "budget", "purpose_of_purchase", "payment_intended", "expected_on",
    "home_district", "work_district", "level", "category", "importance",
)  # fmt: skip
_FIELDS: Final = {f"data.set.{key}": key for key in KEYS} | {"data.source": "source", "data.by": "by"}


async def profile_page(page: Page, scope: str, office: str, customer: str) -> Response:
    """The form, filled with what is known."""
    place = page.at(scope, office, "page.mine")
    found = await customer_of(page, place, customer)
    known = await _known(page, place, customer)
    return await _form(page, place, found, known, FormEntry.fresh(page.now))


async def profile(page: Page, scope: str, office: str, customer: str) -> Response:
    """Record what is said otherwise than before."""
    place = page.at(scope, office, "page.mine")
    facts, found, known = await asyncio.gather(
        page.scope(scope), customer_of(page, place, customer), _known(page, place, customer)
    )
    form = await page.form()
    typed, entry = {key: form[key] for key in KEYS}, FormEntry.of(form, page.now, facts.zone)
    data = changed(typed, known)
    if not data:
        wrong = Wrong()
        wrong.whole.append(translated("Nothing is said that was not known before."))
        return await _form(page, place, found, typed, entry, wrong)
    data |= _said(page, place, form, found)
    try:
        placed = await record(page, envelope(page, place, KIND, data, entry))
    except ServiceRefusedError as error:
        if error.status not in (403, TAKEN, 422):
            raise
        return await _form(page, place, found, typed, entry, wrong_with(error, _FIELDS), status=error.status)
    path = f"/at/{scope}/{office}/mine?seq={placed.seq}&done=profile/{found.answer.customer}"
    return page.see_other(path, translated("What is known of the customer is recorded."))


def changed(typed: Mapping[str, str], known: Mapping[str, str]) -> dict[str, Any]:
    """What is said anew, and what is no longer said; nothing where all is as it was."""
    said = {key: value for key, value in typed.items() if value and value != known.get(key, "")}
    cleared = [key for key, value in typed.items() if not value and known.get(key)]
    return ({"set": said} if said else {}) | ({"cleared": cleared} if cleared else {})


def labels() -> dict[str, Text]:
    """The keys of the form as the catalogue calls them."""
    found = catalogue()
    return {key: Text(found[key].zh, found[key].en) for key in KEYS}


def _said(page: PageRequest, place: OfficePlace, form: Form, found: EntryCustomer) -> dict[str, Any]:
    return {
        "customer": found.party,
        "by": doer_of(form, page, place, found.answer.owner),
        "source": form.given("source"),
    }


async def _known(page: PageRequest, place: OfficePlace, customer: str) -> dict[str, str]:
    if not page.may("register.customers", place):
        return {}
    told = await page.services.get(
        "registers", f"/v1/offices/{place.office}/customers/{customer}/card", CardAnswered
    )
    return {one.key: one.value or "" for one in told.profile if one.key in KEYS}


async def _form(
    page: PageRequest,
    place: OfficePlace,
    found: EntryCustomer,
    typed: Mapping[str, str],
    entry: FormEntry,
    wrong: Wrong | None = None,
    *,
    status: int | None = None,
) -> Response:
    facts = await page.scope(place.scope)
    return page.render(
        "mine/profile.html",
        status=status or (422 if wrong else 200),
        place=place, room="mine", facts=facts, found=found, typed=typed, entry=entry, wrong=wrong,
        labels=labels(), categories=CATEGORIES, doers=doers(page, place, facts),
        own=actor_at(page.caller, place), form_name=f"profile/{found.answer.customer}",
    )  # fmt: skip
