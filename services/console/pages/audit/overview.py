"""The first page of the room: search with two clocks, the log, what is left out, and what does not agree."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.audit_answers import ShownEvent, ShownSetAside, ShownSetAsides
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.scope_pages import place_in
from services.console.frame.trade_words import kind_word
from services.console.frame.typed_times import typed_instant
from services.console.pages.audit.act_words import COMPARISONS
from services.console.pages.audit.log_state import log_state
from services.console.pages.audit.searching import AuditSearch, SearchResult
from shared.contract.answers.audits import AuditAnswer, AuditsPage, DifferenceAnswer, DifferencesPage
from shared.i18n import Text, translated

ROOM: Final = "audit"
ACTION: Final = "page.audit"
DIFFERENCES: Final = 50
WORDED: Final = 20
"""Facts that are left out, of which the page asks what they are."""


class TypedSearch(Struct, frozen=True):
    """The fields of the search as they were typed."""

    words: str = ""
    as_of: str = ""
    known_at: str = ""


class StoredChecks(Struct, frozen=True):
    """What comparing the stored with the facts came to: the last audit, and what still differs."""

    last: AuditAnswer | None
    open: list[DifferenceAnswer]
    more: bool


async def audit(page: Page, scope: str) -> Response:
    """Search, state of the log, set-asides, differences, and where replays and the record of access are."""
    place, facts = await place_in(page, scope, ACTION)
    return await _shown(page, place, facts, TypedSearch(), Wrong(), None)


async def search(page: Page, scope: str) -> Response:
    """What the search found; from there to a history as of a time and as known at one."""
    place, facts = await place_in(page, scope, ACTION)
    form, wrong = await page.form(), Wrong()
    typed = TypedSearch(form["words"], form["as_of"], form["known_at"])
    as_of = typed_instant("as_of", typed.as_of, facts.zone, wrong)
    known_at = typed_instant("known_at", typed.known_at, facts.zone, wrong)
    if not typed.words:
        wrong.fields["words"] = translated("Type what is to be found.")
    found = None if wrong else await AuditSearch(page, facts, as_of, known_at).find(typed.words)
    return await _shown(page, place, facts, typed, wrong, found)


async def _shown(
    page: PageRequest,
    place: OfficePlace,
    facts: SeenScope,
    typed: TypedSearch,
    wrong: Wrong,
    found: SearchResult | None,
) -> Response:
    may: dict[str, Any] = {
        name: page.may(action, place)
        for name, action in (("replay", "page.replays"), ("access", "access.read_log"), ("evidence", "evidence.make"))
    }  # fmt: skip
    asides = await _set_asides(page, place)
    return page.render(
        "audit/overview.html", status=422 if wrong else 200, place=place, room=ROOM, facts=facts, typed=typed,
        wrong=wrong, found=found, log=await log_state(page), asides=asides, kinds=await _kinds(page, asides),
        checks=await _checks(page, place), comparisons=COMPARISONS, may=may,
    )  # fmt: skip


async def _set_asides(page: PageRequest, place: OfficePlace) -> list[ShownSetAside] | None:
    if not page.may("journal.list_set_asides", place):
        return None
    path = f"/v1/journal/{place.scope}/set-asides"
    return (await page.services.get("intake", path, ShownSetAsides)).set_asides


async def _kinds(page: PageRequest, asides: list[ShownSetAside] | None) -> dict[str, Text | str]:
    """What the first of the facts that are left out are, by their ids; of others the id stands alone."""

    async def kind(event: str) -> Text | str:
        try:
            return kind_word((await page.services.get("intake", f"/v1/events/{event}", ShownEvent)).type)
        except ServiceRefusedError as error:
            if error.status not in (403, 404):
                raise
            return ""

    wanted = [one.set_aside for one in (asides or [])[:WORDED]]
    return dict(zip(wanted, await asyncio.gather(*map(kind, wanted)), strict=True))


async def _checks(page: PageRequest, place: OfficePlace) -> StoredChecks | None:
    """None for whoever may not read them."""
    if not page.may("drift.read", place):
        return None
    audits = await page.services.get("attribution", "/v1/audits", AuditsPage, limit=20)
    of_scope = [one for one in audits.audits if one.scope in (None, place.scope)]
    differences = await page.services.get(
        "attribution", "/v1/differences", DifferencesPage, scope=place.scope, limit=DIFFERENCES
    )
    return StoredChecks(
        of_scope[0] if of_scope else None, differences.differences, differences.cursor is not None
    )


async def check_stored(page: Page, scope: str) -> Response:
    """Have what is stored of the scope compared with what its facts give."""
    place, _ = await place_in(page, scope, ACTION)
    await page.services.post("attribution", "/v1/audits", {"scope": scope}, AuditAnswer)
    told = translated("The comparison is under way; load this page again in a moment.")
    return page.see_other(f"/in/{place.scope}/audit", told)
