"""Customers as they stand, each with a page of its decisions; a list costs its page, whatever the scope holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from services.attribution.historic.lists import EVERY_CUSTOMER, CustomerFilter
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.decisions_page import (
    DECISIONS,
    DecisionsPage,
    decisions_page,
    first_decisions,
    from_micros,
    last_clause,
    micros,
)
from services.attribution.queries.snapshot import Row, Snapshot, UnknownNameError
from shared.contract import format_instant
from shared.contract.answers import (
    CustomerResult,
    ListedClaim,
    ListedCustomer,
    OwnershipDecision,
    SharedContact,
)
from shared.contract.answers.values import extended
from shared.ids import CustomerId
from shared.rules.domain.state import Customer
from shared.rules.judge.result import customer_result

C = TypeVar("C", bound=CustomerResult)

SHOWN = 20
"""Names and contacts that are shown where a customer may have too many: at the door, and in the list of such."""


def standing_of(snapshot: Snapshot, name: str, most: int | None = None) -> CustomerResult:
    """A customer as it stands, without its decisions; with `most`, by so many of its names and contacts alone."""
    customer = snapshot.find(name)
    clause = last_clause(snapshot.ask, snapshot.head.scope, customer.id)
    stands = customer_result(snapshot.work.slice, customer, [], clause)
    if most is not None:  # each name that is shown is read by a key of its own
        stands = replace(stands, names=stands.names[:most], contacts=stands.contacts[:most])
    (shown,) = _opened(snapshot, [stands])
    return shown


def _opened(snapshot: Snapshot, customers: list[C], masked: Collection[str] | None = None) -> list[C]:
    """Customers as the caller may see them."""
    if masked is None:
        masked = snapshot.reach.masked([one.customer for one in customers])
    return snapshot.opener.customers(customers, masked)


def customer_of(
    snapshot: Snapshot, name: str, cursor: Cursor | None = None, limit: int = DECISIONS
) -> ListedCustomer:
    """A customer with a page of its decisions; `cursor` is there while more follow."""
    shown = standing_of(snapshot, snapshot.readable(name).id)
    after = from_micros(cursor.born if cursor is not None else 0)
    page = decisions_page(snapshot.ask, snapshot.head.scope, shown.customer, after, limit)
    return paged(shown, page.decisions, page.following)


def seen_then(snapshot: Snapshot, name: str | None) -> tuple[bool, bool]:
    """Whether a customer (None: all of the scope) may be read as of an earlier time, and whether masked.

    Who reaches it today is what counts. One that is not known today, because its records were corrected since, is for
    who reaches the whole scope.
    """
    reach = snapshot.reach
    if name is None and not reach.whole:
        raise UnknownNameError(snapshot.head.scope)
    if name is None or (reach.whole and reach.clear):
        return True, not reach.clear
    try:
        found = snapshot.readable(name)
    except UnknownNameError:
        return reach.whole, True
    return True, bool(reach.masked([found.id]))


def customer_of_case(snapshot: Snapshot, digest: bytes) -> ListedCustomer:
    """The customer whom alerts call by a case number."""
    rows = snapshot.of_case(digest)
    if not rows:
        raise UnknownNameError("case")
    return customer_of(snapshot, str(rows[0][0]))


def customers_of(
    snapshot: Snapshot, names: Sequence[str], masked: Collection[str] | None = None
) -> list[ListedCustomer]:
    """These customers, each with the first page of its decisions; `masked` where that is not as they stand."""
    snapshot.load_customers(names)
    pages = first_decisions(snapshot.ask, snapshot.head.scope, names, DECISIONS)
    found = [(snapshot.work.slice.find_customer(CustomerId(name)), pages[name]) for name in names]
    listed = [_listed(snapshot, customer, page) for customer, page in found if customer is not None]
    return _opened(snapshot, listed, masked)


def _listed(snapshot: Snapshot, customer: Customer, page: DecisionsPage) -> ListedCustomer:
    clause = page.decisions[-1].clause if page.made else None
    if page.following is not None:
        clause = last_clause(snapshot.ask, snapshot.head.scope, customer.id)
    shown = customer_result(snapshot.work.slice, customer, [], clause)
    return paged(shown, page.decisions, page.following)


def paged(
    shown: CustomerResult, decisions: list[OwnershipDecision], following: datetime | None
) -> ListedCustomer:
    """A customer with these decisions, behind which others may follow."""
    if following is None:
        return extended(ListedCustomer, shown, decisions=decisions)
    return extended(ListedCustomer, shown, decisions=decisions, cursor=str(Cursor(micros(following))))


def page_of_customers(
    snapshot: Snapshot, cursor: Cursor, limit: int, filter_: CustomerFilter = EVERY_CUSTOMER
) -> tuple[list[ListedCustomer], Cursor | None]:
    rows = _claims(snapshot, cursor, limit, filter_)
    return customers_of(snapshot, [str(row[1]) for row in rows[:limit]]), _following(rows, limit)


def page_of_claims(
    snapshot: Snapshot, cursor: Cursor, limit: int, filter_: CustomerFilter = EVERY_CUSTOMER
) -> tuple[list[ListedClaim], Cursor | None]:
    """The same customers by their claims alone: nothing of them is loaded, and no name is opened."""
    rows = _claims(snapshot, cursor, limit, filter_)
    claims = [
        ListedClaim(customer, owned_by, stands, format_instant(ends) if ends is not None else None)
        for _, customer, _, owned_by, stands, ends in rows[:limit]
    ]
    return claims, _following(rows, limit)


def _claims(snapshot: Snapshot, cursor: Cursor, limit: int, filter_: CustomerFilter) -> list[Row]:
    """Of whom the reader reaches, one more than the page holds."""
    owner = filter_.owner
    if owner is not None and not snapshot.reach.owner(owner):
        return []
    within = "page_of_customers" if snapshot.reach.whole else "page_of_customers_within"
    asked = {"owner": owner, "status": filter_.status, "before": filter_.before} | snapshot.reach.filters
    return snapshot.page(within if owner is None else "page_of_customers_of", cursor, limit, **asked)


def page_of_shared(
    snapshot: Snapshot, cursor: Cursor, limit: int, most: int
) -> tuple[list[SharedContact], Cursor | None]:
    """Customers whose records name more than `most` people: a contact that stands for several has joined them."""
    rows = snapshot.page("page_of_shared", cursor, limit, most=most)
    found = [(standing_of(snapshot, str(name)), people) for _, name, _, people in rows[:limit]]
    shared = [
        SharedContact(
            customer=shown.customer,
            owner=shown.owner,
            status=shown.status,
            people=people,
            names=shown.names[:SHOWN],
            contacts=shown.contacts[:SHOWN],
            contacts_in_all=len(shown.contacts),
        )
        for shown, people in found
    ]
    return shared, _following(rows, limit)


def _following(rows: Sequence[Row], limit: int) -> Cursor | None:
    """Of customers one record may name several: their cursor says which."""
    return Cursor(*rows[limit - 1][:3]) if len(rows) > limit else None
