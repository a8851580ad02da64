"""A replay over files: gathered by scope, spread over processes, put together (contract.md#replays)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeAlias

from shared.contract import Event
from shared.contract.answers.replays import ReplayResult
from shared.rules.judge.judge import with_book
from shared.rules.judge.reading import BadInputError, EventReader, latest
from shared.rules.judge.workers import Progress, counted_of, judge_in, worth
from shared.rules.replays.change import ReplaySetup
from shared.rules.replays.merging import merged
from shared.rules.replays.scope import ScopeReplay, replay_scope
from shared.rules.replays.spool import Spool

Source: TypeAlias = tuple[str, AbstractContextManager[Iterable[bytes]]]
"""A file by its name, and its lines once it is entered."""


def replay_files(
    sources: Iterable[Source],
    setup: ReplaySetup,
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> ReplayResult:
    """The difference that the change makes to the facts of these files.

    Raises `BadInputError`, `UnreadableFileError`, and `WorkerDiedError` with more jobs than one. Without `as_of` both
    sides are as of the latest time of the input, what is put in included.
    """
    with Spool(setup.known_at) as spool:
        for name, opened in sources:
            with opened as lines:
                spool.add(name, lines)
        spool.finish()
        return _spread(spool, prepared(setup, spool.latest, spool.aside), jobs, progress)


def _spread(
    spool: Spool, setup: ReplaySetup, jobs: int, progress: Callable[[int, int], None] | None
) -> ReplayResult:
    sizes = spool.sizes | {name: 0 for name in setup.added if name not in spool.scopes}
    one = partial(_replay, spool, setup)
    counted = counted_of(progress, 2 * sum(sizes.values()))
    jobs = worth(jobs, sizes)
    if jobs == 1:
        return merged((one(name, counted) for name in sizes), setup)
    return merged(judge_in(jobs, one, sizes, counted), setup)


def prepared(setup: ReplaySetup, input_until: datetime | None, aside: frozenset[str]) -> ReplaySetup:
    """The setup with what only the input tells."""
    change = setup.change
    books = with_book(setup.books, setup.opening)
    if change.rulebook is not None:
        books = with_book(books, change.rulebook)
    added: dict[str, list[Event]] = {}
    for event in change.add:
        added.setdefault(event.scope, []).append(event)
    until = setup.as_of or max(filter(None, (input_until, latest(change.add))), default=None)
    return replace(setup, books=books, added=added, aside=aside, as_of=until)


def added_events(lines: Iterable[bytes], setup: ReplaySetup) -> tuple[Event, ...]:
    """Facts that are to be put in, each checked as a fact of the input is. Raises `BadInputError`."""
    return tuple(EventReader(with_book(setup.books, setup.opening)).events(lines))


def _replay(spool: Spool, setup: ReplaySetup, name: str, progress: Progress) -> ScopeReplay:
    lines = spool.lines(name) if name in spool.scopes else []
    try:
        return replay_scope(name, lines, setup, progress=progress)
    except BadInputError as error:
        raise spool.located(name, error) from None
