"""A deal as a row: what each fact made of it, with the shares that the rules fixed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from services.registers.model.deals import DealRow
from services.registers.model.entries import RegisterEntry
from services.registers.model.versions import RowCause
from shared.contract import DealCancelled, DealSubscribed, Event
from shared.rules.domain import events as e
from shared.rules.domain.facts import Fact, Signing


def deal_row(row: DealRow, made: e.DealDecided | e.DealChanged, event: Event, fact: Fact) -> DealRow:
    """The row of a deal after a fact that decided or changed it."""
    deal = made.deal
    pending = deal.pending and not deal.cancelled
    row = replace(row, customer=made.customer, shares=deal.shares or row.shares, pending=pending)
    if deal.signed and row.signed_at is None:
        row = replace(row, signed_at=fact.occurred_at, signed_by=fact.id)
    if deal.cancelled and row.cancelled_at is None:
        reason = event.data.reason if isinstance(event.data, DealCancelled) else None
        row = replace(row, cancelled_at=fact.occurred_at, cancelled_by=fact.id, reason=reason)
    return row


def deal_cause(made: e.DealDecided | e.DealChanged, before: DealRow | None, fact: Fact) -> RowCause:
    """Why the row is another one than before."""
    if before is None:
        return "entered"
    if made.deal.cancelled and before.cancelled_at is None:
        return "cancelled"
    return "signed" if isinstance(fact.matter, Signing) else "decided"


def subscribed(made: e.DealDecided | e.DealChanged, entry: RegisterEntry[Any] | None) -> DealRow:
    """The row of a deal as its subscription states it."""
    assert entry is not None and isinstance(entry.data, DealSubscribed), "a deal begins with its own record"
    data = entry.data
    return DealRow(
        data.deal,
        entry.id,
        entry.seq,
        entry.office,
        data.project,
        data.unit,
        entry.occurred_at,
        made.customer,
        entry.name,
        data.closed_by,
        Decimal(data.amount) if data.amount is not None else None,
        {},
        late=entry.late,
        reservation=getattr(data, "reservation", None),
    )
