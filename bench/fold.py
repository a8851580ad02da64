"""The fold: from records to committed decisions, against what the same rows cost by themselves.

In the first part records come from memory, so that fold and limits are measured in turns on one server; in the second
the attribution service reads the same facts from Kafka, as a process of its own.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import psycopg
from eventsourcing.persistence import StoredEvent

from bench.folding import BATCH, deployment, headers_of, records
from bench.generator import Made, take
from bench.measure import Result, at_least, in_turns, median_ratio, rounded, summary
from bench.parts import NotReadyError, database, directory, kafka, postgres, service, settle
from bench.rows import Table, insert_one_by_one, insert_raw, read_tables
from bench.tokens import Issuer
from bench.under_seal import under_seal
from deploy.local.ports import HOST, free_port
from services.attribution.store.recorder import SCHEMA
from shared.contract.topics import Topics
from shared.platform.kafka.sender import OutgoingRecord, PartitionOf, Sender, ensure_topic
from shared.platform.postgres.database import connection_info
from shared.platform.runtime import spare_collector

FACTS = 12_000
SCOPES = 60
ROUNDS = 3
ONE_BY_ONE = 400
"""Events that the library records one by one in a round."""
LIVE_FACTS = 30_000
PARTITIONS = 6
LIVE_SECONDS = 300.0
WAIT = 20.0


@dataclass
class Turns:
    """What one round hands to the next measure: the limits insert the very rows that the fold made."""

    server: str
    facts: list[Made]
    sealed_facts: list[Made]
    tables: list[Table] = field(default_factory=list)

    def fold(self) -> float:
        """Facts per second."""
        with database(self.server) as dsn, deployment(dsn) as folding:
            took = folding.fold_all(records(self.facts))
            self.tables = read_tables(dsn)
        settle(self.server)
        return len(self.facts) / took

    def sealed(self) -> float:
        """Facts per second of a journal that is under seal."""
        with database(self.server) as dsn, deployment(dsn) as folding:
            took = folding.fold_all(records(self.sealed_facts))
        settle(self.server)
        return len(self.sealed_facts) / took

    def raw(self) -> float:
        """Facts per second, as far as their rows are concerned."""
        with database(self.server) as dsn:
            took = insert_raw(dsn, self.tables, -(-len(self.facts) // BATCH))
        settle(self.server)
        return len(self.facts) / took

    def one_by_one(self) -> float:
        """Events per second, of which a fact has at least one."""
        (table,) = (table for table in self.tables if table.name == "stored_events")
        events = [StoredEvent(*row[:4]) for row in table.rows[:ONE_BY_ONE]]
        with database(self.server) as dsn:
            took = insert_one_by_one(dsn, events)
        settle(self.server)
        return len(events) / took


def run() -> Result:
    """Both parts on one server."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        facts = take(FACTS, SCOPES)
        turns = Turns(server, facts, under_seal(facts))
        spare_collector()  # as the service does
        rates = in_turns(
            ROUNDS, fold=turns.fold, sealed=turns.sealed, raw=turns.raw, one_by_one=turns.one_by_one
        )
        dsn = stack.enter_context(database(server))
        live = asyncio.run(from_kafka(dsn, stack.enter_context(kafka())))
    to_raw = median_ratio(rates["fold"], rates["raw"])
    to_library = median_ratio(rates["fold"], rates["one_by_one"])
    goals = (
        at_least("durable fold to raw insert of the same rows", to_raw, 0.30),
        at_least("facts folded to events recorded one by one by the library", to_library, 5),
        at_least("under seal to in clear", median_ratio(rates["sealed"], rates["fold"]), 0.95),
    )
    figures = {
        "facts": FACTS,
        "scopes": SCOPES,
        "rows": {table.name: len(table.rows) for table in turns.tables},
        "fold_facts_per_second": summary(rates["fold"]),
        "under_seal_facts_per_second": summary(rates["sealed"]),
        "raw_insert_facts_per_second": summary(rates["raw"]),
        "library_events_per_second": summary(rates["one_by_one"]),
        "from_kafka": live | {"to_raw_insert": rounded(_rate(live) / summary(rates["raw"])["median"])},
    }
    return Result("fold", goals, figures)


def _rate(live: dict[str, Any]) -> float:
    return float(live["facts_per_second"])


async def from_kafka(dsn: str, broker: str) -> dict[str, Any]:
    """The service folds a topic that is full when it starts; its own relay sends on meanwhile."""
    await fill(broker, take(LIVE_FACTS, SCOPES))
    port = free_port()
    with directory() as folder:
        settings = {
            **Issuer().settings(folder),
            "PANKE_DATABASE_URL": dsn,
            "PANKE_KAFKA": broker,
            "PANKE_ATTRIBUTION_PORT": str(port),
            "PANKE_PARTITIONS": str(PARTITIONS),
        }
        with service(["services.attribution.main"], settings, f"http://{HOST}:{port}/healthz"):
            return await asyncio.to_thread(watch, dsn)


async def fill(broker: str, facts: list[Made]) -> None:
    """Send the facts as intake's relay does."""
    topic, partition_of = Topics("").intake, PartitionOf(PARTITIONS)
    await ensure_topic(broker, topic, PARTITIONS, 1, WAIT)
    waiting: dict[int, list[OutgoingRecord]] = {}
    for made in facts:
        record = OutgoingRecord(made.scope.encode(), made.body, headers_of(made))
        waiting.setdefault(partition_of(made.scope), []).append(record)
    async with Sender(broker, topic, WAIT, "panke-bench") as sender:
        for partition, queue in waiting.items():
            sent = 0
            while sent < len(queue):
                sent += await sender.send(partition, queue[sent : sent + BATCH])


def watch(dsn: str) -> dict[str, Any]:
    """Facts per second between the first commit that is seen and the last."""
    deadline = time.monotonic() + LIVE_SECONDS
    begun: tuple[float, int] | None = None
    with psycopg.connect(connection_info(dsn, schema=SCHEMA), autocommit=True) as connection:
        while time.monotonic() < deadline:
            folded = _folded(connection)
            now = time.perf_counter()
            if folded and begun is None:
                begun = now, folded
            if begun is not None and folded >= LIVE_FACTS:
                seconds = now - begun[0]
                counted = folded - begun[1]
                return {"facts": counted, "facts_per_second": rounded(counted / seconds)}
            time.sleep(0.02)
    raise NotReadyError(f"not {LIVE_FACTS} facts within {LIVE_SECONDS:.0f} s")


def _folded(connection: psycopg.Connection[Any]) -> int:
    query = "SELECT coalesce(sum(folded_seq), 0)::bigint FROM scopes"
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
