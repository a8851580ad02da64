"""Who may record an event: by its type and office, in the name of its actor, and for whom it names as deciding.

The actor is the caller. A machine at which staff are signed in hands in what any of them enters. Who is named as
deciding or approving is the one in whose name the event comes, or the caller holds a role that enters signed papers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

from services.intake.model.submission import ForbiddenEvent
from shared.access.caller import Caller
from shared.access.report import widest_role
from shared.access.table import PermissionTable, Permit
from shared.contract import Event
from shared.contract.events import RecordApproved
from shared.i18n import bilingual, listed

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

    def __init__(self, rights: RecordingRights, caller: Caller) -> None:
        self.caller = caller
        self.privileged: list[NotedEvent] = []
        self.refused: list[NotedEvent] = []
        self._rights = rights

    def __call__(self, event: Event) -> ForbiddenEvent | None:
        """What speaks against the event."""
        refusal = self._rights.refusal(self.caller, event)
        if refusal is not None:
            action = self._rights.action_of(event)
            told = NotedEvent(event.id, event.scope, action, status=refusal.status, path=refusal.path)
            self.refused.append(told)
        elif (role := self._privileged(event)) is not None:
            self.privileged.append(NotedEvent(event.id, event.scope, self._rights.action_of(event), role))
        return refusal

    def _privileged(self, event: Event) -> str | None:
        """The role by which the caller does what is privileged: enters what others signed, or erases a person."""
        role = self.caller.signing_role(event.scope)
        if role is not None and any(_of_others(self.caller, event)):
            return role
        return self._rights.privileged(self.caller, event)


class RecordingRights:
    """What each caller may record, by the table of permissions."""

    def __init__(self, table: PermissionTable) -> None:
        self._table = table
        self._permits = lru_cache(maxsize=4096)(self._permits_of)

    def of(self, caller: Caller) -> CallerRights:
        """What speaks against events of this caller."""
        return CallerRights(self, caller)

    def action_of(self, event: Event) -> str:
        """The action that recording the event is."""
        return self._table.action_of(event.type)

    def privileged(self, caller: Caller, event: Event) -> str | None:
        """The role by which the caller records an event of a type that is privileged by itself."""
        action = self.action_of(event)
        if not self._table.actions[action].privileged:
            return None
        return widest_role(self._permits(caller, action, event.scope))

    def refusal(self, caller: Caller, event: Event) -> ForbiddenEvent | None:
        """What speaks against an event of a caller."""
        return (
            self._of_scope(caller, event)
            or self._of_type(caller, event)
            or _of_actor(caller, event)
            or _of_deciders(caller, event)
        )

    def _of_scope(self, caller: Caller, event: Event) -> ForbiddenEvent | None:
        if caller.knows(event.scope):
            return None
        return ForbiddenEvent("scope", "known_scope", bilingual("there is no such scope"), 404)

    def _of_type(self, caller: Caller, event: Event) -> ForbiddenEvent | None:
        action = self._table.action_of(event.type)
        permits = self._permits(caller, action, event.scope)
        if any(permit.covers(event.scope, event.office) for permit in permits):
            return None
        if permits:
            at = ", ".join(sorted({str(permit.office) for permit in permits}))
            said = bilingual("your role is at {offices}, not at this office", offices=at)
            return ForbiddenEvent("office", "permitted", said)
        said = bilingual(
            "your roles do not allow this: {action}; it is for {roles}",
            action=self._table.actions[action].text,
            roles=listed(self._table.roles_of(action)),
        )
        return ForbiddenEvent("type", "permitted", said)

    def _permits_of(self, caller: Caller, action: str, scope: str) -> tuple[Permit, ...]:
        return self._table.permits(caller, action, scope)


def _of_actor(caller: Caller, event: Event) -> ForbiddenEvent | None:
    if caller.acts_for_staff(event.scope) or event.actor in caller.names(event.scope):
        return None
    said = bilingual(
        "the actor is whoever is signed in: {names}", names=", ".join(sorted(caller.names(event.scope)))
    )
    return ForbiddenEvent("actor", "caller", said)


def _of_deciders(caller: Caller, event: Event) -> ForbiddenEvent | None:
    if caller.may_sign_for_others(event.scope):
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
