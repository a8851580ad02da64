"""Who received a visit and concealed whose the customer was cannot be the rightful one."""

from __future__ import annotations

import json
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from shared.rules.judge.reading import BadInputError
from shared.rules.rulebooks.loading import load
from tests.support.answers import result_of

BOOK = load("confirmation")
BOOKS = {(BOOK.name, BOOK.version): BOOK}


def line(name: str, at: str, type_: str, **data: Any) -> bytes:
    """An event of 1 March at this time of day."""
    told = {"id": str(uuid5(NAMESPACE_URL, name)), "type": type_, "scope": "demo", "office": "demo-office"}
    when = f"2026-03-01T{at}:00Z"
    return json.dumps(
        {**told, "actor": "desk", "occurred_at": when, "recorded_at": when, "data": data}
    ).encode()


def visit(name: str, at: str, receiver: str) -> bytes:
    party = {"name": "张伟", "phones": ["13800000001"]}
    return line(
        name, at, "visit.registered", visit="v", customer=party, received_by=receiver, capacity="on_turn"
    )


def finding(at: str, rightful: str) -> bytes:
    return line("found", at, "concealment.found", visit="v", decided_by="gao", rightful=rightful, reason="x")


def test_the_receiver_as_the_rightful_one_is_bad_input() -> None:
    """The line and the field are named, in both languages, and nothing is decided."""
    with pytest.raises(BadInputError, match=r"line 2: data\.rightful: .*receiver of that visit"):
        result_of([visit("a", "02:00", "li"), finding("03:00", "li")], BOOK, BOOKS)


def test_the_first_record_of_a_visit_says_who_received_it() -> None:
    """A duplicate says nothing of the receiver, nor does the order of the lines."""
    with pytest.raises(BadInputError, match=r"line 1: data\.rightful"):
        result_of(
            [finding("04:00", "li"), visit("b", "03:00", "wang"), visit("a", "02:00", "li")], BOOK, BOOKS
        )
    result_of([finding("04:00", "wang"), visit("b", "03:00", "wang"), visit("a", "02:00", "li")], BOOK, BOOKS)


def test_what_nobody_could_know_is_not_refused() -> None:
    """A visit that was recorded after the finding is unknown to it, whoever received it."""
    answer = result_of([finding("02:00", "li"), visit("a", "03:00", "li")], BOOK, BOOKS)
    assert [flag["flag"] for flag in answer["flags"]] == ["unknown_visit"]
