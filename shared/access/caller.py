"""Who calls: a person or a machine, with the roles that the journal gave and those that somebody granted.

A role of the journal is held at an office of a scope, under the id by which records name the person. What the journal
cannot know (head office, auditors over several scopes, machines) is granted over scopes.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from shared.contract.events import Role

GrantableRole: TypeAlias = Literal[
    "head_office", "group_auditor", "operator", "administrator", "desk", "registry", "service"
]
CallerKind: TypeAlias = Literal["person", "machine"]

EVERY_SCOPE: Final = "*"
ACTS_FOR_STAFF: Final[frozenset[GrantableRole]] = frozenset({"desk", "registry"})
"""Roles of machines at which staff are signed in themselves: what they hand in is in the name of any of these."""


class StaffRole(Struct, frozen=True):
    """A role as the journal has it: who is enrolled as what, at which office of which scope."""

    scope: str
    office: str
    role: Role
    staff: str


class GrantedRole(Struct, frozen=True):
    """A role over scopes that an administrator granted; `*` stands for every scope."""

    role: GrantableRole
    scopes: tuple[str, ...]

    def covers(self, scope: str) -> bool:
        """Whether the grant is over this scope."""
        return EVERY_SCOPE in self.scopes or scope in self.scopes


class Caller(Struct, frozen=True):
    """Who stands behind a request, as the token says that was signed for them."""

    subject: str
    kind: CallerKind
    login: str
    session: str
    expires_at: float
    staff_roles: tuple[StaffRole, ...] = ()
    granted_roles: tuple[GrantedRole, ...] = ()

    def knows(self, scope: str) -> bool:
        """Whether the caller may know that the scope is there at all."""
        for one in self.granted_roles:  # a loop: asked of each line of a batch (benchmark `intake`)
            if one.covers(scope):
                return True
        return any(one.scope == scope for one in self.staff_roles)

    def staff_ids(self, scope: str) -> frozenset[str]:
        """The ids by which the records of a scope name the caller."""
        return frozenset(one.staff for one in self.staff_roles if one.scope == scope)

    def names(self, scope: str) -> frozenset[str]:
        """By which names the caller may act in a scope: the staff ids, or the login where the journal knows none."""
        ids = self.staff_ids(scope)
        return ids or (frozenset({self.login}) if self.knows(scope) else ids)

    def acts_for_staff(self, scope: str) -> bool:
        """Whether the caller is a machine that hands in what staff of the scope enter."""
        for one in self.granted_roles:  # noqa: SIM110 - asked of each line of a batch (benchmark `intake`)
            if one.role in ACTS_FOR_STAFF and one.covers(scope):
                return True
        return False
