"""What a consumer hands its records to, where the position stands in the processor's own database.

A position counts only beside the cluster and the topic that it was made in, and within what that log holds now
(hazards.md#a-topic-made-anew-begins-at-offset-0). Elsewhere the log is read again from its first record: what was
applied before is dropped by its `seq`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from shared.i18n import bilingual

NEW: Final = bilingual("the topic is new here and is read from its beginning")
CUT: Final = bilingual("the log lacks the stored position and is read again from its beginning")
OTHER_TOPIC: Final = bilingual("another cluster or topic: it is read again from its beginning")


class RawRecord(Protocol):
    """A record as its partition has it; nothing in it is decoded."""

    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...
    @property
    def timestamp(self) -> int: ...


class ConsumedRecord(RawRecord, Protocol):
    """A record as Kafka has it, with its place."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SourcePartition:
    """A partition of the topic that is read; `name` says which log it is of, and its position is stored under it."""

    name: str
    partition: int


@dataclass(frozen=True, slots=True)
class LogBounds:
    """The first offset that a log still holds, and the one behind its last record."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class StartOffset:
    """The offset to read on from; `again` says why the log is read from its beginning, if it is."""

    next: int
    again: str | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """Why a partition is not read on.

    `mended` looks whether it may go on by itself, at intervals; without one it stands until the next assignment.
    """

    kind: str
    reason: str
    mended: Callable[[], Awaitable[bool]] | None = None


@dataclass(frozen=True, slots=True)
class AppliedBatch:
    """Where the partition stands behind a batch; what lies between there and the end of the batch is read again."""

    next: int
    halt: Halt | None = None


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """How the partitions of a consumer stand, for figures."""

    open: int
    opening: int
    rereading: int
    halts: tuple[Halt, ...]

    def halted(self, kind: str) -> int:
        """Partitions that stand for this kind of reason."""
        return sum(halt.kind == kind for halt in self.halts)


class OpeningRefusedError(Exception):
    """The processor may not read a partition as things are; the text says why, and what is to be done."""


class RecordProcessor(Protocol):
    """Applies the records of each partition in order, in one transaction a batch with the partition's position."""

    away: tuple[type[Exception], ...]
    """Errors that pass: a batch that meets one is read again from the stored position."""
    stale: tuple[type[Exception], ...]
    """Errors that mean that the position is not where it was: the partition is opened anew."""

    async def positions(self, partitions: Sequence[SourcePartition]) -> Mapping[int, int]:
        """The next offset of each partition; 0 where none is stored for this log."""

    async def open(self, bounds: Mapping[SourcePartition, LogBounds]) -> Mapping[int, StartOffset]:
        """Where each partition is read on from; raises `OpeningRefusedError` if none may be read."""

    async def apply(
        self, partition: SourcePartition, expected: int, records: Sequence[ConsumedRecord]
    ) -> AppliedBatch:
        """Apply records that begin at the offset `expected`; without records, what is due by a watermark."""

    def due(self, partition: SourcePartition, position: int) -> bool:
        """Whether something is to be applied at this position without a record."""

    def show(self, state: ConsumerState) -> None:
        """Set the figures of the partitions."""

    def failed(self) -> None:
        """Count a batch that will be read again."""
