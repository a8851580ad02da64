"""Customers, their owners and what was decided of them, as rows; and the members of staff."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from shared.ids import Contact, CustomerId, EventId, StaffId
from shared.rules.domain.events import DecisionKind
from shared.rules.domain.facts import Basis


class NumberedCustomer(Struct, frozen=True, gc=False):
    """A customer with the number that an office knows it by: running in order of creation, never given twice."""

    customer: CustomerId
    number: int
    names: tuple[str, ...]
    contacts: tuple[Contact, ...]
    first: int

    @property
    def name(self) -> str | None:
        """The name that was given first."""
        return self.names[0] if self.names else None


class OwnershipRow(Struct, frozen=True, gc=False):
    """The claim on a customer as the last fact left it: it lapses by itself at `expires_at`."""

    customer: CustomerId
    owner: StaffId
    basis: Basis
    since: datetime
    contact_at: datetime
    expires_at: datetime | None
    founded_by: EventId
    lapsed: bool = False


class DecisionRow(Struct, frozen=True, gc=False):
    """A decision of the contract, in its order among all of the scope."""

    number: int
    customer: CustomerId
    at: datetime
    decision: DecisionKind
    owner: StaffId | None
    previous: StaffId | None
    clause: str
    because: tuple[EventId, ...]


class StaffEntry(Struct, frozen=True, gc=False):
    """A member of staff as last enrolled."""

    staff: StaffId
    name: str
    role: str
    number: str | None = None
    title: str | None = None
    team: str | None = None
    departed: bool = False
