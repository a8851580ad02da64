"""Whom of the staff a recorded event is about, as `consultant_in` of the migrations reads it off the stored bytes."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from shared.contract.answers import RecordedEvent

CONSULTANT: Final = (
    "received_by", "answered_by", "by", "closed_by", "consultant", "against", "to", "opened_by", "ruled_by",
    "requested_by", "decided_by", "staff",
)  # fmt: skip
"""Where the data of an event names whom it is about, the first that it has."""
recorded: Final = msgspec.json.Decoder(RecordedEvent).decode


class _Said(msgspec.Struct):
    """What an event says, without who says it and when."""

    data: dict[str, Any]


_said: Final = msgspec.json.Decoder(_Said).decode


def consultant_of(event: RecordedEvent) -> str | None:
    """Whom a record is about."""
    return _named(event.data)


def consultant_in(body: bytes) -> str | None:
    """The same, by the bytes of the event."""
    return _named(_said(body).data)


def _named(data: dict[str, Any]) -> str | None:
    return next((data[name] for name in CONSULTANT if isinstance(data.get(name), str)), None)
