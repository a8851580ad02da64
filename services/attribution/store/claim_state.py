"""What stands of a customer's claim, as lists, timers and claim messages tell it (contract.md#claim-message)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from shared.ids import StaffId
from shared.rules.domain.case import standing
from shared.rules.domain.state import Customer, Records
from shared.rules.judge.result import expires_at, status


class ClaimState(NamedTuple):
    """The three things of which every change is a claim message."""

    owner: StaffId | None
    status: str
    expires_at: datetime | None


NEVER = ClaimState(None, "unowned", None)
"""A customer that nobody ever owned; who becomes one makes no message."""


class ClaimRow(Struct, frozen=True, gc=False):
    """One row of the index over claims."""

    born: int
    nth: int
    people: int
    generation: int
    standing: ClaimState
    holder: StaffId | None
    due_at: datetime | None


def standing_of(records: Records, customer: Customer) -> ClaimState:
    """Owner, status and expiry as of what is decided."""
    claim = standing(customer.claim)
    return ClaimState(claim.owner if claim else None, status(records, customer), expires_at(customer))


def claim_row(records: Records, customer: Customer, known: ClaimRow | None) -> ClaimRow:
    """The row of a customer after a fact; the generation goes up with every change of its standing."""
    now = standing_of(records, customer)
    before, generation = (known.standing, known.generation) if known else (NEVER, 0)
    return ClaimRow(
        born=customer.first,
        nth=customer.nth,
        people=len(customer.names),
        generation=generation + (now != before),
        standing=now,
        holder=customer.claim.owner if customer.claim else None,
        due_at=now.expires_at,
    )
