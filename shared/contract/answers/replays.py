"""What a replay would have come to (contract.md#replays): the difference to what was decided, typed.

Shares are basis points; amounts are CNY with two decimals, of deals that state theirs. `before` is what was decided,
`after` what comes of the changed input; null where one of the two has no such customer or deal.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.contract.answers.result import DealDecision, OwnershipDecision, RulebookDigest
from shared.contract.answers.values import Count, InstantText, Seq
from shared.contract.topics import ClaimStatus, DealStatus
from shared.ids import Contact, CustomerId, DealId, EventId, ScopeId, StaffId

Money = Annotated[str, Meta(pattern=r"^-?[0-9]+\.[0-9]{2}$")]
"""CNY; negative is a loss."""


class ComparedClaim(Struct, frozen=True, gc=False):
    """What of a customer is compared; a clause alone moves nobody's commission."""

    owner: StaffId | None
    status: ClaimStatus
    basis: str | None
    since: InstantText | None
    expires_at: InstantText | None
    clause: str | None


class ComparedShares(Struct, frozen=True, gc=False):
    """What of a deal is compared."""

    shares: dict[StaffId, int]
    status: DealStatus
    clause: str


class ComparedDecisions(Struct, frozen=True, gc=False):
    """A decision on a customer, and what stands in its place: on the same record at the same time, else null."""

    before: OwnershipDecision | None
    after: OwnershipDecision | None


class ComparedDealDecisions(Struct, frozen=True, gc=False):
    """A decision on a deal, and what stands in its place."""

    before: DealDecision | None
    after: DealDecision | None


class ReplayedCustomer(Struct, frozen=True, gc=False):
    """A customer whose claim or decisions differ by more than a clause. `became` is the id that it has in the replay
    where that is another one, since other records form it."""

    scope: ScopeId
    customer: CustomerId
    became: CustomerId | None
    contacts: tuple[Contact, ...]
    names: tuple[str, ...]
    before: ComparedClaim | None
    after: ComparedClaim | None
    decisions: list[ComparedDecisions]


class ReplayedDeal(Struct, frozen=True, gc=False):
    """A deal whose shares or status differ; `amount_moved` is null where the deal states no amount."""

    scope: ScopeId
    deal: DealId
    customer: CustomerId
    amount: str | None
    before: ComparedShares | None
    after: ComparedShares | None
    basis_points_moved: Count
    amount_moved: Money | None
    decisions: list[ComparedDealDecisions]


class ReplayedConsultant(Struct, frozen=True, gc=False):
    """What one consultant gains, or loses where it is negative."""

    staff: StaffId
    customers: int
    basis_points: int
    amount: Money


class ReplayedMovement(Struct, frozen=True, gc=False, rename={"giver": "from", "taker": "to"}):
    """What moves from one consultant to another; null is nobody, such as the pool."""

    giver: StaffId | None
    taker: StaffId | None
    customers: Count
    basis_points: Count
    amount: Money


class ReplayCounts(Struct, frozen=True, gc=False):
    """How many facts and decisions there are on both sides, and how much differs."""

    facts: Count
    facts_dropped: Count
    facts_added: Count
    customers: Count
    customers_changed: Count
    owners_changed: Count
    deals: Count
    deals_changed: Count
    basis_points_moved: Count
    amount_moved: Money


class ReplayAsked(Struct, frozen=True, kw_only=True):
    """What was changed: the `rulebook` under which all is judged alone (null: as it was adopted), the facts left out
    and put in, and the customers to whom the difference is narrowed (null: all)."""

    rulebook: RulebookDigest | None
    drop: list[EventId]
    add: list[EventId]
    customers: list[CustomerId] | None
    known_at: InstantText | None


class ReplayResult(Struct, frozen=True, kw_only=True):
    """The difference between what was decided and what the replay comes to, both as of `as_of`. `rulebook` is the one
    that was in force where no adoption said otherwise; lists are in the order of scopes, then of first records."""

    rulebook: RulebookDigest
    changed: ReplayAsked
    as_of: InstantText | None
    scopes: list[ScopeId]
    counts: ReplayCounts
    consultants: list[ReplayedConsultant]
    movements: list[ReplayedMovement]
    customers: list[ReplayedCustomer]
    deals: list[ReplayedDeal]


ReplayState = Literal["waiting", "running", "done", "failed", "cancelled"]


class ReplayProblem(Struct, frozen=True):
    """Why a replay failed: the field of what was asked, where it is one's, the rule, and words."""

    path: str | None
    rule: str
    message: str


class ReplayProgress(Struct, frozen=True):
    """How many facts are judged, of how many; each is judged on both sides. `of` is null before they are read."""

    judged: Count
    of: Count | None


class ReplayLimits(Struct, frozen=True):
    """What a replay may take; beyond it, it fails with the rule `limit`."""

    seconds: Count
    memory_mib: Count
    result_mib: Count


class ReplayJob(Struct, frozen=True, kw_only=True):
    """A replay that was asked for, and how far it is. It is of the facts up to `as_of_seq`; `counts` stand there once
    it is done, `problem` once it has failed. It is deleted at `deleted_at`."""

    id: str
    scope: ScopeId
    state: ReplayState
    asked_by: str
    rulebook: RulebookDigest | None
    drop: list[EventId]
    add: list[EventId]
    customers: list[CustomerId] | None
    as_of: InstantText | None
    known_at: InstantText | None
    as_of_seq: Seq
    progress: ReplayProgress
    limits: ReplayLimits
    created_at: InstantText
    started_at: InstantText | None
    ended_at: InstantText | None
    deleted_at: InstantText | None
    counts: ReplayCounts | UnsetType = UNSET
    problem: ReplayProblem | UnsetType = UNSET


class ReplaysPage(Struct, frozen=True):
    """The replays of a scope, the last one that was asked for first; ended ones are deleted after some days."""

    replays: list[ReplayJob]
