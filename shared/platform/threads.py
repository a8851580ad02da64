"""Threads of one kind of work, apart from those of every other kind.

In one pool for all, thirty who read a long page hold up whoever writes: each kind has threads of its own, and where
somebody waits for the answer, a limit to how many may wait, since an answer that comes too late is worth nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class ThreadsBusyError(Exception):
    """As many wait as may; nothing was begun."""

    def __init__(self, name: str, waiting: int) -> None:
        super().__init__(f"{name}: {waiting} wait already")
        self.name = name
        self.waiting = waiting


class Threads:
    """So many threads, and so many calls that may wait for one; without a limit where nobody waits for an answer."""

    def __init__(self, name: str, count: int, waiting: int | None = None) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._name = name
        self._count = count
        self._waiting = waiting
        self._under_way = 0

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """The answer of `work`; raises `ThreadsBusyError` at once rather than waiting behind too many.

        Whoever is cancelled while waiting gives up the place in the queue; what runs already runs to its end, and
        holds its thread until then.
        """
        if self._waiting is not None and self._under_way >= self._count + self._waiting:
            raise ThreadsBusyError(self._name, self._waiting)
        loop = asyncio.get_running_loop()
        context = contextvars.copy_context()
        self._under_way += 1
        begun: Future[T] = self._pool.submit(context.run, work, *given)
        begun.add_done_callback(lambda _: _deliver(loop, self._ended))
        return await asyncio.wrap_future(begun)

    def close(self) -> None:
        """Wait for what runs; what waits is dropped."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ended(self) -> None:
        self._under_way -= 1


def _deliver(loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(ended)
