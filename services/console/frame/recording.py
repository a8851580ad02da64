"""What a form records: its event has an id before it is sent, so that sending it twice records it once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.console.frame.forms import Form
from services.console.frame.navigation import OfficePlace
from services.console.frame.page import PageRequest
from shared.access.caller import Caller
from shared.contract import format_instant, parse_instant
from shared.contract.answers.desk import PreviewAnswer
from shared.contract.answers.records import EventPlace
from shared.contract.errors import BadEvent

TAKEN: Final = 409


class FormEntry(Struct, frozen=True):
    """What stands in a form besides what is typed: the id of its event, and when it happened."""

    event: str
    at: str

    @classmethod
    def fresh(cls, now: datetime) -> FormEntry:
        """Of a form that is shown for the first time."""
        return cls(str(event_id(now)), format_instant(now))

    @classmethod
    def of(cls, form: Form, now: datetime, zone: ZoneInfo) -> FormEntry:
        """As the form sends it. A form that stood open over midnight happens when it is sent: else it would be a
        late entry."""
        try:
            event = str(UUID(form["event"]))
        except ValueError:
            return cls.fresh(now)
        return cls(event, _time(form["at"], now, zone))

    def later(self, now: datetime) -> FormEntry:
        """The same event, of which nothing is recorded yet, as of now."""
        return FormEntry(self.event, format_instant(now))


def event_id(now: datetime) -> UUID:
    """A UUIDv7: by the time of the office, then by chance."""
    stamp = int(now.timestamp() * 1000).to_bytes(6, "big")
    chance = bytearray(os.urandom(10))
    chance[0] = 0x70 | chance[0] & 0x0F
    chance[2] = 0x80 | chance[2] & 0x3F
    return UUID(bytes=stamp + bytes(chance))


def actor_at(caller: Caller, place: OfficePlace) -> str:
    """Under which name somebody records at an office: as they are enrolled there, else elsewhere in the scope."""
    held = [one for one in caller.staff_roles if one.scope == place.scope]
    here = [one.staff for one in held if one.office == place.office]
    return next(iter([*here, *(one.staff for one in held)]), caller.login)


def envelope(
    page: PageRequest, place: OfficePlace, kind: str, data: Mapping[str, Any], entry: FormEntry
) -> dict[str, Any]:
    """An event as it goes to intake, or to be previewed."""
    return {
        "id": entry.event,
        "type": kind,
        "scope": place.scope,
        "office": place.office,
        "actor": actor_at(page.caller, place),
        "occurred_at": entry.at,
        "data": {name: value for name, value in data.items() if value is not None},
    }


async def record(page: PageRequest, event: Mapping[str, Any]) -> EventPlace:
    """Hand the event in. Raises `ServiceRefusedError`."""
    return await page.services.post("intake", "/v1/events", event, EventPlace)


async def preview(page: PageRequest, event: Mapping[str, Any]) -> PreviewAnswer:
    """What the event would decide if it were recorded now. Raises `ServiceRefusedError`."""
    scope = event["scope"]
    return await page.services.post("attribution", f"/v1/scopes/{scope}/preview", event, PreviewAnswer)


def _time(given: str, now: datetime, zone: ZoneInfo) -> str:
    try:
        at = parse_instant(given)
    except BadEvent:
        at = None
    today = at is not None and at.astimezone(zone).date() == now.astimezone(zone).date()
    if at is None or not today or at > now + timedelta(minutes=1):
        at = now
    return format_instant(at)
