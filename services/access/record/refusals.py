"""Refusals of the door on their way to the record: written in batches, so that a flood of them holds up nobody."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import psycopg
import structlog

from services.access.model.metrics import AccessMetrics
from services.access.record.entry import AccessEntry
from services.access.record.record import AccessRecord
from shared.access.guard import Refusal

log: Final = structlog.get_logger()

EVERY: Final = 0.5
MOST: Final = 500
"""Refusals of one batch that stand on the record one by one; of what comes besides stands how many."""


class RefusalLog:
    """Takes refusals, and writes them soon."""

    def __init__(self, record: AccessRecord, metrics: AccessMetrics) -> None:
        self._record = record
        self._metrics = metrics
        self._waiting: deque[AccessEntry] = deque()
        self._besides = 0

    async def refused(self, refusal: Refusal) -> None:
        """Note one."""
        self._metrics.refused.labels(str(refusal.status)).inc()
        self._note(self._entry(refusal))

    def sign_in(self, detail: str, address: str) -> None:
        """Note that what was shown proved nobody: anybody may show it, and as many as they like."""
        self._metrics.sign_ins.labels("refused").inc()
        self._note(self._record.entry("sign_in_refused", address=address, detail=detail))

    def _note(self, entry: AccessEntry) -> None:
        if len(self._waiting) >= MOST:
            self._besides += 1
            return
        self._waiting.append(entry)

    async def run(self) -> None:
        """Write what waits, again and again."""
        while True:
            await asyncio.sleep(EVERY)
            await self.flush()

    async def flush(self) -> None:
        """Write what waits; what cannot be written waits on."""
        if not self._waiting:
            return
        batch, besides = list(self._waiting), self._besides
        more = [self._record.entry("refused", count=besides, detail="more of them")] if besides else []
        try:
            await asyncio.to_thread(self._record.add, *batch, *more)
        except psycopg.Error as error:
            log.warning("refusals_not_recorded", error=type(error).__name__, waiting=len(batch))
            return
        for _ in batch:
            self._waiting.popleft()
        self._besides -= besides

    def _entry(self, refusal: Refusal) -> AccessEntry:
        who = refusal.caller
        known = {} if who is None else {"account": who.subject, "login": who.login, "session": who.session}
        return self._record.entry(
            "refused", status=refusal.status, service="access", action=refusal.action, scope=refusal.scope,
            address=refusal.address, **known,
        )  # fmt: skip
