"""What the desk is answered: the look-up at the door, a preview, and whose turn it is."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Struct, UnsetType

from shared.contract.answers.history import PreviewDealDecision, PreviewDecision
from shared.contract.answers.records import RecordWarning
from shared.contract.answers.result import BoardResult, BothBoards, FlagResult, PenaltyResult
from shared.contract.answers.scopes import ListedCustomer
from shared.contract.answers.values import AsOf, BothLanguages, Count, InstantText, Seq
from shared.contract.topics import ClaimStatus
from shared.ids import CustomerId, OfficeId, ScopeId, StaffId


class DeskAdvice(Struct, frozen=True):
    """What to ask or to do, and the clause that it follows."""

    zh: str
    en: str
    clause: str


AskedAbout: TypeAlias = Literal[
    "visited_before", "contacted_by", "designated", "referred_by", "owner", "unprompted"
]
"""What a question is about: a field of the record that the answer goes into; `owner`, whether the customer comes to see
the owner; `unprompted`, a consultant whom the customer has to name of their own accord."""


class DeskQuestion(DeskAdvice, frozen=True):
    """What to ask, the clause that it follows, and what it is about."""

    about: AskedAbout


class LookupAnswer(Struct, frozen=True, kw_only=True):
    """The answer at the door (contract.md#look-up), contacts masked. Of a customer whom nobody knows `known` is false,
    `customer` null, and what would tell of one is left out; `owner_name` is null where there is no owner. Where
    `names` or `contacts` are the first of more, as of a number that was typed for everybody, `names_in_all` or
    `contacts_in_all` is there.
    """

    contact: str
    known: bool
    customer: CustomerId | None
    names: tuple[str, ...] | UnsetType = UNSET
    names_in_all: Count | UnsetType = UNSET
    contacts: list[str] | UnsetType = UNSET
    contacts_in_all: Count | UnsetType = UNSET
    owner: StaffId | UnsetType | None = UNSET
    owner_name: str | UnsetType | None = UNSET
    status: ClaimStatus | UnsetType = UNSET
    basis: str | UnsetType | None = UNSET
    since: InstantText | UnsetType | None = UNSET
    expires_at: InstantText | UnsetType | None = UNSET
    ask: list[DeskQuestion]
    do: list[DeskAdvice]
    clause: str
    clause_text: BothLanguages | None
    as_of_seq: Seq
    behind_since: InstantText | UnsetType = UNSET


class OfficeTurns(Struct, frozen=True):
    """The boards of an office before and after an event."""

    office: OfficeId
    before: BothBoards
    after: BothBoards


class PreviewAnswer(AsOf, frozen=True):
    """What an event would bring if it were recorded now (contract.md#preview); `customer` is whom it is about, as it
    would stand, or null.
    """

    recorded_at: InstantText
    decisions: list[PreviewDecision]
    deals: list[PreviewDealDecision]
    flags: list[FlagResult]
    penalties: list[PenaltyResult]
    warnings: list[RecordWarning]
    turns: OfficeTurns
    customer: ListedCustomer | None
    explanation: BothLanguages


class BoardsAnswer(AsOf, frozen=True):
    """Both boards of an office; an office that opened no shift has empty ones. `shift_opened_at` is when its last shift
    was recorded, null where there was none. Of an earlier time it says which (contract.md#times), and not that.
    """

    office: OfficeId
    scope: ScopeId
    visit: BoardResult
    call: BoardResult
    shift_opened_at: InstantText | UnsetType | None = UNSET
    as_of: InstantText | UnsetType = UNSET
    known_at: InstantText | UnsetType = UNSET
    note: BothLanguages | UnsetType = UNSET
