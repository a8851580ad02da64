"""All registers of a scope, and what was known of them at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property
from itertools import chain
from typing import Any, TypeVar, cast

from services.registers.model.customers import DecisionRow, NumberedCustomer, OwnershipRow, StaffEntry
from services.registers.model.deals import DealRow
from services.registers.model.entry_tables import AnyRecord as AnyRecord
from services.registers.model.entry_tables import DealTable, DecisionTable, EntryPlace, EntryTable
from services.registers.model.kept import KeptByCustomer, KeptValues
from services.registers.model.lazily import LookedUp
from services.registers.model.records import PostedRecord
from services.registers.model.versions import VersionedTable
from shared.contract import (
    CallRegistered,
    Data,
    FollowUpRecorded,
    PlanMade,
    RecordApproved,
    SchemeAdopted,
    VisitRegistered,
)
from shared.ids import Contact, CustomerId, EventId, OfficeId, ScopeId, StaffId

T = TypeVar("T", bound=Data)
Conversation = PostedRecord[VisitRegistered] | PostedRecord[CallRegistered] | PostedRecord[FollowUpRecorded]


@dataclass(slots=True)
class Registers:
    """Every row of a scope with every version that was known of it.

    `latest` is the last time in the journal; from `settled` on nothing that is posted begins to be known or to be so.
    """

    scope: ScopeId
    zone: str
    latest: datetime | None = None
    settled: datetime | None = None
    entries: EntryTable = field(default_factory=EntryTable)
    deals: DealTable = field(default_factory=DealTable)
    customers: VersionedTable[CustomerId, NumberedCustomer] = field(default_factory=VersionedTable)
    ownership: VersionedTable[CustomerId, OwnershipRow] = field(default_factory=VersionedTable)
    decisions: DecisionTable = field(default_factory=DecisionTable)
    staff: VersionedTable[StaffId, StaffEntry] = field(default_factory=VersionedTable)
    kept: KeptValues = field(default_factory=KeptValues, compare=False, repr=False)

    def __post_init__(self) -> None:
        """What is kept of a customer goes with each row of theirs that is put; staff stand in anybody's."""
        for table in (self.entries, self.deals, self.customers, self.ownership, self.decisions):
            table.touch = self._touch
        self.staff.touch = lambda row: self.kept.forget_all()

    def _touch(self, row: AnyRecord | DealRow | NumberedCustomer | OwnershipRow | DecisionRow) -> None:
        self.kept.forget(row.customer)

    def known(self, at: datetime, as_of: datetime | None = None) -> KnownRegisters:
        """What was known at a time of what had happened by `as_of`, which is the same unless said."""
        return KnownRegisters(self, at, as_of or at)

    def settle(self, at: datetime) -> None:
        """Something that is posted is known, or is so, from then on."""
        self.settled = at if self.settled is None else max(self.settled, at)


@dataclass
class KnownRegisters:
    """The registers as they were known at a time, without what happened after `as_of`.

    Rows are looked up as they are asked for. `opened` are records that stand with their words in the place of those
    that are posted, under seal.
    """

    registers: Registers
    known_at: datetime
    as_of: datetime
    opened: Mapping[EventId, AnyRecord] = field(default_factory=dict, repr=False)
    found: dict[Hashable, Any] = field(default_factory=dict, repr=False)
    """What was worked out of this moment, by whoever may ask again before the next fact comes."""

    def entry(self, id_: EventId) -> AnyRecord | None:
        """A record; none that repeats another."""
        found = self.registers.entries.as_known(id_, self.known_at)
        if found is None or found.occurred_at > self.as_of or found.repeated:
            return None
        return self.opened.get(id_, found)

    @cached_property
    def entries(self) -> Mapping[EventId, AnyRecord]:
        """Every record, in the order of happening; none that repeats another."""
        return LookedUp(self.entry, self._all_entries)

    def _all_entries(self) -> dict[EventId, AnyRecord]:
        return {one.id: one for one in self._in_order(None)}

    def entries_of(self, office: OfficeId | None) -> Iterable[AnyRecord]:
        """The records of one office, or of all where none is named, in the order of happening."""
        if office is None:
            return self.entries.values()
        return of_office(self._in_order(office), office)

    def _in_order(self, office: OfficeId | None) -> list[AnyRecord]:
        return self._read(sorted(chain.from_iterable(self.registers.entries.types(office).values())))

    @cached_property
    def _by_type(self) -> dict[tuple[type, OfficeId | None], list[AnyRecord]]:
        return {}

    def of(self, data: type[T], office: OfficeId | None = None) -> list[PostedRecord[T]]:
        """The records of one type, in the order of happening; of one office, or of all where none is named."""
        key = data, office
        if key not in self._by_type:
            self._by_type[key] = self._read(self.registers.entries.places(data, office=office))
        return of_office(cast("list[PostedRecord[T]]", self._by_type[key]), office)

    def between(
        self, data: type[T], since: datetime | None, until: datetime | None, office: OfficeId | None = None
    ) -> list[PostedRecord[T]]:
        """The records of one type that happened from `since` up to `until`; costs what they are, and no more."""
        found = self._read(self.registers.entries.places(data, since, until, office))
        return of_office(cast("list[PostedRecord[T]]", found), office)

    def _read(self, places: Iterable[EntryPlace]) -> list[AnyRecord]:
        return [one for place in places if (one := self.entry(place[2])) is not None]

    @cached_property
    def by_customer(self) -> Mapping[CustomerId, list[AnyRecord]]:
        """What was recorded of each customer, in the order of happening."""
        return LookedUp(self._of_customer, self._by_customers)

    def _of_customer(self, customer: CustomerId) -> list[AnyRecord] | None:
        ever = self.registers.entries.ever_of.get(customer, ())
        found = [one for id_ in ever if (one := self.entry(id_)) is not None and one.customer == customer]
        return sorted(found, key=lambda one: one.place) or None

    def _by_customers(self) -> dict[CustomerId, list[AnyRecord]]:
        named = self.registers.entries.ever_of
        return {one: found for one in named if (found := self._of_customer(one)) is not None}

    @cached_property
    def stages(self) -> dict[EventId, list[RecordApproved]]:
        """What was approved of each record, in the order of happening."""
        found: dict[EventId, list[RecordApproved]] = defaultdict(list)
        for one in self.of(RecordApproved):
            found[one.data.record].append(one.data)
        return found

    def stage_of(self, record: EventId) -> str | None:
        """The last stage that was set on a record."""
        stages = self.stages.get(record)
        return stages[-1].stage if stages else None

    @cached_property
    def plans_done(self) -> frozenset[str]:
        """The plans that a record names."""
        types: list[type[Data]] = [one for one in self.registers.entries.types() if _names_plan(one)]
        records = (record.data for data in types for record in self.of(data))
        return frozenset(plan for data in records if (plan := getattr(data, "plan", None)) is not None)

    @cached_property
    def deals(self) -> list[DealRow]:
        """Every deal, in the order of happening."""
        found = [
            one for one in self.registers.deals.known_at(self.known_at) if one.subscribed_at <= self.as_of
        ]
        return sorted(found, key=lambda one: one.place)

    def deals_at(self, office: OfficeId | None) -> list[DealRow]:
        """The deals of one office, or of all where none is named, in the order of happening."""
        if office is None:
            return self.deals
        table = self.registers.deals
        found = (table.as_known(deal, self.known_at) for deal in table.ever_at.get(office, ()))
        known = (one for one in found if one is not None and one.subscribed_at <= self.as_of)
        return sorted((one for one in known if one.office == office), key=lambda one: one.place)

    def deals_moved(self, since: datetime, until: datetime, office: OfficeId | None = None) -> list[DealRow]:
        """The deals that were subscribed, signed or cancelled from `since` up to `until`, in the order of happening."""
        table = self.registers.deals
        found = [table.as_known(deal, self.known_at) for deal in table.moved(since, until, office)]
        known = [one for one in found if one is not None and one.subscribed_at <= self.as_of]
        moved = [one for one in known if any(since <= at <= until for at in one.moves)]
        return sorted((one for one in moved if office in (None, one.office)), key=lambda one: one.place)

    @cached_property
    def deals_of(self) -> dict[CustomerId, list[DealRow]]:
        """The deals of each customer."""
        found: dict[CustomerId, list[DealRow]] = defaultdict(list)
        for deal in self.deals:
            found[deal.customer].append(deal)
        return found

    @cached_property
    def customers(self) -> Mapping[CustomerId, NumberedCustomer]:
        """Every customer, by number."""
        return LookedUp(
            lambda one: self.registers.customers.as_known(one, self.known_at), self._all_customers
        )

    def _all_customers(self) -> dict[CustomerId, NumberedCustomer]:
        found = self.registers.customers.known_at(self.known_at)
        return {one.customer: one for one in sorted(found, key=lambda one: one.number)}

    def customers_of(self, office: OfficeId | None, at: datetime) -> list[CustomerId]:
        """The customers of one office at a time, or all where none is named, by number."""
        if office is None:
            return list(self.customers)
        ever = self.registers.entries.ever_at.get(office, ())
        named = (self.customers.get(one) for one in ever if self.office_of(one, at) == office)
        found = [one for one in named if one is not None]
        return [one.customer for one in sorted(found, key=lambda one: one.number)]

    @cached_property
    def by_contact(self) -> dict[Contact, CustomerId]:
        """Whose a contact is."""
        return {contact: one.customer for one in self.customers.values() for contact in one.contacts}

    @cached_property
    def staff(self) -> dict[StaffId, StaffEntry]:
        """Every member of staff."""
        return {one.staff: one for one in self.registers.staff.known_at(self.known_at)}

    @cached_property
    def decisions(self) -> Mapping[CustomerId, list[DecisionRow]]:
        """What was decided of each customer by `as_of`, in the order of its times."""
        return LookedUp(self._decided, self._all_decided)

    def _decided(self, customer: CustomerId) -> list[DecisionRow] | None:
        table = self.registers.decisions
        known = (table.as_known(number, self.known_at) for number in table.ever_of.get(customer, ()))
        found = [
            one for one in known if one is not None and one.customer == customer and one.at <= self.as_of
        ]
        return sorted(found, key=lambda one: (one.at, one.number)) or None

    def _all_decided(self) -> dict[CustomerId, list[DecisionRow]]:
        named = self.registers.decisions.ever_of
        return {one: found for one in named if (found := self._decided(one)) is not None}

    def lapses_between(self, since: datetime, until: datetime) -> list[DecisionRow]:
        """The decisions that a claim lapsed from `since` up to `until`, in the order of happening."""
        table = self.registers.decisions
        found = (table.as_known(number, self.known_at) for number in table.lapsed(since, until))
        made = [one for one in found if one is not None and one.at <= self.as_of]
        return [one for one in made if one.customer in self.customers]

    def kept(self, key: Hashable) -> KeptByCustomer[Any] | None:
        """What is kept of customers under a key; None of a moment at which more is to come of what is posted, and
        of records with their words."""
        settled = self.registers.settled
        if settled is None or self.opened or min(self.known_at, self.as_of) < settled:
            return None
        return self.registers.kept.of(key)

    def ends_at(self, customer: CustomerId) -> datetime | None:
        """When the claim on a customer, as the last fact left it, runs out by itself."""
        now = self._owned(customer)
        return now.expires_at if now is not None else None

    def _owned(self, customer: CustomerId) -> OwnershipRow | None:
        return self.registers.ownership.as_known(customer, self.known_at)

    def claim_at(self, customer: CustomerId, at: datetime) -> OwnershipRow | None:
        """The claim that stood at a time, with the last contact that counted by then; None where none did."""
        now = self._owned(customer)
        if now is None:
            return None
        versions = self.registers.ownership.history(customer, self.known_at)
        then = [one.row for one in versions if one.row.contact_at <= at and one.row.since <= at]
        claim = now if now.contact_at <= at and now.since <= at else (then[-1] if then else None)
        if claim is None or self.owner_at(customer, at) != claim.owner:
            return None
        return claim

    def owner_at(self, customer: CustomerId, at: datetime) -> StaffId | None:
        """Who owned a customer at a time; nobody whose claim had lapsed."""
        made = [one for one in self.decisions.get(customer, ()) if one.decision != "disputed"]
        by_then = [one for one in made if one.at <= at]
        if not by_then or by_then[-1].decision == "lapsed":
            return None
        now = self._owned(customer)
        ran_out = now is not None and now.expires_at is not None and now.expires_at <= at
        return None if ran_out and by_then[-1] is made[-1] else by_then[-1].owner

    def standing_deals(self, customer: CustomerId, at: datetime) -> list[DealRow]:
        """The deals of a customer that stood at a time."""
        return [deal for deal in self.deals_of.get(customer, ()) if deal.stands(at)]

    def conversations(self, customer: CustomerId) -> list[Conversation]:
        """The visits, calls and follow-ups of a customer, in the order of happening."""
        kinds = (VisitRegistered, CallRegistered, FollowUpRecorded)
        return [one for one in self.by_customer.get(customer, ()) if isinstance(one.data, kinds)]

    def name_of(self, customer: CustomerId | None, otherwise: str | None = None) -> str:
        """How a customer is called."""
        known = self.customers.get(customer) if customer is not None else None
        return (known.name if known is not None else None) or otherwise or "—"

    def staff_name(self, staff: StaffId | None) -> str:
        """The name of a member of staff, else the id."""
        if staff is None:
            return "—"
        known = self.staff.get(staff)
        return known.name if known is not None else staff

    def scheme_adopted(self, office: OfficeId | None, at: datetime) -> tuple[str, int] | None:
        """The scheme that an office goes by at a time, by name and version; None of one that adopted none."""
        adopted = [one for one in self.of(SchemeAdopted, office) if one.data.effective_from <= at]
        last = max(adopted, key=lambda one: (one.data.effective_from, one.seq), default=None)
        return (last.data.scheme, last.data.version) if last is not None else None

    def is_of(self, customer: CustomerId, office: OfficeId | None, at: datetime) -> bool:
        """Whether this is a customer's office, or none is asked for; of most who are of another the tables tell so, and
        their claim is not looked at (two thirds of `losses` in a scope of ten offices: `bench console`, `lately`)."""
        return office is None or (self._ever_of(customer, office) and self.office_of(customer, at) == office)

    def _ever_of(self, customer: CustomerId, office: OfficeId) -> bool:
        """Whether a record of theirs, or one that founded a claim on them, was ever of the office."""
        entries = self.registers.entries
        if customer in entries.ever_at.get(office, ()):
            return True
        claims = self.registers.ownership.versions.get(customer, ())
        return office in [v.row.office for c in claims for v in entries.versions.get(c.row.founded_by, ())]

    def office_of(self, customer: CustomerId, at: datetime) -> OfficeId | None:
        """The office of the record that founded the claim, else of the customer's first record."""
        claim = self.claim_at(customer, at)
        founded = self.entries.get(claim.founded_by) if claim is not None else None
        first = next(iter(self.by_customer.get(customer, ())), None)
        entry = founded or first
        return entry.office if entry is not None else None


@cache
def _names_plan(data: type) -> bool:
    return data is not PlanMade and "plan" in getattr(data, "__struct_fields__", ())


def of_office(entries: Iterable[PostedRecord[T]], office: OfficeId | None) -> list[PostedRecord[T]]:
    """Those of one office, or all where none is named."""
    return list(entries) if office is None else [one for one in entries if one.office == office]
