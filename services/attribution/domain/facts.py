"""What a rule looks at in a recorded event.

These are not the wire models of the contract: free text, levels and the like are left behind at the border,
phones and WeChat ids have become contacts, and times are instants. Whoever feeds the fold translates.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

StaffId: TypeAlias = str
EventId: TypeAlias = str
Basis: TypeAlias = Literal["visit", "call", "outreach", "transfer", "ruling"]


@dataclass(frozen=True, slots=True)
class Party:
    """How a record names a customer: contacts in E.164 or `wechat:<id>`, each once; masked ones left out."""

    name: str | None
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the customer answered at the door."""

    visited_before: str | None = None
    named_consultant: StaffId | None = None
    contacted_by: StaffId | None = None


@dataclass(frozen=True, slots=True)
class Referrer:
    """Who sent the customer: a consultant by id, or a known customer by contact."""

    contact: str | None = None
    consultant: StaffId | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    staff: StaffId
    name: str
    role: str
    contacts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Departure:
    staff: StaffId


@dataclass(frozen=True, slots=True)
class Adoption:
    rulebook: str
    version: int
    effective_from: datetime


@dataclass(frozen=True, slots=True)
class ShiftOpening:
    order: tuple[StaffId, ...]


@dataclass(frozen=True, slots=True)
class Absence:
    staff: StaffId
    reason: str


@dataclass(frozen=True, slots=True)
class Return:
    staff: StaffId


@dataclass(frozen=True, slots=True)
class Visit:
    visit: str
    customer: Party
    received_by: StaffId
    capacity: str
    on_behalf_of: StaffId | None
    designated: StaffId | None
    asked: Asked
    referred_by: tuple[Referrer, ...]
    brochure_only: bool
    present: tuple[StaffId, ...]
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Call:
    customer: Party
    answered_by: StaffId
    asked: Asked


@dataclass(frozen=True, slots=True)
class Outreach:
    customer: Party
    by: StaffId


@dataclass(frozen=True, slots=True)
class FollowUp:
    customer: Party
    by: StaffId
    method: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Recognition:
    visit: str
    by: StaffId
    registration: EventId | None
    evidence: tuple[str, ...]
    confirmed_by: StaffId | None


@dataclass(frozen=True, slots=True)
class HouseholdLink:
    members: tuple[Party, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    customer: Party
    against: StaffId
    decided_by: StaffId


@dataclass(frozen=True, slots=True)
class Concealment:
    visit: str
    decided_by: StaffId
    rightful: StaffId | None


@dataclass(frozen=True, slots=True)
class Transfer:
    customer: Party
    to: StaffId
    approved_by: tuple[StaffId, ...]


@dataclass(frozen=True, slots=True)
class Subscription:
    deal: str
    customer: Party
    closed_by: StaffId
    amount: str | None


@dataclass(frozen=True, slots=True)
class Signing:
    deal: str


@dataclass(frozen=True, slots=True)
class Cancellation:
    deal: str


@dataclass(frozen=True, slots=True)
class DisputeOpening:
    dispute: str
    customer: Party
    opened_by: StaffId
    deal: str | None


@dataclass(frozen=True, slots=True)
class EvidenceAdding:
    dispute: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    dispute: str
    ruled_by: StaffId
    owner: StaffId | None
    shares: dict[StaffId, int] | None


@dataclass(frozen=True, slots=True)
class Correction:
    record: EventId
    customer: Party
    requested_by: StaffId
    approved_by: tuple[StaffId, ...]


@dataclass(frozen=True, slots=True)
class Approval:
    record: EventId


@dataclass(frozen=True, slots=True)
class Survey:
    customer: Party


Matter: TypeAlias = (
    Enrolment | Departure | Adoption | ShiftOpening | Absence | Return
    | Visit | Call | Outreach | FollowUp | Recognition | HouseholdLink
    | Complaint | Concealment | Transfer | Subscription | Signing | Cancellation
    | DisputeOpening | EvidenceAdding | Ruling | Correction | Approval | Survey
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One recorded event of a scope. `seq` is its place in the scope's one order, from 1."""

    id: EventId
    seq: int
    scope: str
    office: str
    occurred_at: datetime
    recorded_at: datetime
    attested_by: StaffId | None
    matter: Matter
