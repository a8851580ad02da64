"""The history of a scope as its domain events tell it: decisions, deals' decisions, flags and penalties.

The contract's result is made of this and of the records; the live projections hold the same in rows.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any

from shared.ids import CustomerId
from shared.rules.domain import events as e

# A decision with its number in the scope: a joined customer's come from all its parts, in the order of making.
Made = tuple[int, e.Decided]


@dataclass(slots=True)
class DecisionHistory:
    """What was decided in a scope, in the order in which it was made."""

    decisions: dict[CustomerId, list[Made]] = field(default_factory=lambda: defaultdict(list))
    deals: dict[str, list[e.DealDecided]] = field(default_factory=lambda: defaultdict(list))
    flags: list[tuple[int, e.Flagged]] = field(default_factory=list)
    penalties: list[tuple[int, e.Penalised]] = field(default_factory=list)
    made: int = 0

    def add(self, place: int, events: Iterable[e.DomainEvent]) -> None:
        """Take in what the fact at this place of the order caused."""
        for event in events:
            add = _ADDS.get(type(event))
            if add is not None:
                add(self, place, event)


def _decided(history: DecisionHistory, place: int, event: e.Decided) -> None:
    history.made += 1
    history.decisions[event.customer].append((history.made, event))


def _deal_decided(history: DecisionHistory, place: int, event: e.DealDecided) -> None:
    history.deals[event.deal.deal].append(event)


def _flagged(history: DecisionHistory, place: int, event: e.Flagged) -> None:
    history.flags.append((place, event))


def _penalised(history: DecisionHistory, place: int, event: e.Penalised) -> None:
    history.penalties.append((place, event))


def _joined(history: DecisionHistory, place: int, event: e.CustomersJoined) -> None:
    """The decisions of all parts as they were made; those of the smaller find their places among the others."""
    parts = [history.decisions.pop(part, []) for part in (event.customer, *event.gone)]
    most = max(parts, key=len)
    for made in chain.from_iterable(part for part in parts if part is not most):
        insort(most, made, key=itemgetter(0))
    history.decisions[event.customer] = most


_ADDS: dict[type, Callable[[DecisionHistory, int, Any], None]] = {
    e.Decided: _decided,
    e.DealDecided: _deal_decided,
    e.Flagged: _flagged,
    e.Penalised: _penalised,
    e.CustomersJoined: _joined,
}
"""What is told of a scope; the other events change records only."""
