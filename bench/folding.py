"""Attribution over a database of its own, and records as its consumer would hand them over."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.generator import Made
from services.attribution.fold.application import BatchOutcome, FoldApplication
from services.attribution.fold.rules import live_rules
from services.attribution.fold.scope_fold import Rules
from services.attribution.store.recorder import SCHEMA, AttributionDatastore, AttributionRecorder
from services.attribution.store.store import Store
from shared.contract.topics import Headers, encode_headers
from shared.platform.kafka.record_processor import SourcePartition
from shared.platform.postgres.database import Database, migrate
from shared.rules.rulebooks.registry import Registry

BATCH = 2000
"""Records of a batch: as many as the service takes of one partition at most, where a fetch holds no more."""
SOURCE = SourcePartition("bench/topic:0", 0)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class NotFoldedError(Exception):
    """A fact of the benchmark was not folded: what was measured is not what was meant."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as a consumer hands it over."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    timestamp: int = 0


def headers_of(made: Made, rulebook: str = "base") -> list[tuple[str, bytes]]:
    """What intake's relay sends beside a fact."""
    opening = rulebook if made.seq == 1 else None
    return encode_headers(Headers(seq=made.seq, traceparent=TRACE, default_rulebook=opening))


def records(facts: Iterable[Made], first: int = 0, rulebook: str = "base") -> list[Raw]:
    """The facts as records of one partition."""
    return [
        Raw(offset, made.scope.encode(), made.body, headers_of(made, rulebook))
        for offset, made in enumerate(facts, first)
    ]


@dataclass
class Deployment:
    """One database with everything that folds into it."""

    dsn: str
    database: Database
    recorder: AttributionRecorder
    rules: Rules
    offset: int = 0
    attribution: FoldApplication = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """As a new process would begin: nothing in memory."""
        self.attribution = FoldApplication(Store(self.database), self.recorder, self.rules, "base")

    def fold(self, batch: Sequence[Raw]) -> float:
        """Seconds from records to a committed batch."""
        begun = time.perf_counter()
        outcome = self.attribution.fold_batch(SOURCE, self.offset, batch)
        took = time.perf_counter() - begun
        _demand_folded(outcome, len(batch))
        self.offset = outcome.next_offset
        return took

    def fold_in_parts(self, batch: Sequence[Raw]) -> list[float]:
        """Seconds of each transaction until nothing of the records is left, as the consumer goes on."""
        took, end = [], batch[-1].offset + 1
        while True:
            rest = [record for record in batch if record.offset >= self.offset]
            begun = time.perf_counter()
            outcome = self.attribution.fold_batch(SOURCE, self.offset, rest)
            took.append(time.perf_counter() - begun)
            self.offset = outcome.next_offset
            if self.offset == end and not outcome.unswept:
                return took

    def fold_all(self, all_records: Sequence[Raw]) -> float:
        """Seconds for all of them, in batches."""
        return sum(self.fold(all_records[at : at + BATCH]) for at in range(0, len(all_records), BATCH))


@contextmanager
def deployment(dsn: str) -> Iterator[Deployment]:
    """Attribution over the database of `dsn`, which is migrated first."""
    migrate(dsn, "services.attribution", SCHEMA)
    datastore = AttributionDatastore(dsn)
    try:
        with Database(dsn, schema=SCHEMA) as opened:
            yield Deployment(dsn, opened, AttributionRecorder(datastore), live_rules(Registry()))
    finally:
        datastore.close()


def _demand_folded(outcome: BatchOutcome, expected: int) -> None:
    if len(outcome.folded) != expected:
        parked = sorted({error for _, error in outcome.parked})
        raise NotFoldedError(
            f"{len(outcome.folded)} of {expected} were folded; gap {outcome.gap}; parked {parked}"
        )
