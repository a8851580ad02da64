"""Erases a customer: first the journal says so, then the keys are destroyed (privacy.md#erasure).

Killed anywhere between, the same command goes on: what is recorded is not recorded again, and whoever is there still is
destroyed. What came in meanwhile is looked for before it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final
from uuid import uuid4

from msgspec import Struct

from services.intake.privacy.entries import linked_entries
from services.intake.privacy.holdings import Holdings, HoldingsReader
from services.intake.privacy.obstacles import demand_free, demand_nameless
from services.intake.privacy.people import PeopleOfScope, under_whose_keys
from services.intake.privacy.services import NotAnsweredError, Services
from shared.contract import format_instant
from shared.contract.answers import EventPlace
from shared.contract.fields import MAX_ERASED
from shared.i18n import bilingual

ROUNDS: Final = 5
"""How often what came in meanwhile is looked for."""


class ErasureOrder(Struct, frozen=True):
    """What is said of an erasure: why, who asked, who has it done, and who says so despite what stands against it."""

    reason: str
    asked_by: str
    by: str
    despite_by: str | None = None


class Erased(Struct, frozen=True):
    """What became of it: whose keys were destroyed, by which events; whom other customers' records name stays."""

    people: int
    events: tuple[str, ...]
    kept: tuple[str, ...] = ()


class Eraser:
    """Erases customers of one scope."""

    def __init__(
        self, people: PeopleOfScope, reader: HoldingsReader, services: Services, now: Callable[[], datetime]
    ) -> None:
        self._people = people
        self._reader = reader
        self._services = services
        self._now = now

    def erase(self, customer: str, order: ErasureOrder) -> Erased:
        """Every contact of a customer, and whom its records name without one. Raises `ErasureRefusedError`."""
        count, events = 0, list[str]()
        for _ in range(ROUNDS):
            holdings = self._reader.holdings(customer)
            people, kept = self.held(holdings)
            if not people:
                return Erased(count, tuple(events), tuple(sorted(kept)))
            new = sorted(people - self._people.erased())
            if new:
                self._demand_allowed(holdings, order)
                office = holdings.events[0].office if holdings.events else self._reader.office()
                events += self._record(new, order, office)
            self._people.destroy(people)
            count += len(people)
        raise NotAnsweredError(bilingual("records of this customer keep coming in: give the command again"))

    def erase_contact(self, contact: str, order: ErasureOrder) -> Erased:
        """A contact that is no customer's: of a companion, of who sent somebody, of a record that was refused."""
        found = self._people.of_contacts([contact])
        if not found:
            return Erased(0, ())
        people = set(found.values())
        new = sorted(people - self._people.erased())
        demand_nameless(_words(order), (), [contact])
        events = list(self._record(new, order, self._reader.office())) if new else []
        self._people.destroy(people)
        return Erased(len(people), tuple(events))

    def erase_record(self, event: str, order: ErasureOrder) -> Erased:
        """A record whose customer has no contact: whom its texts stand under."""
        facts = self._people.facts([event])
        people = self._people.there(under_whose_keys(facts)[0])
        new = sorted(people - self._people.erased())
        events = list(self._record(new, order, self._reader.office())) if new else []
        self._people.destroy(people)
        return Erased(len(people), tuple(events))

    def held(self, holdings: Holdings) -> tuple[set[str], set[str]]:
        """Under whose keys a customer's records stand; and of the contacts by which they were ever named, those that
        are another customer's now, and are kept."""
        linked = linked_entries(self._people, holdings)
        nobodies, named = under_whose_keys([*self._people.facts(holdings.records), *linked.whole])
        own = set(self._people.of_contacts(holdings.customer.contacts).values())
        others = {
            id_
            for id_, contact in self._people.contacts_of(named - own).items()
            if self._reader.customer_of(contact) not in (None, holdings.customer.customer)
        }
        return self._people.there(nobodies | own | (named - others)), others

    def _demand_allowed(self, holdings: Holdings, order: ErasureOrder) -> None:
        demand_nameless(_words(order), holdings.customer.names, holdings.customer.contacts)
        demand_free(holdings, order.despite_by, self._reader.staff() if order.despite_by else {})

    def _record(self, people: list[str], order: ErasureOrder, office: str) -> Iterator[str]:
        """Have intake journal it, a thousand people an event; the ids of the events."""
        for start in range(0, len(people), MAX_ERASED):
            data: dict[str, object] = {
                "people": people[start : start + MAX_ERASED],
                "reason": order.reason.strip(),
                "asked_by": order.asked_by.strip(),
                "by": order.by,
            }
            if order.despite_by is not None:
                data["despite_by"] = order.despite_by
            event = {
                "id": str(uuid4()), "type": "person.erased", "scope": self._people.scope, "office": office,
                "actor": order.by, "occurred_at": format_instant(self._now()), "data": data,
            }  # fmt: skip
            placed = self._services.post("intake", "/v1/events", EventPlace, event)
            assert placed is not None, "intake has no names that could be unknown"
            yield placed.id


def _words(order: ErasureOrder) -> dict[str, str]:
    return {"--reason": order.reason, "--asked-by": order.asked_by}
