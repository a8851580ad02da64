"""Scopes judged by several processes at once: no scope touches another, so each may be judged anywhere.

The processes are forked once the input is read, and share its lines with the command. Each is handed one scope at a
time, the largest first, and sends back what was told of it. One that ends before it has is `WorkerDiedError`, never a
result that lacks a scope; all end with the command, whatever ends that.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

from shared.i18n import bilingual
from shared.rules.judge.lines import NotPlainError
from shared.rules.judge.reading import BadInputError

FEWEST: Final = 1_000
"""Facts below which a process of their own costs more than it saves."""

Progress: TypeAlias = Callable[[int], None]
R = TypeVar("R")
ScopeJudge: TypeAlias = Callable[[str, Progress], R]
"""Judges the scope of that name, and calls back with the number of facts since it last did."""


class WorkerDiedError(Exception):
    """A process ended before what it was judging was told."""


def worth(jobs: int, scopes: Mapping[str, int]) -> int:
    """How many processes are worth their start for scopes of so many facts."""
    if "fork" not in multiprocessing.get_all_start_methods():
        return 1
    return max(1, min(jobs, len(scopes), sum(scopes.values()) // FEWEST))


def judge_in(jobs: int, judge: ScopeJudge[R], scopes: Mapping[str, int], progress: Progress) -> list[R]:
    """Every scope as judged by one of so many processes. Raises `NotPlainError` and `BadInputError` where judging
    does, and `WorkerDiedError`."""
    waiting = sorted(scopes, key=lambda name: scopes[name])
    with _workers(jobs, judge) as workers:
        busy = {worker.pipe: worker for worker in workers}
        for worker in workers:
            worker.hand(waiting.pop() if waiting else None)
        found: list[R] = []
        while busy:
            for pipe in cast(list[Connection], wait(list(busy))):
                told = busy[pipe].receive()
                if isinstance(told, int):
                    progress(told)
                    continue
                if isinstance(told, _Refused):
                    raise told.error
                found.append(told)
                if waiting:
                    busy[pipe].hand(waiting.pop())
                else:
                    del busy[pipe]
    return found


@dataclass(frozen=True, slots=True)
class _Refused:
    """What a worker met in the input."""

    error: Exception


@dataclass(slots=True)
class _Worker(Generic[R]):
    process: ForkProcess
    pipe: Connection

    def hand(self, scope: str | None) -> None:
        try:
            self.pipe.send(scope)
        except OSError:
            raise self._died() from None

    def receive(self) -> R | int | _Refused:
        try:
            told: R | int | _Refused = self.pipe.recv()
        except (EOFError, OSError):
            raise self._died() from None
        return told

    def _died(self) -> WorkerDiedError:
        self.process.join()
        code = self.process.exitcode or 0
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        return WorkerDiedError(bilingual("a process ended while it judged: {how}", how=how))


@contextmanager
def _workers(jobs: int, judge: ScopeJudge[R]) -> Iterator[list[_Worker[R]]]:
    workers: list[_Worker[R]] = []
    try:
        with _interrupts_held():
            for _ in range(jobs):
                workers.append(_started(judge, [worker.pipe for worker in workers]))
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
            worker.process.join()
            worker.pipe.close()


def _started(judge: ScopeJudge[R], others: list[Connection]) -> _Worker[R]:
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(judge, theirs, [ours, *others]), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C reaches every process of a terminal: none may meet it before it knows that the command ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(judge: ScopeJudge[Any], pipe: Connection, inherited: list[Connection]) -> None:
    """In a worker: judge what is handed over until the command closes the pipe or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    # A progress bar stands before those of the command.
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    for other in inherited:
        other.close()
    try:
        while True:
            scope = pipe.recv()
            try:
                pipe.send(judge(scope, pipe.send))
            except (NotPlainError, BadInputError) as error:
                pipe.send(_Refused(error))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)  # nobody listens any more


def counted_of(progress: Callable[[int, int], None] | None, total: int) -> Progress:
    """Sums up what is judged, for whoever is told how much of all of it that is."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, total)

    return advance
