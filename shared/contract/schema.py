"""JSON Schema of every event made from the models, for those who write clients.

A schema says what a document may look like; what it cannot say (duplicate keys, sums, clocks) the decoder
refuses.
"""

import inspect
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from shared.contract.errors import RULES
from shared.contract.events import DATA_TYPES, CallRegistered, Carried, OutreachRegistered, VisitRegistered
from shared.contract.fields import (
    ID_PATTERN,
    ID_SCHEMA_PATTERN,
    TYPED,
    EventId,
    OfficeId,
    ScopeId,
    StaffId,
)
from shared.contract.personal import personal_texts
from shared.contract.sealed import Sealed
from shared.contract.times import RFC_3339, Instant

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
INSTANT: Final = {"type": "string", "format": "date-time", "pattern": RFC_3339}
_REGISTRATIONS: Final = (VisitRegistered, CallRegistered, OutreachRegistered)

Schema = dict[str, Any]


def schemas_of(
    types: Iterable[Any], template: str = "#/$defs/{name}", *, nullable: bool = False
) -> tuple[list[Schema], dict[str, Schema]]:
    """The schemas of models, and what they refer to; without `nullable`, nothing in them is ever null."""
    made, defs = msgspec.json.schema_components(list(types), schema_hook=_hook, ref_template=template)
    if nullable:
        return list(made), defs
    return [_cleaned(one) for one in made], {name: _cleaned(one) for name, one in defs.items()}


def _hook(kind: type) -> Schema:
    if kind is Instant:
        return dict(INSTANT)
    raise NotImplementedError(kind)


def _cleaned(node: Any) -> Any:
    """Without null, which the contract refuses: an optional field is left out instead."""
    if isinstance(node, list):
        return [_cleaned(item) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("description"), str):
        node = {**node, "description": inspect.cleandoc(node["description"])}
    cleaned = {k: _cleaned(v) for k, v in node.items() if not (k == "default" and v is None)}
    if cleaned.get("pattern") == ID_PATTERN:
        cleaned["pattern"] = ID_SCHEMA_PATTERN
    choices = [choice for choice in cleaned.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1 and "anyOf" in cleaned:
        del cleaned["anyOf"]
        return {**choices[0], **cleaned}
    if None in cleaned.get("enum", ()):
        cleaned["enum"] = [value for value in cleaned["enum"] if value is not None]
    return cleaned


def event_schema(event_type: str, template: str = "#/$defs/{name}") -> Schema:
    """The schema of one event type, envelope and data, complete in itself."""
    model = DATA_TYPES[event_type]
    carries = model in _REGISTRATIONS
    under_seal = [Sealed] if personal_texts(event_type) else []
    parts = [EventId, ScopeId, OfficeId, StaffId, model, *under_seal, *([Carried] if carries else [])]
    (id_, scope, office, staff, data, *others), defs = schemas_of(parts, template)
    properties: Schema = {
        "id": id_,
        "type": {"const": event_type},
        "scope": scope,
        "office": office,
        "actor": staff,
        "occurred_at": dict(INSTANT),
        "recorded_at": {**INSTANT, "description": "UTC; stamped by intake, never given over HTTP"},
        "data": data,
    }
    if carries:
        properties["carried"] = others[-1]
    if under_seal:
        properties["sealed"] = others[0] | {"description": "never given over HTTP, where intake seals"}
    return {
        "$schema": DIALECT,
        "title": event_type,
        "type": "object",
        "properties": properties,
        "required": ["id", "type", "scope", "office", "actor", "occurred_at", "data"],
        "additionalProperties": False,
        "$defs": defs,
    }


def envelope_schema() -> Schema:
    """Any event of the contract: one of the schemas beside this one."""
    return {
        "$schema": DIALECT,
        "title": "event",
        "type": "object",
        "properties": {"type": {"enum": list(DATA_TYPES)}},
        "required": ["type"],
        "oneOf": [{"$ref": f"{event_type}.json"} for event_type in DATA_TYPES],
    }


def http_event_schemas(template: str) -> dict[str, Schema]:
    """Any event as a client sends it, under `Event`, and what that refers to by `template`, for OpenAPI."""
    found: dict[str, Schema] = {}
    for event_type in DATA_TYPES:
        schema = event_schema(event_type, template)
        found |= {name: _typed(one) for name, one in schema.pop("$defs").items() if name != Sealed.__name__}
        for stamped in ("recorded_at", "carried", "sealed"):
            schema["properties"].pop(stamped, None)
        name = _component(event_type)
        found[name] = {key: value for key, value in schema.items() if key != "$schema"} | {"title": name}
    refs = {event_type: template.format(name=_component(event_type)) for event_type in DATA_TYPES}
    found["Event"] = {
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": "type", "mapping": refs},
    }
    return found


def _typed(node: Any) -> Any:
    """As a client writes it: nothing is under seal yet, and texts are no longer than they may be typed."""
    if isinstance(node, list):
        return [_typed(item) for item in node]
    if not isinstance(node, dict):
        return node
    limit = {"maxLength": node[TYPED]} if TYPED in node else {}
    return {name: _typed(value) for name, value in node.items() if name != TYPED} | limit


def _component(event_type: str) -> str:
    """The name of an event's schema, unlike that of its data also where generators drop dots and capitals."""
    return f"{DATA_TYPES[event_type].__name__}Event"


def problem_schema() -> Schema:
    """What a refusal looks like, with every rule that it may name."""
    text = {"type": "string"}
    field = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "examples": ["data.customer.phones[0]"]},
            "rule": {
                "type": "string",
                "description": "; ".join(f"{k}: {_plain(text.en)}" for k, text in RULES.items()),
            },
            "message": text,
        },
        "required": ["path", "rule", "message"],
    }
    return {
        "$schema": DIALECT,
        "title": "problem",
        "description": "RFC 9457 problem document; `errors` names each wrong field",
        "type": "object",
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "errors": {"type": "array", "items": field},
        },
        "required": ["type", "title", "status", "detail"],
    }


def _plain(words: str) -> str:
    """The words of a rule where there is nothing to fill in."""
    return re.sub(r"\{\w+\}", "…", words.replace("{place}", ""))
