"""Scopes, their customers, and by which rulebooks they are judged (contract.md#calls-of-attribution)."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType, field

from shared.contract.answers.result import CustomerResult
from shared.contract.answers.values import AsOf, BothLanguages, InstantText, Page, PageOfTime, Seq
from shared.contract.topics import ClaimStatus
from shared.ids import CustomerId, EventId, OfficeId, ScopeId, StaffId


class ListedCustomer(CustomerResult, frozen=True, kw_only=True):
    """A customer with a page of its decisions; `cursor` is there while more follow (contract.md#pages)."""

    cursor: str | UnsetType = UNSET


class CustomerAnswer(ListedCustomer, frozen=True, kw_only=True):
    """One customer, true up to `as_of_seq`; `behind_since` while the scope waits in quarantine. Of an earlier time it
    says which (contract.md#times).
    """

    as_of_seq: Seq
    behind_since: InstantText | UnsetType = UNSET
    as_of: InstantText | UnsetType = UNSET
    known_at: InstantText | UnsetType = UNSET
    note: BothLanguages | UnsetType = UNSET


class CustomersPage(PageOfTime, frozen=True):
    """A page of customers in the order of their first records; `cursor` is null on the last one."""

    customers: list[ListedCustomer]


class ListedClaim(Struct, frozen=True):
    """Whose a customer is and how long, by id alone."""

    customer: CustomerId
    owner: StaffId | None
    status: ClaimStatus
    expires_at: InstantText | None


class ClaimsPage(Page, frozen=True):
    """A page of claims in the order of the first records of their customers; `cursor` is null on the last one."""

    claims: list[ListedClaim]


class RulebookInForce(Struct, frozen=True):
    """The rulebook by which a scope is judged now."""

    name: str
    version: int


class AdoptedRulebook(Struct, frozen=True):
    """A rulebook that a scope goes by from an instant on, as adopted by the fact `seq`."""

    seq: Seq
    rulebook: str
    version: int
    effective_from: InstantText


class ScopeAnswer(AsOf, frozen=True):
    """One scope: its offices, the rulebook in force, its zone (null until a fact is folded), how far it is folded;
    `adoptions` in the order in which they were recorded, also of what is to be in force later."""

    scope: ScopeId
    offices: list[OfficeId]
    rulebook: RulebookInForce
    timezone: str | None
    adoptions: list[AdoptedRulebook] = field(default_factory=list)


class ScopesPage(Struct, frozen=True):
    """A page of scopes by name."""

    scopes: list[ScopeAnswer]
    cursor: str | None


class RulebookText(Struct, frozen=True):
    """A rulebook that may be adopted, and the SHA-256 of its text."""

    rulebook: str
    version: int
    sha256: str


class RulebookWhole(Struct, frozen=True):
    """A rulebook as it is judged by: its own text behind those that it extends, the first of them first; `sha256` is
    over all of them."""

    rulebook: str
    version: int
    sha256: str
    texts: list[str]


class RulebooksAnswer(Struct, frozen=True):
    """The rulebooks that may be adopted."""

    rulebooks: list[RulebookText]


class QuarantineAnswer(Struct, frozen=True):
    """Since when a scope waits, and on which event; `event` is null where a lapse that is due is to blame."""

    scope: ScopeId
    since: InstantText
    event: EventId | None
