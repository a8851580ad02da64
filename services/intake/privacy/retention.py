"""Whose data was kept long enough: no record for so many months, and no deal (privacy.md#retention).

One look through the journal tells of most customers that they are not overdue; the others are looked at whole.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from services.intake.privacy.entries import linked_entries
from services.intake.privacy.erasure import Eraser
from services.intake.privacy.holdings import Holdings, HoldingsReader
from services.intake.privacy.obstacles import obstacles
from services.intake.privacy.people import KeptFact, PeopleOfScope
from shared.contract import parse_instant
from shared.contract.answers import ListedCustomer
from shared.i18n import Text


class Overdue(Struct, frozen=True):
    """A customer, or a record that names none, of which nothing was recorded for long; what keeps it all the same."""

    last: datetime
    customer: str | None
    event: str | None = None
    kept: tuple[Text, ...] = ()


class Retention:
    """Looks for what is overdue in one scope."""

    def __init__(self, people: PeopleOfScope, reader: HoldingsReader, eraser: Eraser) -> None:
        self._people = people
        self._reader = reader
        self._eraser = eraser

    def overdue(self, until: datetime) -> Iterator[Overdue]:
        """Whoever has no record after `until`, and no deal that stands."""
        last, nameless = self._people.last_records()
        for page in self._reader.customers():
            ids = self._people.of_contacts({contact for one in page for contact in one.contacts})
            for customer in page:
                times = [last[ids[contact]] for contact in customer.contacts if ids.get(contact) in last]
                if not times or max(times) <= until:
                    yield from self._looked_at(customer, until)
        for record in nameless:
            if record.recorded_at <= until and self._people.there(record.people):
                yield Overdue(record.recorded_at, None, record.event)

    def _looked_at(self, customer: ListedCustomer, until: datetime) -> Iterator[Overdue]:
        """By all of its records, also those that name it by a visit, a deal or a dispute."""
        holdings = self._reader.holdings(customer.customer)
        linked = linked_entries(self._people, holdings)
        last = last_recorded(holdings, linked.all)
        deal = any(deal.status != "cancelled" for deal in holdings.deals)
        if last is not None and last <= until and not deal and self._eraser.held(holdings)[0]:
            yield Overdue(last, customer.customer, None, tuple(obstacles(holdings)))


def last_recorded(holdings: Holdings, entries: Iterable[KeptFact] = ()) -> datetime | None:
    """When the last of a customer's records was recorded, or of the entries that go with it."""
    times = [event.recorded_at for event in holdings.events]
    times += [_entry_time(fact.body).recorded_at for fact in entries]
    return max(map(parse_instant, times), default=None)


class _EntryTime(Struct):
    recorded_at: str


_entry_time: Final = msgspec.json.Decoder(_EntryTime).decode


def months_before(now: datetime, months: int) -> datetime:
    """The same day so many months earlier, or the last one of a month that is shorter."""
    index = now.year * 12 + now.month - 1 - months
    year, month = divmod(index, 12)
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))
