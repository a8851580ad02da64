"""Records as the journal has them, and what tells one apart in a list."""

from __future__ import annotations

from services.attribution.store.whom import recorded
from shared.contract import format_instant, parse_instant
from shared.contract.answers import RecordedEvent, RecordSummary

__all__ = ["recorded", "summary", "times_of"]


def times_of(event: RecordedEvent) -> tuple[str, str]:
    """When a record happened and when it was recorded, in UTC: who stated one may have written another offset."""
    occurred_at, recorded_at = map(parse_instant, (event.occurred_at, event.recorded_at))
    return format_instant(occurred_at), format_instant(recorded_at)


def summary(body: bytes | None) -> RecordSummary | None:
    """Its id, type, both times and who entered it; None of a record that is not known any more."""
    if body is None:
        return None
    event = recorded(body)
    return RecordSummary(event.id, event.type, *times_of(event), event.actor)
