"""Ids of one kind are a type of their own (shared.ids), so that the type checker lets none be taken for another."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

from shared import ids
from shared.contract import answers, decode_event
from shared.contract import events as contract
from shared.rules.domain import events, facts, state
from shared.rules.judge.translate import to_fact

KINDS = {
    "scope": ids.ScopeId, "office": ids.OfficeId, "event": ids.EventId, "staff": ids.StaffId, "owner": ids.StaffId,
    "previous": ids.StaffId, "received_by": ids.StaffId, "closed_by": ids.StaffId, "actor": ids.StaffId,
    "visit": ids.VisitId, "deal": ids.DealId, "dispute": ids.DisputeId, "contacts": ids.Contact,
    "because": ids.EventId,
}  # fmt: skip
"""What a field is that has this name, and holds no struct or mapping."""


def named_in(hint: Any) -> set[Any]:
    """The types that a hint is made of."""
    return {hint}.union(*(named_in(part) for part in get_args(hint)))


MASKED = ["LookupAnswer.contacts: Contact"]
"""What is masked is no contact any more."""


@pytest.mark.parametrize(
    "module", [contract, facts, state, events, answers], ids=lambda module: module.__name__
)
def test_a_field_that_holds_an_id_says_of_what(module: ModuleType) -> None:
    """No field that is called as an id is holds just any text."""
    loose = []
    for name, kind in inspect.getmembers(
        module, lambda one: isinstance(one, type) and issubclass(one, msgspec.Struct)
    ):
        hints = get_type_hints(kind)
        for field, wanted in KINDS.items():
            found = named_in(hints.get(field, int))
            if str in found and dict not in {getattr(one, "__origin__", None) for one in found}:
                loose.append(f"{name}.{field}: {wanted.__name__}")
    assert [field for field in loose if field not in MASKED] == []


def test_an_id_costs_nothing_when_it_runs() -> None:
    """An id is the text that it was on the wire, in the fact that the rules look at too."""
    raw = (
        b'{"id":"018F3C5E-0000-7000-8000-000000000001","type":"deal.signed","scope":"demo","office":"hall",'
        b'"actor":"li","occurred_at":"2026-03-01T02:00:00Z","recorded_at":"2026-03-01T02:00:00Z",'
        b'"data":{"deal":"d1"}}'
    )
    event = decode_event(raw, recorded=True)
    fact = to_fact(event, 1)
    assert type(event.id) is type(fact.scope) is str
    assert fact.matter == facts.Signing(ids.DealId("d1"))
