"""What the pages of customers show of the answers of registers and of the notifier."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from shared.contract.answers.result import OwnershipDecision
from shared.contract.answers.values import BothLanguages


class CustomerOnRow(Struct, frozen=True):
    """The customer of a row; contacts in clear or masked, as the caller may see them."""

    customer: str
    case: str
    name: str | None
    contacts: list[str]


class StaffOnRow(Struct, frozen=True):
    """Who did it, by id and name."""

    staff: str
    name: str


class DueOnList(Struct, frozen=True, kw_only=True):
    """A customer who is to be contacted, and by which of the reasons."""

    customer: CustomerOnRow
    owner: StaffOnRow
    level: str | None
    last_on: str | None
    due_on: str | None
    by_level: str | None
    by_claim: str | None
    by_plan: str | None
    overdue: int
    next_step: str | None


class PlanOnList(Struct, frozen=True, kw_only=True):
    """A plan of the day that nobody has carried out."""

    plan: str
    staff: StaffOnRow
    kind: str
    purpose: str
    customer: CustomerOnRow | None


class WorkListTotals(Struct, frozen=True):
    """How many there are of each part of a work list."""

    overdue: int
    due: int
    coming: int


class WorkListAnswered(Struct, frozen=True):
    """Who is overdue, due and coming, those due first; and the day's plans."""

    day: str
    totals: WorkListTotals
    overdue: list[DueOnList]
    due: list[DueOnList]
    coming: list[DueOnList]
    plans: list[PlanOnList]


class LevelOnBoard(Struct, frozen=True):
    """A level of the office's scheme."""

    level: str


class LevelsAnswered(Struct, frozen=True):
    """The levels that an office goes by."""

    levels: list[LevelOnBoard]


class CardRow(Struct, frozen=True, kw_only=True):
    """A record or a deal on a customer's card."""

    row: str
    register: str | None
    happened_at: str
    recorded_at: str | None
    office: str | None
    staff: StaffOnRow | None
    late: bool
    flags: list[str]
    values: dict[str, Any]


class CardProfileEntry(Struct, frozen=True):
    """What is known under a key of the profile; withheld where it is sensitive."""

    key: str
    label: BothLanguages
    value: str | None
    withheld: bool
    recorded_on: str


class CardHalf(Struct, frozen=True):
    """One side of the card."""

    rows: list[CardRow]


class CardAnswered(Struct, frozen=True, kw_only=True):
    """A customer's card: how it stands, its profile, deals and records."""

    customer: CustomerOnRow
    standing: dict[str, Any]
    profile: list[CardProfileEntry]
    deals: list[CardRow]
    before: CardHalf
    after: CardHalf


class FoundCustomer(Struct, frozen=True, kw_only=True):
    """A row of the register of customers."""

    customer: CustomerOnRow | None
    values: dict[str, Any]


class FoundCustomers(Struct, frozen=True):
    """A page of the register of customers."""

    rows: list[FoundCustomer]
    total: int
    cursor: str | None


class NamedCustomer(Struct, frozen=True):
    """How a customer is called, clear or masked, and what was decided of them."""

    names: list[str]
    decisions: list[OwnershipDecision] = []


class AlertAttempt(Struct, frozen=True):
    """One sending: by which channel, to whom, in which words, and what became of it."""

    channel: str
    recipient: str | None
    message: str
    business_at: str
    outcome: str | None


class AlertSent(Struct, frozen=True, kw_only=True):
    """An alert about a customer, with its sendings."""

    step: str
    audience: str
    staff: str | None
    due_at: str
    deadline: str
    state: str
    attempts: list[AlertAttempt]


class AlertsAnswered(Struct, frozen=True):
    """A page of alerts."""

    alerts: list[AlertSent]
    next: str | None = None
