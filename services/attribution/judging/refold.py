"""Historic questions: the stored facts are folded again, in another process and with limits.

`known_at` is a prefix of the log and `as_of` moves lapses, so neither can be read off today's rows
(architecture choice 7). The very function behind `panke judge` answers, so the bytes are the same.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context

from services.attribution.domain.rulebook import Rulebook
from services.attribution.domain.state import BookId

MEMORY = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Journal:
    """The facts of a scope that were folded: the lines as `panke journal export` writes them, and by id of the
    event what its phones were read as when it was recorded."""

    lines: list[bytes]
    contacts: dict[str, bytes]


class RefoldUnavailable(Exception):
    """The question could not be answered within its limits; it may be asked again later."""


class Refolder:
    """A few worker processes; a question that waits too long is refused rather than queued without end."""

    def __init__(
        self, books: Mapping[BookId, Rulebook], workers: int = 1, wait: float = 60.0, queue: int = 8
    ) -> None:
        self._books = books
        self._workers = workers
        self._wait = wait
        self._queue = queue
        self._waiting = 0
        self._pool = self._open()

    async def judge(
        self,
        journal: Journal,
        book: BookId,
        as_of: datetime | None,
        known_at: datetime | None,
        watermark: datetime | None = None,
    ) -> bytes:
        """The result of section 3 as bytes; without any time, as of now as far as the watermark tells."""
        if self._waiting >= self._queue:
            raise RefoldUnavailable("too many historic questions wait")
        self._waiting += 1
        try:
            future: Future[bytes] = self._pool.submit(_judge, journal, book, as_of, known_at, watermark)
            async with asyncio.timeout(self._wait):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            self._replace()
            raise RefoldUnavailable(f"the answer took more than {self._wait:g} s") from None
        except BrokenProcessPool:
            self._replace()
            raise RefoldUnavailable("the worker ran into its limits") from None
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """End the workers, also those that are busy."""
        for process in list(getattr(self._pool, "_processes", None) or {}):
            self._pool._processes[process].terminate()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _replace(self) -> None:
        """A worker cannot be interrupted: it is ended, and others take its place."""
        self.close()
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        # Not forked: a fork of a process with threads and a pool of connections is not safe.
        return ProcessPoolExecutor(
            self._workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._books,)
        )


_books: dict[BookId, Rulebook] = {}
"""In a worker: the rulebooks of the process that asks, so that both judge under the same texts."""


def _begin(books: Mapping[BookId, Rulebook]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    _books.update(books)


def _judge(
    journal: Journal,
    book: BookId,
    as_of: datetime | None,
    known_at: datetime | None,
    watermark: datetime | None,
) -> bytes:
    from services.attribution.judging.cli import encode, packed
    from services.attribution.judging.judge import judge, latest
    from shared.contract import decode_event
    from shared.topics import decode_contacts

    if as_of is None and known_at is None and watermark is not None:
        last = latest(decode_event(line, recorded=True) for line in journal.lines)
        as_of = max(last, watermark) if last is not None else watermark
    stored = {name: contacts for name, raw in journal.contacts.items() if (contacts := decode_contacts(raw))}
    return encode(
        judge(
            journal.lines, _books[book], _books, as_of=as_of, known_at=known_at, contacts=stored, told=packed
        )
    )
