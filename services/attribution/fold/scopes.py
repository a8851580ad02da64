"""Scopes kept in memory between batches, as long as nobody else has written to them.

A copy is used only while the counters of its row are what they were when it was written: another consumer, a
retry from quarantine or a rolled back batch changes them, and the copy is loaded anew. So ownership of a
partition need not be known here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from services.attribution.store.store import ScopeState, Store

DEFAULT_LIMIT = 200_000
"""Records in memory over all scopes; some 1 to 2 KB each."""


class ScopeCache:
    """The least recently used scopes leave first."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[str, ScopeState] = OrderedDict()

    def take(self, store: Store, scopes: Iterable[str]) -> dict[str, ScopeState]:
        """The known ones of `scopes`, taken out: whoever commits their changes brings them back."""
        found = store.known(scopes)
        for scope, fresh in found.items():
            kept = self._kept.pop(scope, None)
            if kept is not None and kept.stored == fresh.stored and kept.head == fresh.head:
                kept.partition, kept.parked = fresh.partition, fresh.parked
                found[scope] = kept
        return found

    def keep(self, works: Iterable[ScopeState]) -> None:
        """These are as the store has them."""
        for work in works:
            self._kept[work.scope] = work
        total = sum(len(work.slice.known) for work in self._kept.values())
        while self._kept and total > self._limit:
            _, dropped = self._kept.popitem(last=False)
            total -= len(dropped.slice.known)
