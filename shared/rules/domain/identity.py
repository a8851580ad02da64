"""Which customer a record names, and when two turn out to be one (procedure.md#identity)."""

from __future__ import annotations

from shared.ids import CustomerId
from shared.rules.domain import events as e
from shared.rules.domain.case import Case
from shared.rules.domain.discovery import reconcile
from shared.rules.domain.evolve import customer_id
from shared.rules.domain.facts import Call, Correction, Outreach, Party, Visit
from shared.rules.domain.state import Claim, Customer, FiledRecord


def file_record(case: Case, customer: CustomerId | None = None) -> None:
    """Keep the record as it came in, for the customer that it names; a correction may give it another party."""
    matter = case.fact.matter
    inert = customer is None and not isinstance(matter, Visit | Call | Outreach | Correction)
    filed = FiledRecord(case.fact, case.seq, case.id, case.effective, inert and hasattr(matter, "customer"))
    case.emit(e.RecordFiled(filed, customer))


def identify(case: Case, party: Party) -> CustomerId | None:
    """The customer that this record names, new or known, joined where it names several; None where nobody."""
    customer = _customer_of(case, party)
    file_record(case, customer)
    return customer


def named_by(case: Case, party: Party, nth: int = 0) -> CustomerId | None:
    """The same for one party, the `nth`, of a record that is kept already."""
    customer = _customer_of(case, party, nth)
    if customer is not None:
        case.emit(e.CustomerNamed(customer, case.record, case.seq, party.contacts, party.name, nth))
    return customer


def _customer_of(case: Case, party: Party, nth: int = 0) -> CustomerId | None:
    if not party.contacts:
        case.flag("unknown_customer")
        return None
    known = known_customers(case, party)
    if len(known) > 1:
        return join(case, known)
    if known:
        case.settle(known[0])
        return known[0]
    record = case.precedent.naming(case.record)
    customer = new_customer(case, record)
    if case.knows(customer):  # a household record can bring several new customers: by their places in it
        customer = new_customer(case, f"{record}/{nth}")
    return customer


def new_customer(case: Case, record: str) -> CustomerId:
    """The id of a customer whom this record is the first to name."""
    return customer_id(case.scope.name, record)


def known_customers(case: Case, party: Party) -> list[CustomerId]:
    """The customers that share a contact with this party, by their first record (procedure.md#identity-match)."""
    if len(party.contacts) == 1:
        only = case.slice.pointed("contact", party.contacts[0])
        return [] if only is None else [only]
    found = {case.slice.pointed("contact", contact) for contact in party.contacts}
    customers = [case.customer(customer) for customer in found if customer is not None]
    return [customer.id for customer in sorted(customers, key=lambda customer: customer.place)]


def is_taken(case: Case, kind: str, name: str) -> bool:
    """Whether another record that names nobody has this id of a visit, a deal or a dispute."""
    return case.slice.taken(kind, name) not in (None, case.record)


def take_id(case: Case, kind: str, name: str) -> None:
    """Note that this record, which names nobody, has the id (procedure.md#fine-duplicates)."""
    case.emit(e.IdTaken(kind, name, case.record))


def touch(case: Case, customer: CustomerId) -> None:
    """Note that a record which names nobody itself concerned this customer."""
    if case.record not in case.customer(customer).records:
        case.emit(e.CustomerTouched(customer, case.record))


def join(case: Case, customers: list[CustomerId], *, household: bool = False) -> CustomerId:
    """Make several customers one, the earliest; different owners are a discovery (procedure.md#identity-join)."""
    for customer in customers:
        case.settle(customer)
    parts = [case.customer(customer) for customer in customers]
    found = [part.claim for part in parts if part.claim is not None]
    claims = sorted(found, key=lambda claim: (claim.since, claim.registration.seq))
    merge(case, parts, claims[-1] if claims else None)
    reconcile(case, customers[0], claims, household=household)
    case.settle(customers[0])
    return customers[0]


def merge(case: Case, parts: list[Customer], claim: Claim | None) -> None:
    """Join without asking who owns: the claim is the one that is given."""
    holder = claim.owner if claim is not None else next((part.holder for part in parts if part.holder), None)
    gone = tuple(part.id for part in parts[1:])
    case.emit(e.CustomersJoined(parts[0].id, gone, claim, holder))
