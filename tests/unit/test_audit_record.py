"""What the log makes of a record of intake."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.audit.sequencing.intake_record import read_fact
from tests.rules.form import expand
from tests.support.attribution import Raw
from tests.support.sealing import MemoryVault

ENROLLED = {"staff": "li", "name": "李娜", "role": "consultant"}


def record(event: dict[str, Any], body: bytes | None = None) -> Any:
    value = json.dumps(event, ensure_ascii=False).encode() if body is None else body
    return Raw(0, event["scope"].encode(), value, [("seq", b"1")])


def enrolled(**more: Any) -> dict[str, Any]:
    event = expand({"enrol": "e1", "name": "li", "at": "03-01 08:00"})
    return event | {"scope": "demo", "data": ENROLLED | more}


@pytest.mark.parametrize(
    ("event", "clear"),
    [
        (enrolled(), False),
        (enrolled(contacts={"sms": "13900000001"}), True),
        (expand({"visit": "v1", "at": "03-01 10:00", "who": "1", "by": "li"}), True),
        (expand({"sign": "s1", "at": "03-01 10:00", "of": "d1"}), False),
        ({**enrolled(), "type": "of.another_version"}, True),
        ({**enrolled(), "data": ["no object"]}, True),
    ],
)
def test_in_clear(event: dict[str, Any], clear: bool) -> None:
    """A fact is in clear where it holds a personal text, and not because others of its type do."""
    fact = read_fact(record({"scope": "demo", **event}))
    assert fact is not None
    assert fact.clear is clear


def test_sealed() -> None:
    """What stands under seal is not in clear."""
    event = expand({"visit": "v1", "at": "03-01 10:00", "who": "1", "by": "li"})
    line = json.dumps(event, ensure_ascii=False).encode()
    fact = read_fact(record(event, MemoryVault().sealed(line)))
    assert fact is not None
    assert fact.clear is False
