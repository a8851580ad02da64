"""What events are made of: parties, and the parts and closed lists that several types of events share."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.contract.fields import (
    Address,
    Amount,
    Area,
    Aside,
    Count,
    Day,
    EventId,
    Label,
    Note,
    PartySize,
    PersonName,
    Phone,
    PhoneAddress,
    Phones,
    Remark,
    Row,
    Score,
    StaffId,
    WechatId,
)

Role = Literal[
    "consultant", "supervisor", "manager", "director", "back_office", "admin_manager", "general_manager",
    "reception", "auditor",
]  # fmt: skip
Capacity = Literal["on_turn", "assist"]
AwayReason = Literal["personal", "business", "company_task", "brief"]
OutreachMethod = Literal["sms", "field", "web"]
FollowUpMethod = Literal["door_visit", "invitation", "phone", "web_chat", "sms", "other"]
Medium = Literal["email", "fax", "wechat", "letter"]
Category = Literal["prospect", "interested", "promising", "general"]
Answer = Literal[0, 1]
Payment = Literal["lump_sum", "instalments", "mortgage", "fund", "mixed"]
Progress = Literal[
    "filed", "mortgage_submitted", "mortgage_released", "fund_submitted", "fund_released", "deposit_paid",
    "down_payment_paid", "instalment_paid", "balance_paid", "refunded",
]  # fmt: skip
DueStep = Literal[
    "filed", "mortgage_submitted", "mortgage_released", "fund_submitted", "fund_released", "deposit_paid",
    "down_payment_paid", "instalment_paid", "balance_paid", "refunded", "signed",
]  # fmt: skip
"""A step of `Progress`, or the signing."""


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


class Obstacle(Model, frozen=True):
    """What keeps a customer from buying, as the consultant sees it (sources.md#r: 合作障碍)."""

    kind: Label
    text: Note | None = None


class DueTerm(Model, frozen=True):
    """What is to be done or paid by a day."""

    what: DueStep
    on: Day
    amount: Amount | None = None


class DealTerms(Model, frozen=True):
    """What was agreed of a deal besides its unit; of several statements the last one stands, key by key."""

    amount: Amount | None = None
    list_price: Amount | None = None
    area: Area | None = None
    unit_kind: Label | None = None
    payment: Payment | None = None
    deposit: Amount | None = None
    due: Annotated[tuple[DueTerm, ...], Meta(max_length=100)] = ()


class WorkCounts(Model, frozen=True):
    """What somebody says that they did, to be compared with what is recorded."""

    visits: Count | None = None
    calls: Count | None = None
    followups: Count | None = None


class CheckItem(Model, frozen=True):
    """One thing that was looked at, and what was found."""

    verdict: Literal["ok", "stale", "false", "missing", "unreachable"]
    customer: Party | None = None
    record: EventId | None = None
    field: Label | None = None
    note: Note | None = None


class AmendedFields(Model, frozen=True):
    """The fields of records that no rule reads, with what they say instead."""

    purpose: Aside | None = None
    notes: Note | None = None
    channel: Remark | None = None
    project: Label | None = None
    level: Remark | None = None
    category: Category | None = None
    next_on: Day | None = None
    next_step: Note | None = None
    no_contact_reason: Aside | None = None
    place: Aside | None = None
    party_size: PartySize | None = None
    subject: Aside | None = None
    content: Note | None = None
    stage: Remark | None = None
    obstacle: Obstacle | None = None
    achieved: bool | None = None
    medium: Medium | None = None
    important: bool | None = None
    gift: Aside | None = None
    on: Day | None = None
    needs: Note | None = None
    done: Note | None = None
    problems: Note | None = None
    planned: Note | None = None
    counts: WorkCounts | None = None
    department: Remark | None = None
    via: Remark | None = None
    action: Note | None = None
    cause: Label | None = None
    competitor: Remark | None = None
    detail: Note | None = None
    number: Label | None = None
    until: Day | None = None
    wants: Note | None = None
    missing: Note | None = None
    proposed: Note | None = None
    source: Aside | None = None
    score: Score | None = None
    suggestion: Note | None = None
    title: Aside | None = None


AmendableField = Literal[
    "purpose", "notes", "channel", "project", "level", "category", "next_on", "next_step",
    "no_contact_reason", "place", "party_size", "subject", "content", "stage", "obstacle", "achieved",
    "medium", "important", "gift", "on", "needs", "done", "problems", "planned", "counts", "department",
    "via", "action", "cause", "competitor", "detail", "number", "until", "wants", "missing",
    "proposed", "source", "score", "suggestion", "title",
]  # fmt: skip
"""The names of `AmendedFields`."""
