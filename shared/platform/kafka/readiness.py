"""Whether the broker can be worked with now: for readiness, and for telling a stuck part from one that must wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.i18n import bilingual, listed
from shared.platform.brokers import Bootstrap
from shared.platform.kafka.client import refusal
from shared.platform.kafka.sender import broker_answers, topics_known


async def broker_problem(bootstrap: Bootstrap, wait: float, *topics: str) -> str | None:
    """What stands against the broker: it does not answer, or a topic is not there that others read next."""
    known = await topics_known(bootstrap, wait)
    if known is None:
        return await refusal(bootstrap, wait) or bilingual("the broker does not answer")
    missing = sorted(set(topics) - known)
    return bilingual("there is no topic {topic}", topic=listed(missing)) if missing else None


def both_answer(ping: Callable[[], bool], bootstrap: Bootstrap, wait: float) -> Callable[[], Awaitable[bool]]:
    """Asks the database, then the broker: whoever stands though both answer will not go on by itself."""

    async def answer() -> bool:
        return await asyncio.to_thread(ping) and await broker_answers(bootstrap, wait)

    return answer
