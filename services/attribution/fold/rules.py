"""The pure rules as the live fold takes them: the domain's functions, the books that may be adopted, the engine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib import metadata

from services.attribution.fold.scope_fold import Rules
from shared.rules.domain.case import Books, Step, book_at, unheard
from shared.rules.domain.decide import Outcome, decide, release_some, sweep
from shared.rules.domain.facts import Fact
from shared.rules.domain.needs import needs
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId, Slice
from shared.rules.judge.translate import to_fact
from shared.rules.rulebooks.registry import Registry


def live_rules(registry: Registry) -> Rules:
    """What decides in this deployment."""
    return Rules(
        translate=to_fact,
        needs=needs,
        decide=_decide,
        sweep=sweep,
        release_some=release_some,
        book_at=book_at,
        books=registry.books,
        texts_of=registry.texts_of,
        engine=metadata.version("panke"),
    )


def _decide(slice_: Slice, fact: Fact, books: Mapping[BookId, Rulebook], step: Step = unheard) -> Outcome:
    """Live, nothing lies after the horizon: time comes in with the facts."""
    horizon: datetime | None = None
    known: Books = books
    return decide(slice_, fact, known, horizon, step)
