"""What the system answers is typed (shared.contract.answers), and OpenAPI says no more and no less than the types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from bench.generator import take
from shared.contract import answers
from shared.rules.judge.judge import judge
from shared.rules.rulebooks.loading import load, shipped
from tests.support.answers import said_by, type_of
from tests.unit.test_openapi_documents import APPS, operations

Told = tuple[str, dict[str, Any], Any]


def told(service: str) -> Iterator[Told]:
    """Call and status, schema and example of each success in JSON that a service has of its own."""
    for name, operation in operations(APPS[service]().openapi()):
        for status, one in operation["responses"].items():
            media = one.get("content", {}).get("application/json")
            if status[0] == "2" and media is not None and "/v1/" in name:
                yield f"{name} {status}", media["schema"], media["example"]


@pytest.mark.parametrize("service", ["intake", "attribution"])
def test_every_answer_is_a_struct_of_the_contract(service: str) -> None:
    """No call has a shape that was written by hand: each refers to a type, and its example is said by it unchanged."""
    seen = 0
    for where, schema, example in told(service):
        body = msgspec.json.encode(example)
        assert said_by(type_of(schema), body) == body, where
        seen += 1
    assert seen > 3


@pytest.mark.parametrize("service", ["notifier", "registers"])
def test_services_with_types_of_their_own_answer_in_them(service: str) -> None:
    """Their calls refer to the types of their own rooms."""
    assert [where for where, schema, _ in told(service) if "$ref" not in schema] == []


def test_what_is_judged_is_said_in_the_types_that_describe_it() -> None:
    """A result is the struct of the contract down to each decision, not a dictionary that looks like one."""
    books = {(book.name, book.version): book for book in map(load, shipped())}
    found = judge((made.body for made in take(300, 2)), load("base"), books)
    assert isinstance(found, answers.JudgementResult)
    assert {type(customer) for customer in found.customers} == {answers.CustomerResult}
    made = {type(decision) for customer in found.customers for decision in customer.decisions}
    assert made == {answers.OwnershipDecision}
    assert {type(boards) for boards in found.boards.values()} == {answers.BothBoards}


@pytest.mark.parametrize("name", [name for name in answers.__all__ if name != "InstantText"])
def test_every_type_says_what_it_is(name: str) -> None:
    """Each has words of its own, which OpenAPI shows, and no field of just any value but recorded data."""
    kind = getattr(answers, name)
    assert kind.__doc__ and not kind.__doc__.startswith(f"{name}("), name
    _, schemas = msgspec.json.schema_components([kind])
    loose = [field for field, schema in schemas[name]["properties"].items() if not schema]
    assert loose == []
