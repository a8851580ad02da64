"""Replays: the same days under another rulebook, or without a record; how far one is, and what it came to."""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.customer_words import DECISIONS
from services.console.frame.files import passed_on
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.office_books import OfficeBooks
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.refused import wrong_with
from services.console.frame.scope_pages import place_in
from services.console.frame.trade_words import DEALS, STATUSES
from services.console.frame.typed_times import typed_instant
from services.console.pages.audit.act_words import STATES
from services.console.pages.audit.overview import ROOM
from services.console.pages.audit.replay_result import result_in_words
from shared.contract.answers.replays import ReplayJob, ReplayResult, ReplaysPage
from shared.contract.answers.scopes import RulebooksAnswer
from shared.i18n import Text, translated

ACTION: Final = "page.replays"
_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
OPEN: Final = frozenset({"waiting", "running"})
_FIELDS: Final = {"rulebook": "rulebook", "drop": "drop", "as_of": "as_of", "known_at": "known_at"}


class TypedReplay(Struct, frozen=True):
    """What is to be otherwise, as it was typed."""

    rulebook: str = ""
    drop: str = ""
    as_of: str = ""
    known_at: str = ""

    @classmethod
    def of(cls, form: Form) -> TypedReplay:
        return cls(form["rulebook"], form["drop"], form["as_of"], form["known_at"])

    @property
    def dropped(self) -> list[str]:
        """The ids of records to leave out, however they are set apart."""
        return [one for one in re.split(r"[\s,，;；、]+", self.drop) if one]


async def replays(page: Page, scope: str) -> Response:
    """What was replayed, the last first, and a form for another one."""
    place, facts = await place_in(page, scope, ACTION)
    return await _listed(page, place, facts, TypedReplay(), Wrong())


async def _listed(
    page: PageRequest, place: OfficePlace, facts: SeenScope, typed: TypedReplay, wrong: Wrong
) -> Response:
    asked = await page.services.get("attribution", "/v1/replays", ReplaysPage, scope=place.scope)
    books = await page.services.get("attribution", "/v1/rulebooks", RulebooksAnswer)
    options = [
        (f"{one.rulebook}@{one.version}", page.parts.books.title(one.rulebook, one.version))
        for one in books.rulebooks
    ]
    return page.render(
        "audit/replays.html", status=422 if wrong else 200, place=place, room=ROOM, facts=facts,
        replays=asked.replays, options=options, typed=typed, wrong=wrong, states=STATES,
        title_of=partial(changed_words, page.parts.books),
    )  # fmt: skip


def changed_words(books: OfficeBooks, job: ReplayJob) -> Text:
    """What was changed, in a few words."""
    told = translated("as it was adopted")
    if job.rulebook is not None:
        title = books.title(job.rulebook.name, job.rulebook.version)
        told = translated("under {title}", title=title)
    if job.drop:
        told = translated("{what}, without {count} records", what=told, count=len(job.drop))
    if job.add:
        told = translated("{what}, with {count} records more", what=told, count=len(job.add))
    return told


async def ask(page: Page, scope: str) -> Response:
    """Ask for a replay; on to where it shows how far it is."""
    place, facts = await place_in(page, scope, ACTION)
    typed, wrong = TypedReplay.of(await page.form()), Wrong()
    body: dict[str, Any] = {"scope": scope, "rulebook": typed.rulebook or None, "drop": typed.dropped or None}
    body["as_of"] = typed_instant("as_of", typed.as_of, facts.zone, wrong)
    body["known_at"] = typed_instant("known_at", typed.known_at, facts.zone, wrong)
    bad = next((one for one in typed.dropped if not _ID.fullmatch(one)), None)
    if bad is not None:
        wrong.fields["drop"] = translated("{text} is no id of a record.", text=bad)
    if wrong:
        return await _listed(page, place, facts, typed, wrong)
    given = {name: value for name, value in body.items() if value is not None}
    try:
        job = await page.services.post("attribution", "/v1/replays", given, ReplayJob)
    except ServiceRefusedError as error:
        if error.status not in (422, 429):
            raise
        return await _listed(page, place, facts, typed, wrong_with(error, _FIELDS))
    return page.see_other(f"/in/{scope}/audit/replays/{job.id}")


async def replay(page: Page, scope: str, replay: str) -> Response:
    """How far a replay is, and the difference once there is one."""
    place, facts = await place_in(page, scope, ACTION)
    job = await page.services.get("attribution", f"/v1/replays/{replay}", ReplayJob)
    result: ReplayResult | None = None
    if job.state == "done":
        result = await page.services.get("attribution", f"/v1/replays/{replay}/result", ReplayResult)
    return page.render(
        "audit/replay.html", place=place, room=ROOM, facts=facts, job=job, open=job.state in OPEN,
        result=result_in_words(result, facts) if result is not None else None, states=STATES,
        changed=changed_words(page.parts.books, job), statuses=STATUSES, deals=DEALS, decisions=DECISIONS,
    )  # fmt: skip


async def remove(page: Page, scope: str, replay: str) -> Response:
    """Cancel a replay that is open, delete one that has ended."""
    await place_in(page, scope, ACTION)
    await page.services.call("attribution", "DELETE", f"/v1/replays/{replay}")
    return page.see_other(f"/in/{scope}/audit/replays", translated("The replay is cancelled, or deleted."))


async def workbook(page: Page, scope: str, replay: str) -> Response:
    """The difference as a workbook."""
    await place_in(page, scope, ACTION)
    return await passed_on(page, "attribution", f"/v1/replays/{replay}/workbook")
