"""Who reads in which threads: the question at the door never waits behind somebody's long list.

Short questions, lists and historic ones have threads and connections apart from each other and from the fold's, and
of the first two only so many may wait: what is more is refused at once, with words and the time to come again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from shared.i18n import bilingual
from shared.platform.http.problem import ProblemError
from shared.platform.threads import Threads, ThreadsBusyError

T = TypeVar("T")
Lane = Literal["desk", "lists", "historic"]

RETRY_AFTER = "1"
BUSY = bilingual("too many questions: {waiting} wait already; come again")


@dataclass(frozen=True, slots=True)
class Readers:
    """Threads of each lane, and how many questions of the first two may wait."""

    desk: int = 4
    lists: int = 2
    historic: int = 1
    waiting: int = 32

    @property
    def all(self) -> int:
        """As many connections are used at once."""
        return self.desk + self.lists + self.historic


class Lanes:
    """The threads that answer."""

    def __init__(self, readers: Readers) -> None:
        self._threads: dict[Lane, Threads] = {
            "desk": Threads("desk", readers.desk, readers.waiting),
            "lists": Threads("lists", readers.lists, readers.waiting),
            "historic": Threads("historic", readers.historic),  # whoever asks has a worker's place already
        }
        self._asked: dict[str, asyncio.Task[int]] = {}

    async def run(self, lane: Lane, question: Callable[[], T]) -> T:
        """The answer; a lane that is full is a problem of 503."""
        try:
            return await self._threads[lane].run(question)
        except ThreadsBusyError as busy:
            raise ProblemError(
                503, BUSY.format(waiting=busy.waiting), headers={"Retry-After": RETRY_AFTER}
            ) from None

    async def once(self, name: str, question: Callable[[], int]) -> int:
        """The same short question of many is asked once for all who ask it meanwhile."""
        task = self._asked.get(name)
        if task is None:
            task = self._asked[name] = asyncio.create_task(self.run("desk", question))
            task.add_done_callback(lambda _: self._asked.pop(name, None))
        return await asyncio.shield(task)

    def close(self) -> None:
        for threads in self._threads.values():
            threads.close()
