"""The history of a scope as its domain events tell it: decisions, deals' decisions, flags and penalties.

The contract's result is made of this and of the records; the live projections hold the same in rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter

from services.attribution.domain import events as e
from services.attribution.domain.state import CustomerId

# A decision with its number in the scope: a joined customer's come from all its parts, in the order of making.
Made = tuple[int, e.Decided]


@dataclass(slots=True)
class History:
    """What was decided in a scope, in the order in which it was made."""

    decisions: dict[CustomerId, list[Made]] = field(default_factory=lambda: defaultdict(list))
    deals: dict[str, list[e.DealDecided]] = field(default_factory=lambda: defaultdict(list))
    flags: list[tuple[int, e.Flagged]] = field(default_factory=list)
    penalties: list[tuple[int, e.Penalised]] = field(default_factory=list)
    _made: int = 0

    def add(self, place: int, events: Iterable[e.DomainEvent]) -> None:
        """Take in what the fact at this place of the order caused."""
        for event in events:
            match event:
                case e.Decided():
                    self._made += 1
                    self.decisions[event.customer].append((self._made, event))
                case e.DealDecided():
                    self.deals[event.deal.deal].append(event)
                case e.Flagged():
                    self.flags.append((place, event))
                case e.Penalised():
                    self.penalties.append((place, event))
                case e.CustomersJoined():
                    parts = [self.decisions.pop(part, []) for part in (event.customer, *event.gone)]
                    self.decisions[event.customer] = sorted(chain(*parts), key=itemgetter(0))
