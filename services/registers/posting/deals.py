"""A deal as a row: what each fact made of it, with the shares that the rules fixed."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from msgspec.structs import replace

from services.registers.model.deals import DealRow, DealStep, DueDate
from services.registers.model.records import PostedRecord
from services.registers.model.versions import RowCause
from shared.contract import DealCancelled, DealProgressed, DealSubscribed, DealTermsSet, Event
from shared.contract.event_parts import DealTerms
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
        row = replace(
            row, cancelled_at=fact.occurred_at, cancelled_by=fact.id, cancelled_seq=fact.seq, reason=reason
        )
    return row


def deal_cause(made: e.DealDecided | e.DealChanged, before: DealRow | None, fact: Fact) -> RowCause:
    """Why the row is another one than before."""
    if before is None:
        return "entered"
    if made.deal.cancelled and before.cancelled_at is None:
        return "cancelled"
    return "signed" if isinstance(fact.matter, Signing) else "decided"


def subscribed(made: e.DealDecided | e.DealChanged, entry: PostedRecord[Any] | None) -> DealRow:
    """The row of a deal as its subscription states it."""
    assert entry is not None and isinstance(entry.data, DealSubscribed), "a deal begins with its own record"
    data = entry.data
    row = DealRow(
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
        _decimal(data.amount),
        {},
        late=entry.late,
        reservation=data.reservation,
    )
    return with_records(row, (entry,))


TERMS: Final = ("amount", "list_price", "area", "unit_kind", "payment", "deposit")


def with_records(row: DealRow, records: Iterable[PostedRecord[Any]]) -> DealRow:
    """The deal with its terms and its progress, as the records of them say in the order of happening."""
    row = replace(row, terms={}, due=(), steps=())
    for record in sorted(records, key=lambda one: one.place):
        data = record.data
        if isinstance(data, DealTermsSet):
            row = _with_terms(row, data, record)
        elif isinstance(data, DealSubscribed) and data.terms is not None:
            row = _with_terms(row, data.terms, record)
        elif isinstance(data, DealProgressed):
            row = replace(row, steps=(*row.steps, _step(data, record)))
    return row


def _with_terms(row: DealRow, said: DealTerms, record: PostedRecord[Any]) -> DealRow:
    """The last statement stands, key by key; of what is due, step by step."""
    terms = {name: value for name in TERMS if (value := getattr(said, name)) is not None}
    due = tuple(
        DueDate(one.what, one.on, record.occurred_at, record.id, _decimal(one.amount)) for one in said.due
    )
    return replace(row, terms={**row.terms, **terms}, due=(*row.due, *due))


def _step(data: DealProgressed, record: PostedRecord[Any]) -> DealStep:
    amount = _decimal(data.amount)
    return DealStep(record.id, record.occurred_at, data.what, data.done, amount, data.missing, data.reason)


def _decimal(amount: str | None) -> Decimal | None:
    return Decimal(amount) if amount is not None else None
