"""Historic questions: the stored facts are folded again, in other processes and with limits.

`known_at` is a prefix of the log and `as_of` moves lapses, so neither can be read off today's rows
(ADR 0009). The very function behind `panke judge` answers, so the bytes are the same.
"""

from __future__ import annotations

import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from typing import Any, TypeVar

from msgspec import Struct

from services.attribution.historic.questions import Question
from services.attribution.historic.source import StoredFacts
from shared.contract.answers import CustomerResult
from shared.i18n import bilingual
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId

MEMORY = 4 * 1024**3
NICE = 5
"""How far these processes stand back where the fold and readers of today's state want the processor."""
REST = 3.0
"""How many times as long as a question took its process rests behind it."""
LONGEST_REST = 1.0


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """The facts of a scope that were folded: the lines as `panke journal export` writes them, and by id of the
    event what its phones were read as when it was recorded."""

    lines: list[bytes]
    contacts: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class HistoricQuery:
    """The question: the rulebook that the scope began under and the times; `customer` where one alone is asked for."""

    book: BookId
    as_of: datetime | None = None
    known_at: datetime | None = None
    watermark: datetime | None = None
    customer: str | None = None


class RefoldUnavailableError(Exception):
    """The question could not be answered within its limits; it may be asked again later."""


class Worker:
    """One process that answers one question at a time; what is cut off ends it, and it alone."""

    def __init__(self, books: Mapping[BookId, Rulebook], dsn: str) -> None:
        self._books = books
        self._dsn = dsn
        self._pool = self._open()

    async def answer(self, work: Callable[..., T], *given: Any) -> T:
        """Whoever is cancelled meanwhile has the process replaced: it cannot be interrupted otherwise."""
        if self._texts != _texts(self._books):
            self._replace()
        future: Future[T] = self._pool.submit(work, *given)
        try:
            return await asyncio.wrap_future(future)
        except BrokenProcessPool:
            self._replace()
            raise RefoldUnavailableError(bilingual("the worker ran into its limits")) from None
        except asyncio.CancelledError:
            self._replace()
            raise

    def close(self, *, wait: bool = True) -> None:
        """End the process, also while it is busy."""
        for process in list((getattr(self._pool, "_processes", None) or {}).values()):
            process.terminate()
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _replace(self) -> None:
        self.close(wait=False)
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        self._texts = _texts(self._books)
        # Not forked: a fork of a process with threads and a pool of connections is not safe.
        return ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._books, self._dsn)
        )


def _texts(books: Mapping[BookId, Rulebook]) -> dict[BookId, str]:
    """By which texts a process judges: another one is begun where they are others now."""
    return {name: book.sha256 for name, book in list(books.items())}


class WorkerSlot:
    """A worker for one question, until the time that it was given is over."""

    def __init__(self, worker: Worker, deadline: float) -> None:
        self._worker = worker
        self.deadline = deadline

    async def judge(self, journal: ScopeFacts, asked: HistoricQuery) -> bytes | None:
        """The result (contract.md#result) as bytes, or that of one customer, if it was known then.

        Without any time, it is that of now as far as the watermark tells.
        """
        async with asyncio.timeout_at(self.deadline):
            return await self._worker.answer(_judge, journal, asked)

    async def ask(self, question: Question) -> Any:
        """What the question answers with by the stored facts, which its process reads by itself."""
        async with asyncio.timeout_at(self.deadline):
            return await self._worker.answer(_ask, question)


class HistoricJudge:
    """A few workers; a question beyond those that may wait for one is refused before anything is read for it."""

    def __init__(
        self,
        books: Mapping[BookId, Rulebook],
        workers: int = 1,
        wait: float = 60.0,
        queue: int = 8,
        dsn: str = "",
    ) -> None:
        self._all = [Worker(books, dsn) for _ in range(workers)]
        self._free: asyncio.LifoQueue[Worker] = asyncio.LifoQueue()
        for worker in self._all:
            self._free.put_nowait(worker)
        self._wait = wait
        self._most = workers + queue
        self._under_way = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[WorkerSlot]:
        """A worker, after those who came before; what is read for a question is read while it has one.

        Raises `RefoldUnavailableError` at once where too many wait, and when the time is over, also while it is judged.
        """
        if self._under_way >= self._most:
            raise RefoldUnavailableError(
                bilingual("{under_way} historic questions are under way", under_way=self._under_way)
            )
        self._under_way += 1
        deadline = asyncio.get_running_loop().time() + self._wait
        worker: Worker | None = None
        try:
            async with asyncio.timeout_at(deadline):
                worker = await self._free.get()
            yield WorkerSlot(worker, deadline)
        except TimeoutError:
            told = bilingual("the answer took more than {wait} s", wait=f"{self._wait:g}")
            raise RefoldUnavailableError(told) from None
        finally:
            self._under_way -= 1
            if worker is not None:
                self._free.put_nowait(worker)

    async def judge(self, journal: ScopeFacts, asked: HistoricQuery) -> bytes | None:
        """A question whose journal is at hand."""
        async with self.place() as place:
            return await place.judge(journal, asked)

    def close(self) -> None:
        """End the workers, also those that are busy."""
        for worker in self._all:
            worker.close()


_books: dict[BookId, Rulebook] = {}
"""In a worker: the rulebooks of the process that asks, so that both judge under the same texts."""


_source: list[StoredFacts] = []
"""In a worker: where it reads stored facts."""


def _begin(books: Mapping[BookId, Rulebook], dsn: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.nice(NICE)
    _books.update(books)
    _source.append(StoredFacts(dsn))


class _Pace:
    """Has a process rest behind a question, so that many in a row take a quarter of the time of what they use: its
    processor, the database's work for it, and the memory that readers of today's state share.

    By the clock and not by its own processor time, so that it stands back further where the machine is busy.
    """

    def __init__(self) -> None:
        self._rested = 0.0

    def rest(self) -> None:
        """Until it may work again: at once, where it was idle."""
        time.sleep(max(0.0, self._rested - time.monotonic()))

    def worked(self, seconds: float) -> None:
        self._rested = time.monotonic() + min(REST * seconds, LONGEST_REST)


_pace = _Pace()


def _ask(question: Question) -> object:
    _pace.rest()
    begun = time.monotonic()
    try:
        return question.answer(_source[0], _books)
    finally:
        _source[0].end()
        _pace.worked(time.monotonic() - begun)


def _judge(journal: ScopeFacts, asked: HistoricQuery) -> bytes | None:
    from shared.contract import decode_event
    from shared.contract.topics import decode_contacts
    from shared.rules.judge.encoding import encode, packed
    from shared.rules.judge.judge import judge
    from shared.rules.judge.reading import latest

    as_of = asked.as_of
    if as_of is None and asked.known_at is None and asked.watermark is not None:
        last = latest(decode_event(line, recorded=True) for line in journal.lines)
        as_of = max(last, asked.watermark) if last is not None else asked.watermark
    stored = {name: contacts for name, raw in journal.contacts.items() if (contacts := decode_contacts(raw))}

    def one(item: Struct) -> Struct | None:
        """Of all lists only that of customers is looked into."""
        return item if isinstance(item, CustomerResult) and item.customer == asked.customer else None

    judged = judge(
        journal.lines,
        _books[asked.book],
        _books,
        as_of=as_of,
        known_at=asked.known_at,
        contacts=stored,
        encode_item=packed if asked.customer is None else one,
    )
    if asked.customer is None:
        return encode(judged)
    return next((encode(customer) for customer in judged.customers if customer is not None), None)
