"""A log over a database and a folder of the test's own, without Kafka and without HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.audit.keys.keyfile import LogKeys, make_log_key
from services.audit.model.metrics import AuditMetrics
from services.audit.proofs.reading import LogReader
from services.audit.publishing.building import TreeFiles
from services.audit.publishing.files import StaticFiles
from services.audit.publishing.publisher import Publisher, PublishingTerms
from services.audit.publishing.taking_back import demand_whole
from services.audit.sequencing.sequencer import SequencedBatch, Sequencer
from services.audit.witnesses.asking import Witnesses
from shared.platform.kafka.record_processor import LogBounds, SourcePartition
from shared.platform.liveness import Progress
from shared.platform.postgres.database import Database, migrate
from shared.tlog.checkpoints import Checkpoint, SignedCheckpoint, open_checkpoint
from shared.tlog.leaves import Leaf, decode_entry
from shared.tlog.notes import Verifier
from shared.tlog.policy import WitnessPolicy
from shared.tlog.tiles import WIDTH, Tile, decode_bundle
from tests.support.attribution import Raw

ORIGIN = "log.example/panke"
TOPIC = "panke.intake.v1"


@dataclass
class TestLog:
    """One log as its parts see it; `restarted` is another process over the same rows and files."""

    __test__ = False

    database: Database
    folder: Path
    policy: WitnessPolicy = field(default_factory=WitnessPolicy)

    def __post_init__(self) -> None:
        self.keys = LogKeys(self.folder / "keys" / "log.keys")
        make_log_key(self.keys.path, ORIGIN)
        self.files = StaticFiles(self.folder / "log")
        self.tree = TreeFiles(self.files)
        self.sequencer = Sequencer(self.database, TOPIC, self.keys.last_signed)
        self.reader = LogReader(self.database, self.files)
        self.metrics = AuditMetrics(CollectorRegistry())
        self.witnesses = Witnesses(self.policy, 10.0)

    def restarted(self) -> TestLog:
        return TestLog(self.database, self.folder, self.policy)

    def take(self, records: Sequence[Raw], source: str = "cluster/topic@1") -> SequencedBatch:
        """The records of a partition, from where it is left; a new topic from its beginning."""
        demand_whole(self.database, self.tree, self.keys.last_signed)
        partition = SourcePartition(f"{source}:0", 0)
        start = self.sequencer.positions.open(partition, LogBounds(0, records[-1].offset + 1)).next
        left = [one for one in records if one.offset >= start]
        return self.sequencer.take(partition, start, left) if left else SequencedBatch()  # type: ignore[arg-type]

    def publish(self) -> Checkpoint:
        """As the leading process would; raises why nothing is shown."""
        return asyncio.run(self.published())

    async def published(self) -> Checkpoint:
        publisher = self.publisher()
        await publisher.in_thread(publisher._lead.try_lead)
        try:
            await publisher._publish()
        finally:
            await publisher.in_thread(publisher._lead.close)
            publisher._thread.shutdown()
        return self.shown().checkpoint

    def publisher(self) -> Publisher:
        return Publisher(
            self.database.dsn, self.tree, self.keys, self.witnesses, self.metrics,
            Progress(time.monotonic), PublishingTerms(0.01, 0.01), lambda: datetime.now(UTC),
            partial(demand_whole, self.database, self.tree, self.keys.last_signed),
        )  # fmt: skip

    def shown(self, *verifiers: Verifier) -> SignedCheckpoint:
        note = self.files.checkpoint()
        assert note is not None
        return open_checkpoint(note, verifiers or [one.verifier for one in self.keys.signers()], ORIGIN)

    def leaves(self) -> list[Leaf]:
        """What the files say, up to the checkpoint."""
        size = self.shown().checkpoint.size
        found: list[Leaf] = []
        for index in range((size + WIDTH - 1) // WIDTH):
            tile = Tile(None, index, min(WIDTH, size - index * WIDTH))
            found += [decode_entry(one) for one in decode_bundle(tile, self.files.tile(tile))]
        return found


@contextmanager
def opened_log(dsn: str, folder: Path, policy: WitnessPolicy | None = None) -> Iterator[TestLog]:
    migrate(dsn, "services.audit", "audit")
    with Database(dsn, schema="audit", name="log-test", max_size=4) as database:
        yield TestLog(database, folder, policy or WitnessPolicy())
