"""Times as people type them: a field of the browser writes the office's local time, without its zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from services.console.frame.forms import Wrong
from shared.contract import format_instant
from shared.i18n import translated


def typed_instant(name: str, typed: str, zone: ZoneInfo, wrong: Wrong) -> str | None:
    """The instant that was typed, as services are asked; None of nothing, and of what is said beside the field."""
    if not typed:
        return None
    try:
        at = datetime.fromisoformat(typed)
        return format_instant(at if at.tzinfo is not None else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        wrong.fields[name] = translated("This is no time, such as 2026-03-31 18:00.")
        return None
