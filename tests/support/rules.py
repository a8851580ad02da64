"""The live rules with a defect, for tests of what a defect stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.attribution.fold.scope_fold import Rules
from shared.rules.domain.case import Books
from shared.rules.domain.decide import decide
from shared.rules.domain.events import DomainEvent
from shared.rules.domain.facts import Fact
from shared.rules.domain.state import Slice


def fold_fact(slice_: Slice, fact: Fact, books: Books) -> list[DomainEvent]:
    """Judge a fact, and make what it changes so."""
    outcome = decide(slice_, fact, books)
    slice_.put(outcome.changes)
    return outcome.events


def failing_on(rules: Rules, seq: int, scope: str = "demo") -> Rules:
    """The rules with a defect that one fact of one scope brings out."""

    def failing(slice_: Any, fact: Any, books: Any, step: Any) -> Any:
        outcome = rules.decide(slice_, fact, books, step)
        if (fact.scope, fact.seq) == (scope, seq):
            raise ZeroDivisionError("a defect, after 13800000001 had been changed")
        return outcome

    return replace(rules, decide=failing)
