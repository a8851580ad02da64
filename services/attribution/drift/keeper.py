"""Starts the process that audits, when an audit waits or is due, and tells what nobody has marked as seen."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Final

import psycopg
import structlog

from services.attribution.drift.process import AuditedDeployment, audit_waiting
from services.attribution.drift.record import AuditRecord, OpenFindings
from services.attribution.fold.metrics import AttributionMetrics
from shared.i18n import bilingual

log = structlog.get_logger()

LOOK: Final = 1.0
SETTLED: Final = 600.0
"""Seconds after its start before a service audits by itself: what it has to do then comes first."""
BY_ITSELF: Final = "system"


class AuditKeeper:
    """The audits of one attribution process; `every` seconds one of everything, 0: only those that are asked for."""

    def __init__(
        self,
        deployment: AuditedDeployment,
        record: AuditRecord,
        metrics: AttributionMetrics,
        every: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._deployment, self._record, self._metrics = deployment, record, metrics
        self._every = every or math.inf
        self._monotonic = monotonic
        self._due_from = monotonic() + min(self._every, SETTLED)
        self._process: BaseProcess | None = None
        self._unseen = OpenFindings()

    async def run(self) -> None:
        """Until cancelled; a database that is away is no reason to fail."""
        while True:
            try:
                await asyncio.to_thread(self._look)
            except psycopg.OperationalError as error:
                log.warning("audits_unknown", error=type(error).__name__)
            await asyncio.sleep(LOOK)

    def close(self) -> None:
        """End the process; what it was at is told as failed by the next one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()

    def note(self) -> str | None:
        """What `/readyz` says besides: it makes nobody unready."""
        unseen = self._unseen
        if not unseen.count:
            return None
        return bilingual(
            "{count} differences from what the facts give, not marked as seen: {scopes}",
            count=unseen.count, scopes=unseen.scopes,
        )  # fmt: skip

    def _look(self) -> None:
        if self._process is not None and not self._process.is_alive():
            self._process.join()
            if self._process.exitcode:
                self._metrics.drift_failures.inc()
                log.error("audit_process_ended", status=self._process.exitcode)
            self._process = None
        if self._process is None:
            if self._monotonic() >= self._due_from and self._every < math.inf:
                self._record.ask_if_due(BY_ITSELF, self._every)
            if self._record.waiting():
                self._start()
        self._show()

    def _start(self) -> None:
        # Not forked: a fork of a process with threads and a pool of connections is not safe.
        context = get_context("spawn")
        given = self._deployment, time.monotonic, time.sleep
        self._process = context.Process(target=audit_waiting, args=given, name="audit", daemon=True)
        self._process.start()

    def _show(self) -> None:
        self._unseen = self._record.unseen()
        self._metrics.drift_open.set(self._unseen.count)
        self._metrics.drift_running.set(self._process is not None)
        ended = self._record.last_ended()
        if ended is not None:
            self._metrics.drift_ended.set(ended.timestamp())
