"""Audits in a process apart, with limits, so that neither the fold nor who reads waits for them.

One process of a deployment audits at a time, by an advisory lock. It takes one audit after another, scope by scope, and
rests between two pieces of work.
"""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psycopg
import structlog
from aiokafka.errors import KafkaError
from msgspec import Struct

from services.attribution.drift.audit import AuditedScope, AuditedTopics, Auditor
from services.attribution.drift.difference import Drift
from services.attribution.drift.messages import fact_digest, message_digest
from services.attribution.drift.record import COMPARISONS, TOPICS, AskedAudit, AuditProgress, AuditRecord
from services.attribution.drift.shadow import NAME, snapshot
from services.attribution.drift.topic_index import TopicIndex
from services.attribution.fold.rules import live_rules
from services.attribution.store.recorder import SCHEMA
from services.attribution.store.store import Lent
from services.attribution.store.texts import StoredTexts
from shared.contract import topics
from shared.platform.brokers import Brokers
from shared.platform.postgres.database import Database, connection_info
from shared.platform.telemetry.telemetry import configure_logging
from shared.rules.rulebooks.registry import Registry

log = structlog.get_logger()

LOCK: Final = 0x70616E6B65_12
"""The advisory lock of audits: one runs, in whichever process."""
_TRY: Final = b"SELECT pg_try_advisory_lock(%s)"
SLICE: Final = 0.2
"""Seconds of work between two rests."""


class AuditLimits(Struct, frozen=True):
    """What an audit may take: seconds and memory for a scope, and the share of a processor."""

    seconds: float
    memory: int
    share: float


class AuditedDeployment(Struct, frozen=True):
    """What is audited, as the process apart is told."""

    dsn: str
    brokers: Brokers
    prefix: str
    rulebook_folder: str
    limits: AuditLimits


class TooLongError(Exception):
    """An audit of a scope took longer than it may."""


class Pace:
    """Rests between pieces of work, and ends what takes too long."""

    def __init__(
        self, limits: AuditLimits, monotonic: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._limits, self._monotonic, self._sleep = limits, monotonic, sleep
        self._until = self._since = monotonic()

    def begin(self) -> None:
        """From here on the time of one scope counts."""
        self._since = self._monotonic()
        self._until = self._since + self._limits.seconds

    def step(self) -> None:
        now = self._monotonic()
        if now > self._until:
            raise TooLongError(f"more than {self._limits.seconds:g} s")
        worked = now - self._since
        if worked >= SLICE and self._limits.share < 1:
            self._sleep(worked * (1 / self._limits.share - 1))
            self._since = self._monotonic()


def audit_waiting(
    deployment: AuditedDeployment, monotonic: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Make every audit that waits, unless another process does; the main function of the process apart."""
    configure_logging("attribution")
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_AS, (deployment.limits.memory, deployment.limits.memory))
    with psycopg.connect(
        connection_info(deployment.dsn, schema=SCHEMA, name=NAME), autocommit=True
    ) as connection:
        row = connection.execute(_TRY, [LOCK]).fetchone()
        if row is None or not row[0]:
            return
        record = AuditRecord(Lent(connection))
        record.left()
        while (asked := record.take()) is not None:
            AuditRun(deployment, record, Pace(deployment.limits, monotonic, sleep)).run(asked)


class AuditRun:
    """One audit from its beginning to its end."""

    def __init__(self, deployment: AuditedDeployment, record: AuditRecord, pace: Pace) -> None:
        self._deployment, self._record, self._pace = deployment, record, pace
        self._progress = AuditProgress(unknown=[])

    def run(self, asked: AskedAudit) -> None:
        """Whatever goes wrong is the audit's result, and the next one is made."""
        problem = None
        try:
            self._run(asked)
        except (psycopg.Error, KafkaError, OSError, MemoryError) as error:
            problem = type(error).__name__
            log.exception("audit_failed", audit=str(asked.id))
        self._record.end(asked.id, problem)
        log.info("audit_ended", audit=str(asked.id), differences=self._progress.differences, problem=problem)

    def _run(self, asked: AskedAudit) -> None:
        known, progress = self._record.scopes(), self._progress
        scopes = known if asked.scope is None else [asked.scope]
        progress.scopes = len(scopes)
        progress.unknown += [f"{scope}: no such scope" for scope in scopes if scope not in known]
        with ExitStack() as stack:
            auditor, comparisons = stack.enter_context(self._auditor())
            for scope in scopes:
                self._record.progress(asked.id, progress)
                if scope in known:
                    self._audit(asked, auditor, scope, comparisons)
                progress.audited += 1
        self._record.progress(asked.id, progress)

    @contextmanager
    def _auditor(self) -> Iterator[tuple[Auditor, Sequence[str]]]:
        """With the topics where the broker answers; else what is in the database is audited, and that is told."""
        deployment = self._deployment
        registry = Registry(deployment.rulebook_folder)
        with ExitStack() as stack:
            database = stack.enter_context(Database(deployment.dsn, schema=SCHEMA, name=NAME, max_size=1))
            texts = StoredTexts(database, registry)
            texts.read()
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="panke-audit-")))
            names = topics.Topics(deployment.prefix)
            indexes = [
                TopicIndex(deployment.brokers, name, folder / f"{n}.sqlite", digest)
                for n, (name, digest) in enumerate(
                    ((names.intake, fact_digest), (names.ownership, message_digest))
                )
            ]
            for index in indexes:
                stack.callback(index.close)
            yield (
                Auditor(live_rules(registry), self._pace.step, AuditedTopics(*indexes)),
                (*COMPARISONS, *TOPICS),
            )

    def _audit(self, asked: AskedAudit, auditor: Auditor, scope: str, comparisons: Sequence[str]) -> None:
        progress = self._progress
        try:
            first = self._once(auditor, scope)
            differences = first.differences
            if differences:  # what was under way a moment ago is the same no more
                again = {one.key for one in self._once(auditor, scope).differences}
                differences = [one for one in differences if one.key in again]
        except (TooLongError, psycopg.errors.QueryCanceled) as error:
            progress.unknown.append(f"{scope}: {str(error).splitlines()[0]}")
            return
        self._record.found(asked.id, scope, comparisons, differences)
        progress.facts += first.folded
        progress.differences += len(differences)
        _log(differences)

    def _once(self, auditor: Auditor, scope: str) -> AuditedScope:
        self._pace.begin()
        with snapshot(self._deployment.dsn, self._deployment.limits.seconds) as connection:
            return auditor.audit(connection, scope)


def _log(differences: Sequence[Drift]) -> None:
    for one in differences[:20]:
        log.error(
            "drift_found", scope=one.scope, comparison=one.comparison, place=one.place, row=one.row,
            field=one.field,
        )  # fmt: skip
