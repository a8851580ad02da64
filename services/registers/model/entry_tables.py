"""Tables of rows that are also found by what they are of: filled as rows are put, so that no question walks them all.

A row may have been of other customers or offices before; whoever looks one up by these looks whether it is so as known.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from services.registers.model.customers import DecisionRow
from services.registers.model.deals import DealRow
from services.registers.model.records import PostedRecord
from services.registers.model.versions import RowCause, VersionedTable
from shared.contract import Data
from shared.ids import CustomerId, DealId, EventId, OfficeId

AnyRecord = PostedRecord[Any]
EntryPlace: TypeAlias = tuple[datetime, int, EventId]
"""Where a record stands among all: by when it happened, then by its place in the journal."""
DealMove: TypeAlias = tuple[datetime, DealId]

K = TypeVar("K")


def _none() -> dict[CustomerId, dict[Any, None]]:
    return {}


@dataclass(slots=True)
class EntryTable(VersionedTable[EventId, AnyRecord]):
    """Every record, found by its type in the order of happening, of all offices and of each that it was ever of, and by
    every customer that it was ever of; customers are found by the offices of their records."""

    by_type: dict[type[Data], list[EntryPlace]] = field(default_factory=dict)
    by_office: dict[OfficeId, dict[type[Data], list[EntryPlace]]] = field(default_factory=dict)
    ever_of: dict[CustomerId, dict[EventId, None]] = field(default_factory=_none)
    ever_at: dict[OfficeId, dict[CustomerId, None]] = field(default_factory=dict)

    def put(self, key: EventId, row: AnyRecord, at: datetime, cause: RowCause, by: EventId | None) -> bool:
        """Make this what is known from `at` on."""
        held = self.versions.get(key, ())
        first, type_ = held[0].row if held else row, type(row.data)
        place = (first.occurred_at, first.seq, key)
        if not held:
            insort(self.by_type.setdefault(type_, []), place)
        if all(one.row.office != row.office for one in held):
            insort(self.by_office.setdefault(row.office, {}).setdefault(type_, []), place)
        if row.customer is not None:
            self.ever_of.setdefault(row.customer, {})[key] = None
            self.ever_at.setdefault(row.office, {})[row.customer] = None
        return VersionedTable.put(self, key, row, at, cause, by)

    def types(self, office: OfficeId | None = None) -> Mapping[type[Data], list[EntryPlace]]:
        """The records of each type, in the order of happening; of one office, or of all."""
        return self.by_type if office is None else self.by_office.get(office, {})

    def places(
        self,
        data: type,
        since: datetime | None = None,
        until: datetime | None = None,
        office: OfficeId | None = None,
    ) -> Iterable[EntryPlace]:
        """The records of a type that happened from `since` up to `until`, in the order of happening."""
        found = self.types(office).get(data, [])
        first = 0 if since is None else bisect_left(found, since, key=_when)
        end = len(found) if until is None else bisect_right(found, until, key=_when)
        return found[first:end]


@dataclass(slots=True)
class DecisionTable(VersionedTable[int, DecisionRow]):
    """Every decision, found by every customer that it was ever of; those that a claim lapsed also by when it did."""

    ever_of: dict[CustomerId, dict[int, None]] = field(default_factory=_none)
    lapses: list[tuple[datetime, int]] = field(default_factory=list)

    def put(self, key: int, row: DecisionRow, at: datetime, cause: RowCause, by: EventId | None) -> bool:
        """Make this what is known from `at` on."""
        if row.decision == "lapsed" and key not in self.versions:
            insort(self.lapses, (row.at, key))
        self.ever_of.setdefault(row.customer, {})[key] = None
        return VersionedTable.put(self, key, row, at, cause, by)

    def lapsed(self, since: datetime, until: datetime) -> list[int]:
        """The decisions that claims lapsed from `since` up to `until`, in the order of happening."""
        first = bisect_left(self.lapses, since, key=_first)
        return [number for _, number in self.lapses[first : bisect_right(self.lapses, until, key=_first)]]


@dataclass(slots=True)
class DealTable(VersionedTable[DealId, DealRow]):
    """Every deal, found by every office that it was ever of, and by when it was ever said to be subscribed, signed or
    cancelled."""

    moves: list[DealMove] = field(default_factory=list)
    moves_at: dict[OfficeId, list[DealMove]] = field(default_factory=dict)
    ever_at: dict[OfficeId, dict[DealId, None]] = field(default_factory=dict)

    def put(self, key: DealId, row: DealRow, at: datetime, cause: RowCause, by: EventId | None) -> bool:
        """Make this what is known from `at` on."""
        before = self.versions.get(key)
        known = () if before is None else before[-1].row.moves
        there = () if before is None or before[-1].row.office != row.office else known
        for moved in row.moves:
            if moved not in known:
                insort(self.moves, (moved, key))
            if moved not in there:
                insort(self.moves_at.setdefault(row.office, []), (moved, key))
        self.ever_at.setdefault(row.office, {})[key] = None
        return VersionedTable.put(self, key, row, at, cause, by)

    def moved(self, since: datetime, until: datetime, office: OfficeId | None = None) -> set[DealId]:
        """The deals of which something happened from `since` up to `until`; those of one office, or of all."""
        moves = self.moves if office is None else self.moves_at.get(office, [])
        first = bisect_left(moves, since, key=_first)
        return {deal for _, deal in moves[first : bisect_right(moves, until, key=_first)]}


def _first(move: tuple[datetime, Any]) -> datetime:
    return move[0]


def _when(place: EntryPlace) -> datetime:
    return place[0]
