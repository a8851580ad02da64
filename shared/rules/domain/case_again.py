"""A record that a correction judges again: what it is bound by, and which of its events are taken over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from shared.ids import Contact, DealId, DisputeId, EventId
from shared.rules.domain import events as e
from shared.rules.domain.case import Books, Case, standing
from shared.rules.domain.draft import SliceDraft
from shared.rules.domain.facts import Fact, Party
from shared.rules.domain.long_list import matching
from shared.rules.domain.precedent import Precedent
from shared.rules.domain.state import Customer, Deal, Dispute, Outside, ReferralAtVisit


class Earlier(Precedent):
    """What was decided when the records of `known` were judged first, as the scope knows it at the `correction`."""

    __slots__ = ("_correction", "_known", "outside")

    def __init__(self, correction: EventId, known: Customer, outside: Outside) -> None:
        self.outside = outside
        self._correction = correction
        self._known = known

    def naming(self, record: EventId) -> str:
        """Another id than the first time: that customer may go on, and be somebody else."""
        return f"{self._correction}/{record}"

    def opens(self, record: EventId, dispute: DisputeId) -> bool:
        """A dispute stands again only where one had been opened."""
        return self.opened(record, dispute) is not None

    def opened(self, record: EventId, dispute: DisputeId) -> Dispute | None:
        """The dispute of this name, if it was this record that opened it."""
        found = self.outside.dispute(dispute)
        return found if found is not None and found.event == record else None

    def deal(self, name: DealId) -> Deal | None:
        """A deal of the customer as it stands."""
        return next(iter(matching(self._known.deals, "deal", name)), None)

    def ruling(self, dispute: DisputeId) -> EventId | None:
        """The ruling that stands on a dispute."""
        found = self.outside.dispute(dispute)
        return found.ruling.event if found is not None and found.ruling is not None else None

    def is_taken(self, kind: str, name: str, record: EventId) -> bool:
        """Whether another record that names nobody has this id of a visit, a deal or a dispute."""
        return self.outside.taken(kind, name) not in (None, record)

    def referral(self, record: EventId, contact: Contact) -> ReferralAtVisit:
        """What was known of a referrer when the visit was judged first (procedure.md#correction-known-then).

        What is being formed anew is not known.
        """
        receptions = matching(self._known.receptions, "event", record)
        noted = next((each.referrals for each in receptions if each.referrals is not None), None)
        if noted is not None:
            found = next((r for r in noted if r.contact == contact), None)
            return ReferralAtVisit(contact) if found is None or found.customer == self._known.id else found
        pointed = self.outside.pointed("contact", contact)
        if pointed is None or pointed == self._known.id:
            return ReferralAtVisit(contact)
        claim = standing(self.outside.customer(pointed).claim)
        return ReferralAtVisit(contact, pointed, claim.owner if claim is not None else None)


class CaseAgain(Case):
    """A case of which only what happened to customers, deals and disputes is so again."""

    __slots__ = ("earlier",)

    def __init__(
        self,
        draft: SliceDraft,
        fact: Fact,
        books: Books,
        horizon: datetime | None,
        judge: Callable[[Case], None],
        earlier: Earlier,
    ) -> None:
        super().__init__(draft, fact, books, horizon, judge, precedent=earlier)
        self.earlier = earlier

    def emit(self, event: e.DomainEvent) -> None:
        """Make so what is taken over of the event."""
        kept = taken_over(event)
        if kept is not None:
            super().emit(kept)


ONCE = (e.Flagged, e.Penalised, e.BoardChanged, e.IdTaken)
"""What was flagged, fined, used as a turn or noted when a record was judged first is not so again."""


def taken_over(event: e.DomainEvent) -> e.DomainEvent | None:
    """What is so again of an event; a record is kept already, and names its customer all the same."""
    if isinstance(event, e.RecordFiled):
        return _named_by(event)
    return None if isinstance(event, ONCE) else event


def _named_by(filed: e.RecordFiled) -> e.CustomerNamed | None:
    fact = filed.filed.fact
    party = getattr(fact.matter, "customer", None)
    if filed.customer is None or not isinstance(party, Party):
        return None
    return e.CustomerNamed(filed.customer, fact.id, fact.seq, party.contacts, party.name)
