"""The records while a fact is judged: what the fact changes lies over a slice, which stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.ids import CustomerId, StaffId
from shared.rules.domain.events import DomainEvent
from shared.rules.domain.evolve import CHANGES
from shared.rules.domain.state import (
    SCOPE,
    Changes,
    Customer,
    CustomerRef,
    Key,
    Record,
    Records,
    Scope,
    Slice,
    owned_of,
)

if TYPE_CHECKING:
    from shared.rules.domain.record_index import RecordIndex


class SliceDraft(Records):
    """A slice with `changes` over it, read as if they had been made."""

    __slots__ = ("_get", "_slice", "changes", "scope")

    def __init__(self, slice_: Slice, changes: Changes | None = None) -> None:
        self._slice = slice_
        self._get = slice_.get
        self.changes: Changes = {}
        self.scope: Scope = slice_.scope
        if changes is not None:
            self.put(changes)

    def put(self, changes: Changes) -> None:
        """Lay more changes over the slice."""
        self.changes.update(changes)
        if SCOPE in changes:
            scope = changes[SCOPE]
            assert isinstance(scope, Scope)
            self.scope = scope

    def apply(self, event: DomainEvent) -> None:
        """Lay what an event changes over the slice."""
        changes = CHANGES[type(event)](self, event)
        self.changes.update(changes)
        if SCOPE in changes:
            self.scope = changes[SCOPE]  # type: ignore[assignment]

    @property
    def indexes(self) -> dict[CustomerId, RecordIndex]:
        """Those of the slice: whatever is known there may be forgotten, and decides nothing."""
        return self._slice.indexes

    def get(self, key: Key, /) -> Record | None:
        changes = self.changes
        return changes[key] if key in changes else self._get(key)

    def customer(self, customer: CustomerId) -> Customer:
        """As `get` does: this one and the next are asked most, and spare the call."""
        key: Any = "customer", customer
        changes = self.changes
        found = changes[key] if key in changes else self._get(key)
        assert isinstance(found, Customer), customer
        return found

    def pointed(self, kind: str, name: str) -> CustomerId | None:
        """The customer that a contact, a visit or a deal belongs to."""
        key: Any = kind, name
        changes = self.changes
        found = changes[key] if key in changes else self._get(key)
        if not isinstance(found, CustomerRef):
            return None
        key = "joined", found.customer
        moved = changes[key] if key in changes else self._get(key)
        return moved.customer if isinstance(moved, CustomerRef) else found.customer

    def holds(self, key: Key, record: Record) -> bool:
        """Whether this stands under the key already; what is not at hand does not, for all that is known here."""
        changes = self.changes
        return changes[key] == record if key in changes else self._slice.holds(key, record)

    def owned_by(self, staff: StaffId) -> list[Customer]:
        """Customers with a claim of this consultant, lapsed or not, by their first record."""
        changes = self.changes
        before = [c for c in self._slice.owned_by(staff) if ("customer", c.id) not in changes]
        return owned_of([*before, *changes.values()], staff)

    def changed_customers(self) -> list[Customer]:
        """The customers that lie over the slice."""
        return [record for record in self.changes.values() if isinstance(record, Customer)]
