"""The pages of the lists of an office (contract.md#pages): people and offices, deals, flags, penalties, warnings.

`cursor` is where the next page begins, null on the last; a page is true up to `as_of_seq`, and says `behind_since`
while the scope waits in quarantine.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from shared.contract.answers.result import DealResult, DisputeResult
from shared.contract.answers.values import (
    BothLanguages,
    Count,
    Employment,
    InstantText,
    Page,
    PageOfTime,
    Seq,
)
from shared.contract.topics import ClaimStatus
from shared.contract.warnings import WarningRule
from shared.ids import Contact, CustomerId, EventId, OfficeId, ScopeId, StaffId


class RecordSummary(Struct, frozen=True):
    """What tells a record apart: its id, type, both times and who entered it."""

    id: EventId
    type: str
    occurred_at: InstantText
    recorded_at: InstantText
    actor: StaffId


class SharedContact(Struct, frozen=True):
    """A customer whose records name more people than one contact can mean; some of its names and contacts."""

    customer: CustomerId
    owner: StaffId | None
    status: ClaimStatus
    people: Count
    names: tuple[str, ...]
    contacts: tuple[Contact, ...]
    contacts_in_all: Count


class SharedContactsPage(Page, frozen=True):
    """A page of customers who are too many people."""

    customers: list[SharedContact]


class DisputesPage(PageOfTime, frozen=True):
    """A page of disputes in the order of the records that opened them."""

    disputes: list[DisputeResult]


class ListedOffice(Struct, frozen=True):
    """An office, and the record by which it came to be known: null where that is not known any more."""

    scope: ScopeId
    office: OfficeId
    first: RecordSummary | None


class OfficesPage(Page, frozen=True):
    """A page of offices by name."""

    offices: list[ListedOffice]


class StaffMember(Struct, frozen=True):
    """Somebody who was ever enrolled: name, role, where last; `away` is the reason while somebody is away, and
    `departed_at` is null of who works here.
    """

    scope: ScopeId
    staff: StaffId
    name: str
    role: str
    office: OfficeId | None
    away: str | None
    away_since: InstantText | None
    status: Employment
    enrolled_at: InstantText | None
    departed_at: InstantText | None


class StaffPage(Page, frozen=True):
    """A page of staff by id."""

    staff: list[StaffMember]


class ListedDeal(DealResult, frozen=True):
    """A deal with what was sold for how much (CNY), and when, as the records state it; null where none does."""

    project: str | None
    unit: str | None
    amount: str | None
    subscribed_at: InstantText | None
    signed_at: InstantText | None
    cancelled_at: InstantText | None


class DealAnswer(ListedDeal, frozen=True):
    """One deal, true up to `as_of_seq`. Of an earlier time it says which (contract.md#times)."""

    as_of_seq: Seq
    behind_since: InstantText | UnsetType = UNSET
    as_of: InstantText | UnsetType = UNSET
    known_at: InstantText | UnsetType = UNSET
    note: BothLanguages | UnsetType = UNSET


class DealsPage(PageOfTime, frozen=True):
    """A page of deals in the order of the records that subscribed them."""

    deals: list[ListedDeal]


class MarkedRecord(Struct, frozen=True, kw_only=True):
    """What a flagged or penalised record says; all null where the record is not known any more."""

    type: str | None
    office: OfficeId | None
    occurred_at: InstantText | None
    recorded_at: InstantText | None
    actor: StaffId | None
    actor_name: str | None
    consultant: StaffId | None
    consultant_name: str | None


class ListedFlag(MarkedRecord, frozen=True):
    """A flag with what its record says: who entered it (`actor`), and whom it is about (`consultant`)."""

    event: EventId
    flag: str


class FlagsPage(PageOfTime, frozen=True):
    """A page of flags in the order in which they were made."""

    flags: list[ListedFlag]


class ListedPenalty(MarkedRecord, frozen=True):
    """A penalty with what its record says: who entered it (`actor`), and whom it is about (`consultant`)."""

    staff: StaffId
    clause: str
    on: str
    event: EventId
    text: str


class PenaltiesPage(PageOfTime, frozen=True):
    """A page of penalties in the order in which they were made."""

    penalties: list[ListedPenalty]


class ListedWarning(Struct, frozen=True):
    """What records name though nobody enrolled it, once: the first and the last record that do, how many, and whether
    somebody was enrolled since (`settled`).
    """

    scope: ScopeId
    rule: WarningRule
    value: str
    path: str
    message: str
    records: Count
    first: RecordSummary | None
    last: RecordSummary | None
    settled: bool


class WarningsPage(Page, frozen=True):
    """A page of warnings."""

    warnings: list[ListedWarning]
