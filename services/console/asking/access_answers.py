"""What the pages of accounts show of the answers of access."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from shared.access.caller import CallerKind, GrantableRole
from shared.contract.events import Role


class LinkedStaff(Struct, frozen=True):
    """By which id the records of a scope name the person of an account."""

    scope: str
    staff: str


class LinkedSubject(Struct, frozen=True):
    """By which subject a provider names the person."""

    provider: str
    subject: str


class ShownAccount(Struct, frozen=True):
    """An account; no secret of it."""

    account: str
    login: str
    kind: CallerKind
    has_password: bool
    has_second_factor: bool
    made_at: str
    disabled_at: str | None
    staff: tuple[LinkedStaff, ...]
    identities: tuple[LinkedSubject, ...]

    @property
    def waits(self) -> bool:
        """Whether its person has yet to choose a password."""
        return self.kind == "person" and not self.has_password and not self.identities


class ShownAccounts(Struct, frozen=True):
    """A page of accounts by login."""

    accounts: tuple[ShownAccount, ...]
    next: str | None


class ShownGrant(Struct, frozen=True):
    """A role over scopes that stands."""

    grant: str
    account: str
    role: GrantableRole
    scopes: tuple[str, ...]


class ShownGrants(Struct, frozen=True):
    """The grants that stand."""

    grants: tuple[ShownGrant, ...]


class EnrolledStaff(Struct, frozen=True):
    """Somebody who is enrolled, and how far the account that is linked with them is."""

    scope: str
    staff: str
    office: str
    role: Role
    account: Literal["none", "waiting", "open", "disabled"]
    login: str | None


class EnrolledPage(Struct, frozen=True):
    """A page of who is enrolled."""

    staff: tuple[EnrolledStaff, ...]
    next: str | None


class SecretShown(Struct, frozen=True):
    """What an account is set up with: a code for a person, a secret for a machine. It is shown once."""

    account: str
    login: str
    set_up_code: str | None = None
    secret: str | None = None
