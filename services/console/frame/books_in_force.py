"""The rulebook by which a scope is judged, as far as it ships: who may rule, whose approvals it wants, its words."""

from __future__ import annotations

from functools import cache

from shared.contract.answers.scopes import ScopeAnswer
from shared.i18n import Text
from shared.platform.officefile.errors import OfficeFileError
from shared.rules.domain.rulebook import Clause, Rulebook
from shared.rules.rulebooks.loading import load_book, shipped


def book_in_force(scope: ScopeAnswer) -> Rulebook | None:
    """The scope's rulebook; None for one of the office's own folder, of which only the services have the text."""
    return _book(scope.rulebook.name, scope.rulebook.version)


def clause_words(book: Rulebook | None, clause: str) -> Text | None:
    """The words of a clause; None where the book has none of that name."""
    own = book.clauses.get(Clause(clause)) if book is not None else None
    if own is not None:
        return own
    base = _latest("base")
    return base.clauses.get(Clause(clause)) if base is not None else None


@cache
def _book(name: str, version: int) -> Rulebook | None:
    found = _latest(name) if name in shipped() else None
    return found if found is not None and found.version == version else None


@cache
def _latest(name: str) -> Rulebook | None:
    try:
        return load_book(name).rulebook
    except OfficeFileError:
        return None
