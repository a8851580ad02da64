"""What the fold decides: every change of state of a scope, as an event that is stored and never edited.

The contract's decisions, flags and penalties are a view of these. An event carries what it changed in full, so
that the records can be built again from the events alone (`evolve`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from shared.ids import Contact, CustomerId, EventId, OfficeId, StaffId
from shared.rules.domain.long_list import Splice
from shared.rules.domain.state import (
    Adopted,
    Assist,
    Board,
    Claim,
    Customer,
    Deal,
    DealStatus,
    Dispute,
    FiledRecord,
    Forfeit,
    Former,
    Grant,
    Reception,
    RosterEntry,
)

DecisionKind: TypeAlias = Literal[
    "established", "renewed", "kept", "superseded", "returned", "lapsed",
    "revoked", "released", "transferred", "ruled", "disputed",
]  # fmt: skip


class OfficeFound(Struct, frozen=True, gc=False):
    """The first event of an office in this scope; `timezone` is set by the scope's first."""

    office: OfficeId


class StaffEnrolled(Struct, frozen=True, gc=False):
    entry: RosterEntry
    name: str
    contacts: dict[str, str]


class StaffDeparted(Struct, frozen=True, gc=False):
    entry: RosterEntry


class RulebookAdopted(Struct, frozen=True, gc=False):
    adopted: Adopted


class RecordFiled(Struct, frozen=True, gc=False):
    """A record was kept, or a correction gave it another party.

    With `customer` it names that one: the contacts and the name of its party are the customer's from now on.
    """

    filed: FiledRecord
    customer: CustomerId | None = None


class IdTaken(Struct, frozen=True, gc=False):
    """A record that names nobody has the id of a visit, a deal or a dispute (`kind`): what comes is a duplicate."""

    kind: str
    id: str
    event: EventId


class CustomerNamed(Struct, frozen=True, gc=False):
    """A record that is kept already, or one of several parties of a record, names this customer."""

    customer: CustomerId
    event: EventId
    seq: int
    contacts: tuple[Contact, ...]
    name: str | None
    nth: int = 0


class CustomerTouched(Struct, frozen=True, gc=False):
    """A record that names nobody itself (a ruling, a signing) concerned this customer."""

    customer: CustomerId
    event: EventId


class CustomersJoined(Struct, frozen=True, gc=False):
    """Several known customers are one; `claim` is what stands before a discovery is decided."""

    customer: CustomerId
    gone: tuple[CustomerId, ...]
    claim: Claim | None
    holder: StaffId | None


class ListChanges(Struct, frozen=True, gc=False, omit_defaults=True):
    """What left the lists of a customer and what came to them, by their names."""

    contacts: tuple[Splice[Contact], ...] = ()
    names: tuple[Splice[str], ...] = ()
    records: tuple[Splice[EventId], ...] = ()
    receptions: tuple[Splice[Reception], ...] = ()
    assists: tuple[Splice[Assist], ...] = ()
    grants: tuple[Splice[Grant], ...] = ()
    former: tuple[Splice[Former], ...] = ()
    deals: tuple[Splice[Deal], ...] = ()


class CustomerReformed(Struct, frozen=True, gc=False):
    """A correction formed a customer anew: `now` but for the lists that `changes` tells, as far as they changed.

    Of contacts, visits and deals that left, none is anybody's until another event says so.
    """

    now: Customer
    changes: ListChanges


class CustomersReformed(Struct, frozen=True, gc=False):
    """What earlier versions told of a customer that was formed anew: all of it, and the contacts that were dropped."""

    before: CustomerId
    after: tuple[Customer, ...]
    dropped: tuple[Contact, ...]


class Decided(Struct, frozen=True, gc=False):
    """A decision of the contract. `claim` is the customer's claim after it, `previous` the last holder.

    `place` is where a customer whose claim lapsed stood among all: of two that are one later, whose comes first.
    """

    customer: CustomerId
    at: datetime
    decision: DecisionKind
    owner: StaffId | None
    previous: StaffId | None
    clause: str
    because: tuple[EventId, ...]
    claim: Claim | None
    place: tuple[int, int] | None = None


class ClaimChanged(Struct, frozen=True, gc=False):
    """The claim changed in a way that is no decision of its own."""

    customer: CustomerId
    claim: Claim | None


class FormerClaimFound(Struct, frozen=True, gc=False):
    """A claim that had stood before the present one came to light too late to end it."""

    customer: CustomerId
    former: Former


class VisitReceived(Struct, frozen=True, gc=False):
    customer: CustomerId
    reception: Reception


class OwnerAssisted(Struct, frozen=True, gc=False):
    customer: CustomerId
    assist: Assist


class CustomerRegistered(Struct, frozen=True, gc=False):
    """A call or an outreach was registered: the next call of this customer is not a new customer's."""

    customer: CustomerId


class ConsultantBarred(Struct, frozen=True, gc=False):
    customer: CustomerId
    staff: StaffId
    clause: str


class SharesForfeited(Struct, frozen=True, gc=False):
    customer: CustomerId
    forfeit: Forfeit


class DealDecided(Struct, frozen=True, gc=False):
    """The shares of a deal were fixed, changed, confirmed by a ruling or emptied."""

    customer: CustomerId
    at: datetime
    status: DealStatus
    deal: Deal


class DealChanged(Struct, frozen=True, gc=False):
    """Something of a deal changed that is no decision: it was signed."""

    customer: CustomerId
    deal: Deal


class DisputeChanged(Struct, frozen=True, gc=False):
    """A dispute was opened, got evidence or was ruled; `dispute` is what it is now."""

    dispute: Dispute


class BoardChanged(Struct, frozen=True, gc=False):
    board: Board


class Flagged(Struct, frozen=True, gc=False):
    event: EventId
    flag: str


class Penalised(Struct, frozen=True, gc=False):
    staff: StaffId
    clause: str
    on: str
    event: EventId
    zh: str
    en: str


DomainEvent: TypeAlias = (
    OfficeFound | StaffEnrolled | StaffDeparted | RulebookAdopted
    | RecordFiled | IdTaken | CustomerNamed | CustomerTouched | CustomersJoined
    | CustomerReformed | CustomersReformed
    | Decided | ClaimChanged | FormerClaimFound | VisitReceived | OwnerAssisted | CustomerRegistered
    | ConsultantBarred | SharesForfeited | DealDecided | DealChanged | DisputeChanged | BoardChanged
    | Flagged | Penalised
)  # fmt: skip
