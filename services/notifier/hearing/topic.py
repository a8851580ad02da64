"""Waiting for the ownership topic: attribution makes it, and a consumer that came earlier would see it
minutes late."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

_LOG = structlog.get_logger("notifier.topic")
_WAIT = 5.0
_PAUSE = 0.5

Admin: Any = AIOKafkaAdminClient


async def topic_exists(bootstrap: str, topic: str) -> bool:
    """Whether the broker answers and has the topic; raises what Kafka raises."""
    admin = Admin(bootstrap_servers=bootstrap, request_timeout_ms=int(_WAIT * 1000))
    try:
        async with asyncio.timeout(_WAIT):
            await admin.start()
            return topic in await admin.list_topics()
    finally:
        await admin.close()


async def wait_for_topic(bootstrap: str, topic: str) -> None:
    """Return when the topic is there; a broker that is away is waited for too."""
    told: str | None = None
    while True:
        try:
            if await topic_exists(bootstrap, topic):
                return
            reason = f"there is no topic {topic} yet; attribution makes it"
        except (KafkaError, TimeoutError, OSError) as error:
            reason = f"the broker does not answer: {type(error).__name__}"
        if reason != told:
            _LOG.warning("waiting", reason=reason)
            told = reason
        await asyncio.sleep(_PAUSE)
