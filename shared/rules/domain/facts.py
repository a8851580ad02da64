"""What a rule looks at in a recorded event.

These are not the wire models of the contract: free text, levels and the like are left behind at the border,
phones and WeChat ids have become contacts, and times are instants. Whoever feeds the fold translates.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from shared.rules.domain.frozen import record

StaffId: TypeAlias = str
EventId: TypeAlias = str
Basis: TypeAlias = Literal["visit", "call", "outreach", "transfer", "ruling"]


@record
class Party:
    """How a record names a customer: contacts in E.164 or `wechat:<id>`, each once; masked ones left out.

    An empty name is one that a correction took away. Where a WeChat id is given, `wechat` is the contact that it
    is, which may be a phone (微信同号), and `phones` are the others.
    """

    name: str | None
    contacts: tuple[str, ...]
    phones: tuple[str, ...] | None = None
    wechat: str | None = None

    def contacts_by_phone(self) -> tuple[str, ...]:
        """The contacts that stand as phones."""
        if self.phones is not None:
            return self.phones
        return tuple(contact for contact in self.contacts if not contact.startswith("wechat:"))

    def contact_by_wechat(self) -> str | None:
        """The contact that the WeChat id is."""
        if self.phones is not None:
            return self.wechat
        return next((contact for contact in self.contacts if contact.startswith("wechat:")), None)


@record
class Asked:
    """What the customer answered at the door."""

    visited_before: str | None = None
    named_consultant: StaffId | None = None
    contacted_by: StaffId | None = None


@record
class Referrer:
    """Who sent the customer: a consultant by id, or a known customer by contact."""

    contact: str | None = None
    consultant: StaffId | None = None


@record
class Enrolment:
    staff: StaffId
    name: str
    role: str
    contacts: dict[str, str]


@record
class Departure:
    staff: StaffId


@record
class Adoption:
    rulebook: str
    version: int
    effective_from: datetime


@record
class ShiftOpening:
    order: tuple[StaffId, ...]


@record
class Absence:
    staff: StaffId
    reason: str


@record
class Return:
    staff: StaffId


@record
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


@record
class Call:
    customer: Party
    answered_by: StaffId
    asked: Asked


@record
class Outreach:
    customer: Party
    by: StaffId


@record
class FollowUp:
    customer: Party
    by: StaffId
    method: str
    reached: bool


@record
class Recognition:
    visit: str
    by: StaffId
    registration: EventId | None
    evidence: tuple[str, ...]
    confirmed_by: StaffId | None


@record
class HouseholdLink:
    """`relation` is None in records that were kept before it counted."""

    members: tuple[Party, ...]
    relation: str | None = None


@record
class Complaint:
    customer: Party
    against: StaffId
    decided_by: StaffId


@record
class Concealment:
    visit: str
    decided_by: StaffId
    rightful: StaffId | None


@record
class Transfer:
    customer: Party
    to: StaffId
    approved_by: tuple[StaffId, ...]


@record
class Subscription:
    deal: str
    customer: Party
    closed_by: StaffId
    amount: str | None


@record
class Signing:
    deal: str


@record
class Cancellation:
    deal: str


@record
class DisputeOpening:
    dispute: str
    customer: Party
    opened_by: StaffId
    deal: str | None


@record
class EvidenceAdding:
    dispute: str
    evidence: tuple[str, ...]


@record
class Ruling:
    dispute: str
    ruled_by: StaffId
    owner: StaffId | None
    shares: dict[StaffId, int] | None
    approved_by: tuple[StaffId, ...] = ()


@record
class Correction:
    """Another party for a record: of its fields those that it `says`; the rest stays as it was."""

    record: EventId
    customer: Party
    requested_by: StaffId
    approved_by: tuple[StaffId, ...]
    says: tuple[str, ...] = ("name", "phones", "wechat")


@record
class Approval:
    record: EventId


@record
class Survey:
    customer: Party


Matter: TypeAlias = (
    Enrolment | Departure | Adoption | ShiftOpening | Absence | Return
    | Visit | Call | Outreach | FollowUp | Recognition | HouseholdLink
    | Complaint | Concealment | Transfer | Subscription | Signing | Cancellation
    | DisputeOpening | EvidenceAdding | Ruling | Correction | Approval | Survey
)  # fmt: skip


@record
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
