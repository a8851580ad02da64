"""One recorded event as somebody may see it: by their reach, contacts in clear or masked (access.md#reading-查阅)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.access.caller import Caller
from shared.access.report import widest_role
from shared.access.table import PermissionTable, Permit
from shared.contract import Event
from shared.contract.events import StaffDeparted, StaffEnrolled
from shared.contract.masking import masked_data
from shared.contract.warnings import staff_in

CLEAR: Final = "contact.clear"
_encode: Final = msgspec.json.Encoder().encode


class ReadEvent(Struct, frozen=True):
    """What somebody is shown of an event, and by which role."""

    body: bytes
    scope: str
    role: str


class EventSight:
    """What one caller may read of events, by the permits under which they came in."""

    def __init__(self, table: PermissionTable, caller: Caller, permits: tuple[Permit, ...]) -> None:
        self._table = table
        self._caller = caller
        self._permits = permits

    def role(self, event: Event) -> str | None:
        """By which role the caller may read the event; None: to them it is not there."""
        return widest_role(_reaching(self._permits, event))

    def shown(self, event: Event, opened: bytes) -> bytes:
        """The event as it was taken in, its contacts masked where the caller may not see them in clear."""
        clear = self._table.permits(self._caller, CLEAR, event.scope)
        return opened if _reaching(clear, event) else masked(event.type, opened)


def masked(event_type: str, body: bytes) -> bytes:
    """The envelope with its contacts masked."""
    document: dict[str, Any] = msgspec.json.decode(body)
    document["data"] = masked_data(event_type, document["data"])
    return _encode(document)


def _reaching(permits: Iterable[Permit], event: Event) -> list[Permit]:
    """Those that reach the event: its scope, its office, or somebody whom it names."""
    people = {event.actor, *(staff for _, staff in staff_in(event.data))}
    if isinstance(event.data, StaffEnrolled | StaffDeparted):
        people.add(event.data.staff)
    return [permit for permit in permits if permit.covers(event.scope, event.office, people)]
