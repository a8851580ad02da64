"""Which claims end next, so that letting them lapse costs what lapses, and not what the scope holds."""

from __future__ import annotations

from datetime import datetime
from heapq import heappop, heappush

from shared.ids import CustomerId
from shared.rules.domain.state import Changes, Customer


class ClaimEnds:
    """Every end that a claim was ever given, the next first; that one was put off since shows when it comes."""

    def __init__(self) -> None:
        self._ends: list[tuple[datetime, CustomerId]] = []

    def note(self, changes: Changes) -> None:
        """The ends of the claims on customers that a fact changed."""
        for record in changes.values():
            if isinstance(record, Customer):
                claim = record.claim
                if claim is not None and not claim.lapsed and claim.expires_at is not None:
                    heappush(self._ends, (claim.expires_at, record.id))

    def due(self, until: datetime) -> list[CustomerId]:
        """Whose claim may have ended by then, in the order of the ends; they are not told again."""
        found: dict[CustomerId, None] = {}
        while self._ends and self._ends[0][0] <= until:
            found[heappop(self._ends)[1]] = None
        return list(found)
