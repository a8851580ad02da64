"""Customers and their claims as the records of the rules hold them after each fact."""

from __future__ import annotations

from services.registers.model.customers import NumberedCustomer, OwnershipRow
from services.registers.model.registers import Registers
from shared.ids import Contact, CustomerId
from shared.rules.domain.facts import Fact
from shared.rules.domain.state import Changes, Customer, Slice


class PostedCustomers:
    """Posts customers, numbered as they come, and the claim that each fact leaves them with."""

    def __init__(self, registers: Registers, slice_: Slice) -> None:
        self._registers, self._slice = registers, slice_
        self._numbers: dict[CustomerId, int] = {}

    def of(self, contacts: tuple[Contact, ...]) -> CustomerId | None:
        """The customer whose these contacts are."""
        return next((home for one in contacts if (home := self._slice.pointed("contact", one))), None)

    def post(self, changes: Changes, fact: Fact) -> None:
        """What a fact changed of customers."""
        for key, record in changes.items():
            if key.kind == "customer" and record is None:
                self._close(CustomerId(key.id), fact)
        changed = [record for record in changes.values() if isinstance(record, Customer)]
        for customer in sorted(changed, key=lambda one: one.place):
            self._post(customer, fact)

    def _close(self, customer: CustomerId, fact: Fact) -> None:
        self._registers.customers.close(customer, fact.recorded_at, "joined", fact.id)
        self._registers.ownership.close(customer, fact.recorded_at, "joined", fact.id)

    def _post(self, customer: Customer, fact: Fact) -> None:
        number = self._numbers.setdefault(customer.id, len(self._numbers) + 1)
        row = NumberedCustomer(
            customer.id, number, tuple(customer.names), tuple(customer.contacts), customer.first
        )
        self._registers.customers.put(customer.id, row, fact.recorded_at, "entered", fact.id)
        claim = customer.claim
        if claim is None:
            self._registers.ownership.close(customer.id, fact.recorded_at, "decided", fact.id)
            return
        owned = OwnershipRow(
            customer.id,
            claim.owner,
            claim.basis,
            claim.since,
            claim.contact_at,
            claim.expires_at,
            claim.registration.event,
            claim.lapsed,
        )
        self._registers.ownership.put(customer.id, owned, fact.recorded_at, "decided", fact.id)
