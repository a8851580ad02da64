"""What every composition root does alike: parts in the background, a database that may still be starting, an end.

A process that only half works is worse than none: a part that dies by a defect takes the process with it, and a
new one starts from what is durable.
"""

from __future__ import annotations

import asyncio
import gc
import os
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, NoReturn

import psycopg
import structlog

log: Final = structlog.get_logger()

DATABASE_WAIT: Final = 60.0
DEFECT: Final = 70
"""The exit code of a process that ends itself."""
UNREACHED: Final = 2
"""The exit code of a process whose settings lead nowhere."""
_CANCEL_AGAIN: Final = 1.0


def spare_collector() -> None:
    """Keep the cycle collector from looking after every seven hundred objects of a batch; call it once all is imported.

    What was imported stays, and what a request or a fact makes is freed by counting references, so there is little
    to find: at Python's own thresholds the looking takes a fifth of the fold.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def background(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """The part as a task; a defect in it ends the process."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(end_with)
    return task


async def cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    """Cancel tasks until each has ended, whatever it ended by.

    `asyncio.wait_for` may take a cancellation for its own that comes in the moment in which its wait is over; a task
    that waits in a loop would then go on for ever, and the process with it.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN)


def end_with(task: asyncio.Task[None]) -> None:
    """End the process if the task ended by a defect."""
    if not task.cancelled() and (error := task.exception()) is not None:
        try:
            log.critical("part_died", part=task.get_name(), exc_info=error)
        finally:  # whatever the log says: a process without one of its parts must not live on
            os._exit(DEFECT)


def exit_wedged() -> None:
    """At once: whatever hangs would also hold up an orderly end, and everything answered is durable."""
    try:
        log.critical("part_wedged")
    finally:
        os._exit(DEFECT)


async def prepared(migrations: Callable[[], Sequence[str]]) -> None:
    """Run the migrations; a database that is still starting is waited for, and one that cannot be reached ends the
    process by a line that names the setting."""
    deadline = time.monotonic() + DATABASE_WAIT
    while True:
        try:
            applied = await asyncio.to_thread(migrations)
            break
        except psycopg.OperationalError as error:
            reason = " ".join(str(error).split())
            if time.monotonic() > deadline:
                _give_up(reason)
            log.warning(
                "database_away", error=type(error).__name__, setting="PANKE_DATABASE_URL", reason=reason
            )
            await asyncio.sleep(1.0)
    if applied:
        log.info("migrated", migrations=list(applied))


def _give_up(reason: str) -> NoReturn:
    """Nothing was begun yet, so nothing has an end to wait for."""
    try:
        log.critical("database_unreached", setting="PANKE_DATABASE_URL", reason=reason)
    finally:
        os._exit(UNREACHED)
