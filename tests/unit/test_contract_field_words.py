"""Each field of an event is called in words, also where a person reads it outside a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from msgspec import Struct
from msgspec.structs import fields

from shared.contract import DATA_TYPES
from shared.contract.field_words import field_word
from shared.i18n import Text


def _names(kind: Any) -> Iterator[str]:
    """The names of the fields of a type, and of what stands in them."""
    if isinstance(kind, type) and issubclass(kind, Struct):
        for field in fields(kind):
            yield field.encode_name
            yield from _names(field.type)
    else:
        for part in get_args(kind):
            yield from _names(part)


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_every_field_of_an_event_has_a_word(event_type: str) -> None:
    """So that nobody reads a name of the contract in a report, a copy of their data or a page."""
    assert [name for name in _names(DATA_TYPES[event_type]) if field_word(name) is None] == []


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("customer.phones[1]", Text("电话", "phones")),
        ("title", Text("标题", "title")),
        ("set.title", Text("职务", "position")),
        ("data.set.title", Text("职务", "position")),
        ("home_district", Text("居住区域", "district of the home")),
    ],
)
def test_a_path_is_called_by_its_last_name(path: str, word: Text) -> None:
    """What a profile says of a person is not what a paper is called."""
    assert field_word(path) == word


def test_what_is_no_field_has_no_word() -> None:
    """It stands there as it is."""
    assert field_word("customer.phone_number") is None
