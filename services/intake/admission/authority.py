"""Who may record an event: by its type and office, in the name of its actor, and for whom it names as deciding.

The actor is the caller. A machine at which staff are signed in hands in what any of them enters. Who is named as
deciding or approving is the one in whose name the event comes, or the caller holds a role that enters signed papers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct

from services.intake.model.submission import ForbiddenEvent
from shared.access.caller import Caller
from shared.access.report import widest_role
from shared.access.table import PermissionTable, Permit
from shared.contract import Event
from shared.contract.events import RecordApproved
from shared.i18n import bilingual

DECIDERS: Final = ("ruled_by", "decided_by", "approved_by", "confirmed_by", "attested_by", "despite_by")
"""Fields that say who decided, approved, confirmed or attests."""

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
    """What one caller may record with one request, and what of it goes on the record of access."""

    def __init__(self, table: PermissionTable, caller: Caller) -> None:
        self.caller = caller
        self.privileged: list[NotedEvent] = []
        self.refused: list[NotedEvent] = []
        self._table = table
        self._permits: dict[tuple[str, str], tuple[Permit, ...]] = {}

    def __call__(self, event: Event) -> ForbiddenEvent | None:
        """What speaks against the event."""
        action = self._table.action_of(event.type)
        refusal = (
            self._of_scope(event)
            or self._of_type(event, action)
            or _of_actor(self.caller, event)
            or _of_deciders(self.caller, event)
        )
        if refusal is not None:
            told = NotedEvent(event.id, event.scope, action, status=refusal.status, path=refusal.path)
            self.refused.append(told)
        elif (role := self._privileged(event, action)) is not None:
            self.privileged.append(NotedEvent(event.id, event.scope, action, role))
        return refusal

    def _privileged(self, event: Event, action: str) -> str | None:
        """The role by which the caller does what is privileged: enters what others signed, or erases a person."""
        role = self.caller.signing_role(event.scope)
        if role is not None and any(_of_others(self.caller, event)):
            return role
        if not self._table.actions[action].privileged:
            return None
        return widest_role(self._permitted(action, event.scope))

    def _of_scope(self, event: Event) -> ForbiddenEvent | None:
        if self.caller.knows(event.scope):
            return None
        return ForbiddenEvent("scope", "known_scope", bilingual("there is no such scope"), 404)

    def _of_type(self, event: Event, action: str) -> ForbiddenEvent | None:
        permits = self._permitted(action, event.scope)
        if any(permit.covers(event.scope, event.office) for permit in permits):
            return None
        if permits:
            at = ", ".join(sorted({str(permit.office) for permit in permits}))
            said = bilingual("your role is at {offices}, not at this office", offices=at)
            return ForbiddenEvent("office", "permitted", said)
        return ForbiddenEvent("type", "permitted", self._table.not_allowed(action))

    def _permitted(self, action: str, scope: str) -> tuple[Permit, ...]:
        """By which roles the caller may do it; a batch asks for each line, and mostly the same."""
        if (action, scope) not in self._permits:
            self._permits[action, scope] = self._table.permits(self.caller, action, scope)
        return self._permits[action, scope]


def _of_actor(caller: Caller, event: Event) -> ForbiddenEvent | None:
    if caller.acts_for_staff(event.scope) or event.actor in caller.names(event.scope):
        return None
    said = bilingual(
        "the actor is whoever is signed in: {names}", names=", ".join(sorted(caller.names(event.scope)))
    )
    return ForbiddenEvent("actor", "caller", said)


def _of_deciders(caller: Caller, event: Event) -> ForbiddenEvent | None:
    if caller.signing_role(event.scope) is not None:
        return None
    for path in _of_others(caller, event):
        said = bilingual(
            "whoever decided or approved signs in themselves; for others, papers that they signed are entered by "
            "back office, administration manager or manager"
        )
        return ForbiddenEvent(path, "signed", said)
    return None


def _of_others(caller: Caller, event: Event) -> Iterator[str]:
    """The fields that name somebody else as deciding."""
    own = {event.actor} | caller.staff_ids(event.scope)
    return (path for path, named in _deciders(event) if named not in own)


def _deciders(event: Event) -> Iterator[tuple[str, str]]:
    """The field and the person of each who is named as deciding."""
    if event.carried is not None:
        yield "carried.attested_by", event.carried.attested_by
    if isinstance(event.data, RecordApproved):
        yield "data.by", event.data.by
    for name in DECIDERS:
        named = getattr(event.data, name, None)
        if isinstance(named, str):
            yield f"data.{name}", named
        else:
            yield from ((f"data.{name}[{place}]", one) for place, one in enumerate(named or ()))
