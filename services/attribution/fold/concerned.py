"""Whom of the staff a deal or a dispute concerns, so that they find it in their lists (ADR 0043).

Once concerned, always concerned: whoever lost a share, or the customer, may read what became of it. The offices are
read off the records when they are stored (`put_concerned`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from shared.ids import CustomerId
from shared.rules.domain.dispute_opening import SYSTEM
from shared.rules.domain.state import Customer, Deal, Dispute, Records

DEALS: Final = "deals"
DISPUTES: Final = "disputes"


class Concern(NamedTuple):
    """That an item of a list concerns a member of staff; `born` is its place in the list."""

    list: str
    name: str
    born: int
    id: str


def concerned(
    before: Records,
    after: Records,
    customers: Mapping[CustomerId, Customer | None],
    disputes: Iterable[tuple[Dispute | None, Dispute | None]],
) -> Iterator[Concern]:
    """Whom the deals and disputes concern that a fact changed, or that came to another owner by it.

    Of the customers that changed, as they are now; of the disputes, as they were and are.
    """
    for id_, customer in customers.items():
        if customer is not None:
            yield from _of_customer(before.find_customer(id_), customer, after)
    for was, dispute in disputes:
        if dispute is not None and was is not dispute:
            yield from _of_dispute(dispute, after)


def _of_customer(was: Customer | None, now: Customer, after: Records) -> Iterator[Concern]:
    keeper = _keeper(now)
    moved = keeper != (_keeper(was) if was is not None else None)
    if was is None or moved or was.deals is not now.deals:
        told = frozenset[int]() if was is None or moved else frozenset(map(id, was.deals))
        for deal in now.deals:
            if id(deal) not in told:
                yield from _each(DEALS, (*_sharers(deal), keeper), deal.seq, deal.deal)
    if moved:
        for name in now.disputes:
            dispute = after.dispute(name)
            if dispute is not None:
                yield from _each(DISPUTES, (keeper,), dispute.seq, name)


def _of_dispute(dispute: Dispute, after: Records) -> Iterator[Concern]:
    ruling = dispute.ruling
    ruled = () if ruling is None else (ruling.owner, *(ruling.shares or ()))
    homes = [after.find_customer(name) for name in (*dispute.customers, dispute.other) if name is not None]
    customers = [home for home in homes if home is not None]
    owners = [_keeper(home) for home in customers] + [
        former.claim.owner for home in customers for former in home.former
    ]
    deals = [deal for home in customers for deal in home.deals if deal.deal in dispute.deals]
    sharers = [staff for deal in deals for staff in _sharers(deal)]
    parties = (dispute.opened_by, dispute.recogniser, *ruled, *owners, *sharers)
    yield from _each(DISPUTES, parties, dispute.seq, dispute.dispute)


def _keeper(customer: Customer) -> str | None:
    """The owner, or who last owned a claim that lapsed."""
    return customer.claim.owner if customer.claim is not None else None


def _sharers(deal: Deal) -> tuple[str, ...]:
    return deal.closed_by, *deal.shares


def _each(list_: str, names: Iterable[str | None], born: int, id_: str) -> Iterator[Concern]:
    for name in dict.fromkeys(names):
        if name is not None and name != SYSTEM:
            yield Concern(list_, name, born, id_)
