"""What shows across the facts of a log: that each scope's run from 1 without a gap, and no time goes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.contract import BadEvent
from shared.contract.times import parse_utc
from shared.evidence.verdict import Discrepancy, Kind, Verdict
from shared.i18n import Text, translated
from shared.tlog.leaves import FactLeaf


class _EntryFact(Struct):
    id: str
    scope: str
    recorded_at: str


_fact: Final = msgspec.json.Decoder(_EntryFact).decode


@dataclass(slots=True)
class ScopeOrder:
    """Follows every scope of a log."""

    verdict: Verdict
    _last: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def check(self, leaf: FactLeaf, body: bytes | None, index: int, path: str) -> None:
        """The next fact of the log."""
        place = {"file": path, "scope": leaf.scope, "seq": leaf.seq, "index": index}
        seq, before = self._last.get(leaf.scope, (0, leaf.recorded_at))
        if leaf.seq != seq + 1:
            kind: Kind = "leaf.repeated" if leaf.seq <= seq else "leaf.gap"
            told = translated(
                "the fact {seq} of the scope stands where {due} is due", seq=leaf.seq, due=seq + 1
            )
            self._find(kind, told, place)
        if leaf.recorded_at < before:
            told = translated("the fact is recorded before the one that stands before it")
            self._find("leaf.backdated", told, place)
        if body is not None:  # else it is found missing
            self._check_body(leaf, body, place)
        self._last[leaf.scope] = max(seq, leaf.seq), max(before, leaf.recorded_at)

    def _check_body(self, leaf: FactLeaf, body: bytes, place: dict[str, Any]) -> None:
        try:
            fact = _fact(body)
            recorded_at = parse_utc(fact.recorded_at, "recorded_at")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadEvent):
            self._find("fact.unreadable", translated("the bytes of the entry are no fact"), place)
            return
        place |= {"event": fact.id}
        if fact.scope != leaf.scope:
            told = translated("the fact says that it is of the scope {scope}", scope=fact.scope)
            self._find("fact.moved", told, place)
        if recorded_at != leaf.recorded_at:
            told = translated(
                "the fact says that it was recorded at {at}, and its entry says otherwise",
                at=fact.recorded_at,
            )
            self._find("fact.backdated", told, place)

    def _find(self, kind: Kind, text: Text, place: dict[str, Any]) -> None:
        self.verdict.find(Discrepancy(kind, text, **place))
