"""Which rooms somebody has, by the one table of permissions: what they may not open stands in no menu."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from shared.access.caller import Caller
from shared.access.table import PermissionTable, permission_table
from shared.i18n import Text, translated, translated_in


class OfficePlace(Struct, frozen=True):
    """An office of a scope."""

    scope: str
    office: str


class Room(Struct, frozen=True):
    """An entry of the menu: its name, its address below a place or a scope, and the action that opens it."""

    key: str
    name: Text
    path: str
    action: str

    def address(self, place: OfficePlace) -> str:
        return self.path.format(scope=place.scope, office=place.office)


ROOMS: Final = (
    Room("desk", translated("Desk"), "/at/{scope}/{office}/desk", "page.desk"),
    Room("mine", translated("My customers"), "/at/{scope}/{office}/mine", "page.mine"),
    Room("customers", translated("Customers"), "/in/{scope}/customers", "page.customers"),
    Room("disputes", translated_in("room", "Disputes"), "/in/{scope}/disputes", "page.disputes"),
    Room("floor", translated("Today's floor"), "/at/{scope}/{office}/floor", "page.floor"),
    Room("reports", translated("Reports"), "/at/{scope}/{office}/reports", "page.reports"),
    Room("people", translated("People"), "/at/{scope}/{office}/people", "page.people"),
    Room("audit", translated("Audit"), "/in/{scope}/audit", "page.audit"),
    Room("rulebook", translated("Rulebook"), "/in/{scope}/rulebook", "page.rulebook"),
)
"""In the order of a day at an office. The first that somebody may open is their first page."""

_FIRST: Final = {
    "consultant": "mine", "reception": "desk", "auditor": "audit", "group_auditor": "audit", "head_office": "reports",
    "manager": "floor", "director": "floor", "supervisor": "floor", "general_manager": "reports",
    "back_office": "reports", "admin_manager": "people",
}  # fmt: skip
"""With which room the day of a role begins."""


def rooms(caller: Caller, place: OfficePlace) -> list[Room]:
    """The rooms that somebody may open at a place."""
    return [room for room in ROOMS if may_open(caller, room.action, place)]


def first_room(caller: Caller, place: OfficePlace) -> Room | None:
    """Where somebody begins at a place; None where there is no room for them."""
    open_to = rooms(caller, place)
    held: list[str] = [
        one.role for one in caller.staff_roles if (one.scope, one.office) == (place.scope, place.office)
    ]
    held += [one.role for one in caller.granted_roles if one.covers(place.scope)]
    wanted = [_FIRST[role] for role in held if role in _FIRST]
    return next((room for room in open_to if room.key in wanted), open_to[0] if open_to else None)


def may_open(caller: Caller, action: str, place: OfficePlace, table: PermissionTable | None = None) -> bool:
    """Whether a role of theirs reaches the place by this action."""
    permits = (table or permission_table()).permits(caller, action, place.scope)
    return any(one.office in (None, place.office) or one.reach in ("scope", "granted") for one in permits)


def own_places(caller: Caller) -> list[OfficePlace]:
    """The offices at which somebody is enrolled, each once."""
    return list(dict.fromkeys(OfficePlace(one.scope, one.office) for one in caller.staff_roles))
