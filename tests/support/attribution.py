"""What tests of attribution begin from: journalled events, and the fold over a database of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import psycopg
from psycopg.rows import dict_row

from services.attribution.fold.application import BatchOutcome, FoldApplication
from services.attribution.fold.rules import live_rules
from services.attribution.fold.scope_fold import Rules
from services.attribution.quarantine.quarantine import Quarantine
from services.attribution.queries.reader import ScopeReader
from services.attribution.store.recorder import SCHEMA, AttributionDatastore, AttributionRecorder
from services.attribution.store.store import Store
from shared.contract import format_instant
from shared.platform.kafka.record_processor import SourcePartition
from shared.platform.postgres.database import Database, migrate
from shared.rules.rulebooks.registry import Registry

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LI, WANG = "13800000001", "13800000002"
"""The phones of two customers."""
SOURCE = SourcePartition("cluster/topic:0", 0)


@dataclass(frozen=True)
class Raw:
    """A record as a consumer hands it over."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]
    timestamp: int = 1_772_413_200_000


@dataclass
class Journal:
    """Makes records of one partition as intake's relay would send them."""

    rulebook: str = "shijiazhuang"
    offset: int = 0
    seqs: dict[str, int] = field(default_factory=dict)
    lines: dict[str, list[bytes]] = field(default_factory=dict)

    def event(
        self,
        type_: str,
        data: dict[str, Any],
        *,
        scope: str = "demo",
        hours: float = 0,
        office: str | None = None,
    ) -> Raw:
        """The next fact of a scope, entered when it happened."""
        seq = self.seqs[scope] = self.seqs.get(scope, 0) + 1
        at = format_instant(START + timedelta(hours=hours))
        envelope = {
            "id": str(uuid5(NAMESPACE_URL, f"{scope}/{seq}")),
            "type": type_,
            "scope": scope,
            "office": office or f"{scope}-office",
            "actor": "desk",
            "occurred_at": at,
            "recorded_at": at,
            "data": data,
        }
        body = json.dumps(envelope, ensure_ascii=False).encode()
        self.lines.setdefault(scope, []).append(body)
        headers = [("seq", b"%d" % seq)]
        if seq == 1:
            headers.append(("default-rulebook", self.rulebook.encode()))
        return self.record(scope.encode(), body, headers)

    def visit(self, phone: str, by: str, *, scope: str = "demo", hours: float = 0) -> Raw:
        """A complete visit that `by` received on turn."""
        visit = {
            "visit": f"v{self.seqs.get(scope, 0) + 1}",
            "customer": {"name": "张伟", "phones": [phone]},
            "received_by": by,
            "capacity": "on_turn",
        }
        return self.event("visit.registered", visit, scope=scope, hours=hours)

    def watermark(self, hours: float) -> Raw:
        until = format_instant(START + timedelta(hours=hours))
        return self.record(None, None, [("watermark", until.encode())])

    def record(self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]) -> Raw:
        self.offset += 1
        return Raw(self.offset - 1, key, value, headers)


@dataclass
class Deployment:
    """Attribution over one database, without Kafka and without HTTP."""

    dsn: str
    database: Database
    recorder: AttributionRecorder
    rules: Rules

    def __post_init__(self) -> None:
        self.attribution = self.restarted()
        self.questions = ScopeReader(self.database, self.rules.books)
        self.quarantine = Quarantine(self.database, self.recorder, self.rules)

    def restarted(self, rules: Rules | None = None) -> FoldApplication:
        """As a new process would begin: nothing in memory."""
        return FoldApplication(Store(self.database), self.recorder, rules or self.rules, "base")

    def fold(self, *records: Raw) -> BatchOutcome:
        return self.attribution.fold_batch(SOURCE, records[0].offset, records)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with psycopg.connect(self.database.dsn, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def waits_restated(self, scope: str = "demo") -> list[bool]:
        """Of each message that waits for the topic, whether it says of itself that it is told anew."""
        found = self.rows("SELECT restated FROM outbox WHERE scope = %s ORDER BY seq", [scope])
        return [row["restated"] for row in found]

    def messages(self, scope: str = "demo") -> list[dict[str, Any]]:
        """What the outbox holds for a scope, in its order."""
        found = self.rows("SELECT seq, body FROM outbox WHERE scope = %s ORDER BY seq", [scope])
        return [json.loads(row["body"]) for row in found]


@contextmanager
def deployment(dsn: str) -> Iterator[Deployment]:
    """A migrated database with everything over it."""
    migrate(dsn, "services.attribution", SCHEMA)
    datastore = AttributionDatastore(dsn)
    try:
        with Database(dsn, schema=SCHEMA) as database:
            yield Deployment(dsn, database, AttributionRecorder(datastore), live_rules(Registry()))
    finally:
        datastore.close()


def ten_days(journal: Journal) -> list[Raw]:
    """Two customers, one who is followed up and one who is forgotten, a second visit, and a sweep."""
    follow_up = {
        "customer": {"phones": [LI]},
        "by": "li",
        "method": "phone",
        "subject": "回访",
        "content": "周末来",
    }
    return [
        journal.event("staff.enrolled", {"staff": "li", "name": "李娜", "role": "consultant"}),
        journal.event("shift.opened", {"order": ["li", "wang"]}),
        journal.visit(LI, "li", hours=1),
        journal.visit(WANG, "wang", hours=2),
        journal.event("followup.recorded", follow_up, hours=72),
        journal.watermark(hours=121),
        journal.visit(WANG, "li", hours=122),
        journal.event("staff.departed", {"staff": "wang"}, hours=124),
    ]
