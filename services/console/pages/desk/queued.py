"""Entries that waited in a browser while the connection was down: each recorded once, as of when it happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.page import Page, PageRequest
from services.console.frame.recording import TAKEN, FormEntry
from services.console.frame.refused import wrong_with
from services.console.frame.words import in_language, line_in
from services.console.pages.desk.desk_page import DeskRoom
from services.console.pages.desk.entry import entry_of
from services.console.pages.desk.outcome import EntryOutcome
from services.console.pages.desk.registering import TypedEntry, handed_in, kind_of
from shared.contract import format_instant, parse_instant
from shared.contract.errors import BadEvent
from shared.i18n import Text, translated


class QueuedAnswer(Struct, frozen=True, kw_only=True):
    """What became of an entry that waited: recorded, with whose the customer is in words; or refused, with what is
    wrong by field."""

    recorded: bool
    told: str
    fields: dict[str, str] = {}


async def queued(page: Page, scope: str, office: str) -> Response:
    """Record an entry that was made without a connection."""
    room = await DeskRoom.of(page, scope, office)
    form = await page.form()
    typed = waited(form, page.now)
    if typed.wrong:
        return _answer(refused_of(page, typed.wrong), 422)
    try:
        outcome = await handed_in(room, typed)
    except ServiceRefusedError as error:
        if error.status == TAKEN:
            told = translated("It is recorded already, with other content: look whether both are meant.")
            return _answer(QueuedAnswer(recorded=False, told=str(in_language(page.language, told))), TAKEN)
        if not error.errors and error.status != 403:
            raise
        return _answer(refused_of(page, wrong_with(error, typed.said.fields)), 422)
    return _answer(
        QueuedAnswer(recorded=True, told=str(in_language(page.language, in_short(room, outcome)))), 200
    )


def waited(form: Form, now: datetime) -> TypedEntry:
    """What a form says that waited: it happened when it was kept, be that another day."""
    wrong = Wrong()
    try:
        event = str(UUID(form["event"]))
    except ValueError:
        event = ""
        wrong.whole.append(translated("The entry has no id: enter it anew."))
    try:
        at = min(parse_instant(form["at"]), now + timedelta(minutes=1))
    except BadEvent:
        at = now
        wrong.whole.append(translated("The entry does not say when it happened: enter it anew."))
    entry = FormEntry(event, format_instant(at))
    return TypedEntry(form, entry, entry_of(kind_of(form), form, event, wrong), wrong)


def in_short(room: DeskRoom, outcome: EntryOutcome) -> Text:
    """Whose the customer is, on one line."""
    if outcome.owner:
        return translated("Recorded: the customer is {owner}'s.", owner=room.floor.name(outcome.owner))
    if outcome.found is not None and outcome.found.answer is None:
        return translated("Recorded; whose customer it is cannot be told at the moment.")
    return translated("Recorded: the customer is nobody's yet.")


def refused_of(page: PageRequest, wrong: Wrong) -> QueuedAnswer:
    """What is wrong, in the language of the page."""

    def said(words: Text | str) -> str:
        return (
            line_in(page.language, words)
            if isinstance(words, str)
            else str(in_language(page.language, words))
        )

    fields = {name: said(words) for name, words in wrong.fields.items()}
    told = [said(words) for words in wrong.whole] or list(fields.values())
    return QueuedAnswer(recorded=False, told=" ".join(told), fields=fields)


def _answer(told: QueuedAnswer, status: int) -> Response:
    return Response(msgspec.json.encode(told), status, media_type="application/json")
