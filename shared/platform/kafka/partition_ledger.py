"""How each assigned partition of a consumer stands: open, being opened, halted, read again, and how far."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import TopicPartition

from shared.platform.kafka.record_processor import ConsumerState, Halt, SourcePartition


@dataclass(slots=True)
class PartitionLedger:
    """The partitions of one member of a group.

    `next` has the offsets of those that are open; `known` also those of partitions that were open and are looked up
    anew, so that what waits in them is counted.
    """

    assigned: set[TopicPartition] = field(default_factory=set)
    sources: dict[TopicPartition, SourcePartition] = field(default_factory=dict)
    next: dict[TopicPartition, int] = field(default_factory=dict)
    known: dict[TopicPartition, int] = field(default_factory=dict)
    halts: dict[TopicPartition, Halt] = field(default_factory=dict)
    again_until: dict[TopicPartition, tuple[str, int]] = field(default_factory=dict)
    waiting: dict[TopicPartition, datetime] = field(default_factory=dict)
    refused: str | None = None

    def clear(self) -> None:
        """The partitions are somebody else's."""
        self.assigned.clear()
        for kept in (self.next, self.known, self.halts, self.again_until, self.waiting):
            kept.clear()
        self.refused = None

    def move(self, tp: TopicPartition, position: int) -> None:
        """The partition is open, and this is its next offset."""
        self.next[tp] = self.known[tp] = position

    def open(self) -> dict[int, int]:
        """The next offset of each open partition."""
        return {tp.partition: position for tp, position in list(self.next.items())}

    def unopened(self) -> set[TopicPartition]:
        """Assigned, and not open."""
        return self.assigned - self.next.keys()

    def stopped(self) -> dict[str, str]:
        """The partitions that are not read on from where they were left, each with the reason."""
        reasons = dict.fromkeys(self.unopened(), self.refused or "its position is being looked up")
        reasons |= {tp: f"{why}: {at}/{until}" for tp, (why, at, until) in self._rereading().items()}
        reasons |= {tp: halt.reason for tp, halt in list(self.halts.items())}
        return {f"{tp.topic}:{tp.partition}": why for tp, why in sorted(reasons.items())}

    def state(self) -> ConsumerState:
        """How many stand how."""
        halts = tuple(self.halts.values())
        return ConsumerState(len(self.next), len(self.unopened()), len(self._rereading()), halts)

    def _rereading(self) -> dict[TopicPartition, tuple[str, int, int]]:
        """Those that are read again from their beginning and have not come to where they ended then."""
        marks = list(self.again_until.items())
        return {
            tp: (why, at, until) for tp, (why, until) in marks if (at := self.next.get(tp, until)) < until
        }
