"""Reads a topic while it is there and as it must be; one that was made anew is opened anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog
from aiokafka.errors import ConsumerStoppedError, KafkaError

from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings, PositionedConsumer
from shared.platform.kafka.record_processor import RecordProcessor
from shared.platform.kafka.sender import SEND_FAILURES
from shared.platform.kafka.topic_state import TopicState, WrongTopicError
from shared.platform.kafka.topic_watch import TopicWatch

log: Final = structlog.get_logger()

RETRY: Final = 1.0
LOOK: Final = 2.0


class TopicReading:
    """The consumer of one topic over the life of a service.

    `topic` returns the topic once it is there and fit: it makes it, or waits for it.
    """

    def __init__(
        self,
        settings: ConsumerSettings,
        processor: RecordProcessor,
        watch: TopicWatch,
        topic: Callable[[], Awaitable[TopicState]],
        progress: ConsumerProgress,
    ) -> None:
        self._settings = settings
        self._processor = processor
        self._watch = watch
        self._topic = topic
        self._progress = progress
        self.consumer: PositionedConsumer | None = None

    async def run(self) -> None:
        """Until cancelled; `stop` is to be called after it."""
        while True:
            try:
                opened = await self._topic()
                self._watch.accept()
                self.consumer = PositionedConsumer(
                    self._settings, self._processor, self._watch.look, self._progress
                )
                await self.consumer.start()
                log.info("topic_opened", topic=opened.topic, id=opened.id)
                await self._watch.until_other(opened)
            except WrongTopicError as error:
                self._watch.refuse(str(error))
                await asyncio.sleep(self._watch.watched.every)
            except SEND_FAILURES as error:
                log.warning("broker_away", error=type(error).__name__)
                await asyncio.sleep(RETRY)
            await self.stop()

    async def stop(self) -> None:
        """Commit what is in hand, and leave the group."""
        consumer, self.consumer = self.consumer, None
        self._progress.applying.moved()  # what is not read has no work: a new process would not read it either
        self._progress.opening.moved()
        if consumer is not None:
            await consumer.close()

    def settle(self) -> None:
        """Let be applied what is due by a watermark that came."""
        if self.consumer is not None:
            self.consumer.settle()

    async def observe(self, show_lag: Callable[[Mapping[int, int]], None]) -> None:
        """Until cancelled: hand the lag over, let liveness see work also if no batch ever comes, and have positions
        that went back noticed.
        """
        while True:
            lag = await self._lag()
            if lag is not None:
                if self.consumer is not None and self.consumer.has_work(lag):
                    self._progress.applying.working()
                show_lag(lag)
            if self.consumer is not None:
                await self.consumer.look_back()
            await asyncio.sleep(LOOK)

    async def _lag(self) -> dict[int, int] | None:
        consumer = self.consumer
        if consumer is None:
            return {}
        try:
            async with asyncio.timeout(LOOK):
                return await consumer.lag()
        except (KafkaError, ConsumerStoppedError, OSError, TimeoutError) as error:
            log.warning("lag_unknown", error=type(error).__name__)
            return None

    def ready(self) -> str | None:
        """What keeps a partition from being read on from where it was left."""
        if self._watch.problem is not None:
            return self._watch.problem
        if self.consumer is None or not self.consumer.joined:
            return "the consumer has not joined its group"
        return "; ".join(f"{name}: {why}" for name, why in self.consumer.stopped.items()) or None
