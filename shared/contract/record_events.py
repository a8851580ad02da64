"""What is recorded of customers at the desk: visits, calls, outreach, follow-ups, and who turns out to be whom."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from shared.contract.event_parts import (
    Asked,
    Capacity,
    Category,
    FollowUpMethod,
    Medium,
    Model,
    Obstacle,
    OutreachMethod,
    Party,
    Referrer,
)
from shared.contract.fields import (
    Aside,
    Day,
    EventId,
    Evidence,
    Label,
    Note,
    PartySize,
    PersonNames,
    PlanId,
    Prose,
    Remark,
    StaffId,
    StaffList,
    Subject,
    VisitId,
)
from shared.contract.times import Instant


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
    next_step: Note | None = None
    no_contact_reason: Aside | None = None
    project: Label | None = None
    place: Aside | None = None
    party_size: PartySize | None = None
    plan: PlanId | None = None


class CallRegistered(Model, frozen=True):
    TYPE: ClassVar = "call.registered"
    customer: Party
    answered_by: StaffId
    asked: Asked | None = None
    notes: Note | None = None
    channel: Remark | None = None
    level: Remark | None = None
    next_on: Day | None = None
    next_step: Note | None = None
    no_contact_reason: Aside | None = None
    project: Label | None = None
    category: Category | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None


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
    next_step: Note | None = None
    project: Label | None = None
    plan: PlanId | None = None
    stage: Remark | None = None
    obstacle: Obstacle | None = None
    achieved: bool | None = None
    met: PersonNames = ()
    with_: StaffList = field(name="with", default=())
    medium: Medium | None = None
    important: bool = False
    gift: Aside | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None


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
