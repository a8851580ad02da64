"""The live rules with a defect, for tests of what a defect stops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.attribution.fold.scope_fold import Rules


def failing_on(rules: Rules, seq: int, scope: str = "demo") -> Rules:
    """The rules with a defect that one fact of one scope brings out."""

    def decide(slice_: Any, fact: Any, books: Any, step: Any) -> Any:
        events = rules.decide(slice_, fact, books, step)
        if (fact.scope, fact.seq) == (scope, seq):
            raise ZeroDivisionError("a defect, after 13800000001 had been changed")
        return events

    return replace(rules, decide=decide)
