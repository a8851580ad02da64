"""Which time a customer is looked at: now, or as it was, and as it was known, at an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.frame.words import instant
from services.console.pages.customer.timeline import PointInTime
from shared.contract import format_instant

_MINUTE: Final = "%Y-%m-%dT%H:%M"


class MomentAsked(Struct, frozen=True):
    """The two clocks of a question; both None is now. `wrong` has the fields that are no time."""

    as_of: datetime | None = None
    known_at: datetime | None = None
    wrong: tuple[str, ...] = ()

    @property
    def earlier(self) -> bool:
        """Whether it is not simply now."""
        return self.as_of is not None or self.known_at is not None

    def query(self) -> dict[str, Any]:
        """As services are asked."""
        return {
            "as_of": format_instant(self.as_of) if self.as_of is not None else None,
            "known_at": format_instant(self.known_at) if self.known_at is not None else None,
        }

    def typed(self, zone: ZoneInfo) -> dict[str, str]:
        """As fields of the office's clock have it."""
        return {
            name: at.astimezone(zone).strftime(_MINUTE) if at is not None else ""
            for name, at in (("as_of", self.as_of), ("known_at", self.known_at))
        }


def asked_moment(as_of: str, known_at: str, step: int | None, zone: ZoneInfo) -> MomentAsked:
    """The times of a query, by the office's clock or with an offset. A step is looked at by `stepped`."""
    if step is not None:
        return MomentAsked()
    found: dict[str, datetime | None] = {}
    wrong: list[str] = []
    for name, given in (("as_of", as_of), ("known_at", known_at)):
        try:
            found[name] = _read(given, zone) if given else None
        except (ValueError, OverflowError):
            wrong.append(name)
    return MomentAsked(found.get("as_of"), found.get("known_at"), tuple(wrong))


def stepped(points: Sequence[PointInTime], step: int | None) -> MomentAsked | None:
    """What was known when the fact of a step had been recorded; None of the last one, which is now."""
    if step is None or not 1 <= step < len(points):
        return None
    return MomentAsked(known_at=instant(points[step - 1].recorded_at))


def _read(given: str, zone: ZoneInfo) -> datetime:
    at = datetime.fromisoformat(given)
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
        # A minute that was chosen is meant whole.
        if at.second == 0 and len(given) == len("2026-03-02T11:00"):
            at += timedelta(seconds=59, microseconds=999999)
    return at.astimezone(UTC)  # at the edges of the calendar no time in UTC is left
