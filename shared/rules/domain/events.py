"""What the fold decides: every change of state of a scope, as an event that is stored and never edited.

The contract's decisions, flags and penalties are a view of these. An event carries what it changed in full, so
that the records can be built again from the events alone (`evolve`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from shared.rules.domain.facts import EventId, StaffId
from shared.rules.domain.frozen import record
from shared.rules.domain.state import (
    Adopted,
    Assist,
    Board,
    Claim,
    Customer,
    CustomerId,
    Deal,
    Dispute,
    FiledRecord,
    Forfeit,
    Former,
    Reception,
    RosterEntry,
)

DecisionKind: TypeAlias = Literal[
    "established", "renewed", "kept", "superseded", "returned", "lapsed",
    "revoked", "released", "transferred", "ruled", "disputed",
]  # fmt: skip


@record
class OfficeFound:
    """The first event of an office in this scope; `timezone` is set by the scope's first."""

    office: str


@record
class StaffEnrolled:
    entry: RosterEntry
    name: str
    contacts: dict[str, str]


@record
class StaffDeparted:
    entry: RosterEntry


@record
class RulebookAdopted:
    adopted: Adopted


@record
class RecordFiled:
    """A record was kept, or a correction gave it another party.

    With `customer` it names that one: the contacts and the name of its party are the customer's from now on.
    """

    filed: FiledRecord
    customer: CustomerId | None = None


@record
class IdTaken:
    """A record that names nobody has the id of a visit, a deal or a dispute (`kind`): what comes is a duplicate."""

    kind: str
    id: str
    event: EventId


@record
class CustomerNamed:
    """A record that is kept already, or one of several parties of a record, names this customer."""

    customer: CustomerId
    event: EventId
    seq: int
    contacts: tuple[str, ...]
    name: str | None
    nth: int = 0


@record
class CustomerTouched:
    """A record that names nobody itself (a ruling, a signing) concerned this customer."""

    customer: CustomerId
    event: EventId


@record
class CustomersJoined:
    """Several known customers are one; `claim` is what stands before a discovery is decided."""

    customer: CustomerId
    gone: tuple[CustomerId, ...]
    claim: Claim | None
    holder: StaffId | None


@record
class CustomersReformed:
    """A correction formed customers anew: what was `before` is now `after`; `dropped` contacts are nobody's."""

    before: CustomerId
    after: tuple[Customer, ...]
    dropped: tuple[str, ...]


@record
class Decided:
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


@record
class ClaimChanged:
    """The claim changed in a way that is no decision of its own."""

    customer: CustomerId
    claim: Claim | None


@record
class FormerClaimFound:
    """A claim that had stood before the present one came to light too late to end it."""

    customer: CustomerId
    former: Former


@record
class VisitReceived:
    customer: CustomerId
    reception: Reception


@record
class OwnerAssisted:
    customer: CustomerId
    assist: Assist


@record
class CustomerRegistered:
    """A call or an outreach was registered: the next call of this customer is not a new customer's."""

    customer: CustomerId


@record
class ConsultantBarred:
    customer: CustomerId
    staff: StaffId
    clause: str


@record
class SharesForfeited:
    customer: CustomerId
    forfeit: Forfeit


@record
class DealDecided:
    """The shares of a deal were fixed, changed, confirmed by a ruling or emptied."""

    customer: CustomerId
    at: datetime
    status: str
    deal: Deal


@record
class DealChanged:
    """Something of a deal changed that is no decision: it was signed."""

    customer: CustomerId
    deal: Deal


@record
class DisputeChanged:
    """A dispute was opened, got evidence or was ruled; `dispute` is what it is now."""

    dispute: Dispute


@record
class BoardChanged:
    board: Board


@record
class Flagged:
    event: EventId
    flag: str


@record
class Penalised:
    staff: StaffId
    clause: str
    on: str
    event: EventId
    zh: str
    en: str


DomainEvent: TypeAlias = (
    OfficeFound | StaffEnrolled | StaffDeparted | RulebookAdopted
    | RecordFiled | IdTaken | CustomerNamed | CustomerTouched | CustomersJoined | CustomersReformed
    | Decided | ClaimChanged | FormerClaimFound | VisitReceived | OwnerAssisted | CustomerRegistered
    | ConsultantBarred | SharesForfeited | DealDecided | DealChanged | DisputeChanged | BoardChanged
    | Flagged | Penalised
)  # fmt: skip
