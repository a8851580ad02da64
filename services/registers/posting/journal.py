"""The registers of one scope from exported events, offline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from services.registers.model.registers import Registers
from services.registers.posting.posting import Posting
from shared.contract import Event
from shared.ids import ScopeId
from shared.rules.domain.case import Books
from shared.rules.domain.rulebook import Rulebook
from shared.rules.judge.judge import with_book


def post_journal(
    events: Iterable[Event], scope: ScopeId, book: Rulebook, books: Books, until: datetime
) -> Registers:
    """Post the events of a scope, which are in recorded order, and let claims lapse up to `until`."""
    posting = Posting(scope, book, with_book(books, book))
    for event in events:
        if event.scope == scope:
            posting.post(event)
    return posting.finish(until)
