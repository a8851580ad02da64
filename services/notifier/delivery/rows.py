"""What the dispatcher's statements select, as types whose fields are the columns."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct

from services.notifier.model.alert import Person, State
from shared.contract.sealed import person_of
from shared.ids import OfficeId, ScopeId, StaffId


class PersonRow(Struct, frozen=True):
    """A row of `people` and `of_roles`; the contacts as they are kept."""

    scope: ScopeId
    staff: StaffId
    name: str
    role: str
    contacts: dict[str, str]
    departed: bool
    away: bool
    office: OfficeId | None

    def reached_by(self, contacts: Mapping[str, str]) -> Person:
        key = _key_of(self.contacts)
        return Person(self.staff, self.name, self.role, contacts, self.departed, self.away, self.office, key)


class ReaderRow(Struct, frozen=True):
    """A row of `readers`: whom alerts of a lease are for; nobody's id is empty."""

    scope: ScopeId
    staff: StaffId


class SupervisorRow(Struct, frozen=True):
    """A row of `supervisors`; `own`: of the consultant's own office."""

    staff: StaffId
    role: str
    own: bool


class MovedRow(Struct, frozen=True):
    """A row of `recover`: an alert whose lease ran out, and what it is now."""

    id: UUID
    state: State


class StaffRow(Struct, frozen=True):
    """A row of `of_team`."""

    staff: StaffId


class NumberRow(Struct, frozen=True):
    """A row of `begin_attempt`: which of the alert's attempts it is."""

    number: int


class LockedRow(Struct, frozen=True):
    """A row of `lock_recovery`: whether the lock is had."""

    locked: bool


def _key_of(contacts: Mapping[str, str]) -> str | None:
    """Under whose key contacts stand; None of those in clear."""
    return next((key for text in contacts.values() if (key := person_of(text)) is not None), None)
