"""Whom of the staff a recorded event is about, as `consultant_in` of the migrations reads it off the stored bytes."""

from __future__ import annotations

from typing import Final

import msgspec

from shared.contract.answers import RecordedEvent

CONSULTANT: Final = (
    "received_by", "answered_by", "by", "closed_by", "consultant", "against", "to", "opened_by", "ruled_by",
    "requested_by", "decided_by", "staff",
)  # fmt: skip
"""Where the data of an event names whom it is about, the first that it has."""
recorded: Final = msgspec.json.Decoder(RecordedEvent).decode


def consultant_of(event: RecordedEvent) -> str | None:
    """Whom a record is about."""
    return next((event.data[name] for name in CONSULTANT if isinstance(event.data.get(name), str)), None)
