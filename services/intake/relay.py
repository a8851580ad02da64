"""From the journal's outbox to panke.intake.v1, in the order of each scope (architecture, choices 3 and 4).

A watermark follows the facts: it is promised before they are read and passed on once they are acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake.metrics import IntakeMetrics
from services.intake.model import Unavailable
from services.intake.outbox import Outbox, Unsent
from services.intake.records import fact_record, watermark_record
from shared.kafka import PartitionOf, Sender
from shared.progress import Progress
from shared.relaying import Outgoing, Relay, RelaySettings, raise_first, send_shares


@dataclass(frozen=True, slots=True)
class IntakeRelaySettings(RelaySettings):
    """Besides: how often a watermark is due, and how long facts may gather for one batch."""

    poll: float = 0.2
    linger: float = 0.02
    watermark_interval: float = 1.0


class IntakeRelay(Relay):
    """Sends facts, and each second how far they go."""

    def __init__(
        self, settings: IntakeRelaySettings, outbox: Outbox, metrics: IntakeMetrics, progress: Progress
    ) -> None:
        super().__init__(settings, outbox, metrics, progress, "panke-intake-relay")
        self._chosen = settings
        self._outbox = outbox
        self._metrics = metrics
        self._partition_of = PartitionOf(settings.partitions)
        self._watermark: datetime | None = None
        self._next_watermark = 0.0
        self.wake = asyncio.Event()

    def stop(self) -> None:
        """Finish the round under way, then end."""
        super().stop()
        self.wake.set()

    async def work(self) -> None:
        """A leader always has work: it owes a watermark each second."""
        self.progress.working()
        await super().work()

    async def round(self, *senders: Sender) -> None:
        """Promise a watermark if one is due, send what is unsent, and pass the watermark on behind it.

        The promise comes before the read: a read that found the end of the outbox has then seen every fact
        that the watermark covers.
        """
        (sender,) = senders
        self.wake.clear()
        self.progress.working()
        await self._promise_when_due()
        facts = await self.in_thread(self._outbox.read, self._settings.round_size)
        if facts:
            await send_shares(sender, self._outgoing(facts), self._delete)
        if len(facts) < self._settings.round_size:
            await self._send_watermark(sender)
            self.progress.moved()
            self.refilled()
            await self._rest(had_work=bool(facts))

    async def _promise_when_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._watermark is None and now >= self._next_watermark:
            with contextlib.suppress(Unavailable):  # while the clocks part, facts go on their way without one
                self._watermark = await self.in_thread(self._outbox.promise)
            self._next_watermark = now + self._chosen.watermark_interval

    def _outgoing(self, facts: Iterable[Unsent]) -> Iterable[Outgoing]:
        return (Outgoing(self._partition_of(fact.scope), fact_record(fact), fact.row) for fact in facts)

    async def _delete(self, taken: Sequence[Outgoing]) -> None:
        rows = [one.row for one in taken if one.row is not None]
        if rows:
            await self.in_thread(self._outbox.delete, rows)
        self._metrics.acknowledged.inc(len(taken))
        self.progress.moved()

    async def _send_watermark(self, sender: Sender) -> None:
        if self._watermark is None:
            return
        record = watermark_record(self._watermark)
        results = await asyncio.gather(
            *(sender.send(partition, [record]) for partition in range(self._settings.partitions)),
            return_exceptions=True,
        )
        raise_first(results)
        self._metrics.watermark.set(self._watermark.timestamp())
        self._watermark = None

    async def _rest(self, *, had_work: bool) -> None:
        """Let a few facts gather for one batch; when idle, wait for a commit, here or in another process."""
        if had_work:
            await asyncio.sleep(self._chosen.linger)
            return
        idle = self._next_watermark - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(max(0.0, min(self._settings.poll, idle))):
                await self.wake.wait()
        except TimeoutError:
            return

    def failed(self, error: Exception) -> None:
        """A watermark that was promised to nobody is still true, but a later one says more."""
        self._watermark = None
        self._next_watermark = 0.0
        super().failed(error)
