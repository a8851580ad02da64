"""AsyncAPI 3.0 of the topics (contract.md#topics), made from the models of `shared.contract.topics`."""

from typing import Any, Final

from shared.contract.events import DATA_TYPES
from shared.contract.schema import schemas_of
from shared.contract.topics import (
    CONTACTS,
    DEFAULT_RULEBOOK,
    EDITION,
    EPOCH,
    KNOWN_AT,
    RESTATED,
    SEQ,
    TRACEPARENT,
    WATERMARK,
    ClaimMessage,
    DecisionMessage,
    StaffMessage,
    Topics,
    WatermarkMessage,
)

_SCHEMAS: Final = "#/components/schemas/"
_MESSAGES: Final = "#/components/messages/"
_DESCRIPTION: Final = """\
The key of every record is the scope. Messages may repeat after a crash; they are never lost or reordered
within a scope. Consumers drop a seq that they have seen. Up to when a partition is whole is told each second in a
compacted topic beside it, whose key is the number of the partition.
"""
_OPTIONAL: Final = frozenset({TRACEPARENT, CONTACTS, DEFAULT_RULEBOOK, EDITION, EPOCH, KNOWN_AT, RESTATED})
_HEADER: Final = {
    SEQ: {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "without gaps per scope, from 1"},
    TRACEPARENT: {"type": "string", "description": "W3C trace context"},
    CONTACTS: {
        "type": "string",
        "description": "JSON object: each phone of the event as written, and what it was read as when recorded",
    },
    DEFAULT_RULEBOOK: {
        "type": "string",
        "description": "on the first fact of a scope: the rulebook under which the scope began",
    },
    EDITION: {
        "type": "string",
        "pattern": "^[1-9][0-9]*$",
        "description": "seq counts within it; an attribution that was built anew or restored has a higher one",
    },
    EPOCH: {
        "type": "string",
        "format": "uuid",
        "description": "the journal that numbers; another one follows when it lost facts and took them back",
    },
    KNOWN_AT: {
        "type": "string",
        "format": "date-time",
        "description": "everything that was recorded up to this time was known when this was decided",
    },
    RESTATED: {
        "type": "string",
        "const": "1",
        "description": "said again for a topic that lost its records: maybe heard before, under another seq",
    },
    WATERMARK: {
        "type": "string",
        "format": "date-time",
        "description": "every fact of this partition with recorded_at up to this time was sent before",
    },
}


def asyncapi() -> dict[str, Any]:
    """The whole document."""
    models = [DecisionMessage, ClaimMessage, StaffMessage, WatermarkMessage]
    _, defs = schemas_of(models, _SCHEMAS + "{name}", nullable=True)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Panke 判客", "version": "1.0.0", "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": _channels(Topics()),
        "operations": {
            "relayFacts": _operation("send", "intake"),
            "foldFacts": _operation("receive", "intake"),
            "publishDecisions": _operation("send", "ownership"),
            "buryRecords": _operation("send", "dead"),
            "publishCheckpoints": _operation("send", "log"),
            "tellHowFarFactsAreWhole": _operation("send", "intakeWatermark"),
            "tellHowFarDecisionsAreWhole": _operation("send", "ownershipWatermark"),
        },
        "components": {"messages": _messages(), "schemas": defs},
    }


def _channels(topics: Topics) -> dict[str, Any]:
    decided = ["decision", "claim", "staff", "formerWatermark"]
    return {
        "intake": _channel(topics.intake, "Facts as the journal holds them.", ["event", "formerWatermark"]),
        "ownership": _channel(
            topics.ownership, "What was decided; timers derive from claims alone.", decided
        ),
        "dead": _channel(topics.dead, "What is not of the journal, with the reason.", ["dead"]),
        "log": _channel(
            topics.log, "Checkpoints of the log, as they are shown; one partition.", ["checkpoint"]
        ),
        "intakeWatermark": _channel(
            topics.intake_watermark,
            "Up to when each partition of the facts is whole; compacted, one partition.",
            ["watermark"],
        ),
        "ownershipWatermark": _channel(
            topics.ownership_watermark,
            "Up to when each partition of what was decided is whole; compacted, one partition.",
            ["watermark"],
        ),
    }


def _channel(address: str, description: str, messages: list[str]) -> dict[str, Any]:
    return {
        "address": address,
        "description": description,
        "messages": {name: {"$ref": _MESSAGES + name} for name in messages},
    }


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _messages() -> dict[str, Any]:
    key = _key("the scope")
    ours = {"decision": "DecisionMessage", "claim": "ClaimMessage", "staff": "StaffMessage"}
    messages: dict[str, Any] = {
        "event": {
            "summary": "An event with recorded_at; its type is one of " + ", ".join(DATA_TYPES),
            "headers": _headers(SEQ, TRACEPARENT, CONTACTS, DEFAULT_RULEBOOK, EPOCH),
            "payload": {"$ref": "event.json"},
            "bindings": key,
        }
    }
    for name, model in ours.items():
        payload = {"$ref": _SCHEMAS + model}
        headers = _headers(SEQ, TRACEPARENT, EDITION, KNOWN_AT, RESTATED)
        messages[name] = {"headers": headers, "payload": payload, "bindings": key}
    messages["watermark"] = {
        "summary": "Everything of a partition that was recorded by a time lies below an offset of it",
        "payload": {"$ref": _SCHEMAS + "WatermarkMessage"},
        "bindings": _key("the number of the partition"),
    }
    messages["formerWatermark"] = {
        "summary": "A record without a value, of before watermarks had topics of their own",
        "headers": _headers(WATERMARK),
        "payload": {"type": "null"},
    }
    messages["checkpoint"] = {
        "summary": "Size and root of the log as a signed note (C2SP tlog-checkpoint)",
        "contentType": "text/plain",
        "payload": {"type": "string"},
        "bindings": _key("the origin of the log"),
    }
    messages["dead"] = {
        "summary": "The value of the refused record as it was",
        "headers": _headers("reason", "topic", "partition", "offset"),
        "payload": {},
    }
    return messages


def _key(description: str) -> dict[str, Any]:
    return {"kafka": {"key": {"type": "string", "description": description}, "bindingVersion": "0.5.0"}}


def _headers(*names: str) -> dict[str, Any]:
    required = [name for name in names if name not in _OPTIONAL]
    properties = {name: _HEADER.get(name, {"type": "string"}) for name in names}
    return {"type": "object", "properties": properties, "required": required}
