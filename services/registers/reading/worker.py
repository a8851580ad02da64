"""Processes that hold scopes and answer from them, one piece of work at a time each.

What is asked runs where the registers are, since they are far larger than any answer; what it is given and what it
answers crosses between the processes. Reading a scope is cut into pieces, so that who asks of one that is held waits
for a piece of another's reading and not for all of it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Final, TypeVar

from msgspec import Struct

from services.registers.model.registers import KnownRegisters
from services.registers.reading.held import HeldScope, HeldScopes, TakenHead
from services.registers.reading.known_scope import Answered, KnownScope
from services.registers.store.facts import FactRows
from shared.platform.postgres.database import Database
from shared.platform.runtime import spare_collector
from shared.rules.domain.rulebook import Rulebook
from shared.rules.domain.state import BookId
from shared.rules.schemes.loading import SchemeRegistry
from shared.sealing.keys import KeyFile
from shared.sealing.opener import Opener
from shared.sealing.vault import SCHEMA as VAULT
from shared.sealing.vault import Vault

T = TypeVar("T")

PIECE: Final = 500
"""Facts that are posted in one piece."""
NICE: Final = 5
MEGABYTE: Final = 1024**2


@dataclass(frozen=True, slots=True)
class WorkerTerms:
    """What a process is begun with: the rulebooks by which it posts, where it reads, and its bounds."""

    books: dict[BookId, Rulebook]
    dsn: str
    default_rulebook: str
    scheme_folder: str
    facts: int
    memory: int
    keys: str = ""
    vault_dsn: str = ""


class ReadPiece(Struct, frozen=True):
    """Whether a scope is there now, and the figures of the process."""

    there: bool
    was_held: bool
    held: int
    posted: int
    evicted: int
    changed: int
    failing: tuple[str, ...] = ()
    scopes: int = 0


class AskedScope(Struct, frozen=True):
    """A question's times as they are meant, and up to when the scope may be swept."""

    head: TakenHead
    known_at: datetime
    as_of: datetime
    whole_until: datetime | None


class WorkerGoneError(Exception):
    """The process ended under its work, as by its bound of memory; another one is begun."""


class WorkFailedError(Exception):
    """What was asked failed by an error that no other process can be told; the text says which."""


class ScopeWorker:
    """One process; work waits in the order in which it came."""

    def __init__(self, terms: WorkerTerms) -> None:
        self._terms = terms
        self._pool = self._open()

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """Work of this module. Who stops waiting leaves it running: what was read stays of use to the next.

        Raises `WorkerGoneError` where the process ended before the work.
        """
        pool, future = self._pool, None
        try:
            future = pool.submit(work, *given)
            return await asyncio.shield(asyncio.wrap_future(future))
        except BrokenProcessPool:
            if pool is self._pool:  # of many who waited for it, one replaces it
                self.replace(self._terms)
            raise WorkerGoneError from None
        except asyncio.CancelledError:
            if future is not None and future.cancelled():  # with its process, and not by who waits
                raise WorkerGoneError from None
            raise

    def replace(self, terms: WorkerTerms) -> None:
        """Begin another process in the place of this one."""
        self._terms = terms
        self.close(wait=False)
        self._pool = self._open()

    def close(self, *, wait: bool = True) -> None:
        """End the process, also while it is busy."""
        for process in list((getattr(self._pool, "_processes", None) or {}).values()):
            process.terminate()
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _open(self) -> ProcessPoolExecutor:
        # Not forked: a fork of a process with threads and a pool of connections is not safe.
        return ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._terms,)
        )


class _Process:
    """What stands in a worker."""

    def __init__(self, terms: WorkerTerms) -> None:
        self.source = FactRows(terms.dsn)
        self.scopes = HeldScopes(self.source, terms.books, terms.default_rulebook, terms.facts)
        self.books = terms.books
        self.schemes = SchemeRegistry(terms.scheme_folder)
        self.opener = Opener()
        if terms.keys:
            database = Database(terms.vault_dsn, schema=VAULT, name="panke-registers-vault", max_size=1)
            database.open()
            self.opener = Opener(Vault(KeyFile(Path(terms.keys))), database)

    def known(self, held: HeldScope, asked: AskedScope) -> KnownScope:
        """The scope at a moment."""
        failing = self.scopes.failing.get(held.scope)

        def bodies(seqs: Collection[int]) -> Sequence[bytes]:
            return self.opener.bodies(self.source.bodies(held.scope, seqs), keep=True)

        known: KnownRegisters = held.known(asked.known_at, asked.as_of)
        return KnownScope(
            held.scope, held.seq, held.posting.registers, known, held.book, self.books, self.schemes,
            self.opener, bodies, None if failing is None else failing.recorded_at,
        )  # fmt: skip


_process: list[_Process] = []


def _begin(terms: WorkerTerms) -> None:
    limit = terms.memory * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    os.nice(NICE)
    spare_collector()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _process.append(_Process(terms))


def _end_with_parent() -> None:
    """Who asks may be killed; nobody else would end this process then."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)


def begun() -> None:
    """In a worker: it is there."""


def read_on(head: TakenHead, context: int) -> ReadPiece:
    """In a worker: read a scope on by a piece."""
    scopes = _process[0].scopes
    scopes.left_out_anew(context)
    was_held = head.scope in scopes
    there = scopes.advance(head, PIECE)
    gc.freeze()  # what is posted stays, and the collector would walk it again and again
    return ReadPiece(
        there, was_held, scopes.facts, scopes.posted, scopes.evicted, scopes.changed, tuple(scopes.failing),
        len(scopes),
    )  # fmt: skip


def answer(
    asked: AskedScope, context: int, work: Callable[..., T], given: Any, named: Any
) -> Answered[T] | None:
    """In a worker: what the question answers; None where the scope is not held, or not as it was taken."""
    process = _process[0]
    process.scopes.left_out_anew(context)
    held = process.scopes.find(asked.head.scope)
    if held is None or not process.scopes.is_at(held, asked.head):
        return None
    failing = process.scopes.failing.get(held.scope)
    if asked.whole_until is not None:
        held.lapse(asked.whole_until)
    known = process.known(held, asked)
    try:
        value = work(known, *given, **named)
        return Answered(value, known.seq, known.behind_since, None if failing else asked.whole_until)
    except Exception as error:
        raise _sendable(error) from None


def _sendable(error: Exception) -> Exception:
    """An error that is made anew of its arguments there; one that cannot be would end this process."""
    try:
        type(error)(*error.args)
    except Exception:  # whatever its class makes of them
        return WorkFailedError(f"{type(error).__name__}: {error}")
    return error
