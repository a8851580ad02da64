"""Which facts of a scope are of one customer, and which of them may be shown in clear.

Of a customer is what names one of its contacts, what its decisions rest on, and what speaks of its visits, deals,
disputes and records. In clear stands only what is of nobody else: a record that also names another customer's person
stays under seal whole, since what proves its words proves all of them together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec import Struct

from shared.contract.answers.result import JudgementResult
from shared.contract.sealed import NOBODY, Sealed, contact_id
from shared.sealing.opening import people_in_event


class _Refers(Struct):
    visit: str | None = None
    deal: str | None = None
    dispute: str | None = None
    record: str | None = None
    registration: str | None = None


class _EventGlance(Struct):
    id: str
    type: str
    data: _Refers
    sealed: Sealed | None = None


_glance: Final = msgspec.json.Decoder(_EventGlance).decode
_BEGINS: Final = {"visit.registered": "visit", "deal.subscribed": "deal", "dispute.opened": "dispute"}
"""What begins something that later events speak of by its id."""


@dataclass(slots=True)
class Belonging:
    """What is known to be of a customer while the facts of its scope are read in order."""

    contacts: set[str]
    events: set[str] = field(default_factory=set)
    things: set[tuple[str, str]] = field(default_factory=set)
    nobodies: set[str] = field(default_factory=set)
    """Under whom words of records stand that name nobody: a ruling's reason, a customer without a contact."""

    def takes(self, body: bytes) -> bool:
        """Whether a fact is of the customer; what it begins is remembered."""
        glance = _glance(body)
        people = people_in_event(body)
        if not (people & self.contacts or glance.id in self.events or self._speaks_of(glance.data)):
            return False
        self.events.add(glance.id)
        begun = _BEGINS.get(glance.type)
        if begun is not None:
            self.things.add((begun, str(getattr(glance.data, begun))))
        by = glance.sealed.by if glance.sealed is not None else ""
        if by.startswith(NOBODY) and not any(contact_id(id_) for id_ in people):
            self.nobodies.add(by)
        return True

    def shows(self, body: bytes) -> bool:
        """Whether a fact of the customer is of nobody else."""
        return people_in_event(body) <= self.contacts | self.nobodies

    def _speaks_of(self, said: _Refers) -> bool:
        if {said.record, said.registration} & self.events:
            return True
        named = {(kind, str(getattr(said, kind))) for kind in ("visit", "deal", "dispute")}
        return bool(named & self.things)


def belonging(result: JudgementResult) -> Belonging:
    """Where to begin: with what was decided on one customer."""
    found = Belonging(set())
    for customer in result.customers:
        found.contacts |= set(customer.contacts)
        found.events |= _because(customer.decisions)
    for deal in result.deals:
        found.events |= set(deal.because) | _because(deal.decisions)
        found.things.add(("deal", deal.deal))
    found.things |= {("dispute", dispute.dispute) for dispute in result.disputes}
    return found


def _because(decisions: Iterable[object]) -> set[str]:
    return {id_ for decision in decisions for id_ in decision.because}  # type: ignore[attr-defined]
