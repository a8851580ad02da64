"""What a rule looks at in a recorded event.

These are not the wire models of the contract: free text, levels and the like are left behind at the border,
phones and WeChat ids have become contacts, and times are instants. Whoever feeds the fold translates.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from shared.ids import Contact, DealId, DisputeId, EventId, OfficeId, ScopeId, StaffId, VisitId

Basis: TypeAlias = Literal["visit", "call", "outreach", "transfer", "ruling"]


WECHAT: Final = ("wechat:", "w:")
"""How a contact begins that is a WeChat id, or the id of one: all that is looked at in the text of a contact."""


def is_phone(contact: Contact) -> bool:
    """Whether a contact is a phone."""
    return not contact.startswith(WECHAT)


class Party(Struct, frozen=True, gc=False):
    """How a record names a customer: contacts in E.164 or `wechat:<id>`, each once; masked ones left out.

    An empty name is one that a correction took away. Where a WeChat id is given, `wechat` is the contact that it
    is, which may be a phone (微信同号), and `phones` are the others.
    """

    name: str | None
    contacts: tuple[Contact, ...]
    phones: tuple[Contact, ...] | None = None
    wechat: Contact | None = None

    def contacts_by_phone(self) -> tuple[Contact, ...]:
        """The contacts that stand as phones."""
        if self.phones is not None:
            return self.phones
        return tuple(contact for contact in self.contacts if is_phone(contact))

    def contact_by_wechat(self) -> Contact | None:
        """The contact that the WeChat id is."""
        if self.phones is not None:
            return self.wechat
        return next((contact for contact in self.contacts if not is_phone(contact)), None)


class Asked(Struct, frozen=True, gc=False):
    """What the customer answered at the door."""

    visited_before: str | None = None
    named_consultant: StaffId | None = None
    contacted_by: StaffId | None = None


class Referrer(Struct, frozen=True, gc=False):
    """Who sent the customer: a consultant by id, or a known customer by contact."""

    contact: Contact | None = None
    consultant: StaffId | None = None


class Enrolment(Struct, frozen=True, gc=False, tag=True):
    staff: StaffId
    name: str
    role: str
    contacts: dict[str, str]


class Departure(Struct, frozen=True, gc=False, tag=True):
    staff: StaffId


class Adoption(Struct, frozen=True, gc=False, tag=True):
    rulebook: str
    version: int
    effective_from: datetime


class ShiftOpening(Struct, frozen=True, gc=False, tag=True):
    order: tuple[StaffId, ...]


class Absence(Struct, frozen=True, gc=False, tag=True):
    staff: StaffId
    reason: str


class Return(Struct, frozen=True, gc=False, tag=True):
    staff: StaffId


class Visit(Struct, frozen=True, gc=False, tag=True):
    visit: VisitId
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


class Call(Struct, frozen=True, gc=False, tag=True):
    customer: Party
    answered_by: StaffId
    asked: Asked


class Outreach(Struct, frozen=True, gc=False, tag=True):
    customer: Party
    by: StaffId


class FollowUp(Struct, frozen=True, gc=False, tag=True):
    customer: Party
    by: StaffId
    method: str
    reached: bool


class Recognition(Struct, frozen=True, gc=False, tag=True):
    visit: VisitId
    by: StaffId
    registration: EventId | None
    evidence: tuple[str, ...]
    confirmed_by: StaffId | None


class HouseholdLink(Struct, frozen=True, gc=False, tag=True):
    """`relation` is None in records that were kept before it counted."""

    members: tuple[Party, ...]
    relation: str | None = None


class Complaint(Struct, frozen=True, gc=False, tag=True):
    customer: Party
    against: StaffId
    decided_by: StaffId


class Concealment(Struct, frozen=True, gc=False, tag=True):
    visit: VisitId
    decided_by: StaffId
    rightful: StaffId | None


class Transfer(Struct, frozen=True, gc=False, tag=True):
    customer: Party
    to: StaffId
    approved_by: tuple[StaffId, ...]


class Subscription(Struct, frozen=True, gc=False, tag=True):
    deal: DealId
    customer: Party
    closed_by: StaffId
    amount: str | None


class Signing(Struct, frozen=True, gc=False, tag=True):
    deal: DealId


class Cancellation(Struct, frozen=True, gc=False, tag=True):
    deal: DealId


class DisputeOpening(Struct, frozen=True, gc=False, tag=True):
    dispute: DisputeId
    customer: Party
    opened_by: StaffId
    deal: DealId | None


class EvidenceAdding(Struct, frozen=True, gc=False, tag=True):
    dispute: DisputeId
    evidence: tuple[str, ...]


class Ruling(Struct, frozen=True, gc=False, tag=True):
    dispute: DisputeId
    ruled_by: StaffId
    owner: StaffId | None
    shares: dict[StaffId, int] | None
    approved_by: tuple[StaffId, ...] = ()


class Correction(Struct, frozen=True, gc=False, tag=True):
    """Another party for a record: of its fields those that it `says`; the rest stays as it was."""

    record: EventId
    customer: Party
    requested_by: StaffId
    approved_by: tuple[StaffId, ...]
    says: tuple[str, ...] = ("name", "phones", "wechat")


class Approval(Struct, frozen=True, gc=False, tag=True):
    record: EventId


class Survey(Struct, frozen=True, gc=False, tag=True):
    customer: Party


class UnreadEntry(Struct, frozen=True, gc=False, tag=True):
    """What the registers hold and no rule reads: whom it names, and the kind and the id that it has for itself.

    The party is no `customer`: an entry names nobody anew, and no customer is formed of it.
    """

    party: Party | None = None
    own: tuple[str, str] | None = None


class Amendment(Struct, frozen=True, gc=False, tag=True):
    """Fields that no rule reads get other values, or an entry is withdrawn; with the approvals of a correction."""

    record: EventId
    requested_by: StaffId
    approved_by: tuple[StaffId, ...]
    withdrawn: bool = False


class Erasure(Struct, frozen=True, gc=False, tag=True):
    """Nobody knows any more who these people are; they own and are owned as before."""

    people: tuple[str, ...]


Matter: TypeAlias = (
    Enrolment | Departure | Adoption | ShiftOpening | Absence | Return
    | Visit | Call | Outreach | FollowUp | Recognition | HouseholdLink
    | Complaint | Concealment | Transfer | Subscription | Signing | Cancellation
    | DisputeOpening | EvidenceAdding | Ruling | Correction | Approval | Survey | Erasure
    | UnreadEntry | Amendment
)  # fmt: skip


class Fact(Struct, frozen=True, gc=False):
    """One recorded event of a scope. `seq` is its place in the scope's one order, from 1."""

    id: EventId
    seq: int
    scope: ScopeId
    office: OfficeId
    occurred_at: datetime
    recorded_at: datetime
    attested_by: StaffId | None
    matter: Matter
