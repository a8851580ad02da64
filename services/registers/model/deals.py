"""A deal as a row: its subscription, terms, progress, signing and cancellation in one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct, field

from shared.ids import CustomerId, DealId, EventId, OfficeId, StaffId


class DueDate(Struct, frozen=True, gc=False):
    """What is due of a deal by which day, and the money where it is a payment; `set_at` and `set_by` say by what."""

    what: str
    on: date
    set_at: datetime
    set_by: EventId
    amount: Decimal | None = None


class DealStep(Struct, frozen=True, gc=False):
    """A step of a deal after its subscription: done, or not yet and why."""

    id: EventId
    at: datetime
    what: str
    done: bool = True
    amount: Decimal | None = None
    missing: str | None = None
    reason: str | None = None


class DealRow(Struct, frozen=True, gc=False):
    """A subscription and what became of it; `shares` are those that stood last, also of one that was cancelled."""

    deal: DealId
    event: EventId
    seq: int
    office: OfficeId
    project: str
    unit: str
    subscribed_at: datetime
    customer: CustomerId
    name: str | None
    closed_by: StaffId
    stated: Decimal | None
    shares: dict[StaffId, int]
    pending: bool = False
    late: bool = False
    signed_at: datetime | None = None
    signed_by: EventId | None = None
    cancelled_at: datetime | None = None
    cancelled_by: EventId | None = None
    cancelled_seq: int | None = None
    reason: str | None = None
    reservation: str | None = None
    terms: dict[str, Any] = field(default_factory=dict)
    due: tuple[DueDate, ...] = ()
    steps: tuple[DealStep, ...] = ()

    @property
    def amount(self) -> Decimal | None:
        """The amount of the last terms, else that of the subscription."""
        agreed = self.terms.get("amount")
        return Decimal(agreed) if agreed is not None else self.stated

    @property
    def place(self) -> tuple[datetime, int]:
        """Where it stands among deals: by when it was subscribed, then by when that was recorded."""
        return self.subscribed_at, self.seq

    @property
    def moves(self) -> tuple[datetime, ...]:
        """When it was subscribed, signed and cancelled, as far as it was."""
        return tuple(at for at in (self.subscribed_at, self.signed_at, self.cancelled_at) if at is not None)

    def stands(self, at: datetime) -> bool:
        """Whether it was subscribed by then and not yet cancelled."""
        return self.subscribed_at <= at and not self.cancelled(at)

    def cancelled(self, at: datetime) -> bool:
        """Whether it was cancelled by then."""
        return self.cancelled_at is not None and self.cancelled_at <= at

    def signed(self, at: datetime) -> bool:
        """Whether it was signed by then."""
        return self.signed_at is not None and self.signed_at <= at

    def due_dates(self, what: str, at: datetime) -> list[DueDate]:
        """Every day that was set for something by then, the one that counts last."""
        return [one for one in self.due if one.what == what and one.set_at <= at]

    def due_on(self, what: str, at: datetime) -> date | None:
        """The day by which something is due, as it was last set by then."""
        found = self.due_dates(what, at)
        return found[-1].on if found else None
