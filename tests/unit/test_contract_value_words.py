"""Each value of a closed list is called in words wherever a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import pytest
from msgspec import Struct
from msgspec.structs import fields

from shared.contract import DATA_TYPES
from shared.contract.topics import ClaimStatus, DealStatus, Decision
from shared.contract.value_words import value_word
from shared.i18n import Text
from shared.rules.domain.facts import Basis


def _choices(name: str, kind: Any) -> Iterator[tuple[str, object]]:
    """The closed lists of a type: each field with each of its values."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        for field in fields(kind):
            yield from _choices(field.encode_name, field.type)
    elif get_origin(kind) is Literal:
        yield from ((name, value) for value in get_args(kind))
    else:
        for part in get_args(kind):
            yield from _choices(name, part)


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_every_value_of_a_closed_list_has_a_word(event_type: str) -> None:
    """So that nobody reads a word of the contract in a report, a workbook, a copy of their data or a page."""
    choices = [one for one in _choices("data", DATA_TYPES[event_type]) if one[0] != "role"]
    assert [one for one in choices if value_word(*one) is None] == []


@pytest.mark.parametrize(
    ("field", "values"),
    [("decision", Decision), ("status", ClaimStatus), ("status", DealStatus), ("basis", Basis)],
)
def test_whatever_is_decided_has_a_word(field: str, values: Any) -> None:
    assert [one for one in get_args(values) if value_word(field, one) is None] == []


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        ("method", "phone", Text("电话", "phone")),
        ("kind", "reception", Text("接待", "reception")),
        ("data.items[2].verdict", "stale", Text("过时", "stale")),
        ("answers.greeted", 1, Text("是", "yes")),
        ("reached", False, Text("否", "no")),
        ("cleared[0]", "next_on", Text("下次回访", "next contact")),
    ],
)
def test_a_value_is_called_by_the_field_that_it_stands_in(path: str, value: object, word: Text) -> None:
    assert value_word(path, value) == word


@pytest.mark.parametrize(
    ("path", "value"),
    [("notes", "phone"), ("method", "smoke signals"), ("party_size", 1), ("cleared", "no_such")],
)
def test_what_is_on_no_list_has_no_word(path: str, value: object) -> None:
    """It stands there as it is."""
    assert value_word(path, value) is None
