"""How each domain event changes the records: the only place where state changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from msgspec.structs import replace

from shared.ids import CustomerId, EventId, ScopeId, StaffId
from shared.rules.domain import events as e
from shared.rules.domain.differences import changed
from shared.rules.domain.facts import Party
from shared.rules.domain.lists import added, appended, replaced, united, united_by
from shared.rules.domain.long_list import key_of
from shared.rules.domain.state import (
    SCOPE,
    Changes,
    Claim,
    Customer,
    CustomerRef,
    Deal,
    Forfeit,
    Former,
    Grant,
    IdHolder,
    Key,
    Records,
    Slice,
    Staff,
    taken_key,
)

CUSTOMERS = uuid5(NAMESPACE_URL, "panke:customers")
_SPACE = CUSTOMERS.bytes
FEW = 32
"""Up to so much of a customer is moved when it is joined to an earlier one, however small that is."""
NEVER = datetime.min.replace(tzinfo=UTC)


def customer_id(scope: ScopeId, record: str) -> CustomerId:
    """The stable id of a customer: `uuid5` of the scope and its first record, the same live and offline."""
    digest = sha1(_SPACE + f"{scope}/{record}".encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return CustomerId(
        f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"
    )


def evolve(records: Records, event: e.DomainEvent) -> Changes:
    """The records that this event changes, as they are after it."""
    return CHANGES[type(event)](records, event)


def apply(slice_: Slice, event: e.DomainEvent) -> None:
    """Make what an event changes so."""
    slice_.put(evolve(slice_, event))


def _office_found(s: Records, event: e.OfficeFound) -> Changes:
    return {SCOPE: replace(s.scope, offices=(*s.scope.offices, event.office))}


def _staff_enrolled(s: Records, event: e.StaffEnrolled) -> Changes:
    entry = event.entry
    staff = {**s.scope.staff, entry.staff: Staff(entry.role or "")}
    return {SCOPE: replace(s.scope, staff=staff, roster=(*s.scope.roster, entry))}


def _staff_departed(s: Records, event: e.StaffDeparted) -> Changes:
    entry = event.entry
    known = s.scope.staff.get(entry.staff, Staff(""))
    staff = {**s.scope.staff, entry.staff: replace(known, departed=True)}
    return {SCOPE: replace(s.scope, staff=staff, roster=(*s.scope.roster, entry))}


def _rulebook_adopted(s: Records, event: e.RulebookAdopted) -> Changes:
    return {SCOPE: replace(s.scope, adoptions=(*s.scope.adoptions, event.adopted))}


def _record_filed(s: Records, event: e.RecordFiled) -> Changes:
    fact = event.filed.fact
    changes: Changes = {Key("record", fact.id): event.filed}
    if event.customer is not None:
        changes |= _named(s, event.customer, fact.id, fact.seq, fact.matter.customer)  # type: ignore[union-attr]
    return changes


def _id_taken(s: Records, event: e.IdTaken) -> Changes:
    return {taken_key(event.kind, event.id): IdHolder(event.event)}


def _customer_named(s: Records, event: e.CustomerNamed) -> Changes:
    return _named(s, event.customer, event.event, event.seq, Party(event.name, event.contacts), event.nth)


def _named(s: Records, customer: CustomerId, event: EventId, seq: int, party: Party, nth: int = 0) -> Changes:
    """The contacts and the name of a record's party are the customer's from now on."""
    key = Key("customer", customer)
    known, changes = s.get(key), Changes()
    if not isinstance(known, Customer):
        known, changes = Customer(customer, seq, nth=nth), _freed(s, customer)
    first, nth = min(known.place, (seq, nth))
    contacts = known.contacts
    new = tuple([contact for contact in party.contacts if s.pointed("contact", contact) != customer])
    if new:
        changes |= {Key("contact", contact): CustomerRef(known.home) for contact in new}
        contacts = united((contacts, new))
    names = added(known.names, party.name) if party.name else known.names
    records = added(known.records, event)
    changes[key] = replace(known, first=first, nth=nth, contacts=contacts, names=names, records=records)
    return changes


def _freed(s: Records, home: CustomerId) -> Changes:
    """Where an id that another customer's contacts point to is a customer's again, they point to that one itself."""
    alias = s.get(Key("joined", home))
    if not isinstance(alias, CustomerRef):
        return {}
    other = replace(s.customer(alias.customer), root="")
    return _pointers(other, other.id) | _customer(other) | {Key("joined", home): None}


def _customer_touched(s: Records, event: e.CustomerTouched) -> Changes:
    known = s.customer(event.customer)
    return _customer(replace(known, records=added(known.records, event.event)))


def _customer(customer: Customer) -> Changes:
    return {Key("customer", customer.id): customer}


def _pointers(customer: Customer, to: CustomerId) -> Changes:
    """Every contact, visit and deal of a customer, pointing to whom they are now."""
    pointer = CustomerRef(to)
    changes: Changes = {Key("contact", contact): pointer for contact in customer.contacts}
    changes |= {Key("visit", reception.visit): pointer for reception in customer.receptions}
    changes |= {Key("deal", deal.deal): pointer for deal in customer.deals}
    return changes


def _merged(parts: list[Customer], event: e.CustomersJoined) -> Customer:
    into = parts[0]
    latest = max(parts, key=lambda part: part.decided_at or NEVER)
    every: Callable[[str], tuple[Any, ...]] = lambda name: united(  # noqa: E731
        getattr(part, name) for part in parts
    )
    in_order: Callable[[str, str], tuple[Any, ...]] = lambda name, by: united_by(  # noqa: E731
        (getattr(part, name) for part in parts), by
    )
    return replace(
        into,
        contacts=every("contacts"),
        names=every("names"),
        records=every("records"),
        claim=event.claim,
        holder=event.holder,
        registered=any(part.registered for part in parts),
        receptions=in_order("receptions", "seq"),
        assists=in_order("assists", "at"),
        grants=every("grants"),
        barred=every("barred"),
        bar_clause=next((part.bar_clause for part in parts if part.bar_clause), None),
        forfeits=every("forfeits"),
        former=_former_of_parts(parts, event.claim),
        turns=every("turns"),
        deals=in_order("deals", "seq"),
        disputes=every("disputes"),
        decided_at=latest.decided_at,
        clause=latest.clause,
    )


def _former_of_parts(parts: list[Customer], claim: Claim | None) -> tuple[Former, ...]:
    """The former claims of all parts, and those that give way to `claim` in the join."""
    known = [part.former for part in parts]
    if claim is not None:
        ended = [part.claim for part in parts if part.claim is not None and part.claim != claim]
        known.append(tuple(Former(each, max(each.since, claim.since)) for each in ended))
    return united_by(known, "claim.since")


def _customers_joined(s: Records, event: e.CustomersJoined) -> Changes:
    """The contacts of the largest part go on pointing where they do, and those of the others point there now."""
    parts = [s.customer(customer) for customer in (event.customer, *event.gone)]
    into, large = parts[0], max(parts, key=_size)
    if _size(large) <= FEW:
        large = into
    merged = replace(_merged(parts, event), root="" if large.home == into.id else large.home)
    changes = _customer(merged)
    for part in parts:
        if part is not large:
            changes |= _pointers(part, large.home)
            changes |= {Key("joined", part.root): None} if part.root else {}
        if part is not into:
            changes[Key("customer", part.id)] = None
    if large is not into and merged.root:
        changes[Key("joined", merged.root)] = CustomerRef(merged.id)
    for name in merged.disputes:
        dispute = s.dispute(name)
        if dispute is not None:
            members = tuple(dict.fromkeys(merged.id if c in event.gone else c for c in dispute.customers))
            other = merged.id if dispute.other in event.gone else dispute.other
            changes[Key("dispute", name)] = replace(dispute, customers=members, other=other)
    return changes


def _size(customer: Customer) -> int:
    """How much there is of a customer: records, and what points to it."""
    return sum(map(len, (customer.records, customer.contacts, customer.receptions, customer.deals)))


def _customer_reformed(s: Records, event: e.CustomerReformed) -> Changes:
    """What left is nobody's; that it is another's is told by an event of its own."""
    before = s.customer(event.now.id)
    now, moved = changed(before, event), event.changes
    changes: Changes = {}
    for kind, old, splices, name in (
        ("contact", before.contacts, moved.contacts, ""),
        ("visit", before.receptions, moved.receptions, "visit"),
        ("deal", before.deals, moved.deals, "deal"),
    ):
        key = key_of(name)
        for each in splices:
            changes |= {Key(kind, key(item)): None for item in old[each.at : each.at + each.gone]}
    pointer = CustomerRef(now.home)
    changes |= {Key("contact", contact): pointer for each in moved.contacts for contact in each.put}
    changes |= {Key("visit", reception.visit): pointer for each in moved.receptions for reception in each.put}
    changes |= {Key("deal", deal.deal): pointer for each in moved.deals for deal in each.put}
    stays = {key: to for key, to in changes.items() if to is None or not s.holds(key, to)}
    return stays | _customer(now)


def _customers_reformed(s: Records, event: e.CustomersReformed) -> Changes:
    before = s.customer(event.before)
    changes: Changes = {Key("contact", contact): None for contact in event.dropped}
    # A visit or a deal that is nobody's any more must not be found; one that moves is told again by its own event.
    changes |= {Key("visit", reception.visit): None for reception in before.receptions}
    changes |= {Key("deal", deal.deal): None for deal in before.deals}
    changes[Key("customer", event.before)] = None
    if before.root and all(customer.id != before.id for customer in event.after):
        changes[Key("joined", before.root)] = None
    for customer in event.after:
        formed = replace(customer, root=before.root if customer.id == before.id else "")
        changes |= _pointers(formed, formed.home) | _customer(formed)
    # What points where it did is no change: of a large customer that is nearly all.
    return {key: to for key, to in changes.items() if not isinstance(to, CustomerRef) or not s.holds(key, to)}


def _decided(s: Records, event: e.Decided) -> Changes:
    known, claim = s.customer(event.customer), event.claim
    holder, forfeits, grants = known.holder, known.forfeits, known.grants
    if event.owner is not None or event.decision in ("released", "revoked"):
        holder = event.owner
    if event.owner is not None:
        forfeits = _without_present(forfeits, event.owner)
    former, turns = known.former, known.turns
    if claim is not None and claim.basis not in ("transfer", "ruling"):
        grants = _granted(grants, claim)
    if known.claim is not None and not _goes_on(known.claim, claim):
        former = appended(former, Former(known.claim, event.at))
    if event.decision in ("transferred", "revoked", "released") or _ruled_anew(event):
        turns = added(turns, event.at)
    latest = known.decided_at is None or event.at >= known.decided_at
    return _customer(
        replace(
            known,
            claim=claim,
            holder=holder,
            forfeits=forfeits,
            grants=grants,
            former=former,
            turns=turns,
            decided_at=event.at if latest else known.decided_at,
            clause=event.clause if latest else known.clause,
        )
    )


def _goes_on(before: Claim, after: Claim | None) -> bool:
    """Whether it is the same claim still."""
    if after is None or after.owner != before.owner:
        return False
    return after.registration is before.registration or after.registration == before.registration


def _ruled_anew(event: e.Decided) -> bool:
    """Whether a ruling made a claim of its own, and did not only confirm the one that stood."""
    claim = event.claim
    return event.decision == "ruled" and claim is not None and claim.registration.event == event.because[-1]


def _granted(grants: tuple[Grant, ...], claim: Claim) -> tuple[Grant, ...]:
    """The grants with that of a claim, which mostly is the last one still."""
    if grants and grants[-1].registration is claim.registration and grants[-1].owner == claim.owner:
        return grants
    return added(grants, Grant(claim.owner, claim.registration))


def _claim_changed(s: Records, event: e.ClaimChanged) -> Changes:
    known, claim = s.customer(event.customer), event.claim
    if claim is None or claim.lapsed:
        return _customer(replace(known, claim=claim))
    forfeits = _without_present(known.forfeits, claim.owner)
    return _customer(replace(known, claim=claim, holder=claim.owner, forfeits=forfeits))


def _without_present(forfeits: tuple[Forfeit, ...], owner: StaffId) -> tuple[Forfeit, ...]:
    """What somebody lost by standing by ends when that consultant owns again."""
    return tuple(f for f in forfeits if f.staff != owner or f.cause != "present") if forfeits else forfeits


def _former_claim_found(s: Records, event: e.FormerClaimFound) -> Changes:
    known = s.customer(event.customer)
    return _customer(replace(known, former=appended(known.former, event.former)))


def _visit_received(s: Records, event: e.VisitReceived) -> Changes:
    known, reception = s.customer(event.customer), event.reception
    if s.pointed("visit", reception.visit) is None:
        receptions = appended(known.receptions, reception)
    else:
        others = [r for r in known.receptions if r.visit != reception.visit]
        receptions = (*others, reception)
    changes = _customer(replace(known, receptions=receptions, registered=True))
    changes[Key("visit", reception.visit)] = CustomerRef(known.home)
    return changes


def _owner_assisted(s: Records, event: e.OwnerAssisted) -> Changes:
    known = s.customer(event.customer)
    return _customer(replace(known, assists=appended(known.assists, event.assist)))


def _customer_registered(s: Records, event: e.CustomerRegistered) -> Changes:
    return _customer(replace(s.customer(event.customer), registered=True))


def _consultant_barred(s: Records, event: e.ConsultantBarred) -> Changes:
    known = s.customer(event.customer)
    return _customer(replace(known, barred=added(known.barred, event.staff), bar_clause=event.clause))


def _shares_forfeited(s: Records, event: e.SharesForfeited) -> Changes:
    known, forfeit = s.customer(event.customer), event.forfeit
    others = known.forfeits
    if forfeit.visit is not None:  # a second finding on a visit replaces the first
        others = tuple(other for other in others if other.visit != forfeit.visit)
    return _customer(replace(known, forfeits=(*others, forfeit)))


def with_deal(customer: Customer, deal: Deal) -> Customer:
    """The customer with this deal as it is now, in the place that it had; behind all, if it had none."""
    return replace(customer, deals=replaced(customer.deals, deal))


def _deal_changed(s: Records, event: e.DealDecided | e.DealChanged) -> Changes:
    known = s.customer(event.customer)
    changes = _customer(with_deal(known, event.deal))
    changes[Key("deal", event.deal.deal)] = CustomerRef(known.home)
    return changes


def _dispute_changed(s: Records, event: e.DisputeChanged) -> Changes:
    dispute = event.dispute
    changes: Changes = {Key("dispute", dispute.dispute): dispute}
    theirs = {deal.deal for customer in dispute.customers for deal in s.customer(customer).deals}
    elsewhere = [s.pointed("deal", deal) for deal in dispute.deals if deal not in theirs]
    if dispute.other is not None and isinstance(s.get(Key("customer", dispute.other)), Customer):
        elsewhere.append(dispute.other)  # who is not disputed, but must be found whoever it is joined to
    for customer in dict.fromkeys((*dispute.customers, *(home for home in elsewhere if home is not None))):
        known = s.customer(customer)
        changes |= _customer(replace(known, disputes=added(known.disputes, dispute.dispute)))
    return changes


def _board_changed(s: Records, event: e.BoardChanged) -> Changes:
    return {Key("board", event.board.office): event.board}


def _noted(s: Records, event: e.Flagged | e.Penalised) -> Changes:
    return {}


CHANGES: dict[type, Callable[[Records, Any], Changes]] = {
    e.OfficeFound: _office_found,
    e.StaffEnrolled: _staff_enrolled,
    e.StaffDeparted: _staff_departed,
    e.RulebookAdopted: _rulebook_adopted,
    e.RecordFiled: _record_filed,
    e.IdTaken: _id_taken,
    e.CustomerNamed: _customer_named,
    e.CustomerTouched: _customer_touched,
    e.CustomersJoined: _customers_joined,
    e.CustomerReformed: _customer_reformed,
    e.CustomersReformed: _customers_reformed,
    e.Decided: _decided,
    e.ClaimChanged: _claim_changed,
    e.FormerClaimFound: _former_claim_found,
    e.VisitReceived: _visit_received,
    e.OwnerAssisted: _owner_assisted,
    e.CustomerRegistered: _customer_registered,
    e.ConsultantBarred: _consultant_barred,
    e.SharesForfeited: _shares_forfeited,
    e.DealDecided: _deal_changed,
    e.DealChanged: _deal_changed,
    e.DisputeChanged: _dispute_changed,
    e.BoardChanged: _board_changed,
    e.Flagged: _noted,
    e.Penalised: _noted,
}
