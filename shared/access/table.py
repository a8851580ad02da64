"""The table of permissions: read from `permissions.yaml`, asked by every service.

Closed by default: an address that no action names, and a cell that is not there, are refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal, TypeAlias, get_args

import msgspec
from msgspec import Struct

from shared.access.caller import EVERY_SCOPE, Caller, CallerKind, GrantableRole
from shared.access.naming import NamingField, event_key, event_keys, is_held, staff_fields
from shared.access.roles import Reach
from shared.contract import Event
from shared.contract.events import Role
from shared.i18n import Text, bilingual, listed

FILE: Final = "permissions.yaml"
ANY_SERVICE: Final = "*"

Who: TypeAlias = Literal["anyone", "signed_in", "role"]


class PermissionTableError(ValueError):
    """The file of permissions contradicts itself."""


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a role in both languages, and to which kind of account alone it can be granted."""

    zh: str
    en: str
    of: CallerKind | None = None

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class Action(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that may be done: by whom, how far, at which addresses, with which types of events, or with another's
    name in which of their fields."""

    zh: str
    en: str
    routes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    may: Mapping[str, Reach] = {}
    who: Who = "role"
    opens: bool = False
    exports: bool = False
    privileged: bool = False

    @property
    def act(self) -> Literal["opened", "exported", "privileged"] | None:
        """As what it goes on the record of access, if it does."""
        if self.privileged:
            return "privileged"
        if self.exports:
            return "exported"
        return "opened" if self.opens else None

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    staff_roles: Mapping[str, Words]
    granted_roles: Mapping[str, Words]
    stated: tuple[str, ...]
    actions: Mapping[str, Action]


class Permit(Struct, frozen=True):
    """That a caller may do an action by one of their roles, and how far it reaches."""

    action: str
    role: str
    reach: Reach
    scopes: tuple[str, ...]
    office: str | None = None
    staff: str | None = None

    def within(self, scope: str) -> bool:
        """Whether it is a permit in this scope at all."""
        return EVERY_SCOPE in self.scopes or scope in self.scopes

    def covers(self, scope: str, office: str | None = None, people: Collection[str] = frozenset()) -> bool:
        """Whether it reaches what belongs to this office of the scope, and to these members of staff."""
        if not self.within(scope):
            return False
        if self.reach == "own":
            return self.staff in people
        return self.reach != "office" or office == self.office


class PermissionTable:
    """Every action with its cells; `routes` of a service lead to actions."""

    def __init__(self, read: bytes) -> None:
        found = msgspec.yaml.decode(read, type=_File)
        self.staff_roles = found.staff_roles
        self.granted_roles = found.granted_roles
        self.actions = found.actions
        _check(found)
        self.stated = found.stated
        self._of_events = {type_: name for name, action in found.actions.items() for type_ in action.events}
        self._of_names: dict[str, list[tuple[NamingField, str]]] = {}
        for name, action in found.actions.items():
            for type_, way in map(str.split, action.names):
                self._of_names.setdefault(type_, []).append((NamingField(way), name))
        self._of_signing = {
            type_: [one for one in fields if found.actions[one[1]].privileged]
            for type_, fields in self._of_names.items()
        }

    def routes(self, service: str) -> Iterator[tuple[str, str, str]]:
        """The method, the path and the action of each address of a service."""
        for name, action in self.actions.items():
            for route in action.routes:
                of, method, path = route.split(" ")
                if of in (service, ANY_SERVICE):
                    yield method, path, name

    def action_of(self, event: Event) -> str:
        """The action that recording an event of this type is; of an approval, of this stage."""
        return self._of_events.get(event.type) or self._of_events[event_key(event)]

    def naming(self, event: Event) -> Sequence[tuple[NamingField, str]]:
        """The fields of an event that say who does something, and the action that naming another there is."""
        return self._of_names.get(event.type, ())

    def signing(self, event: Event) -> Sequence[tuple[NamingField, str]]:
        """Those of the fields in which naming another is privileged."""
        return self._of_signing.get(event.type, ())

    def closed(self, service: str, method: str, path: str) -> bool:
        """Whether a call needs a token: every one that is not open to anyone."""
        return not any(
            (method, path) == (of, where) and self.actions[action].who == "anyone"
            for of, where, action in self.routes(service)
        )

    def permits(self, caller: Caller, action: str, scope: str | None = None) -> tuple[Permit, ...]:
        """By which roles the caller may do the action, in a scope or (None) in any; empty: they may not."""
        may = self.actions[action].may
        return tuple(permit for permit in _held(caller, action, may) if scope is None or permit.within(scope))

    def grantable(self, role: str, kind: CallerKind) -> bool:
        """Whether a role can be granted to accounts of this kind."""
        return self.granted_roles[role].of in (None, kind)

    def not_allowed(self, action: str) -> str:
        """What whoever may not do it is told: what it is, and who may."""
        return bilingual(
            "your roles do not allow this: {action}; it is for {roles}",
            action=self.actions[action].text,
            roles=self.who_may(action),
        )

    def who_may(self, action: str) -> Text:
        """The roles that may do it, in words."""
        words = {**self.staff_roles, **self.granted_roles}
        return listed([words[role].text for role in self.actions[action].may])


@cache
def permission_table() -> PermissionTable:
    """The table that ships."""
    return PermissionTable(files(__package__).joinpath(FILE).read_bytes())


def _held(caller: Caller, action: str, may: Mapping[str, Reach]) -> Iterator[Permit]:
    for one in caller.staff_roles:
        if (reach := may.get(one.role)) is not None:
            yield Permit(action, one.role, reach, (one.scope,), one.office, one.staff)
    for grant in caller.granted_roles:
        if (reach := may.get(grant.role)) is not None:
            yield Permit(action, grant.role, reach, grant.scopes)


def _check(found: _File) -> None:
    """Roles are those that exist, each reaches as its kind can, and an address leads to one action."""
    if tuple(found.staff_roles) and set(found.staff_roles) != set(get_args(Role)):
        raise PermissionTableError("staff_roles: not those of the contract")
    if set(found.granted_roles) != set(get_args(GrantableRole)):
        raise PermissionTableError("granted_roles: not those that can be granted")
    seen: dict[str, str] = {}
    for name, action in found.actions.items():
        for role, reach in action.may.items():
            known = found.granted_roles if reach == "granted" else found.staff_roles
            if role not in known:
                raise PermissionTableError(f"{name}: {role} cannot reach {reach}")
        for place in (*action.routes, *action.events):
            if seen.setdefault(place, name) != name:
                raise PermissionTableError(f"{place}: both {seen[place]} and {name}")
    if missing := event_keys() ^ {one for one in seen if " " not in one}:
        raise PermissionTableError(f"events: {', '.join(sorted(missing))}")
    _check_names(found)


def _check_names(found: _File) -> None:
    """Each field that names staff stands once: under the action that naming another there is, or as merely stated."""
    held = [field for action in found.actions.values() for field in action.names]
    fields = [*held, *found.stated]
    wrong = (staff_fields() ^ set(fields)) | {field for field in fields if fields.count(field) > 1}
    if wrong := wrong | {field for field in held if not is_held(field)}:
        raise PermissionTableError(f"names: {', '.join(sorted(wrong))}")
