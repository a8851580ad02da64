"""Households that were recorded before their relation counted."""

from __future__ import annotations

import json

from msgspec.structs import replace

from shared.contract import decode_event
from shared.rules.domain.decide import new_scope
from shared.rules.domain.facts import HouseholdLink
from shared.rules.domain.state import Customer
from shared.rules.judge.translate import to_fact
from shared.rules.rulebooks.loading import load
from tests.rules.form import expand
from tests.support.rules import fold_fact

EVENTS = (
    {"visit": "v1", "at": "03-01 10:00", "who": 1, "by": "li"},
    {"visit": "v2", "at": "03-01 11:00", "who": 2, "by": "wang"},
    {"household": "h1", "at": "03-02 10:00", "members": [1, 2], "relation": "other"},
)


def customers(*, kept_before: bool) -> int:
    """How many customers there are after a link of a relation that the book does not list."""
    book = load("confirmation")
    scope = new_scope("demo", (book.name, book.version), book.timezone.key)
    for number, event in enumerate(EVENTS, start=1):
        fact = to_fact(decode_event(json.dumps(expand(event)).encode(), recorded=True), number, None)
        if kept_before and isinstance(fact.matter, HouseholdLink):
            fact = replace(fact, matter=replace(fact.matter, relation=None))
        fold_fact(scope, fact, {(book.name, book.version): book})
    return sum(isinstance(record, Customer) for record in scope.values())


def test_a_link_that_was_kept_before_its_relation_counted_counts() -> None:
    """A household kept without a relation joins, whatever the book lists; one with another relation does not."""
    assert customers(kept_before=True) == 1
    assert customers(kept_before=False) == 2
