"""The pure rules as the live fold takes them: the domain's functions, the books that may be adopted, the engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import metadata

from services.attribution.domain.case import Books, book_at
from services.attribution.domain.decide import decide, sweep
from services.attribution.domain.events import DomainEvent
from services.attribution.domain.facts import Fact
from services.attribution.domain.needs import needs
from services.attribution.domain.rulebook import Rulebook
from services.attribution.domain.state import BookId, Slice
from services.attribution.folding.folder import Rules
from services.attribution.judging.translate import to_fact
from services.attribution.rulebooks.loading import Registry, load_book


def live_rules(registry: Registry) -> Rules:
    """What decides in this deployment."""
    return Rules(
        translate=to_fact,
        needs=needs,
        decide=_decide,
        sweep=sweep,
        book_at=book_at,
        books=known_books(registry),
        text_of=_text_of,
        engine=metadata.version("panke"),
    )


def known_books(registry: Registry) -> dict[BookId, Rulebook]:
    """Every rulebook that may be adopted, by name and version."""
    found = {}
    for name, versions in registry.known().items():
        for version in versions:
            book = registry.find(name, version)
            if book is not None:
                found[name, version] = book
    return found


def _decide(slice_: Slice, fact: Fact, books: Mapping[BookId, Rulebook]) -> list[DomainEvent]:
    """Live, nothing lies after the horizon: time comes in with the facts."""
    horizon: datetime | None = None
    known: Books = books
    return decide(slice_, fact, known, horizon)


def _text_of(book: BookId) -> bytes:
    """The bytes over which the rulebook's digest is made: its chain, root first."""
    return b"".join(load_book(book[0]).texts)
