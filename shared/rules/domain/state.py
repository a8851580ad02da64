"""The records that a decision reads and changes, and the slice that holds those which one fact needs.

Every record is frozen and is found by a `Key` within its scope. Live, a record is a row; in `panke judge` it is
an entry of a dict. A rule never knows which.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from msgspec import Struct, field

from shared.ids import Contact, CustomerId, DealId, DisputeId, EventId, OfficeId, ScopeId, StaffId, VisitId
from shared.rules.domain.facts import Asked, Basis, Fact
from shared.rules.domain.long_list import matching

if TYPE_CHECKING:
    from shared.rules.domain.record_index import RecordIndex

NOT_ASKED = Asked()
FEW = 32
"""So many questions are answered by looking up each."""
BookId: TypeAlias = tuple[str, int]
"""Name and version of a rulebook."""
DealStatus: TypeAlias = Literal["final", "pending_ruling", "cancelled"]
Shares: TypeAlias = dict[StaffId, int]
"""Basis points by consultant; they sum to 10000, or there are none."""


class Key(NamedTuple):
    """Where a record is found within its scope."""

    kind: str
    id: str


SCOPE = Key("scope", "")


class Staff(Struct, frozen=True, gc=False):
    """A member of staff as last enrolled; `departed` until enrolled again."""

    role: str
    departed: bool = False


class RosterEntry(Struct, frozen=True, gc=False):
    """One enrolment (with its role) or departure (without), as it was judged."""

    seq: int
    event: EventId
    at: datetime
    staff: StaffId
    role: str | None


class Adopted(Struct, frozen=True, gc=False):
    """A rulebook that the scope goes by from an instant on, as adopted by the fact `seq`."""

    seq: int
    book: BookId
    effective_from: datetime


class Scope(Struct, frozen=True, gc=False):
    """The header of a scope: its people, the rulebooks that it adopted, its offices, its local time."""

    name: ScopeId
    default: BookId
    timezone: str
    staff: dict[StaffId, Staff] = field(default_factory=dict)
    roster: tuple[RosterEntry, ...] = ()
    adoptions: tuple[Adopted, ...] = ()
    offices: tuple[OfficeId, ...] = ()

    def departed(self, staff: StaffId) -> bool:
        """Whether this consultant has left."""
        member = self.staff.get(staff)
        return member is not None and member.departed

    def role_at(self, staff: StaffId | None, at: datetime) -> str | None:
        """The role that a member of staff held at an instant; None for who was not enrolled or had left."""
        held = [entry for entry in self.roster if entry.staff == staff and entry.at <= at]
        return max(held, key=lambda entry: (entry.at, entry.seq)).role if held else None


class ClaimOrigin(Struct, frozen=True, gc=False):
    """The record that gave a claim, as far as a later question about it needs it; `late`: it was a late entry."""

    event: EventId
    at: datetime
    basis: Basis
    visit: VisitId | None = None
    asked: Asked = NOT_ASKED
    named: tuple[StaffId, ...] = ()
    present: tuple[StaffId, ...] = ()
    brochure_only: bool = False
    referred: bool = False
    late: bool = False
    seq: int = 0


class Claim(Struct, frozen=True, gc=False):
    """Whose the customer is, since when, under which rulebook, and until when without another contact.

    `since` founds it, `registered` is where `within` counts from, `contact_at` is the last counting contact
    (`contact`: its event), `expires_at` the first instant at which it no longer stands. `followed_up` is the
    first counting follow-up; `became_visit` until when it had the basis of its registration, as a call that turned
    into a visit; `gaps` when it had lapsed and when it stood again.
    """

    owner: StaffId
    basis: Basis
    since: datetime
    book: BookId
    registration: ClaimOrigin
    registered: datetime
    contact_at: datetime
    contact: EventId
    expires_at: datetime | None
    followed_up: datetime | None = None
    became_visit: datetime | None = None
    lapsed: bool = False
    gaps: tuple[tuple[datetime, datetime], ...] = ()


class Former(Struct, frozen=True, gc=False):
    """A claim that somebody had on the customer until another claim, a revocation or a release ended it."""

    claim: Claim
    until: datetime


class Grant(Struct, frozen=True, gc=False):
    """A registration that gave this consultant the claim, once."""

    owner: StaffId
    registration: ClaimOrigin


class ReferralAtVisit(Struct, frozen=True, gc=False):
    """Whose customer a referrer was when the visit was registered: the customer with that contact, and the owner."""

    contact: Contact
    customer: CustomerId | None = None
    owner: StaffId | None = None


class Reception(Struct, frozen=True, gc=False):
    """One registered visit: who received, who was on the floor, and what it did to the claim.

    `superseded` is the claim that it ended, `gave` whether the visit gave a claim to `owner`, `referrals` what
    was known then of who sent the customer (None: nobody noted it).
    """

    visit: VisitId
    event: EventId
    seq: int
    at: datetime
    book: BookId
    receiver: StaffId
    ended_at: datetime | None
    gave: StaffId | None = None
    superseded: Claim | None = None
    present: tuple[StaffId, ...] = ()
    referrals: tuple[ReferralAtVisit, ...] | None = None


class Assist(Struct, frozen=True, gc=False):
    """`staff` helped `owner` with this customer, at a visit or by another registration."""

    staff: StaffId
    owner: StaffId
    at: datetime
    event: EventId
    by_visit: bool = True


class Forfeit(Struct, frozen=True, gc=False):
    """Shares that a consultant has lost with this customer: `to` whom they go (None: to the owner).

    `visit` is the one where something was concealed; a second finding on it replaces the first.
    """

    staff: StaffId
    cause: str
    event: EventId
    clause: str
    to: StaffId | None = None
    superseded: StaffId | None = None
    visit: VisitId | None = None


class Moved(Struct, frozen=True, gc=False):
    """What the finding on a visit moved of a deal, in basis points, and to whom."""

    visit: VisitId
    to: StaffId
    points: int


class Deal(Struct, frozen=True, gc=False):
    """A subscription and who has which part of it, in basis points."""

    deal: DealId
    event: EventId
    seq: int
    at: datetime
    book: BookId
    closed_by: StaffId
    amount: str | None
    shares: Shares
    clause: str
    because: tuple[EventId, ...]
    pending: bool = False
    signed: bool = False
    cancelled: bool = False
    moved: tuple[Moved, ...] = ()


class Customer(Struct, frozen=True, gc=False):
    """One person or household as far as the scope's records tell, with the standing or lapsed claim.

    `first` is the place of its first record and `nth` that of its party in it, `records` every event that touched
    it, `holder` the last to hold it. `former` are claims that ended, `turns` when a transfer, a ruling, a revocation
    or a release said whose the customer is, whatever was registered before. Long lists are in leaves
    (`long_list`). `root` is the id of a larger customer that was joined to this one, while contacts go on pointing to
    it.
    """

    id: CustomerId
    first: int
    contacts: tuple[Contact, ...] = ()
    names: tuple[str, ...] = ()
    records: tuple[EventId, ...] = ()
    claim: Claim | None = None
    holder: StaffId | None = None
    registered: bool = False
    receptions: tuple[Reception, ...] = ()
    assists: tuple[Assist, ...] = ()
    grants: tuple[Grant, ...] = ()
    barred: tuple[StaffId, ...] = ()
    bar_clause: str | None = None
    forfeits: tuple[Forfeit, ...] = ()
    deals: tuple[Deal, ...] = ()
    disputes: tuple[DisputeId, ...] = ()
    decided_at: datetime | None = None
    clause: str | None = None
    nth: int = 0
    former: tuple[Former, ...] = ()
    turns: tuple[datetime, ...] = ()
    root: CustomerId = CustomerId("")

    @property
    def home(self) -> CustomerId:
        """The id that the customer's contacts, visits and deals point to."""
        return self.root or self.id

    @property
    def place(self) -> tuple[int, int]:
        """Where the customer stands among all: by the first record, and within it as the record names them."""
        return self.first, self.nth


class RulingMade(Struct, frozen=True, gc=False):
    """The ruling that stands on a dispute."""

    event: EventId
    role: str
    owner: StaffId | None
    shares: Shares | None


class Dispute(Struct, frozen=True, gc=False):
    """A question that a person with authority answers; `recogniser` and `other` come from a late recognition."""

    dispute: DisputeId
    event: EventId
    seq: int
    at: datetime
    customers: tuple[CustomerId, ...]
    opened_by: StaffId
    clause: str
    book: BookId
    deals: tuple[DealId, ...] = ()
    evidence: tuple[str, ...] = ()
    recogniser: StaffId | None = None
    other: CustomerId | None = None
    ruling: RulingMade | None = None


class Board(Struct, frozen=True, gc=False):
    """The rotation of one office: both queues, and who is away for which policy."""

    office: OfficeId
    visit: tuple[StaffId, ...] = ()
    call: tuple[StaffId, ...] = ()
    away: dict[StaffId, str] = field(default_factory=dict)


class IdHolder(Struct, frozen=True, gc=False):
    """The record that has the id of a visit, a deal or a dispute although it names nobody."""

    event: EventId


class CustomerRef(Struct, frozen=True, gc=False):
    """Which customer a contact, a visit or a deal belongs to; or, as `joined`, an id that those of many point to."""

    customer: CustomerId


class FiledRecord(Struct, frozen=True, gc=False):
    """A kept record, with its party as it stands after corrections.

    `judged` is the place at which it counts, by `trigger`: its own, or that of the correction that completed it,
    which is then effective at `effective`. `inert` is what named nobody when it came in and is no registration: given a
    contact, it names its customer and does nothing else.
    """

    fact: Fact
    judged: int
    trigger: EventId
    effective: datetime
    inert: bool = False


Record: TypeAlias = Scope | Customer | Dispute | Board | CustomerRef | IdHolder | FiledRecord


def taken_key(kind: str, name: str) -> Key:
    """Where it is noted which record has the id of a visit, a deal or a dispute that is nobody's."""
    return Key("taken", f"{kind}:{name}")


Changes: TypeAlias = dict[Key, Record | None]
"""Records as they are after an event, by key; None where there is none any more."""


class Records:
    """What is at hand of a scope, as a rule reads it.

    Getters answer None for what does not exist; that a needed record was not loaded is the fault of `needs`.
    They look up by a plain pair, which equals the key that it spells and is made in a tenth of the time.
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def get(self, key: Key, /) -> Record | None: ...

        def holds(self, key: Key, record: Record) -> bool: ...

        def owned_by(self, staff: StaffId) -> list[Customer]: ...

        @property
        def scope(self) -> Scope: ...

        @property
        def indexes(self) -> dict[CustomerId, RecordIndex]: ...

    def customer(self, customer: CustomerId) -> Customer:
        found = self.get(("customer", customer))  # type: ignore[arg-type]
        assert isinstance(found, Customer), customer
        return found

    def find_customer(self, customer: CustomerId) -> Customer | None:
        found = self.get(("customer", customer))  # type: ignore[arg-type]
        return found if isinstance(found, Customer) else None

    def pointed(self, kind: str, name: str) -> CustomerId | None:
        """The customer that a contact, a visit or a deal belongs to."""
        found = self.get((kind, name))  # type: ignore[arg-type]
        if not isinstance(found, CustomerRef):
            return None
        moved = self.get(("joined", found.customer))  # type: ignore[arg-type]
        return moved.customer if isinstance(moved, CustomerRef) else found.customer

    def taken(self, kind: str, name: str) -> EventId | None:
        """The record that has the id of a visit, a deal or a dispute that is nobody's."""
        found = self.get(taken_key(kind, name))
        return found.event if isinstance(found, IdHolder) else None

    def dispute(self, dispute: DisputeId) -> Dispute | None:
        found = self.get(("dispute", dispute))  # type: ignore[arg-type]
        return found if isinstance(found, Dispute) else None

    def board(self, office: OfficeId) -> Board | None:
        found = self.get(("board", office))  # type: ignore[arg-type]
        return found if isinstance(found, Board) else None

    def filed(self, event: EventId) -> FiledRecord | None:
        found = self.get(("record", event))  # type: ignore[arg-type]
        return found if isinstance(found, FiledRecord) else None

    def received(self, customer: CustomerId, visit: VisitId, event: EventId) -> bool:
        """Whether this record is the one by which the customer was received at this visit."""
        return any(r.event == event for r in matching(self.customer(customer).receptions, "visit", visit))


class Slice(dict[Key, Record], Records):
    """The records that are at hand: all of a scope in memory, or those that one fact asked for.

    Judging a fact leaves it as it is; `put` makes what came of it so.
    """

    @cached_property
    def indexes(self) -> dict[CustomerId, RecordIndex]:
        """What is known of the records of large customers, which may be forgotten at any time."""
        return {}

    @property
    def scope(self) -> Scope:
        found = self[SCOPE]
        assert isinstance(found, Scope)
        return found

    def holds(self, key: Key, record: Record) -> bool:
        """Whether this stands under the key already; what is not at hand does not, for all that is known here."""
        return super().get(key) == record

    def owned_by(self, staff: StaffId) -> list[Customer]:
        """Customers with a claim of this consultant, lapsed or not, by their first record."""
        return owned_of(self.values(), staff)

    def put(self, changes: Changes) -> None:
        """Make these changes."""
        self.update(changes)  # type: ignore[arg-type]
        if None in changes.values():
            for key in [key for key, record in changes.items() if record is None]:
                del self[key]


def owned_of(records: Iterable[Record | None], staff: StaffId) -> list[Customer]:
    """Those of the records that are customers with a claim of this consultant, by their first record."""
    owned = [r for r in records if isinstance(r, Customer) and r.claim and r.claim.owner == staff]
    return sorted(owned, key=lambda customer: customer.place)


class Outside:
    """What a scope knows while records are judged again, which it does not change.

    Where there are more than a few questions, long lists are read once for all.
    """

    def __init__(self, slice_: Records) -> None:
        self._asked = 0
        self._receptions: dict[CustomerId, frozenset[tuple[VisitId, EventId]]] = {}
        self._slice = slice_
        self.customer = slice_.customer
        self.pointed = slice_.pointed
        self.taken = slice_.taken
        self.dispute = slice_.dispute

    def received(self, customer: CustomerId, visit: VisitId, event: EventId) -> bool:
        """Whether this record is the one by which the customer was received at this visit."""
        self._asked += 1
        if self._asked <= FEW:
            return self._slice.received(customer, visit, event)
        found = self._receptions.get(customer)
        if found is None:
            receptions = self._slice.customer(customer).receptions
            found = self._receptions[customer] = frozenset((r.visit, r.event) for r in receptions)
        return (visit, event) in found
