"""A rulebook that is being drafted, tried on past facts: what is wrong with it by line, or a replay under it."""

from __future__ import annotations

from itertools import dropwhile
from typing import Annotated, Any, Final

from fastapi import Query
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.frame.forms import Form, Wrong
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.refused import wrong_with
from services.console.frame.scope_pages import place_in
from services.console.frame.typed_times import typed_instant
from services.console.pages.rulebook.in_force import ROOM
from shared.contract.answers.replays import ReplayJob
from shared.i18n import Text, translated
from shared.platform.officefile.errors import OfficeFileError
from shared.rules.rulebooks.loading import book_of_texts
from shared.rules.rulebooks.mistake_words import mistake_words
from shared.rules.rulebooks.registry import Registry, UnknownNamedError
from shared.rules.rulebooks.sheet import read_sheet

ACTION: Final = "page.rulebook_trial"
DRAFT: Final = "draft.yaml"
MOST: Final = 262_144
_FIELDS: Final = {"draft": "draft", "body.draft": "draft", "as_of": "as_of", "known_at": "known_at"}
From = Annotated[str, Query(max_length=80, alias="from")]


class DraftMistake(Struct, frozen=True):
    """What is wrong with a draft: where, and why in words."""

    line: int
    column: int
    key: str
    words: Text
    text: str


async def trial(page: Page, scope: str, source: From = "") -> Response:
    """A form for a draft, with the text of a known book in it where one was chosen."""
    place, facts = await place_in(page, scope, ACTION)
    draft = ""
    if source:
        name, _, version = source.partition("@")
        book = page.parts.books.book(name, int(version) if version.isdecimal() else None)
        draft = without_head(book.texts[-1].decode()) if book is not None else ""
    return _shown(page, place, facts, Form({"draft": [draft], "source": [source]}), Wrong(), None)


def without_head(text: str) -> str:
    """A file without the comments with which it begins: they are for who keeps it, and not for who drafts another."""
    lines = text.splitlines(keepends=True)
    return "".join(dropwhile(lambda line: not line.strip() or line.startswith("#"), lines))


def _shown(
    page: PageRequest,
    place: OfficePlace,
    facts: SeenScope,
    form: Form,
    wrong: Wrong,
    mistake: DraftMistake | None,
) -> Response:
    books = page.parts.books.rulebooks.books
    options = [
        (f"{name}@{version}", page.parts.books.title(name, version)) for name, version in sorted(books)
    ]
    return page.render(
        "rulebook/trial.html", status=422 if wrong or mistake else 200, place=place, room=ROOM, facts=facts, form=form,
        place_of=where, draft=form.raw("draft"), wrong=wrong, mistake=mistake, options=options,
    )  # fmt: skip


async def try_draft(page: Page, scope: str) -> Response:
    """Judge the past under the draft; on to the page of the replay, which tells the difference."""
    place, facts = await place_in(page, scope, ACTION)
    form, wrong = await page.form(), Wrong()
    draft = form.raw("draft")
    body: dict[str, Any] = {
        "scope": scope, "draft": draft,
        "as_of": typed_instant("as_of", form["as_of"], facts.zone, wrong),
        "known_at": typed_instant("known_at", form["known_at"], facts.zone, wrong),
    }  # fmt: skip
    mistake = mistake_in(draft, page.parts.books.rulebooks)
    if mistake is not None or wrong:
        return _shown(page, place, facts, form, wrong, mistake)
    try:
        given = {name: value for name, value in body.items() if value is not None}
        job = await page.services.post("attribution", "/v1/replays", given, ReplayJob)
    except ServiceRefusedError as error:
        if error.status not in (422, 429):
            raise
        return _shown(page, place, facts, form, wrong_with(error, _FIELDS), None)
    return page.see_other(
        f"/in/{scope}/audit/replays/{job.id}", translated("The draft is good. The past is judged under it.")
    )


def mistake_in(draft: str, registry: Registry) -> DraftMistake | None:
    """The first thing that is wrong with a draft, by line and key; None of one that may be tried."""
    raw = draft.encode()
    try:
        if len(raw) > MOST:
            raise OfficeFileError(DRAFT, 1, "", "the text is too long")
        sheet = read_sheet(raw, DRAFT)
        parents: tuple[bytes, ...] = ()
        if sheet.extends is not None:
            parents = _parents(registry, str(sheet.extends.value), sheet.extends.line)
        book_of_texts([*parents, raw], DRAFT)
    except OfficeFileError as error:
        lines = draft.splitlines()
        text = lines[error.line - 1] if 0 < error.line <= len(lines) else ""
        return DraftMistake(error.line, _column(error, text), error.key, mistake_words(error.reason), text)
    return None


def _column(error: OfficeFileError, text: str) -> int:
    """Where on the line: what the reader says, else where its key begins, or the line itself."""
    if error.column is not None:
        return error.column
    at = text.find(error.key.rpartition(".")[2]) if error.key else -1
    return (at if at >= 0 else len(text) - len(text.lstrip())) + 1


def _parents(registry: Registry, name: str, line: int) -> tuple[bytes, ...]:
    try:
        return registry.known(name).texts
    except UnknownNamedError:
        raise OfficeFileError(DRAFT, line, "extends", f"no rulebook {name} is known") from None


def where(mistake: DraftMistake) -> Text:
    """The place of a mistake as people look for it."""
    if not mistake.key:
        return translated("Line {line}, column {column}", line=mistake.line, column=mistake.column)
    return translated(
        "Line {line}, column {column}, {key}", line=mistake.line, column=mistake.column, key=mistake.key
    )
