"""Reads a topic of watermarks: all that it holds at the start, then each one as it comes.

No group and no position: of each partition the topic keeps the last watermark, and a later one says more. A topic that
is not there, was emptied or made anew is waited for: whoever relays says each second how far it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import structlog
from aiokafka import TopicPartition

from shared.contract.topics import BadMessageError, WatermarkMessage, decode_watermark
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.client import lone_consumer
from shared.platform.kafka.topic_watch import TopicWatch

log = structlog.get_logger()

RETRY: Final = 1.0
PARTITION: Final = 0


class WatermarkReader:
    """Hands every watermark to `heard`, for as long as it runs."""

    def __init__(self, watch: TopicWatch, heard: Callable[[WatermarkMessage], None]) -> None:
        self._watch = watch
        self._bootstrap = watch.watched.bootstrap
        self._topic = watch.watched.topic
        self._heard = heard

    async def run(self) -> None:
        """Until cancelled; a topic that was made anew is read from its beginning."""
        while True:
            opened = await self._watch.wait_for()
            reading = asyncio.create_task(self._read())
            try:
                await self._watch.until_other(opened)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            try:
                async with _opened(self._bootstrap, self._topic) as consumer:
                    while True:
                        for message in _messages(await consumer.getmany(timeout_ms=1000)):
                            self._heard(message)
            except (
                Exception
            ) as error:  # whatever it is: who no longer hears must open the topic anew, and tell
                log.warning("watermarks_unread", topic=self._topic, error=type(error).__name__)
            await asyncio.sleep(RETRY)


async def last_watermark(bootstrap: Bootstrap, topic: str, wait: float) -> datetime | None:
    """The latest watermark that the topic holds, of whatever partition and log; it is read within `wait` seconds."""
    told: list[datetime] = []
    async with asyncio.timeout(wait), _opened(bootstrap, topic) as consumer:
        place = TopicPartition(topic, PARTITION)
        end = (await consumer.end_offsets([place]))[place]
        while await consumer.position(place) < end:
            told += [one.watermark for one in _messages(await consumer.getmany(timeout_ms=500))]
    return max(told, default=None)


@asynccontextmanager
async def _opened(bootstrap: Bootstrap, topic: str) -> AsyncIterator[Any]:
    """A consumer at the beginning of the topic."""
    consumer = lone_consumer(bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=500)
    try:
        await consumer.start()
        place = TopicPartition(topic, PARTITION)
        consumer.assign([place])
        await consumer.seek_to_beginning(place)
        yield consumer
    finally:
        await consumer.stop()


def _messages(fetched: Any) -> Iterator[WatermarkMessage]:
    """What was fetched, as far as it is ours."""
    for records in fetched.values():
        for record in records:
            try:
                yield decode_watermark(record.value)
            except BadMessageError as refusal:
                log.error("watermark_unreadable", offset=record.offset, reason=str(refusal))
