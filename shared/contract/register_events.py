"""What the registers of an office hold besides (contract.md#registers): none of it is read by a rule of ownership."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from shared.contract.event_parts import (
    AmendableField,
    AmendedFields,
    CheckItem,
    DealTerms,
    FollowUpMethod,
    Model,
    Party,
    Progress,
    WorkCounts,
)
from shared.contract.fields import (
    Amount,
    Aside,
    Bytes,
    CheckId,
    Day,
    DealId,
    EventId,
    FeedbackId,
    Label,
    MediaType,
    Note,
    Percentage,
    PlanId,
    PlanIds,
    Prose,
    Remark,
    RequestId,
    ReservationId,
    Sha256,
    StaffId,
    StaffList,
    Subject,
    VisitId,
)
from shared.contract.profile_values import ProfileKeyList, ProfileValues


class ProfileRecorded(Model, frozen=True):
    """What is known of a customer: what is said, what was answered with nothing, and what is no longer said."""

    TYPE: ClassVar = "profile.recorded"
    customer: Party
    by: StaffId
    set: ProfileValues | None = None
    none: ProfileKeyList = ()
    cleared: ProfileKeyList = ()
    source: Aside | None = None


class PlanMade(Model, frozen=True):
    """What somebody is going to do on a day; a record that names the plan does it."""

    TYPE: ClassVar = "plan.made"
    plan: PlanId
    by: StaffId
    kind: Literal["follow_up", "reception", "outing", "after_sale", "work"]
    on: Day
    purpose: Subject
    customer: Party | None = None
    method: FollowUpMethod | None = None
    place: Aside | None = None
    needs: Note | None = None
    project: Label | None = None


class WorklogSubmitted(Model, frozen=True):
    """What somebody did in a day, a week or a month, in their own words."""

    TYPE: ClassVar = "worklog.submitted"
    by: StaffId
    kind: Literal["daily", "weekly", "monthly", "meeting"]
    from_: Day = field(name="from")
    to: Day
    done: Prose
    problems: Note | None = None
    planned: Note | None = None
    plans: PlanIds = ()
    counts: WorkCounts | None = None


class FeedbackReceived(Model, frozen=True):
    """What a customer complains of, suggests or praises."""

    TYPE: ClassVar = "feedback.received"
    feedback: FeedbackId
    kind: Literal["complaint", "suggestion", "praise"]
    content: Prose
    customer: Party | None = None
    against: StaffId | None = None
    department: Remark | None = None
    via: Remark | None = None
    visit: VisitId | None = None


class FeedbackAnswered(Model, frozen=True):
    """What was done about it."""

    TYPE: ClassVar = "feedback.answered"
    feedback: FeedbackId
    by: StaffId
    action: Prose
    outcome: Literal["resolved", "explained", "rejected", "forwarded"]
    satisfied: bool | None = None


class OpportunityLost(Model, frozen=True):
    """The customer will not buy, as far as the consultant knows; a later record of the customer ends that."""

    TYPE: ClassVar = "opportunity.lost"
    customer: Party
    by: StaffId
    cause: Label
    competitor: Remark | None = None
    detail: Note | None = None
    project: Label | None = None


class ReservationMade(Model, frozen=True):
    """A place in the queue (认筹) or a unit held (小定), before any subscription."""

    TYPE: ClassVar = "reservation.made"
    reservation: ReservationId
    customer: Party
    by: StaffId
    project: Label
    kind: Literal["queue", "hold"]
    number: Label | None = None
    amount: Amount | None = None
    until: Day | None = None
    wants: Note | None = None


class ReservationClosed(Model, frozen=True):
    """It ended without a sale; a sale names the reservation itself."""

    TYPE: ClassVar = "reservation.closed"
    reservation: ReservationId
    outcome: Literal["refunded", "lapsed"]
    reason: Prose


class DealTermsSet(DealTerms, frozen=True, kw_only=True):
    """What was agreed of a deal, or agreed anew; the last statement stands, key by key."""

    TYPE: ClassVar = "deal.terms_set"
    deal: DealId
    by: StaffId
    reason: Note | None = None
    approved_by: StaffList = ()
    request: RequestId | None = None


class DealProgressed(Model, frozen=True):
    """A step of a deal after its signing was done, or is held up (`done: false`)."""

    TYPE: ClassVar = "deal.progressed"
    deal: DealId
    by: StaffId
    what: Progress
    done: bool = True
    amount: Amount | None = None
    missing: Note | None = None
    reason: Note | None = None


class RequestSubmitted(Model, frozen=True):
    """Something that others decide is asked for; approvals stand on this record."""

    TYPE: ClassVar = "request.submitted"
    request: RequestId
    kind: Literal["data_change", "transfer", "referral_reward", "special_price", "extension", "site_tour"]
    by: StaffId
    reason: Prose
    customer: Party | None = None
    record: EventId | None = None
    deal: DealId | None = None
    proposed: Note | None = None


class RecordAmended(Model, frozen=True):
    """Fields of a record that no rule reads get other values, or a record of the registers is withdrawn."""

    TYPE: ClassVar = "record.amended"
    record: EventId
    reason: Prose
    requested_by: StaffId
    approved_by: StaffList
    set: AmendedFields | None = None
    cleared: Annotated[tuple[AmendableField, ...], Meta(max_length=100)] = ()
    withdrawn: bool = False
    request: RequestId | None = None


class CheckRecorded(Model, frozen=True):
    """Somebody looked whether data, a register or the site are as they should be."""

    TYPE: ClassVar = "check.recorded"
    check: CheckId
    kind: Literal["data", "register", "site"]
    by: StaffId
    from_: Day = field(name="from")
    to: Day
    items: Annotated[tuple[CheckItem, ...], Meta(max_length=500)]
    score: Percentage | None = None


class TargetSet(Model, frozen=True):
    """What is to be reached in a period, by the office or by one of its staff."""

    TYPE: ClassVar = "target.set"
    metric: Literal["visits", "subscriptions", "signings", "signed_amount", "receipts"]
    from_: Day = field(name="from")
    to: Day
    value: Amount
    staff: StaffId | None = None


class DocumentAttached(Model, frozen=True):
    """A paper that belongs to a customer, a deal or a record; the file itself lies outside the journal."""

    TYPE: ClassVar = "document.attached"
    kind: Label
    title: Subject
    sha256: Sha256
    bytes: Bytes
    media_type: MediaType
    customer: Party | None = None
    deal: DealId | None = None
    record: EventId | None = None
