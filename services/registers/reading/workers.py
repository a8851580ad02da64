"""The processes that hold scopes, each scope in one of them, always the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar
from zlib import crc32

from services.registers.model.metrics import RegistersMetrics
from services.registers.reading.held import TakenHead
from services.registers.reading.known_scope import Answered
from services.registers.reading.worker import (
    AskedScope,
    ReadPiece,
    ScopeWorker,
    WorkerGoneError,
    WorkerTerms,
    answer,
    begun,
    read_on,
)
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId

T = TypeVar("T")

_NOTHING = ReadPiece(there=False, was_held=False, held=0, posted=0, evicted=0, changed=0, failing=())


class ScopeWorkers:
    """So many processes; what all of them hold is shown as figures."""

    def __init__(self, terms: WorkerTerms, count: int, metrics: RegistersMetrics) -> None:
        self._terms = terms
        self._workers = [ScopeWorker(terms) for _ in range(count)]
        self._figures = [_NOTHING] * count
        self._metrics = metrics
        self._context = 0
        """Counts how often what the journal leaves out has changed."""

    async def begin(self) -> None:
        """Start the processes, so that the first question does not wait for it."""
        await asyncio.gather(*(worker.run(begun) for worker in self._workers))

    async def read_on(self, head: TakenHead) -> ReadPiece:
        """Have a scope read on by a piece. Raises `WorkerGoneError`."""
        number = self._of(head.scope)
        piece = await self._run(number, read_on, head, self._context)
        self._show(number, piece)
        return piece

    async def answer(
        self, asked: AskedScope, work: Callable[..., T], given: Any, named: Any
    ) -> Answered[T] | None:
        """What the question answers; None where its scope has to be read on. Raises `WorkerGoneError`."""
        return await self._run(self._of(asked.head.scope), answer, asked, self._context, work, given, named)

    def left_out_anew(self) -> None:
        """What the journal leaves out has changed: each process looks before it answers."""
        self._context += 1

    def post_by(self, books: dict[BookId, Rulebook]) -> None:
        """Post by other texts of rulebooks, everything anew."""
        if books != self._terms.books:
            self._terms = replace(self._terms, books=books)
            for number, worker in enumerate(self._workers):
                worker.replace(self._terms)
                self._gone(number, "rulebooks")

    def close(self) -> None:
        """End the processes, also those that are busy."""
        for worker in self._workers:
            worker.close()

    def _of(self, scope: str) -> int:
        return crc32(scope.encode()) % len(self._workers)

    async def _run(self, number: int, work: Callable[..., T], *given: Any) -> T:
        """Once more where the process ended: the one that was begun in its place has to read first."""
        try:
            return await self._workers[number].run(work, *given)
        except WorkerGoneError:
            self._gone(number, "process")
            return await self._workers[number].run(work, *given)

    def _gone(self, number: int, reason: str) -> None:
        self._metrics.dropped.labels(reason).inc(self._figures[number].scopes)
        self._figures[number] = _NOTHING

    def _show(self, number: int, piece: ReadPiece) -> None:
        before = self._figures[number]
        self._figures[number] = piece
        self._metrics.posted.inc(max(0, piece.posted - before.posted))
        self._metrics.dropped.labels("bound").inc(max(0, piece.evicted - before.evicted))
        self._metrics.dropped.labels("set_aside").inc(max(0, piece.changed - before.changed))
        self._metrics.held.set(sum(one.held for one in self._figures))
        self._metrics.scopes_failing.set(sum(len(one.failing) for one in self._figures))
