"""Sends each checkpoint that is shown to the topic of the log: the last one, where several came meanwhile."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from services.audit.model.metrics import AuditMetrics
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.sender import SEND_FAILURES, OutgoingRecord, Sender, ensure_topic
from shared.platform.kafka.topic_state import WrongTopicError

log: Final = structlog.get_logger()

WAIT: Final = 10.0
RETRY: Final = 2.0


class Announcer:
    """Holds the last checkpoint until the broker has it; a broker that is away holds nothing else up."""

    def __init__(self, bootstrap: Bootstrap, topic: str, replication: int, metrics: AuditMetrics) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._replication = replication
        self._metrics = metrics
        self._new = asyncio.Event()
        self._note: bytes | None = None
        self.problem: str | None = None

    def shown(self, note: bytes) -> None:
        """A checkpoint was shown."""
        self._note = note
        self._new.set()

    async def run(self) -> None:
        """Send until it is cancelled."""
        while True:
            await self._new.wait()
            try:
                await ensure_topic(self._bootstrap, self._topic, 1, self._replication, WAIT)
                async with Sender(self._bootstrap, self._topic, WAIT, "panke-audit") as sender:
                    self.problem = None
                    await self._send(sender)
            except (*SEND_FAILURES, WrongTopicError) as error:
                if self.problem is None:
                    log.warning("checkpoint_not_sent", error=type(error).__name__, detail=str(error))
                self.problem = type(error).__name__
                await asyncio.sleep(RETRY)

    async def _send(self, sender: Sender) -> None:
        while True:
            await self._new.wait()
            note = self._note
            assert note is not None, "set before"
            origin = note.partition(b"\n")[0]
            await sender.send(0, [OutgoingRecord(origin, note, [])])
            self._metrics.sent.inc()
            if note is self._note:
                self._new.clear()
