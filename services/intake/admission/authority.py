"""What a caller may record with one request (ADR 0040), and what of it goes on the record of access."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from services.intake.model.submission import ForbiddenEvent
from shared.access.caller import Caller
from shared.access.recording import RecordingRights
from shared.access.table import PermissionTable
from shared.contract import Event

May = Callable[[Event], ForbiddenEvent | None]
"""What stands against recording an event, if anything does."""


class NotedEvent(Struct, frozen=True, gc=False):
    """An event that goes on the record of access: privileged, by this role, or refused with this status."""

    id: str
    scope: str
    action: str
    role: str | None = None
    status: int | None = None
    path: str | None = None


class CallerRights:
    """Holds each event of a request against its caller, and notes what is privileged or refused."""

    def __init__(self, table: PermissionTable, caller: Caller) -> None:
        self.caller = caller
        self.privileged: list[NotedEvent] = []
        self.refused: list[NotedEvent] = []
        self._rights = RecordingRights(table, caller)

    def __call__(self, event: Event) -> ForbiddenEvent | None:
        """What speaks against the event."""
        found = self._rights.against(event)
        if found is not None:
            action = self._rights.table.action_of(event)
            self.refused.append(
                NotedEvent(event.id, event.scope, action, status=found.status, path=found.path)
            )
            return ForbiddenEvent(found.path, found.rule, found.message, found.status)
        if (role := self._rights.privilege(event)) is not None:
            action = self._rights.table.action_of(event)
            self.privileged.append(NotedEvent(event.id, event.scope, action, role))
        return None
