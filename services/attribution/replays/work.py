"""In a process of its own: one replay, from the stored facts to the packed result, within limits of time and memory.

It reads its facts itself, as the role that sees one scope, so that the service holds none of them; it yields the
processor to the fold and to whoever asks (`nice`), and ends with whoever began it.
"""

from __future__ import annotations

import gc
import gzip
import os
import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, Final

import msgspec
import psycopg

from services.attribution.replays.jobs import SQL, TakenReplay
from shared.contract.answers.replays import ReplayProblem
from shared.contract.topics import decode_contacts
from shared.i18n import bilingual
from shared.platform.postgres.scoped import read_only, see_only
from shared.rules.domain.case import Books
from shared.rules.judge.encoding import pieces
from shared.rules.judge.lines import glance
from shared.rules.judge.reading import BadInputError
from shared.rules.judge.translate import StoredContacts
from shared.rules.replays.change import Change, ReplaySetup
from shared.rules.replays.merging import merged
from shared.rules.replays.run import added_events, prepared
from shared.rules.replays.scope import replay_scope
from shared.rules.rulebooks.loading import book_of_texts

FETCHED: Final = 5_000
"""Facts that are fetched at once."""
PRIORITY: Final = 10
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """All that the process is told: what to judge, by which books, where the facts are, and how much it may take."""

    taken: TakenReplay
    books: Books
    dsn: str
    seconds: int
    memory_mib: int
    result_mib: int


@dataclass(frozen=True, slots=True)
class ReplayDone:
    """What came of it: `counts` and, packed, the whole result; and how many facts were judged."""

    counts: bytes
    result: bytes
    judged: int


Told = int | tuple[int, int] | ReplayDone | ReplayProblem
"""Facts judged since; the whole number of them; what came of it."""


def run_order(pipe: Connection, order: ReplayOrder) -> None:
    """The process: does what it is told, says what came of it, and ends."""
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    os.nice(PRIORITY)
    memory = order.memory_mib * MIB
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (order.seconds, order.seconds + 5))
    gc.disable()  # nothing cyclic is made
    pipe.send(_done(order, pipe.send))


def _end_with(pipe: Connection) -> None:
    """Nobody hears what comes of it once whoever began it is gone."""
    with suppress(EOFError, OSError):
        pipe.recv()
    os._exit(0)


def _done(order: ReplayOrder, tell: Callable[[Told], None]) -> ReplayDone | ReplayProblem:
    try:
        return _replayed(order, tell)
    except BadInputError as error:
        return ReplayProblem(error.path or None, "input", str(error))
    except MemoryError:
        return limit_problem(bilingual("it needs more than {mib} MiB of memory", mib=order.memory_mib))
    except _ResultTooLargeError:
        told = bilingual(
            "the difference has more than {mib} MiB: ask for some customers", mib=order.result_mib
        )
        return limit_problem(told)


def limit_problem(words: str) -> ReplayProblem:
    """That a replay takes more than it may."""
    return ReplayProblem(None, "limit", words)


class _ResultTooLargeError(Exception):
    """The result is larger than may be kept."""


def _replayed(order: ReplayOrder, tell: Callable[[Told], None]) -> ReplayDone:
    taken = order.taken
    lines, contacts = _facts(order)
    setup = _setup(order, lines)
    judged, total = 0, 2 * len(lines) - len(setup.change.drop) + len(setup.change.add)
    tell((0, total))

    def advance(more: int) -> None:
        nonlocal judged
        judged += more
        tell(more)

    part = replay_scope(taken.scope, lines, setup, contacts, advance)
    result = merged([part], setup)
    packed = gzip.compress(_bounded(pieces(result), order.result_mib * MIB), 1, mtime=0)
    return ReplayDone(msgspec.json.encode(result.counts), packed, judged)


def _bounded(parts: Iterator[bytes], most: int) -> bytes:
    whole = bytearray()
    for part in parts:
        whole += part
        if len(whole) > most:
            raise _ResultTooLargeError
    return bytes(whole)


def _facts(order: ReplayOrder) -> tuple[list[bytes], dict[str, StoredContacts]]:
    """The facts of the scope in their order, and what their phones were read as when they were recorded."""
    lines, contacts = list[bytes](), dict[str, StoredContacts]()
    asked = {"scope": order.taken.scope, "seq": order.taken.as_of_seq}
    with psycopg.connect(order.dsn) as connection:
        read_only(connection)
        see_only(connection, order.taken.scope)
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        with connection.cursor("facts", binary=True) as cursor:
            cursor.itersize = FETCHED
            row: Any
            for row in cursor.execute(SQL["facts_to_replay"], asked):
                lines.append(bytes(row[1]))
                if (read := decode_contacts(row[2])) is not None:
                    contacts[row[0]] = read
    return lines, contacts


def _setup(order: ReplayOrder, lines: list[bytes]) -> ReplaySetup:
    """As of the last fact or the watermark, where nothing else is asked: so lapses are as they stand today."""
    taken, asked = order.taken, order.taken.asked
    plain = ReplaySetup(order.books[asked.opening], order.books, Change(), asked.as_of, asked.known_at)
    rulebook = None if taken.texts is None else book_of_texts(taken.texts, "rulebook").rulebook
    change = Change(
        rulebook,
        frozenset(asked.drop),
        added_events(taken.added, plain),
        None if asked.customers is None else frozenset(asked.customers),
    )
    setup = replace(plain, change=change)
    if asked.as_of is not None:
        return prepared(setup, None, frozenset())
    return prepared(setup, _latest(lines, asked.known_at, asked.watermark), frozenset())


def _latest(lines: list[bytes], known_at: datetime | None, watermark: datetime | None) -> datetime | None:
    """How far the facts go that were recorded by `known_at`; of all of them, at least to the watermark."""
    until = watermark if known_at is None else None
    for line in lines:
        told = glance(line)
        if known_at is None or told.recorded_at <= known_at:
            until = max(filter(None, (until, told.occurred_at, told.recorded_at)))
    return until
