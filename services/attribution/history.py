"""The history of a scope as its domain events tell it: decisions, deals' decisions, flags and penalties.

The contract's result is made of this and of the records; the live projections hold the same in rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.attribution.domain import events as e
from services.attribution.domain.state import CustomerId


@dataclass(slots=True)
class History:
    """What was decided in a scope, in the order in which it was made."""

    decisions: dict[CustomerId, list[e.Decided]] = field(default_factory=lambda: defaultdict(list))
    deals: dict[str, list[e.DealDecided]] = field(default_factory=lambda: defaultdict(list))
    flags: list[tuple[int, e.Flagged]] = field(default_factory=list)
    penalties: list[tuple[int, e.Penalised]] = field(default_factory=list)

    def add(self, place: int, events: Iterable[e.DomainEvent]) -> None:
        """Take in what the fact at this place of the order caused."""
        for event in events:
            match event:
                case e.Decided():
                    self.decisions[event.customer].append(event)
                case e.DealDecided():
                    self.deals[event.deal.deal].append(event)
                case e.Flagged():
                    self.flags.append((place, event))
                case e.Penalised():
                    self.penalties.append((place, event))
                case e.CustomersJoined():
                    for gone in event.gone:
                        self.decisions[event.customer] += self.decisions.pop(gone, [])
