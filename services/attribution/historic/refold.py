"""Facts folded again, in memory, up to a moment: the state then, and what each fact brought when it was folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from services.attribution.historic.facts import KnownFact, ScopeMoment, StoredFact
from shared.ids import CustomerId, EventId
from shared.rules.domain import events as e
from shared.rules.domain.decide import decide, new_scope, sweep
from shared.rules.domain.facts import Enrolment, Fact
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId, Customer, Slice
from shared.rules.judge.history import DecisionHistory

Books = Mapping[BookId, Rulebook]


@dataclass(frozen=True, slots=True)
class FoldedFact:
    """A fact, and what was decided when it was folded; `swept` what lapsed since, by nobody's fact."""

    known: KnownFact
    events: list[e.DomainEvent]


@dataclass(slots=True)
class Refolded:
    """A scope, or what bears on one customer of it, as it stood at a moment."""

    moment: ScopeMoment
    slice: Slice
    history: DecisionHistory = field(default_factory=DecisionHistory)
    facts: list[FoldedFact] = field(default_factory=list)
    swept: list[e.DomainEvent] = field(default_factory=list)
    stored: dict[EventId, StoredFact] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    into: dict[CustomerId, CustomerId] = field(default_factory=dict)
    """Into whom customers went who were joined to others."""

    def customer(self, name: str) -> Customer | None:
        """A customer by id as it was then; one that was joined is found as what it went into."""
        id_ = CustomerId(name)
        found, left = self.slice.find_customer(id_), len(self.into)
        while found is None and id_ in self.into and left:
            id_, left = self.into[id_], left - 1
            found = self.slice.find_customer(id_)
        return found

    def take(self, known: KnownFact, events: list[e.DomainEvent]) -> None:
        """What one fact brought."""
        self.history.add(known.stored.seq, events)
        self.stored[known.fact.id] = known.stored
        if isinstance(known.fact.matter, Enrolment) and events:
            self.names[known.fact.matter.staff] = known.fact.matter.name
        for event in events:
            if isinstance(event, e.CustomersJoined):
                self.into |= dict.fromkeys(event.gone, event.customer)


def everything(_fact: FoldedFact) -> bool:
    """For whoever tells fact by fact."""
    return True


def refold(
    moment: ScopeMoment,
    facts: Iterable[KnownFact],
    books: Books,
    keep: Callable[[FoldedFact], bool] = everything,
) -> Refolded:
    """Fold these facts of a scope as it was folded live, and let what is due by then lapse.

    What is effective later is left out. Of the facts those are kept that are asked for.
    """
    book = books[moment.book]
    found = Refolded(moment, new_scope(moment.scope, moment.book, book.timezone.key))
    last: Fact | None = None
    for known in facts:
        last = known.fact
        outcome = decide(found.slice, last, books, moment.as_of)
        found.slice.put(outcome.changes)
        found.take(known, outcome.events)
        folded = FoldedFact(known, outcome.events)
        if outcome.events and keep(folded):
            found.facts.append(folded)
    if last is not None:
        _sweep(found, last, books)
    return found


def _sweep(found: Refolded, last: Fact, books: Books) -> None:
    customers = [record.id for record in found.slice.values() if isinstance(record, Customer)]
    swept = sweep(found.slice, last, books, customers, found.moment.as_of)
    found.slice.put(swept.changes)
    found.history.add(last.seq, swept.events)
    found.swept = swept.events
