"""Decisions and records told in words, for a history and for a preview (contract.md#history)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from shared.contract.answers.records import CarriedData, EventData
from shared.contract.answers.result import OwnershipDecision, PenaltyResult, RulebookDigest
from shared.contract.answers.values import BothLanguages, InstantText, Seq
from shared.contract.topics import DealStatus, Decision
from shared.ids import CustomerId, DealId, EventId, OfficeId, ScopeId, StaffId

HistoryChange: TypeAlias = Literal["corrected", "approved", "joined", "parted", "decided", "lapsed"]
"""How a later fact changed what an earlier one had brought."""


class HistoryDecision(OwnershipDecision, frozen=True):
    """A decision with the words of its clause (null where no rulebook that is known has it) and an explanation, the
    `seq` of the fact that brought it, and when that was recorded: null where it is another customer's fact. Of an
    earlier time also the `rulebook` whose text that is.
    """

    clause_text: BothLanguages | None
    explanation: BothLanguages
    seq: Seq
    recorded_at: InstantText | None
    rulebook: RulebookDigest | UnsetType = UNSET


class FactDecision(Struct, frozen=True, kw_only=True):
    """What was decided when a fact was folded: on which customer, and of a deal on which, by the text of which
    rulebook. Of a deal there are `status` and `shares`, of a customer `decision`, `owner` and `previous`.
    """

    customer: CustomerId
    deal: DealId | UnsetType = UNSET
    at: InstantText
    decision: Decision | UnsetType = UNSET
    owner: StaffId | UnsetType | None = UNSET
    previous: StaffId | UnsetType | None = UNSET
    status: DealStatus | UnsetType = UNSET
    shares: dict[StaffId, int] | UnsetType = UNSET
    clause: str
    because: tuple[EventId, ...]
    clause_text: BothLanguages | None
    explanation: BothLanguages
    rulebook: RulebookDigest


class FactOutcome(Struct, frozen=True):
    """What a fact brought when it was folded: decisions, and what was remarked on it."""

    decisions: list[FactDecision]
    flags: list[str]
    penalties: list[PenaltyResult]


class LaterChange(Struct, frozen=True, kw_only=True):
    """What changed of a fact later: it was `corrected` (`taken` where the approvals were there) or `approved`, its
    customer was `joined` to others or the record `parted` from it (`customer` is whose it was then), or something was
    `decided` or `lapsed` that rests on it (`decision`). `seq`, `event`, `type` and `recorded_at` are of the fact that
    did so, null where only time went by.
    """

    change: HistoryChange
    seq: Seq | None
    event: EventId | None
    type: str | None
    recorded_at: InstantText | None
    explanation: BothLanguages
    taken: bool | UnsetType = UNSET
    customer: CustomerId | UnsetType = UNSET
    decision: FactDecision | UnsetType = UNSET


class PreviewDecision(Struct, frozen=True):
    """A decision that the event would bring: on whom, as in a history."""

    customer: CustomerId
    at: InstantText
    decision: Decision
    owner: StaffId | None
    previous: StaffId | None
    clause: str
    because: tuple[EventId, ...]
    clause_text: BothLanguages | None
    explanation: BothLanguages


class PreviewDealDecision(Struct, frozen=True):
    """A decision on a deal that the event would bring; shares in basis points."""

    deal: DealId
    at: InstantText
    status: DealStatus
    shares: dict[StaffId, int]
    clause: str
    because: tuple[EventId, ...]
    clause_text: BothLanguages | None
    explanation: BothLanguages


class CorrectedField(Struct, frozen=True):
    """What a correction changed of a field: a text, or of phones a list; null is nothing. Contacts are masked."""

    before: str | list[str] | None
    after: str | list[str] | None


class HistoryEvent(Struct, frozen=True, kw_only=True):
    """A record as the journal has it, with its `seq`. A correction, whose contacts are masked, says what it `changed`
    and whether it was `taken`; a correction and an approval say what happened in words (`explanation`). Of an earlier
    time each says what was `decided` when it was folded, and what `later` facts had changed of it by then.
    """

    seq: Seq
    actor: StaffId
    carried: CarriedData | UnsetType = UNSET
    data: EventData
    id: EventId
    occurred_at: InstantText
    office: OfficeId
    recorded_at: InstantText
    scope: ScopeId
    type: str
    changed: dict[str, CorrectedField] | UnsetType = UNSET
    taken: bool | UnsetType = UNSET
    explanation: BothLanguages | UnsetType = UNSET
    decided: FactOutcome | UnsetType = UNSET
    later: list[LaterChange] | UnsetType = UNSET


class SetAsideRecord(Struct, frozen=True):
    """A record of the customer that was set aside (contract.md#setting-aside): by whom, when, why; not what it said."""

    seq: Seq
    event: EventId
    type: str
    office: OfficeId
    occurred_at: InstantText
    recorded_at: InstantText
    by: StaffId
    at: InstantText
    reason: str
    explanation: BothLanguages


class HistoryAnswer(Struct, frozen=True, kw_only=True):
    """A page of a customer's history: events by `seq`, decisions by `at`. `set_aside` is on the first page only,
    `cursor` there while more follow.
    """

    scope: ScopeId
    customer: CustomerId
    events: list[HistoryEvent]
    decisions: list[HistoryDecision]
    set_aside: list[SetAsideRecord] | UnsetType = UNSET
    cursor: str | UnsetType = UNSET
    as_of_seq: Seq
    behind_since: InstantText | UnsetType = UNSET
    as_of: InstantText | UnsetType = UNSET
    known_at: InstantText | UnsetType = UNSET
    note: BothLanguages | UnsetType = UNSET
