"""What a replay changes of the input, and what is the same on both sides (contract.md#replays)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shared.contract import Event
from shared.ids import CustomerId, EventId
from shared.rules.domain.case import Books
from shared.rules.domain.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise: judged under `rulebook` alone (None: as adopted), without some facts, with others."""

    rulebook: Rulebook | None = None
    drop: frozenset[EventId] = frozenset()
    add: tuple[Event, ...] = ()
    customers: frozenset[CustomerId] | None = None
    """To whom the difference is narrowed."""


@dataclass(frozen=True, slots=True)
class ReplaySetup:
    """All but the facts. `opening` is in force where no adoption says otherwise; `as_of` holds for both sides.

    A value of plain data: it goes to other processes, and to other machines, as it is.
    """

    opening: Rulebook
    books: Books
    change: Change
    as_of: datetime | None = None
    known_at: datetime | None = None
    aside: frozenset[str] = frozenset()
    """Events that were set aside, whichever scope they are of."""
    added: dict[str, list[Event]] = field(default_factory=dict)
    """The facts that are put in, by scope."""
