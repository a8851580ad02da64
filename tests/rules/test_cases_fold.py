"""The cases of the rules once more, folded as the live system folds them: from slices, and from events alone.

A rule that looks at what its fact did not ask for, or changes a record without an event, decides the same in
memory and something else from a database; the cases reach corners that drawn streams rarely do.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shared.contract import Event, decode_event
from shared.rules.domain.decide import new_scope
from shared.rules.domain.evolve import apply
from shared.rules.domain.state import Customer, CustomerRef, Key, Slice
from shared.rules.judge.history import DecisionHistory
from shared.rules.judge.reading import in_order
from shared.rules.judge.translate import to_fact
from tests.property.test_rules_fold import Guarded, asked
from tests.rules.form import Case, books, enrolments, expand, read_cases, rulebook
from tests.support.rules import fold_fact


def events_of(case: Case) -> dict[str, list[Event]]:
    """The events of a case in recorded order, scope by scope."""
    said = [*enrolments(), *case.said["events"]]
    lines = [json.dumps(expand(event), ensure_ascii=False).encode() for event in said]
    scopes: dict[str, list[Event]] = {}
    for event in in_order((decode_event(line, recorded=True) for line in lines), None):
        scopes.setdefault(event.scope, []).append(event)
    return scopes


def pointers(slice_: Slice) -> dict[Key, str]:
    """Where the contacts, visits and deals of the customers belong."""
    found: dict[Key, str] = {}
    for record in slice_.values():
        if isinstance(record, Customer):
            found |= {Key("contact", contact): record.id for contact in record.contacts}
            found |= {Key("visit", reception.visit): record.id for reception in record.receptions}
            found |= {Key("deal", deal.deal): record.id for deal in record.deals}
    return found


def clauses(slice_: Slice) -> dict[str, str]:
    """The clause that each customer's record keeps, for who asks without its history."""
    customers = [record for record in slice_.values() if isinstance(record, Customer)]
    return {customer.id: customer.clause for customer in customers if customer.clause is not None}


def last_clauses(history: DecisionHistory) -> dict[str, str]:
    """The clause of the last decision of each customer, by its time and then as it was made."""
    told = {customer: [decision for _, decision in made] for customer, made in history.decisions.items()}
    return {name: sorted(made, key=lambda d: d.at)[-1].clause for name, made in told.items() if made}


@pytest.mark.parametrize("case", read_cases(), ids=str)
def test_a_case_folds_from_slices_and_from_events(case: Case, tmp_path: Path) -> None:
    """A fact needs nothing but the records it asked for, and the events it causes tell every change."""
    book = rulebook(case, tmp_path)
    known = {**books(), (book.name, book.version): book}
    for scope, events in events_of(case).items():
        whole, told = (new_scope(scope, (book.name, book.version), book.timezone.key) for _ in range(2))
        history = DecisionHistory()
        for number, event in enumerate(events, start=1):
            fact = to_fact(event, number, None)
            part = Guarded(whole, asked(fact, whole))
            loaded = set(part)
            decided = fold_fact(whole, fact, known)
            assert fold_fact(part, fact, known) == decided
            assert all(whole[key] == part[key] for key in part)
            assert not any(key in whole for key in loaded - part.keys())
            history.add(number, decided)
            for made in decided:
                apply(told, made)
        assert told == whole
        assert clauses(whole) == last_clauses(history)
        assert {k: r.customer for k, r in whole.items() if isinstance(r, CustomerRef)} == pointers(whole)
