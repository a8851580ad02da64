"""From the journal's outbox to panke.intake.v1, in the order of each scope (ADR 0003, ADR 0007).

A watermark follows the facts: it is promised before they are read and told once they are acknowledged, in a topic of
its own, with the offsets up to which it holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from services.intake.journal.comparison import Findings
from services.intake.journal.damage import logged
from services.intake.journal.topic_tail import reading
from services.intake.model.metrics import IntakeMetrics
from services.intake.model.submission import IntakeUnavailableError
from services.intake.relay.kafka_records import fact_record
from services.intake.relay.outbox import FactOutbox, NotComparedError, OutboxFact
from shared.platform.kafka.outbox_relay import Outgoing, Relay, RelaySettings, send_shares
from shared.platform.kafka.sender import PartitionOf, Sender, watermark_record
from shared.platform.kafka.topic_state import TopicState
from shared.platform.kafka.watermark_reader import last_watermark
from shared.platform.liveness import Progress

log = structlog.get_logger()


class JournalLacksError(Exception):
    """The topic has what the journal has not; nothing may be taken or sent until that is mended."""


@dataclass(frozen=True, slots=True)
class IntakeRelaySettings(RelaySettings):
    """Besides: how often a watermark is due, and how long facts may gather for one batch."""

    poll: float = 0.2
    linger: float = 0.02
    watermark_interval: float = 1.0
    compare_again: float = 2.0


class IntakeRelay(Relay):
    """Holds the journal against the topic, then sends facts, and each second how far they go."""

    blocking = (*Relay.blocking, JournalLacksError)
    failures = (*Relay.failures, JournalLacksError, NotComparedError)

    def __init__(
        self, settings: IntakeRelaySettings, outbox: FactOutbox, metrics: IntakeMetrics, progress: Progress
    ) -> None:
        super().__init__(settings, outbox, metrics, progress, "panke-intake-relay")
        self._chosen = settings
        self._outbox = outbox
        self._metrics = metrics
        self._partition_of = PartitionOf(settings.partitions)
        self._watermark: datetime | None = None
        self._next_watermark = 0.0
        self._place = ("", settings.topics[0])
        self._sources: list[str] = []
        self._epoch = ""
        self.wake = asyncio.Event()
        self.looked = asyncio.Event()

    def stop(self) -> None:
        """Finish the round under way, then end."""
        super().stop()
        self.wake.set()

    async def work(self) -> None:
        """A leader always has work: it owes a watermark each second."""
        self.progress.working()
        await super().work()

    async def prepare(self, state: TopicState) -> None:
        """Compare; while the topic knows more, again and again, until somebody has mended it."""
        self._place = (state.log, state.topic)
        self._sources = [state.source(partition) for partition in range(state.partitions)]
        begun = asyncio.get_running_loop().time()
        findings = await self._compared()
        took = asyncio.get_running_loop().time() - begun
        self.looked.set()
        self._metrics.journal_lacks.set(findings.missing)
        self._metrics.journal_forks.set(len(findings.forks))
        if findings.lacks:
            if findings.lacks != self.progress.problem:
                _log_findings(findings)
            # Where the whole topic is read, half of the time at most.
            await self.pause(max(self._chosen.compare_again, took))
            raise JournalLacksError(findings.lacks)
        self._epoch = await self.in_thread(self._outbox.epoch)

    async def compared(self) -> None:
        """Return once this process, or another one that leads, has held the journal against its topic."""
        await self.tried.wait()
        if self.leads:
            await self.looked.wait()

    async def _compared(self) -> Findings:
        chosen = self._settings
        findings, known = await self.in_thread(self._outbox.begin, self._place)
        if findings.damage and not self.progress.problem:
            log.error("journal_damaged", **logged(findings.damage))
        findings.watermark_until(await last_watermark(chosen.bootstrap, chosen.watermarks, chosen.send_wait))
        async with reading(chosen.bootstrap, self._place[1], known, len(self._sources)) as tail:
            async for piece in tail.pieces():
                await self.in_thread(self._outbox.hold, piece, findings)
                self.progress.moved()
                self.progress.working()
        await self.in_thread(self._outbox.settle, self._place, findings, tail.ends)
        return findings

    async def round(self, *senders: Sender) -> None:
        """Promise a watermark if one is due, send what is unsent, and tell the watermark after it.

        The promise comes before the read: a read that found the end of the outbox has then seen every fact
        that the watermark covers.
        """
        sender, watermarks = senders
        self.wake.clear()
        self.progress.working()
        await self._promise_when_due()
        facts = await self.in_thread(self._unsent)
        if facts:
            await send_shares(sender, self._outgoing(facts), partial(self._delete, sender))
        if len(facts) < self._settings.round_size:
            await self._send_watermark(sender, watermarks)
            self.progress.moved()
            self.refilled()
            await self._rest(had_work=bool(facts))

    def _unsent(self) -> list[OutboxFact]:
        self._outbox.demand_compared(self._settings.topics[0])
        return self._outbox.read(self._settings.round_size)

    async def _promise_when_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._watermark is None and now >= self._next_watermark:
            with contextlib.suppress(
                IntakeUnavailableError
            ):  # while the clocks part, facts go on their way without one
                self._watermark = await self.in_thread(self._outbox.promise)
            self._next_watermark = now + self._chosen.watermark_interval

    def _outgoing(self, facts: Iterable[OutboxFact]) -> Iterable[Outgoing]:
        return (
            Outgoing(self._partition_of(fact.scope), fact_record(fact, self._epoch), fact.row)
            for fact in facts
        )

    async def _delete(self, sender: Sender, taken: Sequence[Outgoing]) -> None:
        rows = [one.row for one in taken if one.row is not None]
        if rows:
            await self.in_thread(self._outbox.delete, rows, self._place, dict(sender.acknowledged))
        self._metrics.acknowledged.inc(len(taken))
        self.progress.moved()

    async def _send_watermark(self, sender: Sender, watermarks: Sender) -> None:
        if self._watermark is None:
            return
        ends = await self.ends(sender)
        records = [
            watermark_record(source, ends[partition], self._watermark)
            for partition, source in enumerate(self._sources)
        ]
        await watermarks.send_all(0, records)
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


def _log_findings(findings: Findings) -> None:
    """Once, with every place up to a bound."""
    log.error(
        "journal_lacks",
        missing=findings.missing,
        scopes={scope: str(spans) for scope, spans in list(findings.ahead.items())[:100]},
        lost={scope: str(spans) for scope, spans in list(findings.lost.items())[:100]},
        forks=[fork._asdict() for fork in findings.forks[:100]],
        remedy="panke journal recover",
    )
