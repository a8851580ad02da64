"""The result of judging (contract.md#result): customers, deals, disputes, boards, flags and penalties."""

from __future__ import annotations

from msgspec import Struct

from shared.contract.answers.values import DisputeStatus, InstantText
from shared.contract.topics import ClaimStatus, DealStatus, Decision
from shared.ids import Contact, CustomerId, DealId, DisputeId, EventId, ScopeId, StaffId


class OwnershipDecision(Struct, frozen=True, gc=False):
    """One decision on a customer (contract.md#decisions): from `at` on `owner` owns, by `clause`, which rests on the
    events in `because`. `previous` is the holder before; both are null where there is nobody.
    """

    at: InstantText
    decision: Decision
    owner: StaffId | None
    previous: StaffId | None
    clause: str
    because: tuple[EventId, ...]


class CustomerResult(Struct, frozen=True, gc=False):
    """One customer as it stands, with its decisions (contract.md#customers-of-a-result). `basis` and `since` are null
    without a standing claim, `expires_at` where nothing runs out, `clause` where nothing was decided.
    """

    scope: ScopeId
    customer: CustomerId
    contacts: tuple[Contact, ...]
    names: tuple[str, ...]
    owner: StaffId | None
    status: ClaimStatus
    basis: str | None
    since: InstantText | None
    expires_at: InstantText | None
    clause: str | None
    decisions: list[OwnershipDecision]


class DealDecision(Struct, frozen=True, gc=False):
    """One decision on a deal: `shares` in basis points by staff id, empty once it is cancelled."""

    at: InstantText
    status: DealStatus
    shares: dict[StaffId, int]
    clause: str
    because: tuple[EventId, ...]


class DealResult(Struct, frozen=True, gc=False):
    """One deal with its decisions (contract.md#deals-of-a-result); `shares` sum to 10000 or are empty."""

    scope: ScopeId
    deal: DealId
    customer: CustomerId
    closed_by: StaffId
    status: DealStatus
    shares: dict[StaffId, int]
    clause: str
    because: tuple[EventId, ...]
    decisions: list[DealDecision]


class DisputeResult(Struct, frozen=True, gc=False):
    """One dispute (contract.md#disputes-of-a-result); `opened_by` is `system` where the rules opened it."""

    scope: ScopeId
    dispute: DisputeId
    customer: CustomerId
    status: DisputeStatus
    opened_by: StaffId
    clause: str


class BoardResult(Struct, frozen=True, gc=False):
    """Whose turn it is: the consultants in their order, and the first who is not away, or null."""

    queue: tuple[StaffId, ...]
    next: StaffId | None


class BothBoards(Struct, frozen=True, gc=False):
    """The boards of an office (contract.md#boards-of-a-result), for visits and for calls."""

    visit: BoardResult
    call: BoardResult


class FlagResult(Struct, frozen=True, gc=False):
    """What is the matter with a record (contract.md#flags)."""

    event: EventId
    flag: str


class PenaltyResult(Struct, frozen=True, gc=False):
    """What a rulebook threatens `staff` with for the record `event` (contract.md#penalties); `text` is its words."""

    staff: StaffId
    clause: str
    on: str
    event: EventId
    text: str


class RulebookDigest(Struct, frozen=True, gc=False):
    """A rulebook and the SHA-256 of its text."""

    name: str
    version: int
    sha256: str


class JudgementResult(Struct, frozen=True, gc=False):
    """The whole of a scope, or of a file of events (contract.md#result). `as_of` is null where there is no fact."""

    rulebook: RulebookDigest
    as_of: InstantText | None
    customers: list[CustomerResult]
    deals: list[DealResult]
    disputes: list[DisputeResult]
    boards: dict[str, BothBoards]
    flags: list[FlagResult]
    penalties: list[PenaltyResult]
