"""What happened to facts that do not fit their leaves: altered, removed, inserted, reordered, repeated, moved, cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from shared.evidence.form import FACTS, LeafLine
from shared.evidence.log import fact_leaf_hash, unpacked
from shared.evidence.verdict import Discrepancy, Kind, Verdict
from shared.i18n import Text, translated


@dataclass(frozen=True, slots=True)
class PlacedFact:
    """A line of a file with its number from 1, and whose it says it is; None where it is no fact."""

    line: int
    body: bytes
    event: str | None
    scope: str | None


@dataclass(slots=True)
class _Sorting:
    scope: str
    verdict: Verdict
    file: str
    seen: set[str] = field(default_factory=set)
    last: int = 0

    def look(self, fact: PlacedFact, leaf: LeafLine | None) -> None:
        if fact.event is None:
            self._find("fact.unreadable", translated("the line is no fact"), fact)
        elif leaf is None:
            self._strange(fact)
        elif fact.event in self.seen:
            self._find("fact.repeated", translated("the event stands in the file twice"), fact, leaf)
        else:
            self.seen.add(fact.event)
            self._known(fact, leaf)

    def _strange(self, fact: PlacedFact) -> None:
        if fact.scope != self.scope:
            told = translated("the fact is of the scope {scope}, not of this one", scope=fact.scope)
            self._find("fact.moved", told, fact)
        else:
            self._find("fact.inserted", translated("the log has no such fact"), fact)

    def _known(self, fact: PlacedFact, leaf: LeafLine) -> None:
        seq = leaf.seq or 0
        if fact_leaf_hash(self.scope, seq, fact.body) != unpacked(leaf.hash):
            if fact.scope != self.scope:
                told = translated("the fact was moved to the scope {scope}", scope=fact.scope)
                self._find("fact.moved", told, fact, leaf)
            else:
                told = translated("the fact is not the one that the log has: something in it was altered")
                self._find("fact.altered", told, fact, leaf)
        if seq < self.last:
            told = translated("the fact stands behind one that came later")
            self._find("fact.reordered", told, fact, leaf)
        self.last = max(self.last, seq)

    def missing(self, expected: Sequence[LeafLine]) -> None:
        """Those that the file lacks: the last ones were cut off, others were taken out."""
        lacking = [leaf for leaf in expected if leaf.event not in self.seen]
        cut = {id(leaf) for leaf in takewhile(lambda leaf: leaf.event not in self.seen, reversed(expected))}
        for leaf in lacking:
            if id(leaf) in cut:
                self._find("fact.cut", translated("the facts end before this one"), None, leaf)
            else:
                self._find("fact.removed", translated("the fact was taken out"), None, leaf)

    def _find(self, kind: Kind, text: Text, fact: PlacedFact | None, leaf: LeafLine | None = None) -> None:
        place: dict[str, Any] = {"file": self.file, "scope": self.scope}
        if fact is not None:
            place |= {"line": fact.line, "event": fact.event}
        if leaf is not None:
            place |= {"seq": leaf.seq, "event": leaf.event, "index": leaf.index}
        self.verdict.find(Discrepancy(kind, text, **place))


def classify(
    scope: str,
    expected: Sequence[LeafLine],
    found: Iterable[PlacedFact],
    verdict: Verdict,
    file: str = FACTS,
) -> None:
    """Find what is wrong with the facts of a file, given the leaves that the log has of the scope."""
    leaves = {leaf.event: leaf for leaf in expected}
    sorting = _Sorting(scope, verdict, file)
    for fact in found:
        sorting.look(fact, leaves.get(fact.event) if fact.event is not None else None)
    sorting.missing(expected)
