"""The events of the public contract as frozen models, one class for one row of its table of event types.

Optional fields are None (lists: empty) when they were left out. Times are in UTC. Phones stand as written;
`contacts_of` tells what they mean.
"""

from datetime import datetime

from msgspec import Struct

from shared.contract.decision_events import (
    ClaimTransferred,
    ComplaintUpheld,
    ConcealmentFound,
    DealCancelled,
    DealSigned,
    DealSubscribed,
    DisputeEvidenceAdded,
    DisputeOpened,
    DisputeRuled,
    PersonErased,
    RecordApproved,
    RecordCorrected,
    SurveyRecorded,
)
from shared.contract.event_parts import (
    AmendableField,
    AmendedFields,
    Answer,
    Asked,
    AwayReason,
    Capacity,
    Carried,
    Category,
    CheckItem,
    CorrectedParty,
    DealTerms,
    DueStep,
    DueTerm,
    FollowUpMethod,
    Medium,
    Model,
    Obstacle,
    OutreachMethod,
    Party,
    Payment,
    Progress,
    Referrer,
    Role,
    StaffContacts,
    SurveyAnswers,
    WorkCounts,
)
from shared.contract.fields import EventId, OfficeId, ScopeId, StaffId
from shared.contract.office_events import (
    RulebookAdopted,
    SchemeAdopted,
    ShiftOpened,
    StaffAway,
    StaffBack,
    StaffDeparted,
    StaffEnrolled,
)
from shared.contract.profile_values import (
    ProfileKey,
    ProfileKeyList,
    ProfileValues,
    profile_items,
)
from shared.contract.record_events import (
    CallRegistered,
    CustomerRecognised,
    FollowUpRecorded,
    HouseholdLinked,
    OutreachRegistered,
    VisitRegistered,
)
from shared.contract.register_events import (
    CheckRecorded,
    DealProgressed,
    DealTermsSet,
    DocumentAttached,
    FeedbackAnswered,
    FeedbackReceived,
    OpportunityLost,
    PlanMade,
    ProfileRecorded,
    RecordAmended,
    RequestSubmitted,
    ReservationClosed,
    ReservationMade,
    TargetSet,
    WorklogSubmitted,
)
from shared.contract.sealed import Sealed

__all__ = [
    "DATA_TYPES",
    "AmendableField",
    "AmendedFields",
    "Answer",
    "Asked",
    "AwayReason",
    "CallRegistered",
    "Capacity",
    "Carried",
    "Category",
    "CheckItem",
    "CheckRecorded",
    "ClaimTransferred",
    "ComplaintUpheld",
    "ConcealmentFound",
    "CorrectedParty",
    "CustomerRecognised",
    "Data",
    "DealCancelled",
    "DealProgressed",
    "DealSigned",
    "DealSubscribed",
    "DealTerms",
    "DealTermsSet",
    "DisputeEvidenceAdded",
    "DisputeOpened",
    "DisputeRuled",
    "DocumentAttached",
    "DueStep",
    "DueTerm",
    "Event",
    "FeedbackAnswered",
    "FeedbackReceived",
    "FollowUpMethod",
    "FollowUpRecorded",
    "HouseholdLinked",
    "Medium",
    "Model",
    "Obstacle",
    "OpportunityLost",
    "OutreachMethod",
    "OutreachRegistered",
    "Party",
    "Payment",
    "PersonErased",
    "PlanMade",
    "ProfileKey",
    "ProfileKeyList",
    "ProfileRecorded",
    "ProfileValues",
    "Progress",
    "RecordAmended",
    "RecordApproved",
    "RecordCorrected",
    "Referrer",
    "RegisterEntry",
    "Registration",
    "RequestSubmitted",
    "ReservationClosed",
    "ReservationMade",
    "Role",
    "RulebookAdopted",
    "SchemeAdopted",
    "ShiftOpened",
    "StaffAway",
    "StaffBack",
    "StaffContacts",
    "StaffDeparted",
    "StaffEnrolled",
    "SurveyAnswers",
    "SurveyRecorded",
    "TargetSet",
    "VisitRegistered",
    "WorkCounts",
    "WorklogSubmitted",
    "profile_items",
]

Registration = VisitRegistered | CallRegistered | OutreachRegistered
RegisterEntry = (
    ProfileRecorded | PlanMade | WorklogSubmitted | FeedbackReceived | FeedbackAnswered
    | OpportunityLost | ReservationMade | ReservationClosed | DealTermsSet | DealProgressed
    | RequestSubmitted | RecordAmended | CheckRecorded | TargetSet | DocumentAttached
)  # fmt: skip
"""What the registers hold and no rule of ownership reads."""
Data = (
    StaffEnrolled | StaffDeparted | RulebookAdopted | ShiftOpened | StaffAway | StaffBack
    | VisitRegistered | CallRegistered | OutreachRegistered | FollowUpRecorded | CustomerRecognised
    | HouseholdLinked | ComplaintUpheld | ConcealmentFound | ClaimTransferred | DealSubscribed
    | DealSigned | DealCancelled | DisputeOpened | DisputeEvidenceAdded | DisputeRuled
    | RecordCorrected | RecordApproved | SurveyRecorded | PersonErased | SchemeAdopted
    | ProfileRecorded | PlanMade | WorklogSubmitted | FeedbackReceived | FeedbackAnswered
    | OpportunityLost | ReservationMade | ReservationClosed | DealTermsSet | DealProgressed
    | RequestSubmitted | RecordAmended | CheckRecorded | TargetSet | DocumentAttached
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
