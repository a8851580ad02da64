"""What is decided of customers, deals and disputes, and of records themselves."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from shared.contract.event_parts import (
    CorrectedParty,
    DealTerms,
    Model,
    Party,
    SurveyAnswers,
)
from shared.contract.fields import (
    Amount,
    BasisPoints,
    DealId,
    DisputeId,
    EventId,
    Evidence,
    FeedbackId,
    Label,
    Note,
    People,
    Prose,
    RequestId,
    ReservationId,
    Score,
    StaffId,
    StaffList,
    Subject,
    VisitId,
)


class ComplaintUpheld(Model, frozen=True):
    TYPE: ClassVar = "complaint.upheld"
    customer: Party
    against: StaffId
    decided_by: StaffId
    reason: Prose
    feedback: FeedbackId | None = None


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
    request: RequestId | None = None


class DealSubscribed(Model, frozen=True):
    TYPE: ClassVar = "deal.subscribed"
    deal: DealId
    customer: Party
    closed_by: StaffId
    project: Label
    unit: Label
    amount: Amount | None = None
    reservation: ReservationId | None = None
    terms: DealTerms | None = None


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
    request: RequestId | None = None


class RecordApproved(Model, frozen=True):
    TYPE: ClassVar = "record.approved"
    record: EventId
    stage: Literal["reviewed", "approved", "filed", "returned"]
    by: StaffId
    remark: Note | None = None


class SurveyRecorded(Model, frozen=True):
    TYPE: ClassVar = "survey.recorded"
    customer: Party
    consultant: StaffId
    score: Score
    answers: SurveyAnswers | None = None
    suggestion: Note | None = None
    visit: VisitId | None = None
    by: StaffId | None = None
    via: Literal["on_site", "call_back"] | None = None


class PersonErased(Model, frozen=True):
    """Whose keys are destroyed; what was recorded of them stands, and nobody reads it again (privacy.md#erasure)."""

    TYPE: ClassVar = "person.erased"
    people: People
    reason: Prose
    asked_by: Subject
    by: StaffId
    despite_by: StaffId | None = None
