"""Every small history, the shorter ones first: how many there were, and the shortest that shows each fault.

All of a length are judged before any longer one; of one length, the first in the order in which they are made is the
one that is shown, so the answer does not depend on the number of processes. Where the time is over before all of a
length are judged, that is said.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from shared.rules.domain import events as e
from shared.rules.proofs.faults import (
    FAULTS,
    FaultKind,
    HistoryPath,
    ShownFault,
    conflicts,
    late,
    order,
    unpaid,
)
from shared.rules.proofs.folding import PlacedStep, Prefix, PrefixJudge
from shared.rules.proofs.instants import instants_of
from shared.rules.proofs.steps import HistoryStep, steps_after

_DID_NOTHING: Final = frozenset({
    "unknown_customer", "unknown_visit", "unknown_deal", "unknown_dispute", "unknown_record", "duplicate_visit",
    "duplicate_deal", "duplicate_dispute", "not_owner", "unsupported", "too_late", "unapproved", "no_authority",
    "barred",
})  # fmt: skip
"""Flags of a step that did not happen: a history with it says no more than the one without."""
_LOOK: Final = 256
"""Histories between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class SearchBounds:
    """How far is searched."""

    facts: int = 4
    people: int = 2
    customers: int = 1
    seconds: float = 60.0
    faults: tuple[FaultKind, ...] = FAULTS


@dataclass(slots=True)
class RulebookProof:
    """What was searched, and what was found. `searched` is the longest length of which all were judged; `exhaustive`
    where that is as far as was asked for, or everything was found before."""

    histories: int = 0
    searched: int = 0
    exhaustive: bool = True
    findings: dict[FaultKind, ShownFault] = field(default_factory=dict)


@dataclass(slots=True)
class _Part:
    """What came of the histories that begin alike."""

    histories: int = 0
    whole: bool = True
    findings: dict[FaultKind, ShownFault] = field(default_factory=dict)


def prove(
    folder: PrefixJudge,
    bounds: SearchBounds,
    jobs: int = 1,
    progress: Callable[[int, int, int], None] = lambda length, done, of: None,
) -> RulebookProof:
    """Search; what is found at one length is not looked for at greater ones."""
    proof, deadline = RulebookProof(), time.monotonic() + bounds.seconds
    for length in range(1, bounds.facts + 1):
        missing = tuple(fault for fault in bounds.faults if fault not in proof.findings)
        if not missing:
            break
        search = _LengthSearch(folder, bounds, missing, length, deadline)
        begun = list(search.beginnings())
        whole = True
        for done, part in enumerate(_parts(search, begun, jobs), 1):
            proof.histories += part.histories
            whole &= part.whole
            for fault, finding in part.findings.items():
                proof.findings.setdefault(fault, finding)
            progress(length, done, len(begun))
            if proof.findings.keys() >= set(missing):
                return proof  # nothing is left to look for
        if not whole:
            proof.exhaustive = False
            break
        proof.searched = length
    return proof


_SEARCH: _LengthSearch | None = None
"""In a process that was forked: what it searches."""


def _parts(search: _LengthSearch, begun: Sequence[tuple[PlacedStep, ...]], jobs: int) -> Iterator[_Part]:
    global _SEARCH
    if jobs == 1 or len(begun) < 2 * jobs or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(search.part, begun)
        return
    _SEARCH = search
    try:
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            yield from pool.imap(_part, begun)
    finally:
        _SEARCH = None


def _part(beginning: tuple[PlacedStep, ...]) -> _Part:
    assert _SEARCH is not None, "forked with what it searches"
    return _SEARCH.part(beginning)


@dataclass(slots=True)
class _LengthSearch:
    """All histories of one length."""

    folder: PrefixJudge
    bounds: SearchBounds
    missing: tuple[FaultKind, ...]
    length: int
    deadline: float
    instants: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        self.instants = instants_of(self.folder.book)

    def beginnings(self) -> Iterator[tuple[PlacedStep, ...]]:
        """The first two steps of each history, or the one that there is; what they cause is judged again by parts."""
        path = HistoryPath([], [self.folder.begun()])
        for _ in self._walk(path, min(2, self.length)):
            yield tuple(path.steps)

    def part(self, beginning: tuple[PlacedStep, ...]) -> _Part:
        """The histories that begin so."""
        part, path = _Part(), HistoryPath([], [self.folder.begun()])
        for placed in beginning:
            path.steps.append(placed)
            path.judged.append(self.folder.after(path.last, placed))
        for _ in self._walk(path, self.length):
            part.histories += 1
            if part.histories % _LOOK == 1 and time.monotonic() > self.deadline:
                part.whole = False
                break
            self._look(path, part)
            if part.findings.keys() >= set(self.missing):
                break
        return part

    def _walk(self, path: HistoryPath, length: int) -> Iterator[None]:
        """Each history of that length that goes on from the path, which is it meanwhile."""
        if len(path.steps) == length:
            yield
            return
        number = len(path.steps) + 1
        past = [placed.step for placed in path.steps]
        instants = [at for at in self.instants if not path.steps or at >= path.steps[-1].recorded]
        for step in steps_after(self.folder.book, past, self.bounds.people, self.bounds.customers):
            for at in instants if path.steps else instants[:1]:
                placed = PlacedStep(step, number, at, at)
                judged = self.folder.after(path.last, placed)
                if _happened(judged, step):
                    path.steps.append(placed)
                    path.judged.append(judged)
                    yield from self._walk(path, length)
                    path.steps.pop()
                    path.judged.pop()

    def _look(self, path: HistoryPath, part: _Part) -> None:
        for fault in self.missing:
            if fault not in part.findings:
                found = next(self._found(fault, path), None)
                if found is not None:
                    part.findings[fault] = found

    def _found(self, fault: FaultKind, path: HistoryPath) -> Iterator[ShownFault]:
        if fault == "unpaid":
            return unpaid(self.folder, path)
        if fault == "late":
            return late(self.folder, path, self.instants)
        if fault == "order":
            return order(self.folder, path)
        shorter = HistoryPath(path.steps[:-1], path.judged[:-1])
        return conflicts(self.folder, shorter, path.steps[-1].recorded)


def _happened(judged: Prefix, step: HistoryStep) -> bool:
    if any(isinstance(event, e.Decided | e.DealDecided) for event in judged.events):
        return True
    flags = {event.flag for event in judged.events if isinstance(event, e.Flagged)}
    return not flags & _DID_NOTHING
