"""Tells a fact that comes again from another one under its seq.

A relay that was killed sends facts twice, and what has been seen is dropped by its seq. But a seq stands for one fact
for good: another one under it means that a stranger writes to the topic, or that two journals do (one that was restored
from a backup, and numbered anew). Neither may be dropped in silence: one of the two facts was answered and is lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.attribution.fold.intake_record import IntakeRecord, JournalFact
from services.attribution.store.batch import BatchRows
from services.attribution.store.store import ScopeState, Store
from services.attribution.store.table_rows import EpochWritten

ANOTHER: Final = "another fact was taken in under it"
LEFT_BEHIND: Final = "a journal that another one has followed goes on writing"


@dataclass(frozen=True, slots=True)
class FactFork:
    """A second fact for one seq, or one of a journal that was left behind; the partition stops until somebody acts."""

    offset: int
    scope: str
    seq: int
    event_id: str
    reason: str = ANOTHER


class Repeats:
    """What one batch brings again, held against what was taken in before it and within it."""

    def __init__(
        self, store: Store, works: Mapping[str, ScopeState], readings: Sequence[IntakeRecord]
    ) -> None:
        again = [
            reading
            for reading in readings
            if isinstance(reading, JournalFact) and reading.seq <= works[reading.scope].received
        ]
        self._others = store.others([(f.scope, f.seq, event_id(f), _digest(f)) for f in again])
        self._taken: dict[tuple[str, int], bytes] = {}

    def fork(self, work: ScopeState, fact: JournalFact) -> FactFork | None:
        """Whether the seq of the fact holds another one; called for each fact, before it is folded."""
        place = fact.scope, fact.seq
        if fact.seq > work.received:
            self._taken[place] = fact.body
            left = fact.epoch in work.epochs[:-1]
            return FactFork(fact.offset, *place, event_id(fact), LEFT_BEHIND) if left else None
        taken = self._taken.get(place)
        other = (*place, _digest(fact)) in self._others if taken is None else taken != fact.body
        return FactFork(fact.offset, *place, event_id(fact)) if other else None


def note_epoch(work: ScopeState, fact: JournalFact, batch: BatchRows) -> None:
    """Keep under which epoch the scope is numbered from this new fact on."""
    if fact.epoch is not None and fact.epoch not in work.epochs:
        work.epochs.append(fact.epoch)
        batch.epochs.append(EpochWritten(fact.scope, fact.epoch, fact.seq))


def event_id(fact: JournalFact) -> str:
    """The id of the event, also of one that this version cannot read."""
    return fact.event.id if fact.event is not None else str(json.loads(fact.body)["id"])


def _digest(fact: JournalFact) -> bytes:
    return hashlib.sha256(fact.body).digest()
