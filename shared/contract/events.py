"""The events of the public contract as frozen models, one class for one row of its table of event types.

Optional fields are None (lists: empty) when they were left out. Times are in UTC. Phones stand as written;
`contacts_of` tells what they mean.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from shared.contract.fields import (
    Address,
    Amount,
    Aside,
    BasisPoints,
    Day,
    DealId,
    DisputeId,
    EventId,
    Evidence,
    Label,
    Note,
    OfficeId,
    People,
    PersonName,
    Phone,
    PhoneAddress,
    Phones,
    Prose,
    Remark,
    Row,
    RulebookName,
    ScopeId,
    Score,
    StaffId,
    StaffList,
    Subject,
    Version,
    VisitId,
    WechatId,
)
from shared.contract.sealed import Sealed
from shared.contract.times import Instant

Role = Literal[
    "consultant", "supervisor", "manager", "director", "back_office", "admin_manager", "general_manager",
    "reception", "auditor",
]  # fmt: skip
Capacity = Literal["on_turn", "assist"]
AwayReason = Literal["personal", "business", "company_task", "brief"]
OutreachMethod = Literal["sms", "field", "web"]
FollowUpMethod = Literal["door_visit", "invitation", "phone", "web_chat", "sms", "other"]
Category = Literal["prospect", "interested", "promising", "general"]
Answer = Literal[0, 1]


class Model(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Strict, immutable, and on the wire without what was left out."""


class Party(Model, frozen=True):
    """How a customer is named in a record."""

    name: PersonName | None = None
    phones: Phones = ()
    wechat: WechatId | None = None
    relation: Aside | None = None


class CorrectedParty(Model, frozen=True):
    """What a correction says of the party: what it leaves out stays, what it gives empty is taken away."""

    name: PersonName | None = None
    phones: Phones | None = None
    wechat: WechatId | None = None
    relation: Aside | None = None


class Asked(Model, frozen=True):
    """What the customer answered at the door."""

    visited_before: Literal["yes", "no", "unsure"]
    named_consultant: StaffId | None = None
    contacted_by: StaffId | None = None


class Referrer(Model, frozen=True):
    """Who sent the customer: someone with a phone, a consultant, or both."""

    phone: Phone | None = None
    consultant: StaffId | None = None


class Carried(Model, frozen=True):
    """Where a carried-over entry stood in an older register, and who vouches for it."""

    register: Label
    row: Row
    attested_by: StaffId


class StaffContacts(Model, frozen=True):
    sms: PhoneAddress | None = None
    dingtalk: Address | None = None
    wecom: Address | None = None
    feishu: Address | None = None
    email: Address | None = None


class SurveyAnswers(Model, frozen=True):
    greeted: Answer
    introduced: Answer
    patient: Answer
    clear: Answer
    would_recommend: Answer


class StaffEnrolled(Model, frozen=True):
    TYPE: ClassVar = "staff.enrolled"
    staff: StaffId
    name: Label
    role: Role
    contacts: StaffContacts | None = None


class StaffDeparted(Model, frozen=True):
    TYPE: ClassVar = "staff.departed"
    staff: StaffId


class RulebookAdopted(Model, frozen=True):
    TYPE: ClassVar = "rulebook.adopted"
    rulebook: RulebookName
    version: Version
    effective_from: Instant


class ShiftOpened(Model, frozen=True):
    TYPE: ClassVar = "shift.opened"
    order: StaffList


class StaffAway(Model, frozen=True):
    TYPE: ClassVar = "staff.away"
    staff: StaffId
    reason: AwayReason


class StaffBack(Model, frozen=True):
    TYPE: ClassVar = "staff.back"
    staff: StaffId


class VisitRegistered(Model, frozen=True):
    TYPE: ClassVar = "visit.registered"
    visit: VisitId
    customer: Party
    received_by: StaffId
    capacity: Capacity
    on_behalf_of: StaffId | None = None
    designated: StaffId | None = None
    asked: Asked | None = None
    referred_by: Annotated[tuple[Referrer, ...], Meta(max_length=100)] = ()
    brochure_only: bool = False
    present: StaffList = ()
    started_at: Instant | None = None
    ended_at: Instant | None = None
    companions: Annotated[tuple[Party, ...], Meta(max_length=100)] = ()
    channel: Remark | None = None
    purpose: Aside | None = None
    notes: Note | None = None
    level: Remark | None = None
    category: Category | None = None
    next_on: Day | None = None


class CallRegistered(Model, frozen=True):
    TYPE: ClassVar = "call.registered"
    customer: Party
    answered_by: StaffId
    asked: Asked | None = None
    notes: Note | None = None
    channel: Remark | None = None
    level: Remark | None = None
    next_on: Day | None = None


class OutreachRegistered(Model, frozen=True):
    TYPE: ClassVar = "outreach.registered"
    customer: Party
    by: StaffId
    method: OutreachMethod
    notes: Note | None = None


class FollowUpRecorded(Model, frozen=True):
    TYPE: ClassVar = "followup.recorded"
    customer: Party
    by: StaffId
    method: FollowUpMethod
    subject: Subject
    content: Prose
    reached: bool = True
    category: Category | None = None
    level: Remark | None = None
    next_on: Day | None = None


class CustomerRecognised(Model, frozen=True):
    TYPE: ClassVar = "customer.recognised"
    visit: VisitId
    by: StaffId
    evidence: Evidence
    registration: EventId | None = None
    confirmed_by: StaffId | None = None


class HouseholdLinked(Model, frozen=True):
    TYPE: ClassVar = "household.linked"
    members: Annotated[tuple[Party, ...], Meta(min_length=2, max_length=100)]
    relation: Literal["spouse", "parent_child", "other"]


class ComplaintUpheld(Model, frozen=True):
    TYPE: ClassVar = "complaint.upheld"
    customer: Party
    against: StaffId
    decided_by: StaffId
    reason: Prose


class ConcealmentFound(Model, frozen=True):
    TYPE: ClassVar = "concealment.found"
    visit: VisitId
    decided_by: StaffId
    reason: Prose
    rightful: StaffId | None = None


class ClaimTransferred(Model, frozen=True):
    TYPE: ClassVar = "claim.transferred"
    customer: Party
    to: StaffId
    requested_by: StaffId
    approved_by: StaffList
    reason: Prose


class DealSubscribed(Model, frozen=True):
    TYPE: ClassVar = "deal.subscribed"
    deal: DealId
    customer: Party
    closed_by: StaffId
    project: Label
    unit: Label
    amount: Amount | None = None


class DealSigned(Model, frozen=True):
    TYPE: ClassVar = "deal.signed"
    deal: DealId


class DealCancelled(Model, frozen=True):
    TYPE: ClassVar = "deal.cancelled"
    deal: DealId
    reason: Prose


class DisputeOpened(Model, frozen=True):
    TYPE: ClassVar = "dispute.opened"
    dispute: DisputeId
    customer: Party
    opened_by: StaffId
    reason: Prose
    deal: DealId | None = None


class DisputeEvidenceAdded(Model, frozen=True):
    TYPE: ClassVar = "dispute.evidence_added"
    dispute: DisputeId
    by: StaffId
    evidence: Evidence


class DisputeRuled(Model, frozen=True):
    """One that names neither owner nor shares is of the contract but does not count (procedure.md#disputes-says)."""

    TYPE: ClassVar = "dispute.ruled"
    dispute: DisputeId
    ruled_by: StaffId
    reason: Prose
    owner: StaffId | None = None
    shares: Annotated[dict[StaffId, BasisPoints], Meta(min_length=1, max_length=100)] | None = None
    approved_by: StaffList = ()


class RecordCorrected(Model, frozen=True):
    TYPE: ClassVar = "record.corrected"
    record: EventId
    customer: CorrectedParty
    reason: Prose
    requested_by: StaffId
    approved_by: StaffList


class RecordApproved(Model, frozen=True):
    TYPE: ClassVar = "record.approved"
    record: EventId
    stage: Literal["reviewed", "approved", "filed"]
    by: StaffId


class SurveyRecorded(Model, frozen=True):
    TYPE: ClassVar = "survey.recorded"
    customer: Party
    consultant: StaffId
    answers: SurveyAnswers
    score: Score
    suggestion: Note | None = None


class PersonErased(Model, frozen=True):
    """Whose keys are destroyed; what was recorded of them stands, and nobody reads it again (privacy.md#erasure)."""

    TYPE: ClassVar = "person.erased"
    people: People
    reason: Prose
    asked_by: Subject
    by: StaffId
    despite_by: StaffId | None = None


Registration = VisitRegistered | CallRegistered | OutreachRegistered
Data = (
    StaffEnrolled | StaffDeparted | RulebookAdopted | ShiftOpened | StaffAway | StaffBack
    | VisitRegistered | CallRegistered | OutreachRegistered | FollowUpRecorded | CustomerRecognised
    | HouseholdLinked | ComplaintUpheld | ConcealmentFound | ClaimTransferred
    | DealSubscribed | DealSigned | DealCancelled | DisputeOpened | DisputeEvidenceAdded | DisputeRuled
    | RecordCorrected | RecordApproved | SurveyRecorded | PersonErased
)  # fmt: skip

DATA_TYPES: dict[str, type[Data]] = {model.TYPE: model for model in Data.__args__}
"""Event type → the model of its `data`, in the order of the contract."""


class Event(Struct, frozen=True, omit_defaults=True, gc=False):
    """One record of the desk: who entered what, when it happened and when it was accepted.

    Where `sealed` is there, personal texts are in it, and what stands in their places tells nothing of them.
    """

    id: EventId
    type: str
    scope: ScopeId
    office: OfficeId
    actor: StaffId
    occurred_at: datetime
    data: Data
    recorded_at: datetime | None = None
    carried: Carried | None = None
    sealed: Sealed | None = None
