"""A record gets another party, and customers are formed anew (procedure.md#corrections).

The records of the customer are judged again in a scratch slice, as if the corrected record had always named its
new party. Where that gives one customer, nothing but contacts and names changes; where it gives several, the part
with the first record keeps the identity and the history, and the others begin with what was judged of them.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from msgspec.structs import replace

from shared.ids import CustomerId, EventId
from shared.rules.domain import events as e
from shared.rules.domain.authority import approved
from shared.rules.domain.case import Case, book_at, standing
from shared.rules.domain.differences import reformed
from shared.rules.domain.entries import entered_party, rename
from shared.rules.domain.facts import (
    Call,
    Correction,
    Fact,
    Outreach,
    Party,
    Recognition,
    Subscription,
    Visit,
)
from shared.rules.domain.identity import file_record, join, known_customers, new_customer
from shared.rules.domain.judging_again import judge_changed
from shared.rules.domain.registration import is_complete, judge_contact
from shared.rules.domain.rejudgement import flags_of, identified, judge_again, scope_at
from shared.rules.domain.state import Customer, Deal, Dispute, FiledRecord
from shared.rules.domain.visits import is_first, judge_visit


def correct(case: Case, correction: Correction) -> None:
    """Replace a record's party, with the approvals that it takes (procedure.md#correction-party)."""
    filed = case.slice.filed(correction.record)
    file_record(case)
    before = None if filed is None else party_of(filed) or entered_party(filed)
    if filed is None or before is None:
        case.flag("unknown_record")
    elif not approved(case, case.book.corrections.approved_by, correction.approved_by):
        case.flag("unapproved")
        case.penalise("tampering", correction.requested_by, case.book)
    elif entered_party(filed) is not None:
        rename(case, filed, _corrected(before, correction, complete=False))
    else:
        _apply(case, filed, correction)
        _suppose(case, correction.record)


def _suppose(case: Case, record: EventId) -> None:
    """What is known of large customers holds if this correction is taken over."""
    filed = case.slice.filed(record)
    assert filed is not None
    for index in case.slice.indexes.values():
        index.suppose(filed)


def party_of(filed: FiledRecord) -> Party | None:
    """The party of a record that names one customer; a correction itself names nobody."""
    matter = filed.fact.matter
    return None if isinstance(matter, Correction) else getattr(matter, "customer", None)


def _corrected(before: Party, correction: Correction, *, complete: bool) -> Party:
    """The party as corrected: a field that was left out stays, one that is given empty is taken away.

    A name that is taken away from a complete registration was there all the same (procedure.md#correction-fields).
    """
    given, name = correction.customer, before.name
    if "name" in correction.says:
        name = given.name or ("" if complete and name is not None else None)
    phones = (given if "phones" in correction.says else before).contacts_by_phone()
    wechat = (given if "wechat" in correction.says else before).contact_by_wechat()
    contacts = tuple(dict.fromkeys(phones if wechat is None else (*phones, wechat)))
    return Party(name, contacts, phones, wechat)


def _apply(case: Case, filed: FiledRecord, correction: Correction) -> None:
    before = party_of(filed)
    assert before is not None
    registers = _registers(case, filed)
    own = case.books[book_at(scope_at(case.scope, filed.judged), filed.effective)]
    was = bool(before.contacts) and is_complete(own, before)
    party = _corrected(before, correction, complete=was)
    now = bool(party.contacts) and is_complete(own if was else case.book, party)
    completed = registers and now and not was
    changed = _with_party(filed, party)
    lost = (registers and was and not now) or _names_nobody(changed)
    if completed:
        changed = replace(changed, judged=case.seq, trigger=case.id, effective=case.effective)
    old = known_customers(case, before)
    # The record's own customer is formed anew, not met: what splits off it must not be joined to it again.
    others = [c for c in known_customers(case, party) if c not in old]
    for met in {*others, *old}:
        case.settle(met)
    case.emit(e.RecordFiled(changed))
    for index in case.slice.indexes.values():
        index.correct(filed, changed)
    _keep_id(case, changed)
    customer: CustomerId | None
    if old:
        customer, rejudged = _reform(case, case.customer(old[0]), changed, lost=lost)
    else:
        customer, rejudged = _first_named(case, changed, others), False
    if customer is None:
        return
    meeting = [customer, *(c for c in others if c != customer and case.knows(c))]
    if len(meeting) > 1:
        meeting.sort(key=lambda c: case.customer(c).place)
        customer = join(case, meeting)
    if registers and not rejudged and (completed or not old):
        _judge_now(case, changed, customer, now)


def _names_nobody(changed: FiledRecord) -> bool:
    """Whether the record has no effect on anybody any more; the shares of a deal stay where they are."""
    party = party_of(changed)
    return party is not None and not party.contacts and not isinstance(changed.fact.matter, Subscription)


def _keep_id(case: Case, changed: FiledRecord) -> None:
    """A visit that names nobody any more keeps its id (procedure.md#fine-emptied-visit-id)."""
    matter = changed.fact.matter
    if (
        isinstance(matter, Visit)
        and not matter.customer.contacts
        and is_first(case.slice, matter, changed.fact.id)
    ):
        case.emit(e.IdTaken("visit", matter.visit, changed.fact.id))


def _registers(case: Case, filed: FiledRecord) -> bool:
    """Whether the record is a registration that is judged; a duplicate is not, whatever it says."""
    matter = filed.fact.matter
    if isinstance(matter, Visit):
        return is_first(case.slice, matter, filed.fact.id)
    return isinstance(matter, Call | Outreach)


def _with_party(filed: FiledRecord, party: Party) -> FiledRecord:
    matter: Any = filed.fact.matter
    return replace(filed, fact=replace(filed.fact, matter=replace(matter, customer=party)))


def _first_named(case: Case, changed: FiledRecord, others: list[CustomerId]) -> CustomerId | None:
    """A record that named nobody gets its first contact, and keeps its place in the order of records."""
    party = party_of(changed)
    if party is None or not party.contacts:
        return None
    fact = changed.fact
    customer = others[0] if others else _emptied(case, fact) or new_customer(case, f"{case.id}/{fact.id}")
    case.emit(e.CustomerNamed(customer, fact.id, fact.seq, party.contacts, party.name))
    _bring_deal(case, fact, customer)
    return customer


def _bring_deal(case: Case, fact: Fact, customer: CustomerId) -> None:
    """A deal whose record had named nobody for a while goes where its record goes."""
    home, deal = _left_behind(case, fact)
    if home is None or deal is None or home.id == customer:
        return
    rest = replace(
        home,
        deals=tuple(other for other in home.deals if other != deal),
        records=tuple(record for record in home.records if record != fact.id),
    )
    case.emit(reformed(home, rest))
    case.emit(e.DealChanged(customer, deal))
    for name in home.disputes:  # that holds the deal goes on holding it
        dispute = case.slice.dispute(name)
        if dispute is not None and deal.deal in dispute.deals:
            case.emit(e.DisputeChanged(dispute))


def _emptied(case: Case, fact: Fact) -> CustomerId | None:
    """The customer whom nobody named any more since this deal's record had lost its contacts."""
    home, _ = _left_behind(case, fact)
    return None if home is None or home.contacts else home.id


def _left_behind(case: Case, fact: Fact) -> tuple[Customer | None, Deal | None]:
    """The deal that this record subscribed, and the customer with whom it is since the record named nobody."""
    name = fact.matter.deal if isinstance(fact.matter, Subscription) else None
    home = case.slice.pointed("deal", name) if name is not None else None
    known = case.customer(home) if home is not None else None
    deal = next((deal for deal in known.deals if deal.event == fact.id), None) if known is not None else None
    return (None, None) if deal is None else (known, deal)


def _judge_now(case: Case, changed: FiledRecord, customer: CustomerId, complete: bool) -> None:
    """Judge the registration as one made at the correction, without a turn (procedure.md#fine-completed)."""
    completed = copy(case)
    completed.flags = flags_of(case, changed.fact)
    completed.record, completed.turn_past = changed.fact.id, True
    match changed.fact.matter:
        case Visit() as visit:
            judge_visit(completed, visit, customer, complete)
        case Call(answered_by=staff, asked=asked):
            judge_contact(completed, customer, staff, "call", complete, asked)
        case Outreach(by=staff):
            judge_contact(completed, customer, staff, "outreach", complete)


def _reform(
    case: Case, known: Customer, changed: FiledRecord, *, lost: bool
) -> tuple[CustomerId | None, bool]:
    """Form the customer anew; answers whose the corrected record is now, and whether it was judged again."""
    party = party_of(changed)
    if not lost and party is not None and any(contact in known.contacts for contact in party.contacts):
        formed = identified(case, known)
        if formed is not None:
            _rename(case, known, formed)
            return known.id, False
    scratch = judge_changed(case, known, changed) or judge_again(case, known)
    parts = sorted(scratch.slice.changed_customers(), key=lambda part: part.place)
    if not parts:
        _empty(case, known)
        return None, True
    if len(parts) == 1 and not lost:
        _rename(case, known, parts[0])
        return known.id, False
    _split(case, known, parts, scratch)
    if party is None or not party.contacts:
        return None, True
    return case.slice.pointed("contact", party.contacts[0]), True


def _empty(case: Case, known: Customer) -> None:
    """No record names the customer any more: identity, history and deals stay (procedure.md#fine-emptied-customer)."""
    bare = Customer(
        known.id,
        known.first,
        nth=known.nth,
        claim=known.claim,
        holder=known.holder,
        deals=known.deals,
        disputes=known.disputes,
        decided_at=known.decided_at,
        clause=known.clause,
    )
    case.emit(reformed(known, bare))
    claim = standing(known.claim)
    if claim is not None:
        because = (claim.registration.event, case.id)
        case.decide(known.id, "released", None, case.book.corrections.clause, because)
    elif known.claim is not None:
        case.emit(e.ClaimChanged(known.id, None))


def _rename(case: Case, known: Customer, formed: Customer) -> None:
    """One customer before and after: its contacts and names are those of the records as they stand."""
    place = {"first": formed.first, "nth": formed.nth}
    renamed = replace(known, contacts=formed.contacts, names=formed.names, **place)
    case.emit(reformed(known, renamed))
    _follow(case, renamed)


def _follow(case: Case, told: Customer) -> None:
    """What is known of a large customer is known of them as they are now."""
    index = case.slice.indexes.get(told.id)
    if index is not None:
        index.follow(told, case.customer(told.id))


def _split(case: Case, known: Customer, parts: list[Customer], scratch: Case) -> None:
    """Several customers where there was one (procedure.md#fine-split-identity)."""
    kept, split_off = parts[0], parts[1:]
    deals = {deal.deal: deal for deal in known.deals}
    moved = {deal.deal for part in split_off for deal in part.deals}
    remaining = replace(
        kept,
        id=known.id,
        holder=known.holder,
        deals=tuple(deal for deal in known.deals if deal.deal not in moved) if moved else known.deals,
        disputes=(),
        decided_at=known.decided_at,
        clause=known.clause,
    )
    case.emit(reformed(known, remaining))
    _follow(case, remaining)
    _owner_by_split(case, known, kept)
    names = {part.id: part.id for part in split_off} | {kept.id: known.id}
    apart = {part.id for part in split_off}
    _emit_again(case, scratch.events, apart)
    for part in split_off:
        for deal in part.deals:
            case.emit(e.DealChanged(part.id, deals.get(deal.deal, deal)))
    _carry_disputes(case, known, scratch, names)


def _owner_by_split(case: Case, known: Customer, kept: Customer) -> None:
    """If the owner changes by the split, one decision says so."""
    before, after = standing(known.claim), standing(kept.claim)
    clause = case.book.corrections.clause
    founded = (before.registration.event,) if before is not None else ()
    if after is not None and (before is None or before.owner != after.owner):
        case.decide(known.id, "returned", after, clause, (*founded, after.registration.event, case.id))
    elif after is None and before is not None:
        case.decide(known.id, "released", kept.claim, clause, (*founded, case.id))


def _emit_again(case: Case, told: list[e.DomainEvent], apart: set[CustomerId]) -> None:
    """What was judged of the parts that split off is theirs from now on."""
    joined: set[CustomerId] = set(apart)
    for event in reversed(told):
        if isinstance(event, e.CustomersJoined) and event.customer in joined:
            joined.update(event.gone)
    for event in told:
        if isinstance(event, e.DealDecided | e.DisputeChanged):
            continue
        if getattr(event, "customer", None) in joined:
            case.emit(event)


def _carry_disputes(case: Case, known: Customer, scratch: Case, names: dict[CustomerId, CustomerId]) -> None:
    """Disputes stand as they are; each follows the record that it is about."""
    for name in known.disputes:
        dispute = case.slice.dispute(name)
        if dispute is None:
            continue
        again = scratch.slice.dispute(name)
        if dispute.other == known.id:
            dispute = replace(dispute, other=_recognised_as(case, dispute) or known.id)
        if (
            known.id not in dispute.customers
        ):  # it only names a deal of this one, or is a recogniser's earlier one
            case.emit(e.DisputeChanged(dispute))
            continue
        homes = _homes(case, dispute) if again is None else again.customers
        moved = tuple(names.get(home, home) for home in homes) or (known.id,)
        customers = tuple(
            dict.fromkeys(c for kept in dispute.customers for c in (moved if kept == known.id else (kept,)))
        )
        case.emit(e.DisputeChanged(replace(dispute, customers=customers)))


def _homes(case: Case, dispute: Dispute) -> tuple[CustomerId, ...]:
    """Whom the record that opened a dispute names now."""
    filed = case.slice.filed(dispute.event)
    party = party_of(filed) if filed is not None else None
    return tuple(known_customers(case, party)[:1]) if party is not None else ()


def _recognised_as(case: Case, dispute: Dispute) -> CustomerId | None:
    """Whom the earlier record names now that the recogniser had named."""
    filed = case.slice.filed(dispute.event)
    matter = filed.fact.matter if filed is not None else None
    record = matter.registration if isinstance(matter, Recognition) else None
    earlier = case.slice.filed(record) if record is not None else None
    party = party_of(earlier) if earlier is not None else None
    return next(iter(known_customers(case, party)), None) if party is not None else None
