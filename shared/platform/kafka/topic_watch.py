"""Whether the topic that is read is still the one that was opened: asked again and again while all runs.

The client library never says that a topic was deleted, made anew or given more partitions: it reads on from nothing,
or from another log. So every reader asks the cluster, and opens its topic anew when it is another one.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import Gauge

from shared.i18n import bilingual
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.sender import SEND_FAILURES, look_at
from shared.platform.kafka.topic_state import EVERYTHING, Keeping, TopicState, WrongTopicError

log: Final = structlog.get_logger()

RETRY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched; `partitions` is None for who takes whatever number there is.

    `keeping` is what the topic must keep for who reads it.
    """

    bootstrap: Bootstrap
    topic: str
    partitions: int | None
    wait: float
    every: float
    keeping: Keeping = EVERYTHING


class TopicWatch:
    """Waits for a topic that may be read, and for the moment in which it no longer is the same."""

    def __init__(self, watched: Watched, unfit: Gauge | None = None) -> None:
        self.watched = watched
        self._unfit = unfit
        self.problem: str | None = None

    async def look(self) -> TopicState | None:
        """The topic as it is now, if it may be read; what stands against it is in `problem`."""
        chosen = self.watched
        try:
            found = await look_at(
                chosen.bootstrap, chosen.topic, chosen.partitions, chosen.wait, chosen.keeping
            )
        except WrongTopicError as error:
            self.refuse(str(error))
            return None
        if found is None:
            self._log_once(bilingual("there is no topic {topic}", topic=chosen.topic))
        else:
            self.accept()
        return found

    async def wait_for(self) -> TopicState:
        """The topic, once the broker answers and it is there and fit."""
        while True:
            try:
                found = await self.look()
                if found is not None:
                    return found
            except SEND_FAILURES as error:
                self._log_once(f"the broker does not answer: {type(error).__name__}")
            await asyncio.sleep(min(RETRY, self.watched.every))

    async def until_other(self, opened: TopicState) -> None:
        """Return when the topic is gone, is another one, or may not be read any more; a broker may be away."""
        while True:
            await asyncio.sleep(self.watched.every)
            try:
                found = await self.look()
            except SEND_FAILURES:
                continue
            if found != opened:
                log.error("topic_changed", topic=opened.topic, was=opened.id, found=found and found.id,
                          reason=self.problem)  # fmt: skip
                return

    def accept(self) -> None:
        """The topic is there and fit."""
        self.problem = None
        self._show(0)

    def refuse(self, problem: str) -> None:
        """The topic may not be read or written as it is."""
        self._show(1)
        self._log_once(problem)

    def _show(self, unfit: int) -> None:
        if self._unfit is not None:
            self._unfit.set(unfit)

    def _log_once(self, problem: str) -> None:
        if problem != self.problem:
            log.error("topic_refused", topic=self.watched.topic, reason=problem)
        self.problem = problem
