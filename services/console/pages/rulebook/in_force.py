"""The rulebook by which a scope is judged, the others that may be adopted, and the scheme of its registers."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path
from msgspec import Struct
from starlette.responses import Response

from services.console.asking.refusals import ServiceRefusedError
from services.console.asking.registers_answers import ShownScheme
from services.console.frame.page import Page, PageRequest
from services.console.frame.place_facts import SeenScope
from services.console.frame.scope_pages import place_in
from services.console.pages.rulebook.book_words import book_difference, book_view
from services.console.pages.rulebook.scheme_words import scheme_view
from shared.contract.answers.scopes import RulebooksAnswer, RulebookText
from shared.i18n import Text, bilingual
from shared.platform.http.problem import ProblemError
from shared.rules.rulebooks.loading import Book

ROOM: Final = "rulebook"
ACTION: Final = "page.rulebook"
_REGISTERS: Final = ("visits", "customers", "deals")
"""Any of these says by which scheme an office's registers go; not every role reads each."""
BookName = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}@[0-9]{1,7}$")]


class OfferedBook(Struct, frozen=True):
    """A rulebook that may be adopted."""

    name: str
    version: int
    title: Text
    in_force: bool

    @property
    def path(self) -> str:
        return f"{self.name}@{self.version}"


async def rulebook(page: Page, scope: str) -> Response:
    """The rulebook in force in words, since when, and the others."""
    place, facts = await place_in(page, scope, ACTION)
    known = await _known(page)
    book = book_in_use(page, facts, known)
    return page.render(
        "rulebook/in_force.html", place=place, room=ROOM, facts=facts, told=facts.scope.rulebook,
        view=book_view(book) if book is not None else None, offered=_offered(page, facts, known),
        adoptions=list(reversed(facts.scope.adoptions)), title_of=page.parts.books.title,
        may_try=page.may("page.rulebook_trial", place),
    )  # fmt: skip


async def _known(page: PageRequest) -> list[RulebookText]:
    return (await page.services.get("attribution", "/v1/rulebooks", RulebooksAnswer)).rulebooks


def book_in_use(page: PageRequest, facts: SeenScope, known: list[RulebookText]) -> Book | None:
    """The text by which the scope is judged, by the digest that attribution names; None where it is not here."""
    force = facts.scope.rulebook
    return _text(page, force.name, force.version, known)


def _text(page: PageRequest, name: str, version: int, known: list[RulebookText]) -> Book | None:
    digest = next((one.sha256 for one in known if (one.rulebook, one.version) == (name, version)), "")
    return page.parts.books.book(name, version, digest)


def _offered(page: PageRequest, facts: SeenScope, known: list[RulebookText]) -> list[OfferedBook]:
    force = (facts.scope.rulebook.name, facts.scope.rulebook.version)
    return [
        OfferedBook(name, version, page.parts.books.title(name, version), force == (name, version))
        for name, version in ((one.rulebook, one.version) for one in known)
    ]


async def one_book(page: Page, scope: str, book: BookName) -> Response:
    """Another rulebook in words, and what it does otherwise than the one in force."""
    place, facts = await place_in(page, scope, ACTION)
    known = await _known(page)
    name, _, version = book.partition("@")
    shown, force = _text(page, name, int(version), known), book_in_use(page, facts, known)
    if shown is None:
        raise ProblemError(404, bilingual("the text of this rulebook is not here"))
    differs = book_difference(force, shown) if force is not None else None
    return page.render(
        "rulebook/book.html", place=place, room=ROOM, facts=facts, view=book_view(shown), differs=differs,
        force=book_view(force) if force is not None else None, may_try=page.may("page.rulebook_trial", place),
    )  # fmt: skip


async def scheme(page: Page, scope: str) -> Response:
    """By which scheme the registers of each office go, in words."""
    place, facts = await place_in(page, scope, ACTION)
    offices = [(office, await _scheme_of(page, office)) for office in facts.scope.offices]
    told = [(office, said, page.parts.books.scheme(said)) for office, said in offices if said is not None]
    return page.render(
        "rulebook/scheme.html", place=place, room=ROOM, facts=facts,
        schemes=[(office, said, one, scheme_view(one) if one is not None else []) for office, said, one in told],
    )  # fmt: skip


async def _scheme_of(page: PageRequest, office: str) -> str | None:
    """As a register of the office names it; None where the caller reads none of them."""
    for register in _REGISTERS:
        try:
            path = f"/v1/offices/{office}/registers/{register}"
            return (await page.services.get("registers", path, ShownScheme, limit=1)).scheme
        except ServiceRefusedError as error:
            if error.status not in (403, 404):
                raise
    return None
