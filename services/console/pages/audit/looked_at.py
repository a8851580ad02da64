"""Who looked at what: the record of access of a scope, with names of staff and acts in words."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query
from starlette.responses import Response

from services.console.asking.audit_answers import ShownAccessPage
from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Wrong
from services.console.frame.page import Page
from services.console.frame.refused import in_words
from services.console.frame.scope_pages import place_in
from services.console.frame.trade_words import role_word
from services.console.frame.typed_times import typed_instant
from services.console.pages.audit.act_words import ACTS, action_word
from services.console.pages.audit.overview import ACTION, ROOM
from shared.contract.case_numbers import case_number

ENTRIES: Final = 50
Typed = Annotated[str, Query(max_length=64)]
Before = Annotated[int | None, Query(ge=1, le=2**62)]


async def looked_at(
    page: Page,
    scope: str,
    act: Typed = "",
    customer: Typed = "",
    since: Typed = "",
    until: Typed = "",
    before: Before = None,
) -> Response:
    """A page of the record, the newest first."""
    place, facts = await place_in(page, scope, ACTION)
    wrong, shown = Wrong(), None
    times = {
        name: typed_instant(name, typed, facts.zone, wrong)
        for name, typed in (("since", since), ("until", until))
    }
    try:
        shown = await page.services.get(
            "access", "/v1/access/log", ShownAccessPage,
            scope=scope, act=act or None, customer=customer or None, **times, before=before, limit=ENTRIES,
        )  # fmt: skip
    except ServiceRefusedError as error:
        if error.status != 422:
            raise
        wrong.whole += in_words(error)
    further = None
    if shown is not None and shown.next is not None:
        further = str(page.request.url.include_query_params(before=shown.next).replace(scheme="", netloc=""))
    return page.render(
        "audit/looked_at.html", status=422 if wrong else 200, place=place, room=ROOM, facts=facts, shown=shown,
        act=act, customer=customer, since=since, until=until, wrong=wrong, acts=ACTS, action_word=action_word,
        role_word=role_word, case_number=case_number, further=further,
    )  # fmt: skip
