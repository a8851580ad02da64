"""What was so at an earlier time, as the caller may read it: by who reaches it today (ADR 0043)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from msgspec import UNSET

from services.attribution.historic.lists import DatedDeal, ListName, Marked, PageThen, Reached
from services.attribution.queries.cursor import Cursor
from services.attribution.queries.deals import sold
from services.attribution.queries.decisions_page import from_micros, micros, page_of_explained
from services.attribution.queries.marks import listed
from services.attribution.queries.recorded import recorded
from services.attribution.queries.snapshot import Snapshot
from shared.contract.answers import CustomerResult, ListedCustomer, ListedDeal, ListedFlag, ListedPenalty
from shared.contract.answers.values import extended

M = TypeVar("M", ListedFlag, ListedPenalty)


def reached(snapshot: Snapshot, name: ListName) -> Reached | None:
    """Whom the caller reaches of a list today; None: all of the scope."""
    reach = snapshot.reach
    if reach.whole:
        return None
    filters = reach.filters
    people, offices = frozenset(filters["people"]), frozenset(filters["offices"])
    if name in ("flags", "penalties"):
        return Reached(people=people, offices=offices)
    asked = {"scope": snapshot.head.scope, "people": list(people), "offices": list(offices)}
    if name == "customers":
        rows = snapshot.ask("reached_customers", asked)
    else:
        rows = snapshot.ask("reached_items", asked | {"list": name})
    return Reached(frozenset(str(id_) for (id_,) in rows), people, offices)


def customers_shown(
    snapshot: Snapshot, customers: Sequence[CustomerResult], limit: int
) -> list[ListedCustomer]:
    """Customers as they stood, with the first page of their decisions, as the caller may see them today.

    One that has gone into another since is masked as that one is.
    """
    names = [one.customer for one in customers]
    moved: dict[str, str] = dict(
        snapshot.ask("joined_today", {"scope": snapshot.head.scope, "customers": names})
    )
    hidden = snapshot.reach.masked([moved.get(name, name) for name in names])
    masked = frozenset(name for name in names if moved.get(name, name) in hidden)
    opened = snapshot.opener.customers(list(customers), masked)
    return [paged_then(one, 0, limit) for one in opened]


def paged_then(customer: CustomerResult, after: int, limit: int) -> ListedCustomer:
    """A customer with the decisions behind an instant (in microseconds)."""
    page, following = page_of_explained(customer.decisions, from_micros(after), limit)
    cursor = UNSET if following is None else str(Cursor(micros(following)))
    return extended(ListedCustomer, customer, decisions=page, cursor=cursor)


def deal_shown(deal: DatedDeal) -> ListedDeal:
    """A deal with what was sold, and when."""
    return sold(deal.deal, deal.subscribed, deal.signed, deal.cancelled)


def marks_shown(snapshot: Snapshot, page: PageThen, kind: type[M]) -> list[M]:
    """Flags or penalties with what their records say, by the names of then."""
    snapshot.names = page.names
    items: list[Marked] = page.items
    events = [recorded(one.record) for one in items if one.record is not None]
    return listed(snapshot, kind, [one.mark for one in items], events)
