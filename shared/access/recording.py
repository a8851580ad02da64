"""Who may record an event: by its type and office, in the name of its actor, and for whom it names as doing something.

The actor is the caller. A machine at which staff are signed in hands in what any of them enters. Who received, sold,
disputes, decided or approved is the one in whose name the event comes, or somebody whom the caller may name there by
the table of permissions (ADR 0040). Intake asks before it records, and attribution before it previews.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from shared.access.caller import Caller
from shared.access.naming import NamingField
from shared.access.report import widest_role
from shared.access.table import PermissionTable, Permit
from shared.contract import Event
from shared.contract.events import StaffEnrolled
from shared.i18n import bilingual

SYSTEM: Final = "system"
"""In whose name the rules themselves open disputes; no member of staff bears it."""


class Forbidden(Struct, frozen=True, gc=False):
    """What stands against recording an event: 403, or 404 where the caller may not know of its scope."""

    path: str
    rule: str
    message: str
    status: int = 403


class _NamedOther(Struct, frozen=True, gc=False):
    """Somebody else whom an event names, and the action that this is."""

    path: str
    staff: str
    action: str


class RecordingRights:
    """What one caller may record; a batch asks of each line, and mostly the same."""

    def __init__(self, table: PermissionTable, caller: Caller) -> None:
        self.caller = caller
        self.table = table
        self._permits: dict[str, tuple[Permit, ...]] = {}

    def against(self, event: Event) -> Forbidden | None:
        """What speaks against recording the event, if anything does."""
        if not self.caller.knows(event.scope):
            return Forbidden("scope", "known_scope", bilingual("there is no such scope"), 404)
        return (
            self._of_type(event, self.table.action_of(event))
            or self._of_actor(event)
            or self._of_enrolling(event)
            or self._of_named(event)
        )

    def privilege(self, event: Event) -> str | None:
        """The role by which recording an event that is allowed is privileged: it enters what another signed, or
        erases a person."""
        for named in self._others(event, self.table.signing(event)):
            return self._role(event, named.action)
        action = self.table.action_of(event)
        return self._role(event, action) if self.table.actions[action].privileged else None

    def _of_type(self, event: Event, action: str) -> Forbidden | None:
        if self._covered(event, action):
            return None
        if permits := [permit for permit in self._held(action) if permit.within(event.scope)]:
            at = ", ".join(sorted({str(permit.office) for permit in permits}))
            said = bilingual("your role is at {offices}, not at this office", offices=at)
            return Forbidden("office", "permitted", said)
        return Forbidden("type", "permitted", self.table.not_allowed(action))

    def _of_actor(self, event: Event) -> Forbidden | None:
        if event.actor != SYSTEM and self.caller.acts_for_staff(event.scope):
            return None
        names = self.caller.names(event.scope)
        if event.actor != SYSTEM and event.actor in names:
            return None
        said = bilingual("the actor is whoever is signed in: {names}", names=", ".join(sorted(names)))
        return Forbidden("actor", "caller", said)

    def _of_enrolling(self, event: Event) -> Forbidden | None:
        """Nobody gives themselves a role; the name of the system is nobody's."""
        data = event.data
        if not isinstance(data, StaffEnrolled):
            return None
        if data.staff == SYSTEM:
            return _reserved("data.staff")
        held = [
            one for one in self.caller.staff_roles if one.scope == event.scope and one.staff == data.staff
        ]
        if not held or any((one.office, one.role) == (event.office, data.role) for one in held):
            return None
        said = bilingual("nobody enrols themselves in another role or office: somebody else has to")
        return Forbidden("data.role", "another", said)

    def _of_named(self, event: Event) -> Forbidden | None:
        for named in self._others(event, self.table.naming(event)):
            if named.staff == SYSTEM:
                return _reserved(named.path)
            if not self._covered(event, named.action):
                return self._not_named(event, named)
        return None

    def _not_named(self, event: Event, named: _NamedOther) -> Forbidden:
        said = bilingual(
            "here stands who records it: {name}; another is named by {roles}: {action}",
            name=event.actor,
            roles=self.table.who_may(named.action),
            action=self.table.actions[named.action].text,
        )
        rule = "signed" if self.table.actions[named.action].privileged else "caller"
        return Forbidden(named.path, rule, said)

    def _others(self, event: Event, fields: Sequence[tuple[NamingField, str]]) -> Iterator[_NamedOther]:
        """Whom the event names in these fields, but for the one in whose name it comes."""
        for field, action in fields:
            for path, staff in field.named(event):
                if staff != event.actor and staff not in self.caller.staff_ids(event.scope):
                    yield _NamedOther(path, staff, action)

    def _covered(self, event: Event, action: str) -> bool:
        """Whether the caller may do it at the office of the event."""
        for permit in self._held(action):  # noqa: SIM110 - as in `caller`: asked of each line of a batch
            if permit.covers(event.scope, event.office):
                return True
        return False

    def _role(self, event: Event, action: str) -> str | None:
        """The widest role by which the caller may do it at the office of the event."""
        return widest_role(
            [permit for permit in self._held(action) if permit.covers(event.scope, event.office)]
        )

    def _held(self, action: str) -> tuple[Permit, ...]:
        """The permits by which the caller may do it anywhere."""
        held = self._permits.get(action)
        if held is None:
            held = self._permits[action] = self.table.permits(self.caller, action)
        return held


def _reserved(path: str) -> Forbidden:
    said = bilingual("{name} is who opens disputes by the rules, and no member of staff", name=SYSTEM)
    return Forbidden(path, "reserved", said)
