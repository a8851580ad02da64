"""`panke judge` leaves out what the journal says was set aside, and says what is wrong with all else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from shared.rules.judge.reading import BadInputError
from shared.rules.rulebooks.loading import load
from tests.support.answers import result_of

BOOK = load("shijiazhuang")
BOOKS = {(BOOK.name, BOOK.version): BOOK}


def line(number: int, **changes: Any) -> bytes:
    """A visit of one customer to one consultant, a day apart."""
    at = f"2026-03-{number:02}T02:00:00Z"
    data = {
        "visit": f"v{number}",
        "customer": {"name": "张伟", "phones": ["13800000001"]},
        "received_by": f"consultant-{number}",
        "capacity": "on_turn",
    }
    told = {"id": name(number), "type": "visit.registered", "scope": "demo", "office": "demo-office"}
    times = {"actor": "desk", "occurred_at": at, "recorded_at": at}
    return json.dumps({**told, **times, "data": data, **changes}).encode() + b"\n"


def name(number: int) -> str:
    return str(uuid5(NAMESPACE_URL, str(number)))


def aside(number: int, **changes: Any) -> bytes:
    told = {"set_aside": name(number), "reason": "a defect", "by": "chen", "at": "2026-03-09T00:00:00Z"}
    return json.dumps({**told, **changes}).encode() + b"\n"


def judged(lines: Iterable[bytes]) -> dict[str, Any]:
    return result_of(lines, BOOK, BOOKS)


def test_what_was_set_aside_is_as_if_it_had_never_been() -> None:
    """The result is that of the other lines, `as_of` included; a line that says it twice says nothing more."""
    without = judged([line(1), line(2)])
    assert judged([line(1), line(2), line(9), aside(9), aside(9)]) == without
    assert judged([line(1), line(2), line(9)]) != without


@pytest.mark.parametrize(
    "poison",
    [
        {"type": "visit.imagined"},
        {"data": {"rulebook": "ghost", "version": 1, "effective_from": "2026-03-02T00:00:00Z"}},
        {"type": "rulebook.adopted", "data": {"rulebook": "ghost", "version": 1, "effective_from": "x"}},
        {
            "type": "rulebook.adopted",
            "data": {"rulebook": "ghost", "version": 1, "effective_from": "2026-03-02T00:00:00Z"},
        },
    ],
    ids=["unknown type", "unknown field", "bad time", "unknown rulebook"],
)
def test_a_fact_that_this_version_cannot_read_can_be_set_aside(poison: dict[str, Any]) -> None:
    """What is wrong with it is told only where no later line leaves it out."""
    lines = [line(1), line(2, **poison), line(3)]
    with pytest.raises(BadInputError, match="line 2"):
        judged(lines)
    assert judged([*lines, aside(2)]) == judged([line(1), line(3)])


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([line(1), aside(2)], "line 2: set_aside"),
        ([line(1), aside(1, by=" ")], "line 2: by"),
        ([line(1), aside(1, at="yesterday")], "line 2: at"),
        ([line(1), aside(1, why="so")], "line 2: why"),
        ([line(1), aside(1, set_aside=7)], "line 2: set_aside"),
        ([line(1, type="x"), b"{\n", aside(2)], "line 1: type"),
        ([line(1, type="x"), aside(1), b"{\n"], "line 3"),
        ([line(1), line(2, type="x"), line(3, type="x"), aside(2)], "line 3: type"),
    ],
)
def test_the_first_line_that_nothing_excuses_is_named(lines: list[bytes], told: str) -> None:
    """A set-aside must name an event of the input, a reason, a person and a time."""
    with pytest.raises(BadInputError, match=told):
        judged(lines)
