"""What every service starts and ends alike."""

from __future__ import annotations

import asyncio

from shared.platform.runtime import cancelled
from tests.support.patience import PATIENCE


async def test_a_task_that_took_its_cancellation_for_another_ends_all_the_same() -> None:
    """As one that waits in a loop does when the cancellation is lost on the way; also one that ended by an error."""
    begun = asyncio.Event()

    async def deaf() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    async def broken() -> None:
        raise RuntimeError

    tasks = [asyncio.create_task(deaf()), asyncio.create_task(broken())]
    await begun.wait()
    async with asyncio.timeout(PATIENCE):
        await cancelled(tasks)
    assert all(task.done() for task in tasks)
    assert isinstance(tasks[1].exception(), RuntimeError)
