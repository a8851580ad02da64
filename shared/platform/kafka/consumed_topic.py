"""A topic that a service consumes by watermarks, as parts of that service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

from shared.contract.topics import WatermarkMessage
from shared.platform.kafka.positioned_consumer import ConsumerProgress, ConsumerSettings, PositionedConsumer
from shared.platform.kafka.record_processor import RecordProcessor
from shared.platform.kafka.topic_reading import TopicReading
from shared.platform.kafka.topic_state import ANYTHING, TopicState
from shared.platform.kafka.topic_watch import TopicWatch
from shared.platform.kafka.watermark_reader import WatermarkReader
from shared.platform.kafka.watermarks import Mark, Watermarks
from shared.platform.service import Check, LivenessLimits, ServicePart, in_background, watched


class ConsumedTopic:
    """The consumer of a topic, the reader of the watermarks that hold for it, its lag and its liveness.

    `told_in` is the topic of watermarks; the processor goes by `watermarks`, which are heard here. `topic` returns the
    consumed topic once it is there and fit: unless given, it is waited for.
    """

    def __init__(
        self,
        settings: ConsumerSettings,
        processor: RecordProcessor,
        watch: TopicWatch,
        told_in: str,
        watermarks: Watermarks,
        progress: ConsumerProgress,
        topic: Callable[[], Awaitable[TopicState]] | None = None,
    ) -> None:
        self._watermarks = watermarks
        self._progress = progress
        self._reading = TopicReading(settings, processor, watch, topic or watch.wait_for, progress)
        told = replace(watch.watched, topic=told_in, partitions=None, keeping=ANYTHING)
        self._reader = WatermarkReader(TopicWatch(told), self._hear)

    @property
    def consumer(self) -> PositionedConsumer | None:
        """The consumer, while the topic is read."""
        return self._reading.consumer

    def ready(self) -> str | None:
        """What keeps a partition from being read on from where it was left."""
        return self._reading.ready()

    def parts(
        self,
        name: str,
        limits: LivenessLimits,
        show_lag: Callable[[Mapping[int, int]], None],
        ready: Check | None = None,
    ) -> list[ServicePart]:
        """In the order in which they start; `name` is what liveness calls the applying of records."""
        reading, progress = self._reading, self._progress
        return [
            in_background("consumer", reading.run, after=reading.stop, ready=ready or self.ready),
            in_background("watermarks", self._reader.run),
            in_background("lag", partial(reading.observe, show_lag)),
            watched(name, f"the {name}", progress.applying, limits),
            watched("opening", "the opening of partitions", progress.opening, limits),
        ]

    def _hear(self, told: WatermarkMessage) -> None:
        """Kept also while the partition is not read, or not yet as far: it is gone by once it holds here."""
        self._watermarks.hear(told.source, Mark(told.watermark, told.offset))
        self._reading.settle()
