"""The published schemas say what the decoder does, and are current."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.contract import DATA_TYPES, RULES, BadEvent, decode_event
from shared.contract.documents import documents
from shared.contract.schema import event_schema, http_event_schemas, problem_schema
from shared.contract.topics import Topics
from tests.support.contract import envelope

PUBLISHED = Path(__file__).parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("name", documents())
def test_published_documents_are_current(name: str) -> None:
    """What is published is what `python -m shared.contract.documents docs/schemas` writes today."""
    assert (PUBLISHED / name).read_text(encoding="utf-8") == documents()[name]


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_schemas_accept_what_the_decoder_accepts(event_type: str) -> None:
    """A sound event is valid under the schema of its type, which is a schema of draft 2020-12."""
    schema = event_schema(event_type)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(envelope(event_type))


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "Demo"},
        {"occurred_at": "2026-03-01T10:00:00"},
        {"extra": 1},
        {"data": {"extra": 1}},
        {"data": {"capacity": "boss"}},
        {"data": {"customer": {"phones": [1]}}},
        {"data": {"present": ["li"] * 101}},
    ],
)
def test_schemas_refuse_what_the_decoder_refuses(changes: dict[str, Any]) -> None:
    """Strangers, wrong types, patterns and sizes are refused by the schema too."""
    validator = jsonschema.Draft202012Validator(event_schema("visit.registered"))
    assert not validator.is_valid(envelope(**changes))


@pytest.mark.parametrize(
    ("event_type", "data"),
    [
        ("visit.registered", {"customer": {"name": "x" * 201}}),
        ("followup.recorded", {"met": ["x" * 201]}),
        ("staff.enrolled", {"contacts": {"email": "x" * 321}}),
        ("staff.enrolled", {"contacts": {"sms": "1" * 65}}),
    ],
)
def test_what_a_client_sends_is_no_longer_than_it_may_be_typed(event_type: str, data: dict[str, Any]) -> None:
    """Under seal a text may be longer, which the schema of what is stored allows, and that of HTTP does not."""
    event, sound = envelope(event_type, data=data), envelope(event_type)
    del event["recorded_at"], sound["recorded_at"]
    with pytest.raises(BadEvent) as refused:
        decode_event(json.dumps(event).encode(), recorded=False)
    assert refused.value.rule == "length"
    sent = {"$ref": "#/$defs/Event", "$defs": http_event_schemas("#/$defs/{name}")}
    assert not jsonschema.Draft202012Validator(sent).is_valid(event)
    assert jsonschema.Draft202012Validator(event_schema(event_type)).is_valid(event)
    assert jsonschema.Draft202012Validator(sent).is_valid(sound)


def test_no_schema_of_an_event_allows_null() -> None:
    """An optional field is left out, never null."""
    assert '"null"' not in json.dumps([event_schema(name) for name in DATA_TYPES])


def test_only_registrations_can_be_carried() -> None:
    """`carried` is a field of visits, calls and outreach alone."""
    carrying = {name for name in DATA_TYPES if "carried" in event_schema(name)["properties"]}
    assert carrying == {"visit.registered", "call.registered", "outreach.registered"}


def test_the_problem_schema_names_every_rule() -> None:
    """A client finds every rule that a refusal may name."""
    text = json.dumps(problem_schema())
    assert all(rule in text for rule in RULES)


def test_asyncapi_has_the_topics_and_no_dangling_reference() -> None:
    """The document names each topic, and everything it refers to within itself is there."""
    document = yaml.safe_load(documents()["asyncapi.yaml"])
    topics = Topics()
    addresses = {channel["address"] for channel in document["channels"].values()}
    told = {topics.intake_watermark, topics.ownership_watermark}
    assert addresses == {topics.intake, topics.ownership, topics.dead, topics.log} | told
    for reference in _references(document):
        if reference.startswith("#/"):
            node: Any = document
            for part in reference[2:].split("/"):
                node = node[part]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []
