"""How far each scope went as this process knows it: a journal that has less by now was restored while it ran.

A restore brings no news of itself, and may leave the row of the comparison alone; but what was committed here is never
less afterwards.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from services.intake.model.submission import IntakeUnavailableError
from shared.i18n import bilingual

KEPT: Final = 10_000
"""Scopes that are remembered, those that were written last."""
NAMED: Final = 5
RETRY_AFTER: Final = 2


class WentBackError(IntakeUnavailableError):
    """The journal holds less of some scopes than was committed here."""

    def __init__(self, lost: Mapping[str, tuple[int, int]]) -> None:
        self.lost = lost
        places = ", ".join(f"{scope} {was} → {now}" for scope, (was, now) in list(lost.items())[:NAMED])
        more = f", … +{len(lost) - NAMED}" if len(lost) > NAMED else ""
        super().__init__(
            bilingual(
                "the journal went back, {places}{more}: it is compared with its topic before it takes a fact",
                places=places,
                more=more,
            ),
            RETRY_AFTER,
        )


class SeenHeads:
    """The last seq of each scope that was seen committed. Used by one thread at a time."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._seqs: OrderedDict[str, int] = OrderedDict()

    def demand(self, scopes: list[str], found: Mapping[str, int]) -> None:
        """Raise `WentBackError` where the journal holds less than was seen, and begin to look anew."""
        lost = {
            scope: (self._seqs[scope], found.get(scope, 0))
            for scope in scopes
            if self._seqs.get(scope, 0) > found.get(scope, 0)
        }
        if lost:
            self._seqs.clear()
            raise WentBackError(lost)

    def note(self, seqs: Mapping[str, int]) -> None:
        """These were committed."""
        for scope, seq in seqs.items():
            self._seqs[scope] = seq
            self._seqs.move_to_end(scope)
        while len(self._seqs) > self._kept:
            self._seqs.popitem(last=False)
